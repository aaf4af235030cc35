//! If the feature for its allocator is enabled, the memory samples of a program contain the allocated and the
//! resident bytes of the allocator.
#![cfg(all(feature = "jemalloc", target_os = "linux"))]

use fusewire::log::Log;
use fusewire::memory::MemoryRecorder;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
