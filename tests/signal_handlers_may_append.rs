//! A signal handler can append at any point of the log at which the signal interrupts the thread. The log writes the
//! entry, or refuses and counts it immediately. The thread never waits for itself.
#![cfg(target_os = "linux")]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::logs;
use common::watchdog::{LIMIT, Watchdog};
use fusewire::Severity;
use fusewire::log::{DropCause, Durability, Log};
use fusewire::segment::SegmentOptions;

static LOG: OnceLock<Log> = OnceLock::new();
static WRITTEN: AtomicU64 = AtomicU64::new(0);
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// The thread that waits for the disk, or 0 if no thread is to be interrupted.
static WAITING: AtomicU64 = AtomicU64::new(0);

/// Logs an entry with a severity for which an append waits for the disk.
extern "C" fn handler(_: libc::c_int) {
    let Some(log) = LOG.get() else { return };
    let outcome = log.append(|entry| {
        entry.set_severity(Severity::ERROR);
        entry.set_body("in a handler");
    });
    let count = if outcome.is_written() { &WRITTEN } else { &REFUSED };
    count.fetch_add(1, Ordering::Relaxed);
}

fn counts() -> (u64, u64) {
    (WRITTEN.load(Ordering::Relaxed), REFUSED.load(Ordering::Relaxed))
}

/// Replaces the function of the C library, and interrupts the thread that waits for the call.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(_: RawFd) -> libc::c_int {
    let thread = WAITING.swap(0, Ordering::Relaxed);
    if thread != 0 {
        let before = counts();
        // SAFETY: the thread is alive because it waits for this call.
        unsafe { libc::pthread_kill(thread, libc::SIGUSR1) };
        common::watchdog::until("the handler runs", || counts() != before);
    }
    0
}

fn this_thread() -> u64 {
    // SAFETY: this function has no preconditions.
    unsafe { libc::pthread_self() }
}

#[test]
fn inside_of_appends_flushes_and_everything_else() {
    let _watchdog = Watchdog::over("signal handlers");
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .sync_at(Severity::ERROR)
        .open()
        .unwrap();
    assert!(LOG.set(log.clone()).is_ok());
    // SAFETY: the handler calls only the log, which this test verifies.
    unsafe { libc::signal(libc::SIGUSR1, handler as *const () as usize) };
    // SAFETY: the handler is installed.
    let raise = || assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);

    raise();
    assert_eq!(counts(), (1, 0));
    // The signal interrupts the encoding of an entry.
    assert!(log.append(|_| raise()).is_written());
    assert_eq!(counts(), (1, 1));
    // The signal interrupts a thread that waits for the disk. The handler does not wait for the disk again.
    WAITING.store(this_thread(), Ordering::Relaxed);
    assert_eq!(log.flush(Durability::Disk, LIMIT), Ok(()));
    assert_eq!(counts(), (2, 1));

    // The signals arrive at any time, including allocations of the program.
    let (main, ending) = (this_thread(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ending.load(Ordering::Relaxed) {
                // SAFETY: the main thread is alive because it waits for this thread.
                unsafe { libc::pthread_kill(main, libc::SIGUSR1) };
                thread::sleep(Duration::from_micros(100));
            }
        });
        for n in 0..3_000_u64 {
            let text = std::hint::black_box(vec![b'x'; 100 + n as usize % 400]);
            log.append(|entry| {
                entry.set_body(std::str::from_utf8(&text).unwrap());
            });
            std::hint::black_box(log.stats());
            if n % 100 == 0 {
                assert_eq!(log.flush(Durability::Disk, LIMIT), Ok(()));
            }
        }
        ending.store(true, Ordering::Relaxed);
    });
    let (written, refused) = counts();
    assert_eq!(log.stats().drops.by_cause(DropCause::Reentrant), refused);
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    let read = logs::read(directory.path());
    let of_handlers = read.bodies().iter().filter(|body| *body == "in a handler").count();
    assert_eq!((of_handlers as u64, read.lost), (written, vec![]));
}
