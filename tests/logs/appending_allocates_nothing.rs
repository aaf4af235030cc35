//! Threads that append to a log do not allocate or free memory, even during a rotation.

use std::sync::Mutex;
use std::thread;

use crate::common::counting::allocations;
use crate::common::logs::{self, Numbered};
use fusewire::log::Log;
use fusewire::segment::SegmentOptions;

const THREADS: u64 = 3;
const ENTRIES: u64 = 400;

/// Waits until the next segment exists, so that an append rarely has to create a segment. The preallocator creates the
/// next segment when one eighth of the current segment is used. `begun` contains the number of rotations and the number
/// of bytes at the last rotation.
fn wait_for_the_next_segment(log: &Log, begun: &Mutex<(u64, u64)>) {
    loop {
        let stats = log.stats();
        let mut begun = begun.lock().unwrap();
        if begun.0 != stats.rotations {
            // `stats` can contain a number of bytes from long before the rotation.
            *begun = (stats.rotations, log.stats().bytes);
        }
        let used = stats.bytes.saturating_sub(begun.1);
        drop(begun);
        if stats.segments >= stats.rotations + 2 || used < SegmentOptions::MIN_SIZE / 4 {
            return;
        }
        thread::yield_now();
    }
}

#[test]
fn appending_allocates_nothing_across_rotations() {
    across_rotations(true);
}

#[test]
fn appending_like_entries_allocates_nothing_across_rotations() {
    across_rotations(false);
}

fn across_rotations(self_contained: bool) {
    let directory = tempfile::tempdir().unwrap();
    let options = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE);
    let log = options.self_contained(self_contained).open().unwrap();
    let begun = Mutex::new((0, 0));
    let append = |thread: u64, n: u64| {
        wait_for_the_next_segment(&log, &begun);
        // The test allocates the text of the entry before the measurement.
        let numbered = Numbered { thread, n, text: 200 };
        let text = numbered.text();
        let late = log.stats().late_segments;
        let (count, outcome) = allocations(|| {
            log.append(|entry| {
                entry.attr("thread", &thread).attr("n", &n).attr("text", text.as_str());
            })
        });
        assert!(outcome.is_written());
        // An append that comes before the next segment exists creates the segment and can allocate memory for it.
        if log.stats().late_segments == late { count } else { 0 }
    };
    let counts: Vec<u64> = thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    // The first append registers the thread.
                    append(thread, 0);
                    (1..ENTRIES).map(|n| append(thread, n)).sum()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let stats = log.stats();
    assert_eq!(counts, vec![0; THREADS as usize]);
    assert_eq!(stats.like_entries > 0, !self_contained);
    assert!(stats.rotations > 20 + stats.late_segments, "{stats:?}");
    drop(log);
    let read = logs::read(directory.path());
    assert_eq!(read.entries.len() as u64, THREADS * ENTRIES);
}
