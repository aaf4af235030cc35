//! If the disk refuses to sync a segment, the log begins another segment and does not repeat the sync. A second sync
//! would prove nothing, because the system discards the pages that it could not write.
//!
//! When the log seals the refused segment, it checks all frames and writes them again. Until this succeeds, every flush
//! returns an error. The log counts each failure, and every entry stays readable.
#![cfg(target_os = "linux")]

mod common {
    pub mod disks;
    pub mod ledger;
    pub mod random;
    pub mod victims;
    pub mod watchdog;
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
use common::watchdog::Watchdog;
use fusewire::log::{Durability, FlushError, Log};

const MINUTE: Duration = Duration::from_secs(60);

/// The simulated result of the calls that write data to disk.
struct Disk {
    random: Random,
    /// The percentage of calls that fail.
    failing: u64,
    /// The calls for each file.
    calls: BTreeMap<u64, Vec<Call>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// A sync that failed.
    Refused,
    /// A sync that succeeded.
    Synced,
    /// The number of bytes of frames that were written.
    Written(u64),
}

static DISK: Mutex<Disk> = Mutex::new(Disk { random: Random(0xFA11), failing: 0, calls: BTreeMap::new() });

/// Replaces the function of the C library.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: RawFd) -> libc::c_int {
    if REAL.load(Ordering::Relaxed) {
        // SAFETY: this system call accesses no memory of the process.
        return unsafe { libc::fsync(descriptor) };
    }
    let file = fs::metadata(format!("/proc/self/fd/{descriptor}")).unwrap().ino();
    let mut disk = DISK.lock().unwrap();
    let failing = disk.failing;
    let fails = disk.random.below(100) < failing;
    disk.calls.entry(file).or_default().push(if fails { Call::Refused } else { Call::Synced });
    if fails {
        // SAFETY: the C library returns a valid pointer to the `errno` of this thread.
        unsafe { *libc::__errno_location() = libc::EIO };
        return -1;
    }
    0
}

/// Replaces the function of the C library: records the call and writes the bytes.
#[unsafe(no_mangle)]
extern "C" fn pwrite64(
    descriptor: RawFd,
    bytes: *const libc::c_void,
    len: libc::size_t,
    offset: libc::off64_t,
) -> libc::ssize_t {
    let offset_in_file = u64::try_from(offset).unwrap_or_default();
    if !REAL.load(Ordering::Relaxed) && offset_in_file >= FRAMES {
        let file = fs::metadata(format!("/proc/self/fd/{descriptor}")).unwrap().ino();
        let call = Call::Written(len as u64);
        DISK.lock().unwrap().calls.entry(file).or_default().push(call);
    }
    // SAFETY: the caller provides valid arguments.
    let written = unsafe { libc::syscall(libc::SYS_pwrite64, descriptor, bytes, len, offset) };
    written as libc::ssize_t
}

/// The offset of the first frame of a segment.
const FRAMES: u64 = 8192;

/// Whether `fdatasync` calls the system.
static REAL: AtomicBool = AtomicBool::new(false);

#[test]
fn whose_failures_are_told_and_counted_and_tried_again_with_every_frame_written_anew() {
    DISK.lock().unwrap().failing = 25;
    let scene = Scene::new();
    let _watchdog = Watchdog::over("a disk that fails");
    let (mut flushes, mut told) = (0, 0);
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
        // On a busy machine, threads append nothing between some flushes, and these flushes do not use the disk.
        while flushes < 100 || told < 5 {
            flushes += 1;
            match log.flush(Durability::Disk, MINUTE) {
                Ok(()) => {}
                Err(FlushError::Io(_)) => told += 1,
                Err(error) => panic!("{error}"),
            }
            thread::sleep(Duration::from_micros(300));
        }
        ending.store(true, Ordering::Relaxed);
    });
    // The disk accepts everything from now on. The log writes the refused frames again when it seals their segments,
    // and then all entries are on disk.
    DISK.lock().unwrap().failing = 0;
    common::watchdog::until("all is on disk", || log.flush(Durability::Disk, MINUTE).is_ok());
    let stats = log.stats();
    let calls = std::mem::take(&mut DISK.lock().unwrap().calls);
    let failures = calls.values().flatten().filter(|call| **call == Call::Refused).count();
    assert_eq!(stats.sync_errors, failures as u64);
    assert!(failures > 0 && told < flushes, "{failures} failures, {told} of {flushes} told");
    for (path, header, segment) in segments(&scene.log) {
        let file = fs::metadata(&path).unwrap().ino();
        let Some(calls) = calls.get(&file) else { continue };
        // Page 1 records that entries are on disk.
        assert!(segment.durable_up_to() > 0, "segment {}", header.sequence);
        for (before, _) in calls.iter().enumerate().filter(|(_, call)| **call == Call::Refused) {
            let then = calls[before + 1..].iter();
            let written = then.map_while(|call| match call {
                Call::Written(bytes) => Some(bytes),
                _ => None,
            });
            let frames = segment.trailer().unwrap().data_end - FRAMES;
            assert!(written.sum::<u64>() >= frames, "segment {}: {calls:?}", header.sequence);
        }
    }
    drop(log);
    found_at_rest(&scene.log).holds(&receipts(&scene.receipts));
}

/// Logs to a disk that really fails, and repeats the flush.
#[test]
#[ignore = "is started by the other test"]
fn victim() {
    victims::begin();
    REAL.store(true, Ordering::Relaxed);
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let log = Log::options(directory).segment_size(256 << 10).unbounded().open().unwrap();
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
    // Exits without clean-up, because the file system must not be written again.
    std::process::exit(0);
}

/// The image of the ext4 is on a file system with less space than the size of the image.
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
