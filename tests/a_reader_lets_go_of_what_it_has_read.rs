//! The memory of a reader does not depend on the length of the log.
#![cfg(target_os = "linux")]

use std::ops::ControlFlow;

use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::{Resource, SegmentOptions, Series};

/// Returns the number of bytes of this process in memory, which include mapped files.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// Returns the number of mapped files of this directory.
fn mapped(directory: &std::path::Path) -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains(directory.to_str().unwrap())).count()
}

#[test]
fn memory_is_bounded_by_what_is_being_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = 32 << 20;
    options.limits.max_entry_bytes = 1 << 20;
    options.limits.max_string_bytes = 1 << 20;
    let text = "x".repeat(200 << 10);
    let mut series = Series::create(directory.path(), options).unwrap();
    for _ in 0..600 {
        series.append(|entry| entry.set_body(&text)).unwrap();
    }
    series.finish().unwrap();

    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let before = resident();
    let (mut entries, mut most, mut most_mapped) = (0, 0, 0);
    let mut read = || -> ControlFlow<()> {
        let Some(event) = reader.next() else { return ControlFlow::Break(()) };
        if let LogEvent::Entry { entry, .. } = event {
            assert!(entry.verify().is_ok() && entry.body().as_bytes().len() == text.len());
            entries += 1;
            most = most.max(resident().saturating_sub(before));
            most_mapped = most_mapped.max(mapped(directory.path()));
        }
        ControlFlow::Continue(())
    };
    while read().is_continue() {}
    // The reader has read 117 MiB.
    assert_eq!(entries, 600);
    assert!(most < 16 << 20, "{most}");
    assert_eq!(most_mapped, 1);
}
