//! An allocator that counts what each thread asks of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// To be set as the `#[global_allocator]` of a test.
pub struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; counting touches a thread-local without a destructor,
// which neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promises are those of `System`.
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

/// How often this thread allocates while `run` runs. First proves that it would notice.
pub fn allocations<T>(run: impl FnOnce() -> T) -> (u64, T) {
    let (proof, _) = count(|| black_box(Box::new(black_box(7_u64))));
    assert_eq!(proof, 1, "the allocator does not count");
    count(run)
}

/// How often this thread has allocated so far. For a thread that is not the test's own.
#[allow(dead_code)]
pub fn so_far() -> u64 {
    COUNT.get()
}
