//! An account that can read a log, and not write to it, cannot stop the log by locks: retention deletes the segments that such a
//! process has locked, dead segments are completed, and no reader takes a segment for owned.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::common::watchdog::Watchdog;
use fusewire::log::{Life, Log, LogReader, OnFull, Owner, StreamEnd, list};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter};

const BUDGET: u64 = 1 << 20;

/// Every lock that a descriptor opened for reading allows: an exclusive `flock`, and a read lock on the whole file.
fn lock(path: &Path) -> File {
    let file = File::open(path).unwrap();
    file.try_lock().unwrap();
    // SAFETY: all zeros are a value of this type, which has numbers only.
    let mut part: libc::flock = unsafe { std::mem::zeroed() };
    part.l_type = i16::try_from(libc::F_RDLCK).unwrap();
    // SAFETY: the descriptor is open, and `part` outlives the call.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const part) }, 0);
    part.l_type = i16::try_from(libc::F_WRLCK).unwrap();
    // SAFETY: as above.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const part) }, -1);
    file
}

/// A segment whose process ended without sealing it.
fn dead(directory: &Path, stream: u8) -> PathBuf {
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.stream_id) = (64 << 10, [stream; 16]);
    let path = directory.join(format!("{stream:020}-{:08x}-00000000.fws", u32::from_be_bytes([stream; 4])));
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    writer.append(|entry| entry.set_body("before the end")).unwrap();
    path
}

fn options(directory: &Path) -> fusewire::log::LogOptions {
    // A late disk must not drop entries.
    Log::options(directory).segment_size(64 << 10).max_total_bytes(BUDGET)
}

fn write(log: &Log, entries: u64) {
    for n in 0..entries {
        log.append(|entry| _ = entry.attr("n", &n).attr("text", &"x".repeat(200)));
    }
}

#[test]
fn by_locks_on_segments() {
    let _watchdog = Watchdog::over("locks on segments");
    let directory = tempfile::tempdir().unwrap();
    let dead: Vec<_> = (1..=4).map(|stream| dead(directory.path(), stream)).collect();
    let log = options(directory.path()).open().unwrap();
    write(&log, 1_000);
    log.shutdown(Duration::from_secs(60)).unwrap();
    let held: Vec<_> = list(directory.path()).unwrap().segments.into_iter().map(|info| info.path).collect();
    assert!(held.len() > 5, "{held:?}");
    let _locks: Vec<_> = held.iter().map(|path| lock(path)).collect();
    let listing = list(directory.path()).unwrap();
    assert!(listing.segments.iter().all(|info| info.owner == Owner::Gone && info.life == Life::Sealed));
    assert_eq!(listing.segments.iter().filter(|info| info.end == StreamEnd::Died).count(), dead.len());
    let log = options(directory.path()).open().unwrap();
    write(&log, 20_000);
    log.shutdown(Duration::from_secs(60)).unwrap();
    // All but the last segments of dead processes, which are spared up to half of the budget.
    let left: Vec<_> = held.iter().filter(|path| path.exists() && !dead.contains(path)).collect();
    assert_eq!(left, Vec::<&PathBuf>::new());
}

#[test]
fn by_locks_on_segments_of_dead_processes() {
    let _watchdog = Watchdog::over("locks on dead segments");
    let directory = tempfile::tempdir().unwrap();
    let dead: Vec<_> = (1..=4).map(|stream| dead(directory.path(), stream)).collect();
    let _locks: Vec<_> = dead.iter().map(|path| lock(path)).collect();
    let log = options(directory.path()).open().unwrap();
    log.shutdown(Duration::from_secs(60)).unwrap();
    let listing = list(directory.path()).unwrap();
    assert_eq!(listing.segments.len(), dead.len());
    for info in listing.segments {
        assert_eq!((info.owner, info.life, info.end), (Owner::Gone, Life::Sealed, StreamEnd::Died));
        assert_eq!(info.entries, Some(1));
    }
}

#[test]
fn by_a_lock_on_the_directory_or_on_the_lock_file() {
    let _watchdog = Watchdog::over("a lock on the directory");
    let directory = tempfile::tempdir().unwrap();
    drop(options(directory.path()).open().unwrap());
    let mode = fs::metadata(directory.path().join(".fusewire.lock")).unwrap().permissions().mode();
    // No other account can open it.
    assert_eq!(mode & 0o777, 0o600);
    let own = File::open(directory.path()).unwrap();
    own.try_lock().unwrap();
    let log = options(directory.path()).on_full(OnFull::Block(Duration::from_secs(60))).open().unwrap();
    write(&log, 1_000);
    log.shutdown(Duration::from_secs(60)).unwrap();
    assert_eq!((log.stats().entries, log.stats().drops.total()), (1_000, 0));
}

#[test]
fn and_a_living_owner_is_still_seen() {
    let directory = tempfile::tempdir().unwrap();
    let log = options(directory.path()).open().unwrap();
    write(&log, 1);
    let locks: Vec<_> = list(directory.path()).unwrap().segments.into_iter().map(|info| info.path).collect();
    assert_eq!(locks.len(), 1);
    // The owner has the lock before any other process can open the file.
    assert!(File::open(&locks[0]).unwrap().try_lock().is_err());
    let listing = list(directory.path()).unwrap();
    assert_eq!((listing.segments[0].owner, listing.segments[0].life), (Owner::Alive, Life::Live));
    let mut reader = LogReader::options().open(&[directory.path().to_path_buf()]).unwrap();
    while reader.next().is_some() {}
    write(&log, 1);
    assert!(reader.wait(Duration::from_secs(60)).unwrap());
}
