//! C2: threads that append to a log allocate nothing, and free nothing, also where they go on to the next segment.

mod common {
    pub mod counting;
    pub mod logs;
}

use std::sync::Mutex;
use std::thread;

use common::counting::{Counting, allocations};
use common::logs::{self, Numbered};
use fusewire::log::Log;
use fusewire::segment::SegmentOptions;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const THREADS: u64 = 3;
const ENTRIES: u64 = 400;

/// Waits until the segment after the current one is there, so that hardly ever an append has to make one itself. It is made when
/// an eighth of the current one is used; `begun` are the rotations, and the bytes written at the last one.
fn wait_for_the_next_segment(log: &Log, begun: &Mutex<(u64, u64)>) {
    loop {
        let stats = log.stats();
        let mut begun = begun.lock().unwrap();
        if begun.0 != stats.rotations {
            *begun = (stats.rotations, stats.bytes);
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
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    let begun = Mutex::new((0, 0));
    let append = |thread: u64, n: u64| {
        wait_for_the_next_segment(&log, &begun);
        // The text of the entry is the test's own to allocate.
        let numbered = Numbered { thread, n, text: 200 };
        let text = numbered.text();
        let late = log.stats().late_segments;
        let (count, outcome) = allocations(|| {
            log.append(|entry| {
                entry.attr("thread", &thread).attr("n", &n).attr("text", text.as_str());
            })
        });
        assert!(outcome.is_written());
        // An append that comes too early for the thread that makes segments makes one, and may allocate for it.
        if log.stats().late_segments == late { count } else { 0 }
    };
    let counts: Vec<u64> = thread::scope(|scope| {
        let running: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    // The first one makes the thread known.
                    append(thread, 0);
                    (1..ENTRIES).map(|n| append(thread, n)).sum()
                })
            })
            .collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let stats = log.stats();
    assert_eq!(counts, vec![0; THREADS as usize]);
    assert!(stats.rotations > 20 + stats.late_segments, "{stats:?}");
    drop(log);
    let read = logs::read(directory.path());
    assert_eq!(read.entries.len() as u64, THREADS * ENTRIES);
}
