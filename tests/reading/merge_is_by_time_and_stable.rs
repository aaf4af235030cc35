//! A reader merges the segments of several processes into one sequence by time. The entries of one process keep the
//! order of their appends, even if the clock steps back. The last N entries are the end of this sequence.

use crate::common::streams::{End, numbers, write};
use fusewire::log::LogReader;
use proptest::collection::vec;
use proptest::prelude::*;

/// The times in each segment of a stream, and whether its process died.
type Stream = (Vec<Vec<u64>>, bool);

/// Generates a stream. Most steps of its clock are small, and some are zero or negative.
fn stream() -> impl Strategy<Value = Stream> {
    let step = prop_oneof![4 => 0..5_i64, 1 => Just(0), 1 => -30..0_i64, 1 => 5..60_i64];
    (1000..1040_i64, vec(vec(step, 0..12_usize), 1..5), any::<bool>()).prop_map(
        |(start, segments, crashed)| {
            let mut clock = start;
            let mut times = |steps: Vec<i64>| {
                let tick = |step: i64| {
                    clock = (clock + step).max(1);
                    clock.cast_unsigned()
                };
                steps.into_iter().map(tick).collect::<Vec<_>>()
            };
            (segments.into_iter().map(&mut times).collect(), crashed)
        },
    )
}

/// Returns the number of the first entry of stream `i`.
fn first(i: usize) -> u64 {
    i as u64 * 1000
}

/// Returns the result of a naive merge: the next entry is always the earliest one, from the first stream if several are
/// equal.
fn merged(streams: &[Stream]) -> Vec<u64> {
    let mut rests: Vec<_> = streams.iter().map(|(segments, _)| segments.concat()).collect();
    let mut taken = vec![0; rests.len()];
    let mut numbers = Vec::new();
    loop {
        let heads = rests.iter().enumerate().filter_map(|(i, rest)| Some((*rest.first()?, i)));
        let Some((_, i)) = heads.min() else { return numbers };
        rests[i].remove(0);
        numbers.push(first(i) + taken[i]);
        taken[i] += 1;
    }
}

fn on_disk(streams: &[Stream]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (i, (segments, crashed)) in streams.iter().enumerate() {
        let end = if *crashed { End::Crashed } else { End::Sealed };
        write(directory.path(), i as u8 + 1, first(i), segments, end);
    }
    directory
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn entries_come_as_from_a_naive_merge(streams in vec(stream(), 1..6), copy in any::<bool>()) {
        let directory = on_disk(&streams);
        let path = directory.path().to_owned();
        let mut reader = LogReader::options().copy(copy).open(&[path]).unwrap();
        prop_assert_eq!(numbers(&mut reader), merged(&streams));
    }

    #[test]
    fn the_last_ones_are_the_last_ones(streams in vec(stream(), 1..6), last in 0..80_u64) {
        let directory = on_disk(&streams);
        let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
        reader.seek_to_last(last).unwrap();
        let all = merged(&streams);
        let skipped = all.len().saturating_sub(last as usize);
        prop_assert_eq!(numbers(&mut reader), &all[skipped..]);
    }
}
