//! A reader reports the exact number of missing bytes. It does not report an incomplete append as a
//! loss.

use crate::common::segments::{Fixture, read, segment, strict};
use fusewire::segment::{Defect, FrameFault, LostReason, State, verify};

#[test]
fn neighbours_merge_into_one_range() {
    for mut fixture in Fixture::both(6, true) {
        let (first, last) = (fixture.frames[1].0, fixture.frames[4].0);
        for i in 1..4 {
            fixture.flip((fixture.frames[i].0 + 40) * 8);
        }
        let (entries, lost) = read(&fixture.bytes);
        assert_eq!(entries, [0, 4, 5]);
        assert_eq!((lost.len(), lost[0].start, lost[0].end), (1, first as u64, last as u64));
    }
}

#[test]
fn a_hole_of_zeros_below_the_tail_is_lost() {
    for sealed in [true, false] {
        for mut fixture in Fixture::both(6, sealed) {
            let (start, end) = (fixture.frames[4].0, fixture.data_end());
            fixture.zero(start..end);
            let (entries, lost) = read(&fixture.bytes);
            assert_eq!(entries, [0, 1, 2, 3]);
            assert_eq!((lost.len(), lost[0].start, lost[0].end), (1, start as u64, end as u64));
            assert_eq!(lost[0].reason, LostReason::Damaged(FrameFault::Free));
            assert!(lost[0].is_loss() && !strict(&fixture.bytes));
        }
    }
}

#[test]
fn a_lost_last_frame_and_a_stray_byte_far_behind_it_are_two_ranges() {
    for mut fixture in Fixture::both(3, true) {
        let ((start, len), stray) = (fixture.frames[2], 14_000);
        fixture.flip((start + 20) * 8);
        fixture.bytes[stray] = 1;
        let (_, lost) = read(&fixture.bytes);
        let ranges: Vec<_> = lost.iter().map(|range| (range.start as usize, range.end as usize)).collect();
        assert_eq!(ranges, [(start, start + len), (14_000, 14_016)]);
        assert_eq!(lost[1].reason, LostReason::NotZero);
    }
}

#[test]
fn an_append_that_was_never_completed_is_no_loss() {
    for mut fixture in Fixture::both(3, false) {
        let at = fixture.data_end();
        // The writer died in the middle of an entry: the tag and a part of the payload exist, but not the commit word.
        let tag = fixture.salt() ^ (at / 16) as u32;
        fixture.splice(at + 8, &tag.to_le_bytes());
        fixture.splice(at + 120, b"half of an entry");
        let (entries, lost) = read(&fixture.bytes);
        assert_eq!(entries, [0, 1, 2]);
        assert_eq!((lost.len(), lost[0].start, lost[0].end), (1, at as u64, at as u64 + 144));
        assert_eq!(lost[0].reason, LostReason::Uncommitted);
        assert!(!lost[0].is_loss() && strict(&fixture.bytes));
        assert!(verify(&segment(&fixture.bytes)).unwrap().is_clean());
    }
}

#[test]
fn an_intent_is_passed_over_by_its_length() {
    for mut fixture in Fixture::both(3, false) {
        let (start, len) = fixture.frames[1];
        fixture.begin(start, len);
        let (entries, lost) = read(&fixture.bytes);
        assert_eq!(entries, [0, 2]);
        assert_eq!((lost[0].len(), lost[0].reason), (len as u64, LostReason::Uncommitted));
    }
}

#[test]
fn a_segment_without_its_first_page_gives_every_entry() {
    for sealed in [true, false] {
        for mut fixture in Fixture::both(6, sealed) {
            fixture.zero(0..8192);
            assert_eq!(read(&fixture.bytes), (vec![0, 1, 2, 3, 4, 5], vec![]));
            let report = verify(&segment(&fixture.bytes)).unwrap();
            assert_eq!((report.entries, report.header.is_some(), report.is_clean()), (6, true, false));
            assert_eq!(report.state == State::Sealed, sealed);
        }
    }
}

#[test]
fn a_damaged_trailer_or_tail_is_told_and_costs_no_entry() {
    for mut fixture in Fixture::both(6, true) {
        assert!(verify(&segment(&fixture.bytes)).unwrap().is_clean());
        let trailer = fixture.bytes.len() - 20;
        fixture.flip(trailer * 8);
        let report = verify(&segment(&fixture.bytes)).unwrap();
        assert_eq!((report.state, report.entries), (State::Open, 6));
        assert_eq!((report.defects.as_slice(), report.is_clean()), (&[Defect::Trailer][..], false));
        fixture.flip(trailer * 8);
        fixture.flip(4096 * 8);
        let report = verify(&segment(&fixture.bytes)).unwrap();
        assert_eq!((report.defects.as_slice(), report.entries), (&[Defect::Tail][..], 6));
    }
}

#[test]
fn a_file_cut_in_its_unused_space_lost_nothing_and_is_not_clean() {
    for mut fixture in Fixture::both(6, false) {
        fixture.cut(12_000);
        let report = verify(&segment(&fixture.bytes)).unwrap();
        assert_eq!((report.entries, report.lost_bytes(), report.is_clean()), (6, 0, false));
        assert_eq!(report.defects, [Defect::Length { stated: 16_384, found: 12_000 }]);
    }
}
