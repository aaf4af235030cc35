//! The base of each like entry is an earlier entry of the same segment, written in full. A base that is far away and has
//! many dependants is not used again, so a lost page costs a bounded number of entries.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use crate::common::frames::{ENTRY, frames, segments};
use crate::common::random::Random;
use crate::common::watchdog::Watchdog;
use fusewire::log::{Log, OnFull};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter};

/// The limits of the repetition rule.
const DISTANCE: usize = 1 << 20;
const DEPENDANTS: usize = 64;

/// The bases of a segment.
#[derive(Debug, Default, PartialEq)]
struct Bases {
    /// The number of like entries.
    likes: usize,
    /// The number of bases that have dependants.
    used: usize,
    /// The largest number of dependants of a base.
    dependants: usize,
    /// The largest distance in bytes to a base that already had [`DEPENDANTS`] dependants.
    distance: usize,
}

/// Checks that each base is an earlier entry of the segment.
fn bases(segment: &[u8]) -> Bases {
    let mut found = Bases::default();
    // The number of dependants by slot.
    let mut entries = BTreeMap::new();
    for frame in frames(segment) {
        if frame.kind == ENTRY {
            entries.insert(frame.slot(), 0);
        } else if let Some(base) = frame.base() {
            let dependants = entries.get_mut(&base).expect("the base is an earlier entry of the segment");
            if *dependants >= DEPENDANTS {
                found.distance = found.distance.max(frame.offset - base as usize * 16);
            }
            *dependants += 1;
            found.likes += 1;
        }
    }
    found.used = entries.values().filter(|dependants| **dependants > 0).count();
    found.dependants = entries.values().copied().max().unwrap_or(0);
    found
}

fn all_bases(directory: &Path) -> Vec<Bases> {
    segments(directory).iter().map(|(_, bytes)| bases(bytes)).collect()
}

#[test]
fn in_logs_of_many_threads_and_shapes() {
    let _watchdog = Watchdog::over("logs of many threads and shapes");
    for (segment_size, buffers) in [(64 << 10, 2), (1 << 20, 64)] {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path())
            .self_contained(false)
            .segment_size(segment_size)
            .max_threads(buffers)
            .on_full(OnFull::Block(Duration::from_secs(120)))
            .open()
            .unwrap();
        thread::scope(|scope| {
            for thread in 0..4 {
                let log = &log;
                scope.spawn(move || {
                    let mut random = Random(thread + 1);
                    for n in 0..3_000_u64 {
                        let shape = random.below(1 + n / 100);
                        assert!(log.append(|entry| _ = entry.attr(&format!("key {shape}"), &n)).is_written());
                    }
                });
            }
        });
        let likes = log.stats().like_entries;
        drop(log);
        let found = all_bases(directory.path());
        assert_eq!(found.iter().map(|bases| bases.likes as u64).sum::<u64>(), likes);
        assert!(likes > 4_000, "{found:?}");
    }
}

#[test]
fn a_base_repeats_when_it_is_far_away_and_has_many_dependants() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.self_contained, options.index) = (32 << 20, false, false);
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    let mut random = Random(3);
    // Entries of a frequent shape, of a rare shape, and long entries that move the others apart.
    while writer.tail() < 31 << 20 {
        for n in 0..40_u64 {
            writer.append(|entry| _ = entry.attr("frequent", &n)).unwrap();
        }
        writer.append(|entry| _ = entry.attr("rare", &random.next())).unwrap();
        writer.append(|entry| entry.set_body(&"x".repeat(random.below(60_000) as usize))).unwrap();
    }
    drop(writer);
    let found = bases(&std::fs::read(path).unwrap());
    // The base is the first one that is too far away, so the distance is below the limit and close to it.
    assert!((DISTANCE - 100_000..=DISTANCE).contains(&found.distance), "{found:?}");
    // Each of the three shapes has about 30 bases in 30 MiB.
    assert!((60..=100).contains(&found.used), "{found:?}");
    assert!(found.dependants < 4_000, "{found:?}");
}

#[test]
fn a_base_within_the_distance_does_not_repeat() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.self_contained) = (1 << 20, false);
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for n in 0..10_000_u64 {
        writer.append(|entry| _ = entry.attr("n", &n)).unwrap();
    }
    drop(writer);
    let found = bases(&std::fs::read(path).unwrap());
    assert!(found.distance < DISTANCE, "{found:?}");
    assert_eq!((found.likes, found.used, found.dependants), (9_999, 1, 9_999));
}
