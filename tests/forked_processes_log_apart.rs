//! After a fork, the parent and the child log to separate segments. Every acknowledged entry is readable, even if one
//! of the processes dies.
#![cfg(unix)]

mod common {
    pub mod ledger;
    pub mod victims;
}

use std::fs::{File, TryLockError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::ledger::{Mark, Receipts, found, found_at_rest, receipts, segments};
use common::victims::{self, Scene, order, wait_until};
use fusewire::decode::EntryRef;
use fusewire::log::{Log, LogEvent, LogReader};
use fusewire::segment::{FrameKind, State};

const CHILDREN: u64 = 6;
const ENTRIES: u64 = 300;

fn append(log: &Log, receipts: &Path, author: (u64, u64), count: u64) {
    let mut receipts = Receipts::begin(receipts, author);
    for n in 0..count {
        let mark = Mark { author, n };
        assert!(log.append(|entry| mark.write(entry)).is_written());
        receipts.add(n);
    }
}

/// Forks a child that runs `run`. The child exits without clean-up, or kills itself with SIGKILL if `killed` is set.
/// Returns its process id.
fn fork(killed: bool, run: impl FnOnce()) -> libc::pid_t {
    // SAFETY: the child does not depend on threads that it lacks. It uses only the log, which supports this, and an
    // allocator and a `write` that the C library keeps usable. The child ends in this function.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let ran = catch_unwind(AssertUnwindSafe(run)).is_ok();
        // SAFETY: these system calls access no memory of the process.
        unsafe {
            if ran && killed {
                libc::kill(libc::getpid(), libc::SIGKILL);
            }
            libc::_exit(i32::from(!ran))
        }
    }
    assert!(child > 0, "{}", std::io::Error::last_os_error());
    child
}

/// Waits for the child. Returns the status of `waitpid`.
fn wait(child: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: `status` is writable and outlives the call.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

/// Forks repeatedly while its threads append. The children also append, and each third child forks again.
#[test]
#[ignore = "is started by the other tests"]
fn forking_victim() {
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let options = Log::options(directory).segment_size(32 << 10);
    let log = options.self_contained(order("FULL").unwrap()).open().unwrap();
    thread::scope(|scope| {
        for thread in 0..2 {
            let (log, receipts) = (&log, &receipts);
            scope.spawn(move || append(log, receipts, (0, thread), 4 * ENTRIES));
        }
        for child in 1..=CHILDREN {
            thread::sleep(Duration::from_millis(3));
            let killed = child % 2 == 0;
            let forked = fork(killed, || {
                append(&log, &receipts, (child, 0), ENTRIES);
                if child % 3 == 0 {
                    let grandchild = fork(true, || append(&log, &receipts, (100 + child, 0), ENTRIES));
                    assert_eq!(wait(grandchild), libc::SIGKILL);
                    append(&log, &receipts, (child, 1), 1);
                }
                assert_eq!(log.stats().entries, ENTRIES + u64::from(child % 3 == 0));
            });
            assert_eq!(wait(forked), if killed { libc::SIGKILL } else { 0 });
        }
    });
    let stats = log.stats();
    assert_eq!(stats.entries, 8 * ENTRIES);
    assert_eq!(stats.like_entries > 0, !order::<bool>("FULL").unwrap(), "{stats:?}");
}

#[test]
fn while_threads_append_and_children_are_killed() {
    are_killed(true);
}

#[test]
fn while_threads_append_like_entries_and_children_are_killed() {
    are_killed(false);
}

fn are_killed(self_contained: bool) {
    let scene = Scene::new();
    scene.start("forking_victim", 0, &[("FULL", &self_contained)]).succeed();
    let receipts = receipts(&scene.receipts);
    let acknowledged: usize = receipts.values().map(Vec::len).sum();
    assert_eq!(acknowledged as u64, 8 * ENTRIES + CHILDREN * ENTRIES + 2 * (ENTRIES + 1));
    let found = found_at_rest(&scene.log);
    found.holds(&receipts);
    let runs = found.streams.iter().filter(|((_, thread), _)| *thread == 0).count();
    assert_eq!(runs as u64, 1 + CHILDREN + 2);
}

/// Compares the process ids in the resources with those of the processes.
#[test]
#[ignore = "is started by the other tests"]
fn victim_with_process_ids() {
    let directory: PathBuf = order("DIRECTORY").unwrap();
    let log = Log::options(&directory).open().unwrap();
    assert!(log.append(|entry| entry.set_body("parent")).is_written());
    let child = fork(false, || {
        assert!(log.append(|entry| entry.set_body("child")).is_written());
    });
    assert_eq!(wait(child), 0);
    let mut found = Vec::new();
    let mut reader = LogReader::options().open(&[directory]).unwrap();
    while let Some(event) = reader.next() {
        if let LogEvent::Frame { frame, .. } = event
            && frame.kind == FrameKind::Resource
        {
            let resource = EntryRef::new(frame.payload).unwrap();
            found.push(resource.get("process.pid").unwrap().as_i128().unwrap());
        }
    }
    found.sort_unstable();
    let mut expected = [i128::from(std::process::id()), i128::from(child)];
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_child_has_its_own_process_id_in_the_resource() {
    Scene::new().start("victim_with_process_ids", 0, &[]).succeed();
}

/// Forks a child that appends, and then kills itself while the child is alive.
#[test]
#[ignore = "is started by the other tests"]
fn victim_survived_by_its_child() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let log = Log::options(&directory).segment_size(32 << 10).open().unwrap();
    append(&log, &receipts, (0, 0), ENTRIES);
    // If the fork happened during the creation of a segment, the child would also hold this segment.
    // The log creates the next segment when an eighth of the current one is used.
    let mut thread = 0;
    wait_until("the segment after this one", || {
        thread += 1;
        append(&log, &receipts, (0, thread), 10);
        log.stats().segments == log.stats().rotations + 2
    });
    fork(false, || {
        append(&log, &receipts, (1, 0), ENTRIES);
        append(&log, &receipts, (1, 1), 1);
        wait_until("the word to go", || directory.join("go").exists() || !directory.exists());
        append(&log, &receipts, (1, 2), 1);
    });
    wait_until("the child", || std::fs::metadata(receipts.join("1-1")).is_ok_and(|file| file.len() > 0));
    // SAFETY: this system call accesses no memory of the process.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

#[test]
fn a_child_goes_on_and_does_not_pass_for_its_dead_parent() {
    let scene = Scene::new();
    scene.start("victim_survived_by_its_child", 0, &[]).die();
    // The lock on a segment shows whether its owner is alive.
    let parents = found(&scene.log).streams[&(0, 0)][0];
    let mut childs_held = 0;
    for (path, header, segment) in segments(&scene.log) {
        let lock = File::open(&path).unwrap().try_lock_shared();
        if header.stream_id == parents {
            assert!(lock.is_ok(), "{} of a dead process is {lock:?}", path.display());
        } else if segment.state() == State::Open {
            assert!(matches!(lock, Err(TryLockError::WouldBlock)), "{} is {lock:?}", path.display());
            childs_held += 1;
        }
    }
    assert!(childs_held > 0);
    std::fs::write(scene.log.join("go"), "").unwrap();
    wait_until("the child's last entry", || scene.has_begun(1, 2));
    found(&scene.log).holds(&receipts(&scene.receipts));
}

/// Reads the statistics in the child before the child appends. At the fork, other threads can hold locks, and the
/// counts are not zero.
#[test]
#[ignore = "is started by the other tests"]
fn victim_that_asks_first() {
    let directory: PathBuf = order("DIRECTORY").unwrap();
    let log = Log::options(directory).segment_size(16 << 10).open().unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                log.append(|entry| entry.set_body(&"x".repeat(1_000)));
            }
        });
        for _ in 0..100 {
            let child = fork(false, || assert_eq!(log.stats().entries, 0));
            assert_eq!(wait(child), 0);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_child_has_statistics_of_its_own() {
    let scene = Scene::new();
    scene.start("victim_that_asks_first", 0, &[]).succeed();
}

/// Forks during the creation of a segment, while the process holds the lock of the directory.
#[test]
#[ignore = "is started by the other tests"]
fn victim_that_forks_while_it_makes_a_segment() {
    static CHILD: OnceLock<libc::pid_t> = OnceLock::new();
    fusewire::failpoint::set(|point| {
        if point == "prepare" {
            CHILD.get_or_init(|| fork(false, || thread::sleep(victims::HANGS)));
        }
        false
    });
    let directory: PathBuf = order("DIRECTORY").unwrap();
    let log = Log::options(directory).max_total_bytes(256 << 10).open().unwrap();
    for n in 0..1_000 {
        let outcome = log.append(|entry| Mark { author: (0, 0), n }.write(entry));
        assert!(outcome.is_written(), "{n}: {outcome:?}");
    }
    assert!(log.stats().rotations > 1);
    // SAFETY: this system call accesses no memory of the process.
    unsafe { libc::kill(*CHILD.get().unwrap(), libc::SIGKILL) };
}

#[test]
fn a_child_does_not_keep_the_directory_from_its_parent() {
    let scene = Scene::new();
    scene.start("victim_that_forks_while_it_makes_a_segment", 0, &[]).succeed();
}
