//! A log reports problems while the program runs. A worker calls a function of the program for each kind of problem,
//! and not for each entry.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::os::fd::RawFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ThreadId};

use common::watchdog::{LIMIT, Watchdog, until};
use fusewire::log::{CloseError, DropCause, Durability, FlushError, Log, Problem};

static FAILS: AtomicBool = AtomicBool::new(false);
static HEARD: Mutex<Vec<(ThreadId, Problem)>> = Mutex::new(Vec::new());
static LOG: Mutex<Option<Log>> = Mutex::new(None);
/// The number of completed checks in the function.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Replaces the function of the C library.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(_: RawFd) -> libc::c_int {
    if FAILS.load(Ordering::Relaxed) {
        // SAFETY: the C library returns a valid pointer to the `errno` of this thread.
        unsafe { *libc::__errno_location() = libc::EIO };
        return -1;
    }
    0
}

fn hear(problem: &Problem) {
    HEARD.lock().unwrap().push((thread::current().id(), *problem));
    let log = LOG.lock().unwrap().clone().unwrap();
    // The calls of the log in this function do not wait for the worker that runs it.
    assert!(!log.append(|entry| entry.set_body("refused")).is_written());
    assert_eq!(log.flush(Durability::Disk, LIMIT), Err(FlushError::Reentrant));
    assert_eq!(log.shutdown(LIMIT), Err(CloseError::Reentrant));
    REFUSED.fetch_add(1, Ordering::Relaxed);
    panic!("a function that panics ends no thread of the log");
}

#[test]
fn by_a_function_that_a_worker_calls() {
    let _watchdog = Watchdog::over("problems");
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).on_problem(hear).open().unwrap();
    *LOG.lock().unwrap() = Some(log.clone());
    let heard = || HEARD.lock().unwrap().clone();
    assert!(log.append(|entry| entry.set_body("fine")).is_written());
    assert_eq!(log.flush(Durability::Disk, LIMIT), Ok(()));
    assert_eq!(heard(), []);

    // The log drops a thousand entries at once.
    assert!(log.append(|_| (0..1_000).for_each(|_| _ = log.append(|_| ()))).is_written());
    let dropped = |heard: &[(ThreadId, Problem)]| {
        let counts = heard.iter().filter_map(|(_, problem)| match problem {
            Problem::Dropped { cause: DropCause::Reentrant, count } => Some(*count),
            _ => None,
        });
        counts.sum::<u64>()
    };
    until("the drops are told", || dropped(&heard()) >= 1_000);
    assert!(heard().len() < 100, "{} calls", heard().len());

    // The disk fails.
    FAILS.store(true, Ordering::Relaxed);
    assert!(matches!(log.flush(Durability::Disk, LIMIT), Err(FlushError::Io(_))));
    let is_disk = |problem: &Problem| matches!(problem, Problem::Disk(_));
    until("the disk is told", || heard().iter().any(|(_, problem)| is_disk(problem)));
    FAILS.store(false, Ordering::Relaxed);

    assert!(heard().iter().all(|(by, _)| *by != thread::current().id()));
    until("the function has come to its end", || {
        REFUSED.load(Ordering::Relaxed) == HEARD.lock().unwrap().len() as u64
    });
    let text = Problem::Dropped { cause: DropCause::Full, count: 3 }.to_string();
    assert_eq!(text, "3 entries dropped: no space: the byte budget, the disk or the quota is exhausted");
    LOG.lock().unwrap().take();
    assert_eq!(log.shutdown(LIMIT), Ok(()));
}
