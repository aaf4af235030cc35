//! The disk space of a log is proportional to its data. A process that logs one line uses little space, many processes
//! share a budget without loss, and a process that logs much uses few files.
#![cfg(target_os = "linux")]

mod common {
    pub mod disks;
    pub mod logs;
    pub mod victims;
}

use std::path::{Path, PathBuf};

use common::disks::taken;
use common::logs::{self, Numbered};
use common::victims::{self, Scene, Victim, order, wait_until};
use fusewire::log::{Log, LogOptions};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter, State};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

fn append(log: &Log, author: u64, n: u64, text: usize) {
    let written = log.append(|entry| Numbered { thread: author, n, text }.write(entry)).is_written();
    assert!(written, "{author}: {n}");
}

/// Logs its entries, reports this, and waits for permission to exit.
#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let (run, entries, budget) = (order("RUN").unwrap(), order("ENTRIES").unwrap(), order("BUDGET").unwrap());
    let log = Log::options(directory).max_total_bytes(budget).open().unwrap();
    for n in 0..entries {
        append(&log, run, n, 20);
    }
    assert_eq!(log.stats().drops.total(), 0);
    std::fs::write(receipts.join(format!("done-{run}")), "").unwrap();
    wait_until("leave to go", || receipts.join("go").exists());
    drop(log);
}

#[test]
fn of_a_process_that_logs_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    append(&log, 0, 0, 20);
    assert!(taken(directory.path()).unwrap() <= 256 * KIB);
    drop(log);
    assert!(taken(directory.path()).unwrap() <= 24 * KIB, "{:?}", taken(directory.path()));
    assert_eq!(logs::read(directory.path()).threads(20).remove(&0), Some(vec![0]));
}

/// Runs victims that are alive and have segments at the same time.
fn share(processes: u64, budget: u64) {
    const ENTRIES: u64 = 1_000;
    let scene = Scene::new();
    let mut victims: Vec<Victim> = (0..processes)
        .map(|run| scene.start("victim", run, &[("ENTRIES", &ENTRIES), ("BUDGET", &budget)]))
        .collect();
    for (run, victim) in victims.iter_mut().enumerate() {
        let done = scene.receipts.join(format!("done-{run}"));
        wait_until("the entries", || done.exists() || victim.ended().is_some());
    }
    assert!(taken(&scene.log).unwrap() <= budget);
    std::fs::write(scene.receipts.join("go"), "").unwrap();
    victims.iter_mut().for_each(Victim::succeed);
    let read = logs::read(&scene.log);
    assert_eq!(read.lost, []);
    let threads = read.threads(20);
    assert_eq!(threads.len() as u64, processes);
    assert!(threads.values().all(|numbers| *numbers == (0..ENTRIES).collect::<Vec<_>>()));
}

#[test]
fn of_many_processes_in_a_large_budget() {
    share(40, 2 << 30);
}

#[test]
fn of_many_processes_in_a_small_budget() {
    share(40, 64 * MIB);
}

#[test]
fn of_forked_children() {
    const CHILDREN: u64 = 16;
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    append(&log, 0, 0, 20);
    let (mut ready, mut going) = ([0; 2], [0; 2]);
    // SAFETY: both arrays are writable and outlive the calls.
    unsafe {
        assert_eq!((libc::pipe(ready.as_mut_ptr()), libc::pipe(going.as_mut_ptr())), (0, 0));
    }
    let mut byte = [0_u8; 1];
    let children: Vec<_> = (1..=CHILDREN)
        .map(|child| {
            // SAFETY: the child does not depend on threads that it lacks, and ends here.
            match unsafe { libc::fork() } {
                0 => {
                    append(&log, child, 0, 20);
                    // SAFETY: the buffers are valid. The read returns when the parent closes its end of the pipe.
                    unsafe {
                        libc::close(going[1]);
                        libc::write(ready[1], byte.as_ptr().cast(), 1);
                        libc::read(going[0], byte.as_mut_ptr().cast(), 1);
                        libc::_exit(0)
                    }
                }
                child => child,
            }
        })
        .collect();
    for _ in &children {
        // SAFETY: the buffer has one byte, and the call reads one byte.
        assert_eq!(unsafe { libc::read(ready[0], byte.as_mut_ptr().cast(), 1) }, 1);
    }
    let living = taken(directory.path()).unwrap();
    // SAFETY: this test owns the descriptor.
    unsafe { libc::close(going[1]) };
    for child in children {
        let mut status = 0;
        // SAFETY: `status` is writable and outlives the call.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
    }
    drop(log);
    assert!(living <= 4 * MIB, "{living} bytes");
    assert_eq!(logs::read(directory.path()).threads(20).len() as u64, 1 + CHILDREN);
}

/// Returns the sizes of the segments in their order.
fn sizes(directory: &Path) -> Vec<u64> {
    let segments = logs::segments(directory);
    segments.iter().map(|(_, segment)| segment.header().unwrap().size).collect()
}

fn fill(options: LogOptions, directory: &Path, bytes: u64) -> u64 {
    let log = options.open().unwrap();
    let mut n = 0;
    while log.stats().bytes < bytes {
        append(&log, 0, n, 500);
        n += 1;
    }
    assert_eq!(log.stats().drops.total(), 0);
    drop(log);
    assert_eq!(logs::read(directory).threads(500).remove(&0), Some((0..n).collect()));
    n
}

#[test]
fn of_a_process_that_logs_much() {
    let directory = tempfile::tempdir().unwrap();
    fill(Log::options(directory.path()).segment_size(3 * MIB), directory.path(), 8 * MIB);
    let sizes = sizes(directory.path());
    assert_eq!(sizes[..4], [64 * KIB, 512 * KIB, 3 * MIB, 3 * MIB]);

    let directory = tempfile::tempdir().unwrap();
    let options = Log::options(directory.path()).segment_size(MIB).first_segment_size(MIB);
    fill(options, directory.path(), 2 * MIB);
    assert!(self::sizes(directory.path()).iter().all(|size| *size == MIB));
}

#[test]
fn the_next_segment_is_made_when_one_is_used_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(MIB).open().unwrap();
    let mut n = 0;
    while log.stats().bytes < 6 * KIB {
        append(&log, 0, n, 500);
        n += 1;
    }
    assert_eq!(log.stats().segments, 1);
    while log.stats().bytes < 12 * KIB {
        append(&log, 0, n, 500);
        n += 1;
    }
    wait_until("the next segment", || log.stats().segments == 2);
    assert_eq!(sizes(directory.path()), [64 * KIB, 512 * KIB]);
    assert_eq!(log.stats().late_segments, 0);
}

#[test]
fn an_entry_that_does_not_fit_goes_to_a_larger_segment() {
    let directory = tempfile::tempdir().unwrap();
    let limits =
        fusewire::Limits { max_entry_bytes: 1 << 20, max_string_bytes: 1 << 20, ..Default::default() };
    let log = Log::options(directory.path()).limits(limits).open().unwrap();
    for (n, text) in [20, 100_000, 20, 900_000, 20].into_iter().enumerate() {
        let body = "x".repeat(text);
        assert!(log.append(|entry| _ = entry.attr("n", &n).attr("text", &body)).is_written(), "{text}");
    }
    assert_eq!(log.stats().drops.total(), 0);
    drop(log);
    let read = logs::read(directory.path());
    assert_eq!((read.entries.len(), read.lost), (5, vec![]));
}

#[test]
fn nothing_is_deleted_for_a_segment_that_is_hardly_needed() {
    let directory = tempfile::tempdir().unwrap();
    let budget = 4 * MIB;
    // After this sealed segment, the budget has too little space for a large segment.
    let history = directory.path().join("0-history.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.index) = (budget - 400 * KIB, false);
    let mut writer = SegmentWriter::create(&history, &options).unwrap();
    while writer.append(|entry| Numbered { thread: 9, n: 0, text: 1_000 }.write(entry)).is_ok() {}
    writer.seal().unwrap();
    let log = Log::options(directory.path()).max_total_bytes(budget).open().unwrap();
    let mut n = 0;
    while log.stats().bytes < 16 * KIB {
        append(&log, 0, n, 500);
        n += 1;
    }
    wait_until("the next segment", || log.stats().segments == 2);
    assert_eq!((log.stats().deleted_segments, log.stats().drops.total()), (0, 0));
    assert_eq!(sizes(directory.path())[1..], [64 * KIB; 2]);
    assert!(history.exists());
}

#[test]
fn space_that_is_not_used_goes_back_when_a_segment_is_sealed() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).first_segment_size(MIB).open().unwrap();
    append(&log, 0, 0, 20);
    assert!(taken(directory.path()).unwrap() >= MIB);
    drop(log);
    let segments = logs::segments(directory.path());
    assert!(segments.len() == 1 && segments[0].1.state() == State::Sealed);
    assert!(taken(directory.path()).unwrap() <= 24 * KIB);
}
