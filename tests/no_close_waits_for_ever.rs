//! A disk that does not respond does not block a thread that closes a log. When the disk responds again, the log is
//! completed.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::os::fd::RawFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use common::logs;
use common::watchdog::{LIMIT, Watchdog, until};
use fusewire::log::{CloseError, DropCause, Durability, FlushError, Log, Outcome};

/// Whether the simulated disk responds.
static ANSWERS: Mutex<bool> = Mutex::new(true);
static CHANGED: Condvar = Condvar::new();

/// Whether the log has called the simulated disk.
static ASKED: AtomicBool = AtomicBool::new(false);

/// A lock that gives the simulated disk to one test at a time.
static DISK: Mutex<()> = Mutex::new(());

fn disk_answers(answers: bool) {
    *ANSWERS.lock().unwrap() = answers;
    CHANGED.notify_all();
}

/// Replaces the function of the C library.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(_: RawFd) -> libc::c_int {
    ASKED.store(true, Ordering::SeqCst);
    drop(CHANGED.wait_while(ANSWERS.lock().unwrap(), |answers| !*answers).unwrap());
    0
}

/// Opens a log with an entry whose sync does not return.
fn hanging(directory: &Path) -> (Log, MutexGuard<'static, ()>) {
    hanging_with(directory, Duration::from_millis(10))
}

/// Opens a log like [`hanging`], with `close_timeout` as the timeout of its drop.
fn hanging_with(directory: &Path, close_timeout: Duration) -> (Log, MutexGuard<'static, ()>) {
    let disk = DISK.lock().unwrap_or_else(PoisonError::into_inner);
    let log = Log::options(directory).close_timeout(close_timeout).open().unwrap();
    assert!(log.append(|entry| entry.set_body("written")).is_written());
    disk_answers(false);
    ASKED.store(false, Ordering::SeqCst);
    assert_eq!(log.flush(Durability::Disk, Duration::from_millis(1)), Err(FlushError::TimedOut));
    until("the disk is asked", || ASKED.load(Ordering::SeqCst));
    (log, disk)
}

/// Waits until the log is complete. Returns the bodies of its entries.
fn completed(directory: &Path) -> Vec<String> {
    until("every segment is sealed", || logs::all_sealed(directory));
    logs::read(directory).bodies()
}

#[test]
fn closing_ends_in_time_and_tells_and_the_log_is_completed_later() {
    let _watchdog = Watchdog::over("closing");
    let directory = tempfile::tempdir().unwrap();
    let (log, _disk) = hanging(directory.path());
    let other = log.clone();
    assert!(other.append(|entry| entry.set_body("after")).is_written());
    assert_eq!(log.close(Duration::from_millis(10)), Err(CloseError::TimedOut));
    // A second shutdown waits for the same operation.
    assert_eq!(other.shutdown(Duration::from_millis(10)), Err(CloseError::TimedOut));
    assert_eq!(other.append(|entry| entry.set_body("refused")), Outcome::Dropped(DropCause::Closed));
    // The log is readable during this time.
    assert_eq!(logs::read(directory.path()).bodies(), ["written", "after"]);
    assert!(!logs::all_sealed(directory.path()));
    disk_answers(true);
    assert_eq!(other.shutdown(LIMIT), Ok(()));
    assert!(logs::all_sealed(directory.path()));
    assert_eq!(logs::read(directory.path()).bodies(), ["written", "after"]);
    assert_eq!(logs::read(directory.path()).losses, [(1, vec![("closed".to_owned(), 1)])]);
}

#[test]
fn a_disk_that_answers_in_time_is_waited_for() {
    let _watchdog = Watchdog::over("a disk that answers");
    let directory = tempfile::tempdir().unwrap();
    let (log, _disk) = hanging(directory.path());
    let closing = thread::spawn(move || log.close(LIMIT));
    disk_answers(true);
    assert_eq!(closing.join().unwrap(), Ok(()));
    assert!(logs::all_sealed(directory.path()));
    assert_eq!(logs::read(directory.path()).bodies(), ["written"]);
}

#[test]
fn a_close_that_has_timed_out_is_not_waited_for_again_by_its_drop() {
    let _watchdog = Watchdog::over("a close that has timed out");
    let directory = tempfile::tempdir().unwrap();
    let (log, _disk) = hanging_with(directory.path(), LIMIT * 2);
    assert_eq!(log.close(Duration::from_millis(10)), Err(CloseError::TimedOut));
    disk_answers(true);
    assert_eq!(completed(directory.path()), ["written"]);
}

#[test]
fn dropping_the_last_clone_ends() {
    let _watchdog = Watchdog::over("dropping");
    let directory = tempfile::tempdir().unwrap();
    let (log, _disk) = hanging(directory.path());
    let (told, dropped) = mpsc::channel();
    thread::spawn(move || {
        drop(log);
        told.send(())
    });
    let ended = dropped.recv_timeout(LIMIT / 2);
    disk_answers(true);
    ended.expect("the drop does not return");
    assert_eq!(completed(directory.path()), ["written"]);
}
