//! When many threads append at the same time across many rotations, the log contains every entry exactly once
//! and unchanged. The entries of each thread are in their order.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use crate::common::logs::{self, Numbered};
use fusewire::Severity;
use fusewire::log::{DropCause, Durability, Log, Outcome};
use fusewire::segment::SegmentOptions;
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Appends `counts[t]` entries from each thread `t` at the same time. Returns the acknowledged entries.
fn append(log: &Log, counts: &[u64], text: usize) -> BTreeMap<u64, Vec<u64>> {
    let start = Barrier::new(counts.len());
    thread::scope(|scope| {
        let running: Vec<_> = counts
            .iter()
            .enumerate()
            .map(|(thread, count)| {
                let (log, start) = (log.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    let appended = |n: &u64| {
                        let numbered = Numbered { thread: thread as u64, n: *n, text };
                        log.append(|entry| numbered.write(entry)).is_written()
                    };
                    (thread as u64, (0..*count).filter(appended).collect())
                })
            })
            .collect();
        let all = running.into_iter().map(|thread| thread.join().unwrap());
        all.filter(|(_, appended): &(u64, Vec<u64>)| !appended.is_empty()).collect()
    })
}

proptest! {
    #![proptest_config(Config { cases: 12, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_entry_is_there_once_and_in_the_order_of_its_thread(
        counts in prop::collection::vec(1_u64..400, 1..5),
        text in 0_usize..900,
        size in prop::sample::select(vec![SegmentOptions::MIN_SIZE, 40 << 10, 1 << 20]),
        prefault in any::<bool>(),
        buffers in 1_u16..4,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path())
            .segment_size(size)
            .prefault(prefault)
            .max_threads(buffers)
            .open()
            .unwrap();
        let acknowledged = append(&log, &counts, text);
        let stats = log.stats();
        prop_assert_eq!(stats.entries, counts.iter().sum::<u64>());
        prop_assert_eq!(stats.drops.total(), 0);
        // Reads the live log and the closed log.
        let live = logs::read(directory.path());
        drop(log);
        let closed = logs::read(directory.path());
        for log in [live, closed] {
            prop_assert_eq!(&log.threads(text), &acknowledged);
            prop_assert_eq!(log.lost, vec![]);
        }
        prop_assert!(logs::all_sealed(directory.path()));
    }
}

#[test]
fn an_entry_logged_from_inside_an_entry_is_dropped_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    let mut inner = None;
    let outer = log.append(|entry| {
        entry.set_severity(Severity::INFO);
        inner = Some(log.append(|entry| entry.set_body("inner")));
        entry.set_body("outer");
    });
    assert!(outer.is_written());
    assert_eq!(inner, Some(Outcome::Dropped(DropCause::Reentrant)));
    assert_eq!(log.stats().drops.by_cause(DropCause::Reentrant), 1);
    assert!(log.append(|entry| entry.set_body("next")).is_written());
    drop(log);
    let read = logs::read(directory.path());
    assert_eq!(read.bodies(), ["outer", "next"]);
    assert_eq!(read.losses, [(1, vec![("reentrant".to_owned(), 1)])]);
}

#[test]
fn a_value_that_panics_leaves_the_log_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).max_threads(1).open().unwrap();
    for _ in 0..3 {
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            log.append(|entry| {
                entry.set_body("half");
                std::panic::resume_unwind(Box::new("the producer's own"));
            })
        }));
        assert!(panicked.is_err());
        assert!(log.append(|entry| entry.set_body("whole")).is_written());
    }
    assert_eq!(log.stats().entries, 3);
    drop(log);
    assert_eq!(logs::read(directory.path()).bodies(), ["whole"; 3]);
}

#[test]
fn what_was_flushed_is_said_to_be_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    append(&log, &[200, 200], 100);
    log.flush(Durability::Process, Duration::ZERO).unwrap();
    log.flush(Durability::Disk, Duration::from_secs(60)).unwrap();
    for (path, segment) in logs::segments(directory.path()) {
        let end = segment.events(fusewire::segment::Mode::Recover).unwrap().filter_map(Result::ok);
        let end = end.filter_map(|event| match event {
            fusewire::segment::Event::Entry(frame, _) => Some(frame.offset + frame.len_on_disk()),
            _ => None,
        });
        assert!(segment.durable_up_to() >= end.max().unwrap_or(0), "{}", path.display());
    }
    assert!(log.stats().syncing.count > 0);
}

#[test]
fn a_severe_entry_is_on_disk_when_its_append_returns() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).sync_at(Severity::ERROR).open().unwrap();
    log.append(|entry| entry.set_severity(Severity::INFO));
    assert_eq!(log.stats().syncing.count, 0);
    log.append(|entry| entry.set_severity(Severity::ERROR));
    assert_eq!((log.stats().syncing.count, log.stats().sync_errors), (1, 0));
}

#[test]
fn old_segments_are_left_and_old_files_are_deleted() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .max_segment_age(Duration::from_millis(20))
        .max_age(Duration::from_millis(200))
        .open()
        .unwrap();
    log.append(|entry| entry.set_body("first"));
    // The log rotates because of the age, seals the segment of the entry and deletes it. The test waits
    // without a limit.
    while log.stats().deleted_segments == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    assert!(log.stats().rotations >= 1);
    assert!(!logs::read(directory.path()).bodies().contains(&"first".to_owned()));
    // The age does not cause a rotation of a segment without entries.
    let rotations = log.stats().rotations;
    thread::sleep(Duration::from_millis(60));
    assert_eq!(log.stats().rotations, rotations);
}

#[test]
fn a_thousand_threads_take_turns_at_four_buffers() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).max_threads(4).open().unwrap();
    let counts = vec![10; 1_000];
    let acknowledged = append(&log, &counts, 50);
    let stats = log.stats();
    drop(log);
    assert_eq!(logs::read(directory.path()).threads(50), acknowledged);
    // On a busy machine, a thread can fail to get a buffer. On a slow disk, the next segment can be late. The log counts
    // these entries.
    let drops = |cause| stats.drops.by_cause(cause);
    assert_eq!(stats.entries + drops(DropCause::Busy) + drops(DropCause::Full), 10_000);
}

#[test]
fn a_thread_may_log_while_it_ends() {
    struct AtTheEnd(Log);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            assert!(self.0.append(|entry| entry.set_body("end")).is_written());
        }
    }
    thread_local!(static KEPT: std::cell::RefCell<Option<AtTheEnd>> = const { std::cell::RefCell::new(None) });
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let kept = log.clone();
    thread::spawn(move || KEPT.set(Some(AtTheEnd(kept)))).join().unwrap();
    drop(log);
    assert_eq!(logs::read(directory.path()).bodies(), ["end"]);
}
