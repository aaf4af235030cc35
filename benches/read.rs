//! Benchmark of the reader with a log of several processes, and of the latency of a reader that follows a log. The
//! baseline is a scan of the segments in sequence.

mod common;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use common::{EVENT, write};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fusewire::log::{Log, LogEvent, LogReader};
use fusewire::segment::{Mode, Resource, Segment, SegmentOptions, Series};

const STREAMS: u64 = 4;
const ENTRIES: u64 = 20_000;

fn unix_nanos() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(now.as_nanos()).unwrap()
}

/// Creates the segments of `STREAMS` processes. Their entries alternate by time.
fn make(directory: &Path) {
    for stream in 0..STREAMS {
        let mut options = SegmentOptions::new(Resource::empty());
        options.size = 4 << 20;
        let mut series = Series::create(directory, options).unwrap();
        for i in 0..ENTRIES {
            let append = |entry: &mut fusewire::encode::EntryWriter<'_>| {
                write(entry, &EVENT);
                entry.set_time_unix_nano(1 + i * STREAMS + stream);
            };
            series.append(append).unwrap();
        }
        series.finish().unwrap();
    }
}

fn merged(directory: &Path, mode: Mode) -> u64 {
    let mut reader = LogReader::options().mode(mode).open(&[directory.to_owned()]).unwrap();
    let mut entries = 0;
    while let Some(event) = reader.next() {
        entries += u64::from(matches!(event, LogEvent::Entry { .. }));
    }
    entries
}

fn one_after_the_other(directory: &Path) -> u64 {
    let mut entries = 0;
    for file in std::fs::read_dir(directory).unwrap() {
        // SAFETY: no other process knows the file.
        let segment = unsafe { Segment::map(&file.unwrap().path()).unwrap() };
        entries += segment.entries().unwrap().count() as u64;
    }
    entries
}

/// Measures the latency of a reader that follows the log, from the time of an entry, which is set before `append`.
fn lateness() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(256 << 10)
        .max_segment_age(Duration::from_millis(30))
        .open()
        .unwrap();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let entries = if std::env::args().any(|argument| argument == "--test") { 200 } else { 2000 };
    let done = AtomicBool::new(false);
    let mut late = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..entries {
                let appended = log.append(|entry| {
                    write(entry, &EVENT);
                    entry.set_time_unix_nano(unix_nanos());
                });
                assert!(appended.is_written());
                std::thread::sleep(Duration::from_micros(i * 7919 % 5000_u64));
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            while let Some(event) = reader.next() {
                if let LogEvent::Entry { entry, .. } = event {
                    late.push(unix_nanos().saturating_sub(entry.time_unix_nano()) / 1000);
                }
            }
            reader.wait(Duration::from_millis(50)).unwrap();
        }
    });
    late.sort_unstable();
    let at = |part: usize| late[(late.len() * part / 1000).min(late.len() - 1)];
    println!(
        "follow: {} entries, {} rotations, latency {} us (median), {} us (p99), {} us (p99.9), {} us (max)",
        late.len(),
        log.stats().rotations,
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

fn benches(c: &mut Criterion) {
    lateness();
    let directory = tempfile::tempdir().unwrap();
    make(directory.path());
    assert_eq!(merged(directory.path(), Mode::Recover), STREAMS * ENTRIES);
    let mut group = c.benchmark_group("read");
    group.throughput(Throughput::Elements(STREAMS * ENTRIES));
    group.sample_size(20);
    group.bench_function("merged", |b| b.iter(|| merged(directory.path(), Mode::Recover)));
    group.bench_function("merged, without checksums", |b| b.iter(|| merged(directory.path(), Mode::Trust)));
    group.bench_function("one after the other", |b| b.iter(|| one_after_the_other(directory.path())));
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
