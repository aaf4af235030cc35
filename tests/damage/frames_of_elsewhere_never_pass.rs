//! A reader rejects a frame that was copied to another slot or into another segment.

use crate::common::segments::{Fixture, read, strict};
use fusewire::segment::{FrameFault, LostReason};

#[test]
fn a_frame_copied_to_another_slot_is_lost() {
    for mut fixture in Fixture::both(4, true) {
        let stale = fixture.frame(1);
        let (start, len) = fixture.frames[2];
        fixture.splice(start, &stale);
        let (entries, lost) = read(&fixture.bytes);
        assert_eq!(entries, [0, 1, 3]);
        assert_eq!(lost.len(), 1);
        assert_eq!((lost[0].start, lost[0].len()), (start as u64, len as u64));
        assert!(matches!(lost[0].reason, LostReason::Damaged(FrameFault::Misplaced { .. })), "{lost:?}");
        assert!(!strict(&fixture.bytes));
    }
}

#[test]
fn a_frame_of_another_segment_in_the_same_slot_is_lost() {
    for (fixture, other) in Fixture::both(4, false).into_iter().zip(Fixture::both(4, false)) {
        exchange_the_last_frame(fixture, &other);
    }
}

fn exchange_the_last_frame(mut fixture: Fixture, other: &Fixture) {
    assert_ne!(fixture.salt(), other.salt());
    let (start, len) = fixture.frames[3];
    assert_eq!(other.frames[3], (start, len));
    fixture.splice(start, &other.frame(3));
    let (entries, lost) = read(&fixture.bytes);
    assert_eq!(entries, [0, 1, 2]);
    assert_eq!((lost[0].start, lost[0].len(), lost.len()), (start as u64, len as u64, 1));
}

#[test]
fn frames_of_a_file_that_was_here_before_are_not_read_as_entries() {
    // After a power cut, a file system can return old blocks. Here all bytes after the tail come from another
    // segment.
    for (fixture, other) in Fixture::both(2, false).into_iter().zip(Fixture::both(6, false)) {
        append_frames_of_another_segment(fixture, &other);
    }
}

fn append_frames_of_another_segment(mut fixture: Fixture, other: &Fixture) {
    let end = fixture.data_end();
    fixture.splice(end, &other.bytes[end..other.data_end()]);
    let (entries, lost) = read(&fixture.bytes);
    assert_eq!(entries, [0, 1]);
    // The range ends at the last slot that is not zero. The payload of an entry can end with zeros.
    assert_eq!((lost.len(), lost[0].start), (1, end as u64));
    assert!((0..32).contains(&(other.data_end() as u64 - lost[0].end)), "{lost:?}");
}

#[test]
fn an_intact_frame_behind_the_stated_tail_is_read() {
    // The tail reached the disk before the frames did, so it is too low. Each frame has its own checksum.
    for mut fixture in Fixture::both(5, false) {
        fixture.set_tail((fixture.frames[2].0 / 16) as u32);
        let (entries, lost) = read(&fixture.bytes);
        assert_eq!((entries, lost), (vec![0, 1, 2, 3, 4], vec![]));
    }
}
