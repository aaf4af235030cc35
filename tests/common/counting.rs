//! An allocator that counts the allocations of each thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The `#[global_allocator]` of a test that counts allocations.
pub struct Counting;

// SAFETY: the system allocator receives every call unchanged. The counter is a thread-local without a destructor, so
// it neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller upholds the contract of `GlobalAlloc`, which is the contract of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn count<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let before = COUNT.get();
    let result = run();
    (COUNT.get() - before, result)
}

/// Returns the number of allocations that this thread makes while `run` runs, and the result of `run`.
///
/// First verifies that the allocator counts.
pub fn allocations<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let (proof, _) = count(|| black_box(Box::new(black_box(7_u64))));
    assert_eq!(proof, 1, "the allocator does not count");
    count(run)
}

/// Returns the number of allocations of this thread since its start. Use this in threads that the test does not
/// start.
#[allow(dead_code)]
pub fn so_far() -> u64 {
    COUNT.get()
}
