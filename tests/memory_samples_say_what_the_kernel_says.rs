//! Memory samples contain the numbers of the kernel, both in the log and in JSON. The samples end when the
//! recorder is dropped.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fusewire::log::{Log, LogEvent, LogReader};
use fusewire::memory::{AllocatorStats, MemStats, MemoryRecorder, TARGET};
use fusewire::{Severity, event};

const MIB: u64 = 1 << 20;

/// Returns the samples of a log, and the JSON of the same entries.
fn samples(directory: &Path) -> Vec<(MemStats, serde_json::Value)> {
    let mut reader = LogReader::options().open(&[directory.to_owned()]).unwrap();
    let mut samples = Vec::new();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event
            && let Some(sample) = MemStats::from_entry(&entry)
        {
            let mut json = Vec::new();
            fusewire::json::append_entry(&entry, &mut json);
            samples.push((sample, serde_json::from_slice(&json).unwrap()));
        }
    }
    samples
}

#[test]
fn what_a_process_takes_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let memory = MemoryRecorder::options().start(&log).unwrap();
    let before = memory.sample();
    let taken = vec![1_u8; 64 << 20];
    let during = memory.sample();
    assert_eq!(std::hint::black_box(&taken).len(), 64 << 20);
    drop(taken);
    let after = memory.sample();
    for figure in [|stats: &MemStats| stats.usage, |stats: &MemStats| stats.anonymous] {
        let [before, during, after] = [before, during, after].map(|stats| figure(&stats).unwrap());
        // Other tests run at the same time, but allocate less.
        assert!(during > before + 40 * MIB && after + 40 * MIB < during, "{before} {during} {after}");
    }
    // The kernel updates its counters in batches.
    assert!(after.peak.unwrap() + MIB >= during.usage.unwrap() && after.minor_faults > before.minor_faults);
    assert!(before.threads.unwrap() >= 3 && before.system_limit > before.system_available);
    assert!(before.virtual_size >= before.usage && before.headroom().unwrap().share() < 1.0);
    assert_eq!(before.log_entries, Some(1), "one sample, when it was started");
    assert_eq!(memory.stats(), after);
}

#[test]
fn the_log_and_json_say_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    static GIVEN: AtomicU64 = AtomicU64::new(1000);
    let allocator = || AllocatorStats {
        allocated: Some(GIVEN.fetch_add(1, Ordering::Relaxed)),
        resident: Some(u64::MAX),
    };
    let memory = MemoryRecorder::options().allocator(allocator).start(&log).unwrap();
    // Any code can log with this target. An entry without valid numbers is not a sample.
    event!(log, Severity::INFO, target: TARGET, "about memory", process.memory.usage = "much");
    let shown: Vec<MemStats> = (0..3).map(|_| memory.sample()).collect();
    drop((memory, log));
    let found = samples(directory.path());
    // One sample is from the start, three are from the calls, and one is from the end.
    assert_eq!(found.len(), 5);
    for (shown, (found, entry)) in shown.iter().zip(&found[1..]) {
        assert_eq!(shown, found);
        assert_eq!((found.allocator, found.allocator_resident), (Some("callback"), Some(u64::MAX)));
        let json: serde_json::Value = serde_json::from_str(&shown.to_json()).unwrap();
        let mut members = json.as_object().unwrap().clone();
        assert_eq!(members.remove("time_unix_nano").unwrap(), shown.time_unix_nano);
        assert_eq!(entry["attributes"].as_object().unwrap(), &members);
        let mut named = Vec::new();
        shown.for_each(|name, _| named.push(name));
        assert!(named.iter().all(|name| members.contains_key(*name)));
        assert_eq!(named.len() + 1, members.len(), "all of them, and the name of the allocator");
    }
    let allocated: Vec<_> = found.iter().map(|(sample, _)| sample.allocated.unwrap()).collect();
    assert_eq!(allocated, [1000, 1001, 1002, 1003, 1004]);
}

#[test]
fn there_is_a_sample_in_each_interval() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let memory = MemoryRecorder::options().interval(Duration::from_millis(5)).start(&log).unwrap();
    let first = memory.stats().time_unix_nano;
    // The test waits for the samples without a time limit, because the machine can be slow.
    while log.stats().entries < 5 {
        std::thread::yield_now();
    }
    drop((memory, log));
    let times: Vec<u64> = samples(directory.path()).iter().map(|(sample, _)| sample.time_unix_nano).collect();
    assert_eq!(times[0], first);
    assert!(times.is_sorted() && times.len() >= 5, "{times:?}");
}

#[test]
fn a_forked_child_waits_for_no_thread_that_it_has_not() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let memory = MemoryRecorder::options().start(&log).unwrap();
    // SAFETY: the child uses only code that needs no other thread, as this test verifies, and then exits.
    let child = unsafe { libc::fork() };
    if child == 0 {
        drop(memory);
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: `status` is writable and outlives the call.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status}");
    assert!(memory.sample().usage.is_some());
}
