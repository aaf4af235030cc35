//! A global allocator can log. The log refuses and counts entries that the allocator logs while the log allocates.
//! Nothing recurses, and no thread waits for itself.
#![cfg(unix)]

mod common {
    pub mod logs;
    pub mod watchdog;
}

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use common::logs;
use common::watchdog::{LIMIT, Watchdog};
use fusewire::log::{DropCause, Durability, Log};
use fusewire::segment::SegmentOptions;
use fusewire::{Severity, event};

static LOG: OnceLock<Log> = OnceLock::new();
static LOGS: AtomicBool = AtomicBool::new(false);
static LOGGED: AtomicU64 = AtomicU64::new(0);

struct Logging;

// SAFETY: every call goes to the system allocator before anything else.
unsafe impl GlobalAlloc for Logging {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller upholds the contract of `System`.
        let allocated = unsafe { System.alloc(layout) };
        if LOGS.load(Ordering::Relaxed)
            && let Some(log) = LOG.get()
        {
            LOGGED.fetch_add(1, Ordering::Relaxed);
            event!(log, Severity::DEBUG, "allocated", size = layout.size());
        }
        allocated
    }

    unsafe fn dealloc(&self, allocated: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract of `System`.
        unsafe { System.dealloc(allocated, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Logging = Logging;

#[test]
fn in_every_thread_while_segments_are_made_synced_and_sealed() {
    let _watchdog = Watchdog::over("an allocator that logs");
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    assert!(LOG.set(log.clone()).is_ok());
    LOGS.store(true, Ordering::Relaxed);
    let threads: Vec<_> = (0..3)
        .map(|_| thread::spawn(|| (0..2_000).for_each(|n| drop(std::hint::black_box(vec![0_u8; n + 1])))))
        .collect();
    for _ in 0..20 {
        assert_eq!(log.flush(Durability::Disk, LIMIT), Ok(()));
        std::hint::black_box(log.stats());
    }
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(log.shutdown(LIMIT), Ok(()));
    LOGS.store(false, Ordering::Relaxed);
    let stats = log.stats();
    // A late disk also drops entries, with the cause `Full`.
    assert!(
        stats.entries + stats.drops.by_cause(DropCause::Full) >= 6_000 && stats.segments > 3,
        "{stats:?}"
    );
    assert_eq!(stats.entries + stats.drops.total(), LOGGED.load(Ordering::Relaxed));
    assert_eq!(logs::read(directory.path()).entries.len() as u64, stats.entries);
}
