//! A log keeps the directory in which it was opened, even if the process changes its working directory or closes the
//! descriptors of the log.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
    pub mod victims;
}

use std::os::fd::{AsRawFd, IntoRawFd};
use std::path::Path;
use std::time::{Duration, Instant};

use common::logs::{self, Numbered};
use common::victims::wait_until;
use fusewire::log::{Durability, Log};
use fusewire::segment::{SegmentOptions, State};

const ENTRIES: u64 = 200;
const TIMEOUT: Duration = Duration::from_secs(60);

fn append(log: &Log, numbers: std::ops::Range<u64>) {
    for n in numbers {
        assert!(log.append(|entry| Numbered { thread: 0, n, text: 500 }.write(entry)).is_written(), "{n}");
    }
}

fn has_all(directory: &Path, entries: u64) {
    let read = logs::read(directory);
    assert_eq!(read.threads(500).remove(&0), Some((0..entries).collect()));
    assert_eq!(read.lost, []);
    assert!(logs::all_sealed(directory));
}

/// Returns the descriptors of this process that refer to files or directories in `directory`.
fn descriptors_of(directory: &Path) -> Vec<i32> {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().path());
    let found = open.filter(|path| std::fs::read_link(path).is_ok_and(|file| file.starts_with(directory)));
    found.map(|path| path.file_name().unwrap().to_str().unwrap().parse().unwrap()).collect()
}

/// There is only one test because the working directory and the descriptors belong to the process.
#[test]
fn whatever_the_process_does() {
    let base = tempfile::tempdir().unwrap();
    let base = base.path().canonicalize().unwrap();
    for name in ["home", "root"] {
        std::fs::create_dir(base.join(name)).unwrap();
    }
    after_a_change_of_the_working_directory(&base);
    after_its_directory_was_renamed(&base);
    after_its_descriptors_were_closed_and_reused(&base);
}

fn after_a_change_of_the_working_directory(base: &Path) {
    std::env::set_current_dir(base.join("home")).unwrap();
    let log = Log::options("logs").segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    assert_eq!(log.directory(), base.join("home/logs"));
    append(&log, 0..ENTRIES / 2);
    std::env::set_current_dir(base.join("root")).unwrap();
    log.flush(Durability::Disk, TIMEOUT).unwrap();
    append(&log, ENTRIES / 2..ENTRIES);
    log.flush(Durability::Disk, TIMEOUT).unwrap();
    assert_eq!((log.stats().drops.total(), log.stats().sync_errors), (0, 0));
    // A flush also records the durability in segments that were sealed before.
    for (path, segment) in logs::segments(&base.join("home/logs")) {
        let used = segment.events(fusewire::segment::Mode::Recover).unwrap().count() > 1;
        assert!(!used || segment.durable_up_to() > 0, "{}", path.display());
    }
    drop(log);
    has_all(&base.join("home/logs"), ENTRIES);
    assert!(!base.join("root/logs").exists());
}

fn after_its_directory_was_renamed(base: &Path) {
    let (before, after) = (base.join("before"), base.join("after"));
    let log = Log::options(&before).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    append(&log, 0..ENTRIES / 2);
    std::fs::rename(&before, &after).unwrap();
    append(&log, ENTRIES / 2..ENTRIES);
    // The entries are on disk, in the moved directory.
    log.flush(Durability::Disk, TIMEOUT).unwrap();
    assert_eq!(log.stats().drops.total(), 0);
    drop(log);
    // The log completes the existing segments in the moved directory, and creates the next segments at the path of the
    // log.
    let (old, new) = (logs::read(&after), logs::read(&before));
    assert_eq!((old.lost, new.lost), (vec![], vec![]));
    let numbers = |directory: &Path| logs::read(directory).threads(500).remove(&0).unwrap_or_default();
    assert_eq!([numbers(&after), numbers(&before)].concat(), (0..ENTRIES).collect::<Vec<_>>());
    assert!(!numbers(&before).is_empty() && logs::all_sealed(&after) && logs::all_sealed(&before));
}

/// Waits until the workers have nothing to do: all segments except the current and the next one are sealed, and nothing
/// changes. A worker that is in the middle of a system call uses a descriptor without a check.
fn wait_until_idle(log: &Log, directory: &Path) {
    log.flush(Durability::Disk, TIMEOUT).unwrap();
    let state = || {
        let segments = logs::segments(directory);
        let sealed = segments.iter().filter(|(_, segment)| segment.state() == State::Sealed).count();
        let mut names: Vec<_> =
            std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        // The next segment does not exist if the entries end at the beginning of a segment.
        let is_complete = [sealed + 1, sealed + 2].contains(&segments.len());
        let is_idle = is_complete && log.stats().segments == segments.len() as u64;
        (is_idle, names, descriptors_of(directory))
    };
    let (mut last, mut since) = (state(), Instant::now());
    wait_until("idle workers", || {
        let now = state();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        last.0 && since.elapsed() >= Duration::from_millis(200)
    });
}

fn after_its_descriptors_were_closed_and_reused(base: &Path) {
    let directory = base.join("closed");
    let log = Log::options(&directory).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    append(&log, 0..ENTRIES / 2);
    wait_until_idle(&log, &directory);
    // This simulates a program that closes all descriptors when it becomes a daemon and then opens other files with the
    // same numbers.
    let mut others = Vec::new();
    for (i, number) in descriptors_of(&directory).into_iter().enumerate() {
        let path = base.join(format!("other-{i}"));
        std::fs::write(&path, vec![b'x'; 100_000]).unwrap();
        let file = std::fs::File::options().read(true).write(true).open(&path).unwrap().into_raw_fd();
        // SAFETY: these system calls access no memory of the process. The descriptor belongs to the log, which must
        // tolerate its loss.
        unsafe {
            assert_eq!(libc::dup2(file, number), number);
            libc::close(file);
        }
        others.push((number, path));
    }
    assert!(others.len() >= 2, "{others:?}");
    append(&log, ENTRIES / 2..ENTRIES);
    log.flush(Durability::Disk, TIMEOUT).unwrap();
    drop(log);
    has_all(&directory, ENTRIES);
    for (number, path) in others {
        assert_eq!(std::fs::read(&path).unwrap(), vec![b'x'; 100_000], "{}", path.display());
        // The descriptor is still open and refers to the same file.
        let found = std::fs::read_link(format!("/proc/self/fd/{number}")).unwrap();
        assert_eq!(found, path);
        // SAFETY: this function owns the descriptor.
        let file = unsafe { <std::fs::File as std::os::fd::FromRawFd>::from_raw_fd(number) };
        assert_eq!(file.as_raw_fd(), number);
    }
}
