//! Benchmark of `append`: to an exclusive segment and to a log, with one and two threads, with and without prefaulted pages.
//! The baseline is a copy of the same bytes.
//!
//! The threads append in bursts that fit into the prefaulted pages, like a service. The cost of sustained appends is mostly
//! the cost of new pages in the kernel; `benches/compare` measures it, and the tail latencies.

mod common;

use std::hint::black_box;
use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use common::{EVENT, encoded, write};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fusewire::log::{Log, OnFull};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter};

/// The number of entries in a burst, about 1 MiB.
const BURST: u64 = 2_000;

/// Returns the time of `entries` appends in each of `threads` threads, without the pauses between bursts.
fn in_bursts(log: &Log, threads: usize, entries: u64) -> Duration {
    let bursts = entries.div_ceil(BURST);
    let start = Barrier::new(threads);
    let append = || {
        let mut spent = Duration::ZERO;
        for burst in 0..bursts {
            start.wait();
            let began = Instant::now();
            for _ in 0..BURST.min(entries - burst * BURST) {
                black_box(log.append(|entry| write(entry, black_box(&EVENT))));
            }
            spent += began.elapsed();
            thread::sleep(Duration::from_millis(2));
        }
        spent
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(append)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).max().unwrap_or_default()
    })
}

fn log(directory: &Path, prefault: bool) -> Log {
    Log::options(directory)
        .prefault(prefault)
        .max_total_bytes(512 << 20)
        .on_full(OnFull::OverwriteOldest)
        .open()
        .unwrap()
}

fn benches(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    group.throughput(Throughput::Elements(1)).sample_size(20);

    let bytes = encoded();
    let mut buffer = vec![0; bytes.len()];
    group.bench_function("memcpy of the entry", |b| {
        b.iter(|| buffer.copy_from_slice(black_box(&bytes)));
    });

    group.bench_function("exclusive writer, prefaulted", |b| {
        let directory = tempfile::tempdir().unwrap();
        let mut number = 0;
        b.iter_custom(|entries| {
            let mut options = SegmentOptions::new(Resource::empty());
            (options.size, options.prefault) = (64 << 20, true);
            let (mut left, mut spent) = (entries, Duration::ZERO);
            while left > 0 {
                number += 1;
                let path = directory.path().join(format!("{number}.fws"));
                let mut writer = SegmentWriter::create(&path, &options).unwrap();
                let part = left.min(100_000);
                let began = Instant::now();
                for _ in 0..part {
                    writer.append(|entry| write(entry, black_box(&EVENT))).unwrap();
                }
                spent += began.elapsed();
                left -= part;
                std::fs::remove_file(path).unwrap();
            }
            spent
        });
    });

    for (name, threads, prefault) in [
        ("log, one thread", 1, true),
        ("log, one thread, not prefaulted", 1, false),
        ("log, two threads at once", 2, true),
    ] {
        group.bench_function(name, |b| {
            let directory = tempfile::tempdir().unwrap();
            let log = log(directory.path(), prefault);
            b.iter_custom(|entries| in_bursts(&log, threads, entries));
            assert_eq!(log.stats().drops.total(), 0);
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
