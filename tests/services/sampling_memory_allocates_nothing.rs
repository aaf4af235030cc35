//! A sample of the memory allocates nothing, so it can be taken when no memory is left.

use crate::common::counting::{allocations, so_far};
use fusewire::log::Log;
use fusewire::memory::{AllocatorStats, MemoryRecorder};

#[test]
fn samples_of_a_process_and_its_group() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    // This verifies that the allocator counts.
    assert_eq!(allocations(|| drop(Box::new(std::hint::black_box(7)))).0, 1);
    // The callback for the allocator runs in the thread that takes the samples, so it counts the allocations of
    // this thread.
    let count = || AllocatorStats { allocated: Some(so_far()), resident: None };
    let memory = MemoryRecorder::options().allocator(count).start(&log).unwrap();
    // The first sample includes the allocations that the thread makes only once.
    let first = memory.sample();
    let samples: Vec<_> = (0..50).map(|_| memory.sample().allocated).collect();
    assert!(first.allocated.is_some() && first.usage.is_some());
    assert!(samples.iter().all(|sample| *sample == first.allocated), "{first:?}, then {samples:?}");
}
