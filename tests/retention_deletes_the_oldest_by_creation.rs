//! Retention deletes segments in the order of their creation in the directory, or by the age of their last entry. A
//! wrong clock causes no deletion. These tests verify the effect on files. Unit tests verify the rule itself.
#![cfg(target_os = "linux")]

mod common {
    pub mod victims;
}

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::victims::wait_until;
use fusewire::log::{Durability, Log, LogEvent, LogReader, list};
use fusewire::segment::Segment;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

static WALL: AtomicU64 = AtomicU64::new(0);
static UPTIME: AtomicU64 = AtomicU64::new(0);
static LOOKS: AtomicU64 = AtomicU64::new(0);
static ALONE: Mutex<()> = Mutex::new(());

/// Locks and resets the clock, which all tests of the process share.
fn clocks() -> MutexGuard<'static, ()> {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    set(now(), 0);
    alone
}

fn set(wall: u64, uptime: u64) {
    WALL.store(wall, Ordering::SeqCst);
    UPTIME.store(uptime, Ordering::SeqCst);
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64
}

fn read() -> (u64, u64) {
    LOOKS.fetch_add(1, Ordering::SeqCst);
    (WALL.load(Ordering::SeqCst), UPTIME.load(Ordering::SeqCst))
}

/// Writes one entry with `body` in a separate run.
fn run(directory: &Path, body: &str, time: Option<u64>) {
    let log = Log::options(directory).open().unwrap();
    log.append(|entry| {
        entry.set_body(body);
        if let Some(time) = time {
            entry.set_time_unix_nano(time);
        }
    });
}

fn bodies(directory: &Path) -> Vec<String> {
    let mut reader = LogReader::options().open(&[directory.to_path_buf()]).unwrap();
    let mut bodies = Vec::new();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            bodies.push(entry.body().to_string());
        }
    }
    bodies.sort();
    bodies
}

/// Waits until the log has deleted `deleted` segments.
fn look(log: &Log, deleted: u64) {
    wait_until("the deletion", || log.stats().deleted_segments >= deleted);
}

#[test]
fn names_and_times_of_files_do_not_matter() {
    let _clocks = clocks();
    let temporary = tempfile::tempdir().unwrap();
    for body in ["1", "2", "3"] {
        run(temporary.path(), body, None);
    }
    // The new names sort in reverse order, as if the clocks of the processes had been wrong. The modification times
    // also change.
    let mut paths: Vec<_> =
        list(temporary.path()).unwrap().segments.into_iter().map(|info| info.path).collect();
    paths.sort();
    for (n, path) in paths.iter().enumerate() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let renamed = temporary.path().join(format!("{:020}{}", 9 - n, &name[20..]));
        fs::rename(path, &renamed).unwrap();
        let time = std::time::UNIX_EPOCH + Duration::from_secs(1_000_000 * (9 - n as u64));
        fs::File::options().write(true).open(&renamed).unwrap().set_modified(time).unwrap();
    }
    let place = |body: &str| {
        let paths = fs::read_dir(temporary.path()).unwrap().map(|file| file.unwrap().path());
        let mut segments = paths.filter(|path| path.extension().is_some_and(|extension| extension == "fws"));
        segments.find(|path| {
            Segment::read_copy(path).unwrap().entries().unwrap().any(|entry| entry.body() == *body)
        })
    };
    let places = ["3", "2", "1"].map(|body| place(body).unwrap());
    let budget = 256 << 10;
    let log = Log::options(temporary.path()).segment_size(64 << 10).max_total_bytes(budget).open().unwrap();
    for _ in 0..10_000 {
        log.append(|entry| entry.set_body(&"x".repeat(100)));
        // The later segments are checked first. If an earlier segment exists after that, it also existed before.
        let there = places.each_ref().map(|path| path.exists());
        assert!(there.is_sorted_by(|later, earlier| *later || !*earlier), "{there:?}");
        if there == [false; 3] {
            return;
        }
    }
    panic!("nothing is deleted");
}

fn bodies_of(directory: &Path, wanted: &[&str]) -> Vec<String> {
    let mut found = bodies(directory);
    found.retain(|body| wanted.contains(&body.as_str()));
    found
}

#[test]
fn entries_of_seconds_ago_are_not_old_whatever_the_clock_shows() {
    let _clocks = clocks();
    let temporary = tempfile::tempdir().unwrap();
    for body in ["1", "2", "3"] {
        run(temporary.path(), body, None);
    }
    for wall in [SECOND, now() + 3_650 * DAY, now() - 3_650 * DAY] {
        set(wall, 5 * SECOND);
        let looks = LOOKS.load(Ordering::SeqCst);
        let log = Log::options(temporary.path()).max_age(Duration::from_secs(3_600)).clock(read);
        let log = log.open().unwrap();
        wait_until("a look", || LOOKS.load(Ordering::SeqCst) > looks);
        // The worker that runs the retention also executes the flush, so the retention has finished when the flush
        // returns.
        log.flush(Durability::Disk, Duration::from_secs(60)).unwrap();
        assert_eq!(bodies(temporary.path()), ["1", "2", "3"], "{wall}");
        assert_eq!(log.stats().deleted_segments, 0);
    }
}

#[test]
fn what_was_complete_for_the_maximum_age_is_deleted_whatever_the_clock_shows() {
    let _clocks = clocks();
    let temporary = tempfile::tempdir().unwrap();
    for body in ["1", "2", "3"] {
        run(temporary.path(), body, None);
    }
    set(SECOND, 0);
    let log = Log::options(temporary.path()).max_age(Duration::from_millis(200)).clock(read).open().unwrap();
    log.append(|entry| entry.set_body("own"));
    // The first pass of the retention must run before the clock advances.
    wait_until("a look", || {
        UPTIME.fetch_add(SECOND, Ordering::SeqCst);
        log.stats().deleted_segments == 3
    });
    assert_eq!(bodies(temporary.path()), ["own"]);
}

#[test]
fn old_entries_are_deleted_beside_new_ones() {
    let _clocks = clocks();
    let temporary = tempfile::tempdir().unwrap();
    run(temporary.path(), "old", Some(now() - 9 * DAY));
    run(temporary.path(), "older than the maximum, and kept for its place", Some(now() - DAY / 2));
    run(temporary.path(), "new", None);
    let log = Log::options(temporary.path()).max_age(Duration::from_secs(86_400)).open().unwrap();
    look(&log, 1);
    assert_eq!(bodies_of(temporary.path(), &["old", "new"]), ["new"]);
}
