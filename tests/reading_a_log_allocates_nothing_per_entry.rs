//! C5: merging the segments of several processes, and following them, takes not one heap allocation per entry.

mod common;

use common::counting::{Counting, allocations};
use common::streams::{End, append, create, write};
use fusewire::log::{LogEvent, LogReader};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Three processes, the clock of one of which steps back.
fn log() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for id in 1..4 {
        let time = |i: u64| 1_000_000 + i * 10 + u64::from(id) - if id == 2 && i > 150 { 900 } else { 0 };
        let times: Vec<u64> = (0..300).map(time).collect();
        let end = if id == 3 { End::Crashed } else { End::Sealed };
        write(directory.path(), id, 0, &[times], end);
    }
    directory
}

/// Reads everything there is now, every value of it. How many entries that were.
fn read(reader: &mut LogReader) -> u64 {
    let mut entries = 0;
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, source, .. } = event {
            assert!(source.segment().is_none_or(|segment| segment.sequence == 0) && entry.verify().is_ok());
            entries += u64::from(entry.get("n").is_some());
        }
    }
    entries
}

#[test]
fn merging() {
    let directory = log();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    // All segments are open once each of them has had its turn.
    for _ in 0..10 {
        assert!(reader.next().is_some());
    }
    let mut entries = 0;
    assert_eq!(allocations(|| entries = read(&mut reader)).0, 0);
    assert!(entries > 880, "{entries}");
}

#[test]
fn filtering_by_time() {
    let directory = log();
    let options = LogReader::options().since(1_000_500).until(1_002_500);
    let mut reader = options.open(&[directory.path().to_owned()]).unwrap();
    for _ in 0..10 {
        assert!(reader.next().is_some());
    }
    let mut entries = 0;
    assert_eq!(allocations(|| entries = read(&mut reader)).0, 0);
    assert!(entries > 500, "{entries}");
}

#[test]
fn going_from_segment_to_segment_costs_a_few() {
    let directory = tempfile::tempdir().unwrap();
    let times: Vec<Vec<u64>> = (0..20).map(|i| (0..100).map(|j| 1000 + i * 100 + j).collect()).collect();
    write(directory.path(), 1, 0, &times, End::Sealed);
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    assert!(reader.next().is_some());
    let (allocated, ()) = allocations(|| while reader.next().is_some() {});
    assert!(allocated <= 20 * 4, "{allocated}");
}

#[test]
fn following() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = create(directory.path(), 1, 0);
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    append(&mut writer, 1000, 0);
    assert_eq!(read(&mut reader), 1);
    for n in 1..300 {
        append(&mut writer, 1000 + n, n);
        let mut entries = 0;
        assert_eq!(allocations(|| entries = read(&mut reader)).0, 0);
        assert_eq!(entries, 1);
    }
}
