//! If a segment is cut at any length, a reader returns every complete entry and reports the number
//! of lost bytes.

use crate::common::segments::{Fixture, read};

fn cut_everywhere(fixture: &Fixture) {
    for len in 0..fixture.bytes.len() {
        let (entries, lost) = read(&fixture.bytes[..len]);
        let whole = fixture.frames.iter().filter(|(start, frame)| start + frame <= len).count() as u64;
        assert_eq!(entries, (0..whole).collect::<Vec<_>>(), "{len}");
        if len >= 8192 {
            let end = fixture.data_end().min(len.max(8192));
            let gone: u64 = lost.iter().map(|range| range.len()).sum();
            let kept =
                fixture.frames.iter().map(|(start, frame)| start + frame).filter(|end| *end <= len).max();
            let resource_end = fixture.frames[0].0;
            let kept = kept.unwrap_or(if len >= resource_end { resource_end } else { 8192 });
            assert_eq!(gone, (fixture.data_end() - kept) as u64, "{len} {end}");
        }
    }
}

#[test]
fn sealed_segment() {
    Fixture::both(6, true).iter().for_each(cut_everywhere);
}

#[test]
fn segment_of_a_writer_that_died() {
    Fixture::both(6, false).iter().for_each(cut_everywhere);
}
