//! Only the first append that needs a late disk waits for it. Until the disk responds, the log drops and counts entries
//! immediately. After that, the log writes entries again.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::fs::File;
use std::os::fd::RawFd;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use common::logs::Numbered;
use common::watchdog::{LIMIT, Watchdog, until};
use fusewire::Severity;
use fusewire::log::{DropCause, Log, LogOptions, Outcome};
use fusewire::segment::SegmentOptions;

/// The number of appends. If each append waited, the test would exceed its limit.
const APPENDS: u64 = 10_000;

/// Whether the simulated disk responds.
static ANSWERS: Mutex<bool> = Mutex::new(true);
static CHANGED: Condvar = Condvar::new();
/// A lock that gives the simulated disk to one test at a time.
static DISK: Mutex<()> = Mutex::new(());

fn disk_answers(answers: bool) {
    *ANSWERS.lock().unwrap() = answers;
    CHANGED.notify_all();
}

/// Replaces the function of the C library.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(_: RawFd) -> libc::c_int {
    drop(CHANGED.wait_while(ANSWERS.lock().unwrap(), |answers| !*answers).unwrap());
    0
}

/// Appends an entry. All like entries have the same length, and all full entries too. So no entry fits into the rest of the
/// last segment after another entry was dropped.
fn append(log: &Log) -> Outcome {
    log.append(|entry| Numbered { thread: 0, n: 0, text: 500 }.write(entry))
}

/// Appends up to 1,000 entries. Stops at the first dropped entry, and returns whether there is none.
fn append_many(log: &Log) -> bool {
    (0..1_000).all(|_| append(log).is_written())
}

#[test]
fn where_the_oldest_is_to_be_overwritten() {
    let _watchdog = Watchdog::over("a late disk");
    [false, true].into_iter().for_each(overwrites_the_oldest);
}

fn overwrites_the_oldest(self_contained: bool) {
    let _disk = DISK.lock().unwrap();
    assert!(LogOptions::OVERWRITE_TIMEOUT * u32::try_from(APPENDS).unwrap() > LIMIT);
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .max_total_bytes(LogOptions::MIN_TOTAL_BYTES)
        .sync_every(Duration::from_millis(1))
        .self_contained(self_contained)
        .open()
        .unwrap();
    disk_answers(false);
    until("there is no room", || !append_many(&log));
    for n in 0..APPENDS {
        assert_eq!(append(&log), Outcome::Dropped(DropCause::Full), "{n}");
    }
    disk_answers(true);
    until("there is room again", || append(&log).is_written());
    let drops = log.stats().drops;
    assert!(drops.by_cause(DropCause::Full) > APPENDS);
    assert_eq!(drops.total(), drops.by_cause(DropCause::Full));
}

/// Simulates another process that is stopped while it holds the lock of the directory.
#[test]
fn where_another_process_does_not_finish_its_turn() {
    let _watchdog = Watchdog::over("a stopped process");
    [false, true].into_iter().for_each(waits_for_another_process);
}

fn waits_for_another_process(self_contained: bool) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .max_total_bytes(16 * SegmentOptions::MIN_SIZE)
        .self_contained(self_contained)
        .open()
        .unwrap();
    // The log uses one of these two locks, so the test takes both.
    let own = File::open(directory.path().join(".fusewire.lock"));
    let locks: Vec<_> = own.into_iter().chain(File::open(directory.path())).collect();
    locks.iter().for_each(|lock| lock.lock().unwrap());
    until("there is no room", || !append_many(&log));
    for n in 0..APPENDS {
        assert_eq!(append(&log), Outcome::Dropped(DropCause::Full), "{n}");
    }
    drop(locks);
    until("the turn is this process's", || append(&log).is_written());
}

#[test]
fn where_an_append_is_to_return_when_it_is_on_disk() {
    let _disk = DISK.lock().unwrap();
    let _watchdog = Watchdog::over("a late disk at a severity");
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).sync_at(Severity::ERROR).open().unwrap();
    disk_answers(false);
    for _ in 0..1_000 {
        // The entries survive the process, although the disk is late.
        assert!(log.append(|entry| entry.set_severity(Severity::ERROR)).is_written());
    }
    disk_answers(true);
    assert_eq!(log.flush(fusewire::log::Durability::Disk, LIMIT), Ok(()));
    assert_eq!(log.stats().drops.total(), 0);
}
