//! If another program fills the disk, a log without a byte budget deletes its oldest segments only as long as half of its usual
//! budget is left: half of 1 GiB, or of a tenth of the file system if that is less. Then it drops and counts entries.
#![cfg(target_os = "linux")]

mod common {
    pub mod disks;
    pub mod ledger;
    pub mod watchdog;
}

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use common::disks::{Kind, disk_or_skip};
use common::ledger::{Mark, found_at_rest};
use common::watchdog::Watchdog;
use fusewire::log::{DropCause, Log, Stats};

const DISK: u64 = 64 << 20;
const SEGMENT: u64 = 256 << 10;

/// Bytes on disk of the segments.
fn taken(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap());
    let segments = files.filter(|file| file.path().extension().is_some_and(|extension| extension == "fws"));
    segments.map(|file| file.metadata().unwrap().blocks() * 512).sum()
}

/// Writes `history` times the floor, lets another program fill the disk, and goes on.
fn on(kind: Kind, history: f64) {
    let _watchdog = Watchdog::over("a disk that another program fills");
    let Some(disk) = disk_or_skip(kind, DISK) else { return };
    let directory = disk.root().join("log");
    let log = Log::options(&directory)
        .first_segment_size(SEGMENT)
        .segment_size(SEGMENT)
        .unbounded()
        .open()
        .unwrap();
    let mut n = 0;
    let mut append = || {
        let mark = Mark { author: (0, 0), n };
        n += 1;
        log.append(|entry| mark.write(entry));
    };
    let floor = (bytes_of(&disk.root()) / 10).min(1 << 30) / 2;
    let written = |stats: &Stats| stats.segments * SEGMENT;
    while (written(&log.stats()) as f64) < history * floor as f64 {
        append();
    }
    assert_eq!(log.stats().deleted_segments, 0);
    let goes_on =
        |stats: &Stats| stats.deleted_segments < 20 && stats.drops.by_cause(DropCause::Full) < 5_000;
    while goes_on(&log.stats()) {
        disk.fill(0);
        for _ in 0..500 {
            append();
        }
    }
    let left = taken(&directory);
    if history < 1.0 {
        assert_eq!(log.stats().deleted_segments, 0);
    } else {
        // Less than one segment below the floor: a sealed segment gives its unused space back.
        assert!(left + SEGMENT >= floor, "{left} bytes are left, the floor is {floor}");
    }
    disk.empty();
    log.shutdown(Duration::from_secs(60)).unwrap();
    let stats = log.stats();
    assert_eq!(stats.entries + stats.drops.total(), n);
    let found = found_at_rest(&directory);
    let numbers = &found.entries[&(0, 0)];
    assert!(numbers.is_sorted_by(|one, other| one < other));
    if stats.deleted_segments == 0 {
        assert_eq!(numbers.len() as u64, stats.entries);
    }
}

/// The bytes of the file system that `path` is in.
fn bytes_of(path: &Path) -> u64 {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: all zeros are a value of this type, which has numbers only.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: the path ends with a zero, and `found` is writable; both outlive the call.
    assert_eq!(unsafe { libc::statvfs(path.as_ptr(), &raw mut found) }, 0);
    found.f_blocks * found.f_frsize
}

#[test]
fn on_ext4_nothing_below_the_floor_is_deleted() {
    on(Kind::Ext4, 0.7);
}

#[test]
fn on_tmpfs_nothing_below_the_floor_is_deleted() {
    on(Kind::Tmpfs, 0.7);
}

#[test]
fn on_ext4_the_rest_is_overwritten() {
    on(Kind::Ext4, 2.0);
}

#[test]
fn on_tmpfs_the_rest_is_overwritten() {
    on(Kind::Tmpfs, 2.0);
}
