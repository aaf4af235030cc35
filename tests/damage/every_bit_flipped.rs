//! If one bit of a segment is flipped, a reader returns every entry except the damaged entry and its
//! dependants, and reports the number of lost bytes.

use crate::common::segments::{Fixture, read, strict};
use fusewire::segment::LostReason;

fn flip_every_bit(fixture: &Fixture, sealed: bool) {
    let mut bytes = fixture.bytes.clone();
    let all: Vec<u64> = (0..fixture.frames.len() as u64).collect();
    let resource = 8192..fixture.frames[0].0;
    for bit in 0..bytes.len() * 8 {
        let at = bit / 8;
        bytes[at] ^= 1 << (bit % 8);
        let (entries, lost) = read(&bytes);
        let gaps: Vec<_> = lost.iter().map(|range| (range.start as usize, range.end as usize)).collect();
        let context = || format!("bit {bit} (byte {at}), sealed {sealed}: {entries:?}, {gaps:?}");
        if let Some(hit) = fixture.frame_at(at) {
            let gone = fixture.lost_with(hit);
            let expected: Vec<_> = all.iter().copied().filter(|n| !gone.contains(&(*n as usize))).collect();
            assert_eq!(entries, expected, "{}", context());
            let frames: Vec<_> = gone.iter().map(|i| fixture.frames[*i]).collect();
            let expected: Vec<_> = frames.iter().map(|(start, len)| (*start, start + len)).collect();
            assert_eq!(gaps, expected, "{}", context());
            let without_base =
                lost.iter().filter(|range| matches!(range.reason, LostReason::Base(_))).count();
            assert_eq!(without_base, gone.len() - 1, "{}", context());
            assert!(!strict(&bytes), "{}", context());
        } else {
            assert_eq!(entries, all, "{}", context());
            let slot = at / 16 * 16;
            match () {
                () if resource.contains(&at) => {
                    assert_eq!(gaps, [(resource.start, resource.end)], "{}", context())
                }
                () if at < 8192 || at >= bytes.len() - 64 => assert!(gaps.is_empty(), "{}", context()),
                // The bit is in unused space: no entry is lost, and the reader reports the slot of the byte that is
                // not zero.
                () => assert_eq!(gaps, [(slot, slot + 16)], "{}", context()),
            }
        }
        bytes[at] ^= 1 << (bit % 8);
    }
    assert_eq!(read(&bytes), (all, vec![]));
}

#[test]
fn sealed_segment() {
    flip_every_bit(&Fixture::new(6, true), true);
}

#[test]
fn segment_of_a_writer_that_died() {
    flip_every_bit(&Fixture::new(6, false), false);
}

#[test]
fn sealed_segment_of_like_entries() {
    flip_every_bit(&Fixture::like(6, true), true);
}

#[test]
fn segment_of_like_entries_of_a_writer_that_died() {
    flip_every_bit(&Fixture::like(6, false), false);
}
