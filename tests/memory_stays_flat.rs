//! The memory of a log does not grow with the number of entries, and stays within the bound of its options.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
}

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::logs::Numbered;
use fusewire::log::Log;

/// Held by the running test: the memory is that of the process.
static ALONE: Mutex<()> = Mutex::new(());

/// Returns the number of bytes of anonymous memory.
fn anonymous() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Returns the number of bytes of files in the directory that are mapped and in memory.
fn mapped(directory: &Path) -> u64 {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let (mut ours, mut bytes) = (false, 0);
    for line in maps.lines() {
        match line.strip_prefix("Rss:") {
            Some(size) if ours => {
                bytes += size.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10;
            }
            None if line.contains('-') && !line.contains("kB") => {
                ours = line.contains(directory.to_str().unwrap());
            }
            _ => {}
        }
    }
    bytes
}

/// Appends `entries` entries from two threads, and checks the memory repeatedly.
fn stays_flat(entries: u64, self_contained: bool) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = tempfile::tempdir().unwrap();
    // The first quarter of the entries fills a segment: like entries are shorter.
    let segment_size = if self_contained { 16 << 20 } else { 2 << 20 };
    let options = Log::options(directory.path()).segment_size(segment_size).max_total_bytes(80 << 20);
    let options = options.self_contained(self_contained);
    let bound = options.resident_bound();
    let log = options.open().unwrap();
    let append = |from: u64, to: u64| {
        thread::scope(|scope| {
            for thread in 0..2 {
                let log = &log;
                scope.spawn(move || {
                    let text = Numbered { thread, n: 0, text: 300 }.text();
                    for n in from..to {
                        log.append(|entry| {
                            entry.attr("n", &n).attr("text", text.as_str());
                        });
                    }
                });
            }
        });
    };
    // The first quarter of the entries uses every part of the log once.
    let steps = 20;
    let mut samples = Vec::new();
    for step in 0..steps {
        append(step * entries / 2 / steps, (step + 1) * entries / 2 / steps);
        samples.push(anonymous());
        // A worker releases the pages of earlier entries, some milliseconds after the appends.
        let start = Instant::now();
        while mapped(directory.path()) > bound {
            assert!(start.elapsed() < Duration::from_secs(60), "{} of {bound}", mapped(directory.path()));
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(mapped(directory.path()) > 0);
    assert_eq!(log.stats().entries, entries);
    // A sample can contain memory that a thread or the allocator gives back. Memory that grows is in all samples of the end.
    let (first, last) = (samples[..5].iter().max().unwrap(), samples[15..].iter().min().unwrap());
    assert!(
        *last <= first + (1 << 20),
        "{first} bytes in the first quarter, {last} in the last: {samples:?}"
    );
    assert!(log.stats().resident_bytes <= bound, "{} of {bound}", log.stats().resident_bytes);
}

#[test]
fn the_bound_holds_at_full_speed() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let directory = tempfile::tempdir().unwrap();
    let options = Log::options(directory.path()).segment_size(16 << 20).max_total_bytes(80 << 20);
    let bound = options.resident_bound();
    let log = options.open().unwrap();
    let mut most = 0;
    let mut samples = 0;
    thread::scope(|scope| {
        let threads = [0, 1].map(|thread| {
            let log = &log;
            scope.spawn(move || {
                let text = Numbered { thread, n: 0, text: 300 }.text();
                for n in 0..100_000_u64 {
                    log.append(|entry| _ = entry.attr("n", &n).attr("text", text.as_str()));
                }
            })
        });
        // The test does not wait for the workers: if a worker is late, an append releases pages itself.
        while !threads.iter().all(|thread| thread.is_finished()) {
            most = most.max(mapped(directory.path()));
            samples += 1;
        }
    });
    assert!(samples > 0 && most > 0 && most <= bound, "{most} of {bound} in {samples} samples");
}

#[test]
fn three_hundred_thousand_entries_leave_no_trace_in_memory() {
    stays_flat(300_000, true);
    stays_flat(300_000, false);
}

#[test]
#[ignore = "a minute with optimisation, and more without: cargo test --release --test memory_stays_flat -- --ignored"]
fn ten_million_entries_leave_no_trace_in_memory() {
    stays_flat(10_000_000, true);
}
