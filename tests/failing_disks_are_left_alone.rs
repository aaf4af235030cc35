//! C1: a segment that the disk has failed to take is left as it is, and another one is begun; its pages are never written
//! to disk again, since the system forgets what it could not write. Whoever waits for the disk is told, each failure is
//! counted, and every entry stays readable.
#![cfg(target_os = "linux")]

mod common {
    pub mod disks;
    pub mod ledger;
    pub mod random;
    pub mod victims;
}

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::RawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::disks::{self, Kind, disk_or_skip};
use common::ledger::{Mark, Receipts, found_at_rest, receipts, segments};
use common::random::Random;
use common::victims::{self, Scene, order};
use fusewire::log::{Durability, FlushError, Log};

const MINUTE: Duration = Duration::from_secs(60);

/// What is done with calls that write data to disk.
struct Disk {
    random: Random,
    /// How many of a hundred fail.
    failing: u64,
    /// By file, each call: whether it failed.
    calls: BTreeMap<u64, Vec<bool>>,
}

static DISK: Mutex<Disk> = Mutex::new(Disk { random: Random(0xFA11), failing: 0, calls: BTreeMap::new() });

/// Instead of the C library's.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: RawFd) -> libc::c_int {
    if REAL.load(Ordering::Relaxed) {
        // SAFETY: a system call that touches no memory.
        return unsafe { libc::fsync(descriptor) };
    }
    let file = fs::metadata(format!("/proc/self/fd/{descriptor}")).unwrap().ino();
    let mut disk = DISK.lock().unwrap();
    let failing = disk.failing;
    let fails = disk.random.below(100) < failing;
    disk.calls.entry(file).or_default().push(fails);
    if fails {
        // SAFETY: the C library's own place for it, which is this thread's.
        unsafe { *libc::__errno_location() = libc::EIO };
        return -1;
    }
    0
}

/// Whether the system is asked.
static REAL: AtomicBool = AtomicBool::new(false);

#[test]
fn whose_failures_are_told_and_counted_and_never_tried_again() {
    DISK.lock().unwrap().failing = 25;
    let scene = Scene::new();
    let mut told = 0;
    let log = Log::options(&scene.log).segment_size(32 << 10).open().unwrap();
    let ending = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..3 {
            let (log, ending, mut receipts) = (&log, &ending, Receipts::begin(&scene.receipts, (0, thread)));
            scope.spawn(move || {
                for n in (0..).take_while(|_| !ending.load(Ordering::Relaxed)) {
                    let mark = Mark { author: (0, thread), n };
                    assert!(log.append(|entry| mark.write(entry)).is_written());
                    receipts.add(n);
                    thread::sleep(Duration::from_micros(50));
                }
            });
        }
        for _ in 0..100 {
            match log.flush(Durability::Disk, MINUTE) {
                Ok(()) => {}
                Err(FlushError::Io(_)) => told += 1,
                Err(error) => panic!("{error}"),
            }
            thread::sleep(Duration::from_micros(300));
        }
        ending.store(true, Ordering::Relaxed);
    });
    let stats = log.stats();
    let calls = std::mem::take(&mut DISK.lock().unwrap().calls);
    let failures = calls.values().flatten().filter(|failed| **failed).count();
    assert_eq!(stats.sync_errors, failures as u64);
    assert!(failures > 0 && told > 0 && told < 100, "{failures} failures, {told} told");
    for calls in calls.values() {
        let last = calls.len() - 1;
        assert!(calls[..last].iter().all(|failed| !failed), "tried again after a failure: {calls:?}");
    }
    // Page 1 says that something is on disk where a call has succeeded, and only there.
    for (path, header, segment) in segments(&scene.log) {
        let file = fs::metadata(&path).unwrap().ino();
        let never_taken = calls.get(&file).is_none_or(|calls| calls == &[true]);
        assert_eq!(segment.durable_up_to() == 0, never_taken, "segment {}", header.sequence);
    }
    drop(log);
    found_at_rest(&scene.log).holds(&receipts(&scene.receipts));
}

/// Logs to a disk that fails for real, and asks for it again and again.
#[test]
#[ignore = "is started by the other test"]
fn victim() {
    victims::begin();
    REAL.store(true, Ordering::Relaxed);
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let log = Log::options(directory).segment_size(256 << 10).open().unwrap();
    let mut written = Receipts::begin(&receipts, (0, 0));
    let mut failed = false;
    for n in 0..20_000 {
        let mark = Mark { author: (0, 0), n };
        if log.append(|entry| mark.write(entry)).is_written() {
            written.add(n);
        }
        if n % 200 == 0 {
            failed |= log.flush(Durability::Disk, MINUTE).is_err();
        }
    }
    fs::write(receipts.with_extension("report"), format!("{failed} {}", log.stats().sync_errors)).unwrap();
    // Without any clean-up: the file system is not to be written to any more.
    std::process::exit(0);
}

/// The file that an ext4 has as its disk is on a file system with less room than it was promised.
#[test]
fn of_a_file_system_whose_disk_is_smaller_than_it_says() {
    let Some(below) = disk_or_skip(Kind::Tmpfs, 6 << 20) else { return };
    let disk = disks::Disk::on(&below, 64 << 20).unwrap();
    let scene = Scene::with_log(disk.root().join("log"));
    scene.start("victim", 0, &[]).succeed();
    let report = fs::read_to_string(scene.receipts.with_extension("report")).unwrap();
    let (told, errors) = report.split_once(' ').unwrap();
    assert!(told == "true" && errors != "0", "{report}");
    found_at_rest(&scene.log).holds(&receipts(&scene.receipts));
}
