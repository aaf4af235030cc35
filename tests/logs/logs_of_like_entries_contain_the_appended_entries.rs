//! A log that writes like entries contains the same entries as a log that writes each entry in full.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crate::common::frames::{LIKE, all_entries, frames, segments};
use crate::common::logs;
use crate::common::random::Random;
use crate::common::variants::variant;
use crate::common::watchdog::Watchdog;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::log::{Log, LogOptions, OnFull};
use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter, Series};
use fusewire::{Limits, NodeFlags, Severity};

fn options(directory: &Path) -> LogOptions {
    Log::options(directory).on_full(OnFull::Block(Duration::from_secs(120))).unbounded()
}

/// Returns `count` entries of at most `shapes` shapes. Some entries are longer than a base can be, and some trip.
fn entries(random: &mut Random, shapes: u64, count: usize) -> Vec<Entry> {
    let first: Vec<_> = (0..shapes).map(|_| random.entry()).collect();
    (0..count)
        .map(|_| {
            let mut entry = variant(&first[random.below(shapes) as usize], random);
            match random.below(40) {
                0 => entry.body = "long".repeat(random.below(6_000) as usize),
                1 => entry.attributes.push(attribute("deep", nested(random.below(70)))),
                _ => {}
            }
            entry
        })
        .collect()
}

fn attribute(key: &str, value: OwnedValue) -> OwnedAttribute {
    OwnedAttribute { key: key.to_owned(), value, flags: NodeFlags::NONE }
}

fn nested(depth: u64) -> OwnedValue {
    (0..depth).fold(OwnedValue::Null, |value, _| OwnedValue::Array {
        values: vec![attribute("", value)],
        dropped: Some(0),
    })
}

/// Returns the entry that an encoder writes: the circuit breaker may have tripped.
fn written(entry: &Entry) -> Entry {
    let mut buffer = vec![0; 64 << 10];
    let encoded = encode(&mut buffer, &Limits::DEFAULT, |out| entry.write_to(out)).unwrap();
    EntryRef::new(encoded.bytes()).unwrap().to_owned().unwrap()
}

/// Returns the number of like entries in a directory.
fn likes(directory: &Path) -> u64 {
    let of = |bytes: &[u8]| frames(bytes).iter().filter(|frame| frame.kind == LIKE).count() as u64;
    segments(directory).iter().map(|(_, bytes)| of(bytes)).sum()
}

#[test]
fn entries_of_any_shape() {
    let _watchdog = Watchdog::over("entries of any shape");
    let mut random = Random(0x11CE);
    for shapes in [1, 3, 20, 300, 2_000] {
        let appended = entries(&mut random, shapes, 1_500);
        let expected: Vec<_> = appended.iter().map(written).collect();
        for (self_contained, segment_size) in [(true, 1 << 20), (false, 16 << 20), (false, 256 << 10)] {
            let directory = tempfile::tempdir().unwrap();
            let log = options(directory.path()).segment_size(segment_size).self_contained(self_contained);
            let log = log.open().unwrap();
            for entry in &appended {
                assert!(log.append(|out| entry.write_to(out)).is_written());
            }
            let stats = log.stats();
            drop(log);
            assert!(all_entries(directory.path()) == expected, "{shapes} shapes, {self_contained}");
            let read = logs::read(directory.path());
            assert!(read.entries == expected && read.lost.is_empty() && logs::all_sealed(directory.path()));
            assert_eq!((stats.entries, stats.like_entries), (1_500, likes(directory.path())));
            match (self_contained, shapes) {
                (true, _) => assert_eq!(stats.like_entries, 0),
                (false, 1 | 3) => assert!(stats.like_entries > 1_200, "{stats:?}"),
                _ => {}
            }
        }
    }
}

#[test]
fn segments_of_an_exclusive_writer() {
    let _watchdog = Watchdog::over("segments of an exclusive writer");
    let mut random = Random(0x0E1F);
    let appended = entries(&mut random, 10, 2_000);
    let expected: Vec<_> = appended.iter().map(written).collect();
    let directory = tempfile::tempdir().unwrap();
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.self_contained) = (128 << 10, false);
    let mut series = Series::create(directory.path(), options).unwrap();
    for entry in &appended {
        series.append(|out| entry.write_to(out)).unwrap();
    }
    assert!(series.finish().unwrap().len() > 1);
    assert!(all_entries(directory.path()) == expected);
    assert!(likes(directory.path()) > 1_500);
}

#[test]
fn the_unused_space_after_a_like_entry_is_zero() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.self_contained) = (64 << 10, false);
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for n in 0..20_u64 {
        let appended = writer.append(|entry| {
            entry
                .set_body("an entry with a long text that does not change, and with one number that changes");
            entry.attr("n", &n);
        });
        assert_eq!(appended.unwrap().len < 100, n > 0);
        let bytes = std::fs::read(&path).unwrap();
        let tail = usize::try_from(writer.tail()).unwrap();
        assert!(bytes[tail..bytes.len() - 64].iter().all(|byte| *byte == 0));
    }
}

/// The one call site that appends to several logs.
fn append(log: &Log, n: u64) {
    let written = log.append(|entry| {
        entry.set_severity(Severity::INFO);
        entry.set_target("shop");
        entry.set_body("paid");
        entry.attr("n", &n).attr("plan", if n.is_multiple_of(5) { "basic" } else { "large" });
    });
    assert!(written.is_written());
}

/// Returns the numbers of the entries of a directory.
fn numbers(directory: &Path) -> Vec<i128> {
    let number = |entry: &Entry| match entry.attributes[0].value {
        OwnedValue::Uint(number) => number.cast_signed(),
        OwnedValue::Int(number) => number,
        ref other => panic!("{other:?}"),
    };
    all_entries(directory).iter().map(number).collect()
}

#[test]
fn two_logs_in_one_thread_and_one_call_site() {
    let _watchdog = Watchdog::over("two logs in one thread");
    let directories =
        [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let logs: Vec<_> = directories
        .iter()
        .zip([false, true, false])
        .map(|(directory, full)| options(directory.path()).self_contained(full).open().unwrap())
        .collect();
    for n in 0..999 {
        append(&logs[n as usize % 3], n);
    }
    // Each log has its own bases, so only the first entry of each log is written in full.
    let likes: Vec<_> = logs.iter().map(|log| log.stats().like_entries).collect();
    assert_eq!(likes, [332, 0, 332]);
    drop(logs);
    for (first, directory) in (0..).zip(&directories) {
        assert_eq!(numbers(directory.path()), (first..999).step_by(3).collect::<Vec<_>>());
    }
}

#[test]
fn four_threads_across_rotations() {
    const ENTRIES: u64 = 4_000;
    let _watchdog = Watchdog::over("four threads across rotations");
    for buffers in [2, 64] {
        let directory = tempfile::tempdir().unwrap();
        let log = options(directory.path()).self_contained(false).segment_size(64 << 10).max_threads(buffers);
        let log = log.open().unwrap();
        let start = Barrier::new(4);
        thread::scope(|scope| {
            for thread in 0..4 {
                let (log, start) = (&log, &start);
                scope.spawn(move || {
                    start.wait();
                    (0..ENTRIES).for_each(|n| append(log, thread * ENTRIES + n));
                });
            }
        });
        let stats = log.stats();
        drop(log);
        // Each buffer writes one entry of each segment in full.
        let full = stats.entries - stats.like_entries;
        let most = (stats.rotations + 1) * u64::from(buffers.min(4));
        assert!(stats.rotations > 5 && full <= most, "{full} of {most}: {stats:?}");
        let mut threads: BTreeMap<i128, Vec<i128>> = BTreeMap::new();
        for n in numbers(directory.path()) {
            threads.entry(n / i128::from(ENTRIES)).or_default().push(n);
        }
        let all: Vec<_> = threads.into_values().flatten().collect();
        assert_eq!(all, (0..4 * i128::from(ENTRIES)).collect::<Vec<_>>());
    }
}
