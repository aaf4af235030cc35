//! Sanitized. A frame is believed only where it was written: not in another slot, not in another segment.

mod common;

use common::segments::{Fixture, read, strict};
use fusewire::segment::{FrameFault, LostReason};

#[test]
fn a_frame_copied_to_another_slot_is_lost() {
    let mut fixture = Fixture::new(4, true);
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

#[test]
fn a_frame_of_another_segment_in_the_same_slot_is_lost() {
    let (mut fixture, other) = (Fixture::new(4, false), Fixture::new(4, false));
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
    // A file system that gives back old blocks after a power cut: all that lies behind the tail is another segment's.
    let (mut fixture, other) = (Fixture::new(2, false), Fixture::new(6, false));
    let end = fixture.data_end();
    fixture.splice(end, &other.bytes[end..other.data_end()]);
    let (entries, lost) = read(&fixture.bytes);
    assert_eq!(entries, [0, 1]);
    // To the last slot that is not zero; an entry may end with zeros of its own.
    assert_eq!((lost.len(), lost[0].start), (1, end as u64));
    assert!((0..32).contains(&(other.data_end() as u64 - lost[0].end)), "{lost:?}");
}

#[test]
fn an_intact_frame_behind_the_stated_tail_is_read() {
    // A tail that reached the disk before the frames did is stale; the frames prove themselves.
    let mut fixture = Fixture::new(5, false);
    fixture.set_tail((fixture.frames[2].0 / 16) as u32);
    let (entries, lost) = read(&fixture.bytes);
    assert_eq!((entries, lost), (vec![0, 1, 2, 3, 4], vec![]));
}
