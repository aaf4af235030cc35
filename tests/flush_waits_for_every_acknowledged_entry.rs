//! A flush returns `Ok` only if every acknowledged entry is on disk. If a temporary error prevented a sync, the log
//! repeats the sync. Until it succeeds, every flush returns an error.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::os::fd::RawFd;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};

use common::logs::{self, Numbered};
use common::watchdog::{LIMIT, Watchdog, until};
use fusewire::log::{Durability, FlushError, Log};
use fusewire::segment::{SegmentOptions, State};

/// A lock that gives the process to one test at a time.
static PROCESS: Mutex<()> = Mutex::new(());
/// The result of a simulated sync: 0 or an error number.
static ANSWER: AtomicI32 = AtomicI32::new(0);

/// Replaces the function of the C library.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(_: RawFd) -> libc::c_int {
    let answer = ANSWER.load(Ordering::Relaxed);
    if answer == 0 {
        return 0;
    }
    // SAFETY: the C library returns a valid pointer to the `errno` of this thread.
    unsafe { *libc::__errno_location() = answer };
    -1
}

/// Creates a log of several segments. All segments except the last two are sealed, and none is on disk.
fn log(directory: &Path) -> Log {
    let log = Log::options(directory).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    for n in 0..100 {
        assert!(log.append(|entry| Numbered { thread: 0, n, text: 500 }.write(entry)).is_written());
    }
    until("full segments are sealed", || {
        let open = logs::segments(directory);
        open.iter().filter(|(_, segment)| segment.state() != State::Sealed).count() <= 2
    });
    log
}

/// Returns whether the sealed segments record that they are on disk.
fn are_durable(directory: &Path) -> bool {
    let segments = logs::segments(directory);
    let is_durable = |segment: &fusewire::segment::Segment| match segment.trailer() {
        Some(_) => segment.durable_up_to() == segment.header().unwrap().size,
        None => true,
    };
    assert!(segments.len() > 3);
    segments.iter().all(|(_, segment)| is_durable(segment))
}

fn flush(log: &Log) -> Result<(), FlushError> {
    log.flush(Durability::Disk, LIMIT)
}

/// Sets a resource limit of the process. Returns the previous limit.
fn limit(resource: libc::__rlimit_resource_t, to: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a local variable.
    unsafe { assert_eq!(libc::getrlimit(resource, &raw mut limit), 0) };
    let before = std::mem::replace(&mut limit.rlim_cur, to);
    // SAFETY: `limit` is a local variable.
    unsafe { assert_eq!(libc::setrlimit(resource, &raw const limit), 0) };
    before
}

#[test]
fn also_when_the_process_had_no_file_descriptors_left() {
    let _process = PROCESS.lock().unwrap();
    let _watchdog = Watchdog::over("no descriptors");
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    let before = limit(libc::RLIMIT_NOFILE, 3);
    let short: Vec<_> = (0..3).map(|_| flush(&log)).collect();
    limit(libc::RLIMIT_NOFILE, before);
    assert!(short.iter().all(|flushed| matches!(flushed, Err(FlushError::Io(_)))), "{short:?}");
    assert!(!are_durable(directory.path()));
    assert_eq!(flush(&log), Ok(()));
    assert!(are_durable(directory.path()));
}

#[test]
fn also_when_the_system_had_no_memory_for_it() {
    let _process = PROCESS.lock().unwrap();
    let _watchdog = Watchdog::over("errors that pass");
    // `EINTR` is absent because the standard library repeats such a call.
    for code in [libc::EAGAIN, libc::ENOMEM, libc::EMFILE, libc::ENFILE] {
        let directory = tempfile::tempdir().unwrap();
        let log = log(directory.path());
        let rotations = log.stats().rotations;
        ANSWER.store(code, Ordering::Relaxed);
        let failed = [flush(&log), flush(&log)];
        ANSWER.store(0, Ordering::Relaxed);
        assert!(failed.iter().all(|flushed| matches!(flushed, Err(FlushError::Io(_)))), "{code}: {failed:?}");
        assert_eq!(flush(&log), Ok(()), "{code}");
        assert!(are_durable(directory.path()), "{code}");
        // A temporary error does not cause a rotation.
        assert_eq!(log.stats().rotations, rotations, "{code}");
    }
}

#[test]
fn also_when_the_disk_refuses_for_a_while() {
    let _process = PROCESS.lock().unwrap();
    let _watchdog = Watchdog::over("a disk that refuses");
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    ANSWER.store(libc::EIO, Ordering::Relaxed);
    for _ in 0..3 {
        assert!(matches!(flush(&log), Err(FlushError::Io(_))));
        assert!(log.append(|entry| entry.set_body("meanwhile")).is_written());
    }
    ANSWER.store(0, Ordering::Relaxed);
    until("all is on disk", || flush(&log).is_ok());
    assert!(are_durable(directory.path()));
    assert_eq!(flush(&log), Ok(()));
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    assert_eq!(logs::read(directory.path()).entries.len(), 103);
}

#[test]
fn and_never_when_a_refused_frame_is_damaged() {
    let _process = PROCESS.lock().unwrap();
    let _watchdog = Watchdog::over("a damaged frame");
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path());
    ANSWER.store(libc::EIO, Ordering::Relaxed);
    assert!(matches!(flush(&log), Err(FlushError::Io(_))));
    ANSWER.store(0, Ordering::Relaxed);
    // This simulates a system that dropped the page that it could not write, and that reads the old bytes from the
    // disk.
    let (first, _) = logs::segments(directory.path()).swap_remove(0);
    let mut bytes = std::fs::read(&first).unwrap();
    bytes[9_000] ^= 1;
    std::fs::write(&first, bytes).unwrap();
    for _ in 0..5 {
        assert!(matches!(flush(&log), Err(FlushError::Io(std::io::ErrorKind::InvalidData))));
    }
    // A deleted segment contains no acknowledged entries any more, so it cannot fail a flush.
    std::fs::remove_file(&first).unwrap();
    until("the rest is on disk", || flush(&log).is_ok());
}
