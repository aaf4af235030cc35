//! A log that is shut down is complete while its clones exist. The log refuses and counts later appends with the cause
//! `Closed`, and a reader can distinguish a process that stopped from a process that died.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::logs;
use common::watchdog::{LIMIT, Watchdog};
use fusewire::Severity;
use fusewire::log::{DropCause, Durability, FlushError, Life, Log, Outcome, Owner, StreamEnd, list};
use fusewire::segment::SegmentOptions;

const CLOSED: Outcome = Outcome::Dropped(DropCause::Closed);

/// Returns the life, the owner and the end of the stream of each segment, in order.
fn states(directory: &Path) -> Vec<(Life, Owner, StreamEnd)> {
    let segments = list(directory).unwrap().segments;
    segments.into_iter().map(|segment| (segment.life, segment.owner, segment.end)).collect()
}

const STOPPED: (Life, Owner, StreamEnd) = (Life::Sealed, Owner::Gone, StreamEnd::Stopped);

#[test]
fn while_clones_live_and_later_appends_are_refused_and_counted() {
    let _watchdog = Watchdog::over("shutdown");
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let clone = log.clone();
    assert!(log.append(|entry| entry.set_body("first")).is_written());
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    assert_eq!(states(directory.path()), [STOPPED]);
    for _ in 0..3 {
        assert_eq!(clone.append(|entry| entry.set_severity(Severity::ERROR)), CLOSED);
    }
    assert_eq!(log.stats().drops.count(Severity::ERROR, DropCause::Closed), 3);
    assert_eq!((log.stats().drops.total(), log.stats().entries), (3, 1));
    // A second shutdown, a close or a drop has no effect.
    assert_eq!(clone.shutdown(LIMIT), Ok(()));
    assert_eq!(clone.close(LIMIT), Ok(()));
    drop(log);
    assert_eq!(states(directory.path()), [STOPPED]);
    assert_eq!(logs::read(directory.path()).bodies(), ["first"]);
    let info = &list(directory.path()).unwrap().segments[0];
    assert!(info.ended_unix_nano.is_some_and(|ended| ended >= info.times.unwrap().1));
}

#[test]
fn by_its_guard_also_when_it_has_gone_into_a_static() {
    let _watchdog = Watchdog::over("guard");
    let directory = tempfile::tempdir().unwrap();
    let log: &'static Log = Box::leak(Box::new(Log::options(directory.path()).open().unwrap()));
    {
        let guard = log.guard();
        assert!(guard.appender().append(|entry| entry.set_body("held")).is_written());
    }
    assert_eq!(states(directory.path()), [STOPPED]);
    assert_eq!(log.append(|entry| entry.set_body("late")), CLOSED);
    assert_eq!(logs::read(directory.path()).bodies(), ["held"]);
}

#[test]
fn when_many_threads_append_and_shut_it_down_at_once() {
    let _watchdog = Watchdog::over("shutting down in many threads");
    for round in 0..50 {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
        let (written, refused) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for thread in 0..3 {
                let (log, written, refused) = (log.clone(), &written, &refused);
                scope.spawn(move || {
                    for n in 0..200 + round {
                        match log.append(|entry| logs::Numbered { thread, n, text: 100 }.write(entry)) {
                            Outcome::Written(_) => written.fetch_add(1, Ordering::Relaxed),
                            outcome => {
                                assert_eq!(outcome, CLOSED);
                                refused.fetch_add(1, Ordering::Relaxed)
                            }
                        };
                    }
                });
            }
            for _ in 0..2 {
                let log = log.clone();
                scope.spawn(move || assert_eq!(log.shutdown(LIMIT), Ok(())));
            }
        });
        let read = logs::read(directory.path());
        assert_eq!((read.entries.len() as u64, read.lost.len()), (written.load(Ordering::Relaxed), 0));
        assert_eq!(log.stats().drops.by_cause(DropCause::Closed), refused.load(Ordering::Relaxed));
        let states = states(directory.path());
        assert!(states.iter().all(|state| state.0 == Life::Sealed), "{states:?}");
        // If the log has segments, only the last segment contains the end of the stream.
        let stops = states.iter().rposition(|state| state.2 == StreamEnd::Stopped);
        assert_eq!(stops, states.len().checked_sub(1));
        assert_eq!(states.iter().filter(|state| state.2 == StreamEnd::Stopped).count(), states.len().min(1));
    }
}

#[test]
fn with_no_file_left_behind_by_a_log_without_entries() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    assert_eq!(states(directory.path()), []);
}

#[test]
fn and_a_flush_after_it_is_an_error_unless_all_is_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    assert!(log.append(|entry| entry.set_body("never flushed")).is_written());
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    assert_eq!(log.flush(Durability::Disk, LIMIT), Err(FlushError::Closed));
    let log = Log::options(directory.path()).sync_every(Duration::from_secs(3600)).open().unwrap();
    assert!(log.append(|entry| entry.set_body("synced when it is sealed")).is_written());
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    assert_eq!(log.flush(Durability::Disk, LIMIT), Ok(()));
}

#[test]
fn and_one_that_is_not_shut_down_shows_that_its_process_died() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    assert!(log.append(|entry| entry.set_body("alive")).is_written());
    let of_log = |directory: &Path| states(directory).into_iter().find(|state| state.0 != Life::Empty);
    assert_eq!(of_log(directory.path()), Some((Life::Live, Owner::Alive, StreamEnd::Unknown)));
    // The copy simulates the files of a process that is killed now.
    let copy = tempfile::tempdir().unwrap();
    for (path, _) in logs::segments(directory.path()) {
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    assert_eq!(of_log(copy.path()), Some((Life::Crashed, Owner::Gone, StreamEnd::Died)));
}

#[test]
fn a_forked_child_that_has_not_appended_leaves_the_log_to_its_parent() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    assert!(log.append(|entry| entry.set_body("before")).is_written());
    // SAFETY: the child calls only the log, which supports `fork`, and then exits.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let code = i32::from(log.shutdown(LIMIT).is_err());
        // SAFETY: ends the child immediately.
        unsafe { libc::_exit(code) };
    }
    let mut status = 0;
    // SAFETY: waits for the child. `status` is a local variable.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
    assert!(log.append(|entry| entry.set_body("after")).is_written());
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    assert_eq!(logs::read(directory.path()).bodies(), ["before", "after"]);
}
