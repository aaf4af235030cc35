//! If the feature for its allocator is enabled, the memory samples of a program contain the allocated and the
//! resident bytes of the allocator.
#![cfg(all(feature = "jemalloc", target_os = "linux"))]

use std::alloc::{GlobalAlloc, Layout};
use std::ffi::{c_int, c_void};

use fusewire::log::Log;
use fusewire::memory::MemoryRecorder;

// Functions of jemalloc, which the feature links. The names have the prefix of the crate `tikv-jemalloc-sys`.
unsafe extern "C" {
    fn _rjem_mallocx(size: usize, flags: c_int) -> *mut c_void;
    fn _rjem_sdallocx(pointer: *mut c_void, size: usize, flags: c_int);
}

/// jemalloc as the allocator of this program. With a crate for this, each build of the tests would compile jemalloc, also
/// without the feature.
struct Jemalloc;

impl Jemalloc {
    /// Returns the binary logarithm of the alignment, which is the flag of an alignment.
    fn flags(layout: Layout) -> c_int {
        layout.align().ilog2() as c_int
    }
}

// SAFETY: the functions of jemalloc do not unwind. Both calls have the same size and alignment.
unsafe impl GlobalAlloc for Jemalloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the size is not zero, because the caller upholds the contract of `GlobalAlloc`.
        unsafe { _rjem_mallocx(layout.size(), Self::flags(layout)).cast() }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `alloc` has returned the pointer for the same layout.
        unsafe { _rjem_sdallocx(pointer.cast(), layout.size(), Self::flags(layout)) }
    }
}

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

const MIB: u64 = 1 << 20;

#[test]
fn jemalloc_counts_what_is_given_out() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let memory = MemoryRecorder::options().start(&log).unwrap();
    let before = memory.sample();
    let taken = std::hint::black_box(vec![1_u8; 32 << 20]);
    let during = memory.sample();
    drop(taken);
    let after = memory.sample();
    assert_eq!(before.allocator, Some("jemalloc"));
    let [before, during, after] = [before, during, after].map(|sample| {
        let (allocated, resident) = (sample.allocated.unwrap(), sample.allocator_resident.unwrap());
        assert!(resident >= allocated, "{allocated} of {resident}");
        allocated
    });
    // The workers of the log can free a little memory during the measurement.
    assert!(during + MIB >= before + 32 * MIB && after + 31 * MIB <= during, "{before} {during} {after}");
}
