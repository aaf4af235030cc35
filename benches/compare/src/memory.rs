//! The memory usage of a process, measured by the allocator and by the kernel.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

thread_local! {
    static COUNT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// An allocator that counts the allocations of each thread.
pub struct Counting;

fn count(bytes: usize) {
    let (calls, total) = COUNT.get();
    COUNT.set((calls + 1, total + bytes as u64));
}

/// Returns the number of allocations of this thread, and their bytes.
pub fn allocated() -> (u64, u64) {
    COUNT.get()
}

// SAFETY: the system allocator receives every call unchanged. The counter is a thread-local without a destructor, so it
// neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// The resident memory in bytes.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Resident {
    /// The anonymous memory.
    pub anonymous: u64,
    /// The memory of mapped files, which the kernel can write back and reclaim.
    pub file: u64,
}

/// Samples the resident memory until `done`. Returns the maximum.
pub fn peak(done: &AtomicBool) -> Resident {
    let mut peak = Resident::default();
    while !done.load(Ordering::Relaxed) {
        let now = resident();
        peak = Resident { anonymous: peak.anonymous.max(now.anonymous), file: peak.file.max(now.file) };
        std::thread::sleep(Duration::from_millis(20));
    }
    peak
}

/// Returns the current resident memory.
pub fn resident() -> Resident {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) << 10
    };
    Resident { anonymous: bytes("RssAnon:"), file: bytes("RssFile:") + bytes("RssShmem:") }
}
