//! A killed process can leave incomplete appends of many threads, and a closed segment that is not
//! sealed. Neither is damage, and neither hides damage.

use crate::common::segments::{Fixture, read, segment, strict};
use fusewire::segment::{FrameFault, LostReason, Mode, State, verify};

/// Returns the entries and the lost ranges of a read. Each range has a flag that shows whether it is a loss.
fn found(fixture: &Fixture) -> (Vec<u64>, Vec<(usize, usize, bool)>) {
    let (entries, lost) = read(&fixture.bytes);
    let ranges = lost.iter().map(|range| (range.start as usize, range.end as usize, range.is_loss()));
    (entries, ranges.collect())
}

fn is_clean(fixture: &Fixture) -> bool {
    verify(&segment(&fixture.bytes)).unwrap().is_clean()
}

/// Resets frame `i` to the state before its thread copied bytes: its length and zeros.
fn abandon(fixture: &mut Fixture, i: usize) -> (usize, usize) {
    let (start, len) = fixture.frames[i];
    fixture.zero(start..start + len);
    fixture.begin(start, len);
    (start, start + len)
}

#[test]
fn a_chain_of_appends_between_entries_is_passed_over() {
    for mut fixture in Fixture::both(6, false) {
        let (start, _) = abandon(&mut fixture, 1);
        abandon(&mut fixture, 2);
        let (_, end) = abandon(&mut fixture, 3);
        assert_eq!(found(&fixture), (vec![0, 4, 5], vec![(start, end, false)]));
        assert!(is_clean(&fixture) && strict(&fixture.bytes));
    }
}

#[test]
fn half_copied_bytes_change_nothing() {
    for mut fixture in Fixture::both(6, false) {
        let whole = (fixture.frame(2), fixture.frame(3));
        let (start, _) = abandon(&mut fixture, 2);
        let (second, end) = abandon(&mut fixture, 3);
        fixture.splice(start + 8, &whole.0[8..60]);
        fixture.splice(second + 8, &whole.1[8..]);
        assert_eq!(found(&fixture), (vec![0, 1, 4, 5], vec![(start, end, false)]));
        assert!(is_clean(&fixture));
    }
}

#[test]
fn a_chain_at_the_end_is_passed_over_wherever_the_tail_is() {
    for mut fixture in Fixture::both(6, false) {
        let (start, middle) = abandon(&mut fixture, 4);
        let (_, end) = abandon(&mut fixture, 5);
        for tail in [start, middle, end] {
            fixture.set_tail((tail / 16) as u32);
            assert_eq!(found(&fixture), (vec![0, 1, 2, 3], vec![(start, end, false)]), "{tail}");
            assert!(is_clean(&fixture));
        }
    }
}

#[test]
fn a_chain_leads_to_the_last_byte_of_a_full_segment() {
    for mut fixture in Fixture::both(3, false) {
        let (at, end) = (fixture.data_end(), fixture.bytes.len() - 64);
        fixture.begin(at, 160);
        fixture.begin(at + 160, end - at - 160);
        assert_eq!(found(&fixture), (vec![0, 1, 2], vec![(at, end, false)]));
        assert!(is_clean(&fixture));
    }
}

#[test]
fn a_length_that_leads_nowhere_is_damage() {
    for wrong in [16, 32, 352, 704, 6000, 9008] {
        for mut fixture in Fixture::both(6, false) {
            let (start, end) = abandon(&mut fixture, 2);
            fixture.begin(start, wrong);
            let (entries, lost) = read(&fixture.bytes);
            assert_eq!(entries, [0, 1, 3, 4, 5], "{wrong}");
            assert_eq!((lost[0].start, lost[0].end), (start as u64, end as u64));
            assert_eq!((lost.len(), lost[0].reason), (1, LostReason::Damaged(FrameFault::Intent)));
            assert!(!is_clean(&fixture));
        }
    }
}

#[test]
fn damage_behind_an_append_is_counted_alone() {
    for mut fixture in Fixture::both(6, false) {
        let (start, end) = abandon(&mut fixture, 1);
        let (damaged, len) = fixture.frames[2];
        fixture.flip((damaged + 40) * 8);
        let ranges = vec![(start, end, false), (damaged, damaged + len, true)];
        assert_eq!(found(&fixture), (vec![0, 3, 4, 5], ranges));
    }
}

#[test]
fn nothing_is_looked_for_behind_the_closed_word() {
    for mut fixture in Fixture::both(3, false) {
        let end = fixture.data_end();
        let tag = fixture.salt() ^ (end / 16) as u32;
        fixture.close(end);
        // In an unsealed segment without a closed word, the reader searches the bytes up to the end of the segment.
        let frame = fixture.frame(1);
        let in_use = frame.iter().rposition(|byte| *byte != 0).unwrap().next_multiple_of(16);
        fixture.splice(end + 160, &frame);
        let events = segment(&fixture.bytes).events(Mode::Recover).unwrap().map(Result::unwrap).count();
        assert_eq!(events, 4, "the resource and three entries");
        // A thorough read also reports these bytes.
        assert_eq!(found(&fixture).1, [(end + 160, end + 160 + in_use, true)]);
        fixture.zero(end + 160..end + 160 + frame.len());
        assert_eq!(found(&fixture), (vec![0, 1, 2], vec![]));
        fixture.splice(end + 8, &tag.to_le_bytes());
        assert_eq!(found(&fixture).1, [(end, end + 16, true)]);
    }
}

#[test]
fn a_closed_segment_is_clean_before_it_is_sealed() {
    for mut fixture in Fixture::both(6, false) {
        let (start, _) = abandon(&mut fixture, 4);
        let (_, end) = abandon(&mut fixture, 5);
        fixture.close(end);
        for tail in [start, end] {
            fixture.set_tail((tail / 16) as u32);
            assert_eq!(found(&fixture), (vec![0, 1, 2, 3], vec![(start, end, false)]));
            let report = verify(&segment(&fixture.bytes)).unwrap();
            assert_eq!((report.state, report.is_clean(), report.entries), (State::Open, true, 4));
            assert!(strict(&fixture.bytes));
        }
    }
}

#[test]
fn a_closed_word_is_allowed_in_a_sealed_segment() {
    for mut fixture in Fixture::both(6, true) {
        fixture.close(fixture.data_end());
        assert_eq!(found(&fixture), (vec![0, 1, 2, 3, 4, 5], vec![]));
        let report = verify(&segment(&fixture.bytes)).unwrap();
        assert_eq!((report.state, report.is_clean()), (State::Sealed, true));
    }
}

#[test]
fn zeros_below_the_closed_word_are_loss() {
    for sealed in [true, false] {
        for mut fixture in Fixture::both(6, sealed) {
            let (start, end) = (fixture.frames[4].0, fixture.data_end());
            fixture.close(end);
            fixture.set_tail((start / 16) as u32);
            fixture.zero(start..end);
            assert_eq!(found(&fixture), (vec![0, 1, 2, 3], vec![(start, end, true)]));
            assert!(!is_clean(&fixture) && !strict(&fixture.bytes));
        }
    }
}

#[test]
fn a_closed_word_of_another_place_ends_nothing() {
    for fixture in Fixture::both(6, true) {
        close_inside(fixture);
    }
    for fixture in Fixture::both(6, true) {
        close_by_a_flipped_bit(fixture);
    }
}

fn close_inside(mut fixture: Fixture) {
    let (start, _) = fixture.frames[2];
    fixture.close(start + 16);
    let word = fixture.bytes[start + 16..start + 24].to_vec();
    fixture.zero(start + 16..start + 24);
    fixture.splice(start, &word);
    assert_eq!(found(&fixture).0, [0, 1, 3, 4, 5]);
}

/// A flipped bit changes the state of frame 2 to closed. The word still has a length, so it does not end the segment.
fn close_by_a_flipped_bit(mut fixture: Fixture) {
    let (start, len) = fixture.frames[2];
    fixture.flip(start * 8 + 28);
    assert_eq!(found(&fixture), (vec![0, 1, 3, 4, 5], vec![(start, start + len, true)]));
}
