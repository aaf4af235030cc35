//! A reader that merges and follows the segments of several processes makes no heap allocation per entry.

use std::path::Path;

use crate::common::counting::allocations;
use crate::common::streams::{End, append, create_full, create_like, write_with};
use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::SegmentWriter;

type Create = fn(&Path, u8, u64) -> SegmentWriter;

/// Creates a log of three processes. The clock of one process steps back.
fn log(create: Create) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for id in 1..4 {
        let time = |i: u64| 1_000_000 + i * 10 + u64::from(id) - if id == 2 && i > 150 { 900 } else { 0 };
        let times: Vec<u64> = (0..300).map(time).collect();
        let end = if id == 3 { End::Crashed } else { End::Sealed };
        write_with(create, directory.path(), id, 0, &[times], end);
    }
    directory
}

/// Reads all available entries and verifies their values. Returns their number.
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
fn merging_like_entries() {
    merge(log(create_like).path());
}

#[test]
fn merging() {
    merge(log(create_full).path());
}

fn merge(directory: &Path) {
    let mut reader = LogReader::options().open(&[directory.to_owned()]).unwrap();
    // After these events, the reader has opened all segments.
    for _ in 0..10 {
        assert!(reader.next().is_some());
    }
    let mut entries = 0;
    assert_eq!(allocations(|| entries = read(&mut reader)).0, 0);
    assert!(entries > 880, "{entries}");
}

#[test]
fn filtering_by_time() {
    [create_full, create_like].into_iter().for_each(filter_by_time);
}

fn filter_by_time(create: Create) {
    let directory = log(create);
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
    // A reader of like entries also allocates the set of bases of a segment, their copies, and a frame.
    go_from_segment_to_segment(create_full, 4);
    go_from_segment_to_segment(create_like, 7);
}

fn go_from_segment_to_segment(create: Create, most: u64) {
    let directory = tempfile::tempdir().unwrap();
    let times: Vec<Vec<u64>> = (0..20).map(|i| (0..100).map(|j| 1000 + i * 100 + j).collect()).collect();
    write_with(create, directory.path(), 1, 0, &times, End::Sealed);
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    assert!(reader.next().is_some());
    let (allocated, ()) = allocations(|| while reader.next().is_some() {});
    assert!(allocated <= 20 * most, "{allocated}");
}

#[test]
fn following() {
    follow(create_full);
}

#[test]
fn following_like_entries() {
    follow(create_like);
}

fn follow(create: Create) {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = create(directory.path(), 1, 0);
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    // The reader copies the base of the second entry.
    append(&mut writer, 1000, 0);
    append(&mut writer, 1001, 1);
    assert_eq!(read(&mut reader), 2);
    for n in 2..300 {
        append(&mut writer, 1000 + n, n);
        let mut entries = 0;
        assert_eq!(allocations(|| entries = read(&mut reader)).0, 0);
        assert_eq!(entries, 1);
    }
}

/// Returns lines and frames in turn.
#[cfg(feature = "json")]
fn pieces(range: std::ops::Range<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for n in range {
        if n % 3 == 0 {
            let mut buffer = [0; 512];
            let frame = fusewire::message::write(&mut buffer, &fusewire::Limits::DEFAULT, |entry| {
                entry.attr("n", &n);
            });
            bytes.extend_from_slice(frame.unwrap());
        } else {
            let line = format!(
                "{{\"level\":\"info\",\"msg\":\"hello\",\"n\":{n},\"more\":{{\"a\":[1,2.5,\"\\n\"]}}}}\n"
            );
            bytes.extend_from_slice(line.as_bytes());
        }
    }
    bytes
}

#[cfg(feature = "json")]
#[test]
fn lines_and_frames() {
    let bytes = pieces(0..3000);
    let mut reader = fusewire::mixed::MixedReader::new(bytes.as_slice());
    // After these events, the buffers of the reader have their maximum size.
    for _ in 0..1500 {
        assert!(reader.next().unwrap().is_some());
    }
    let mut entries = 0;
    let (allocated, ()) = allocations(|| {
        while reader.next().unwrap().is_some() {
            entries += 1
        }
    });
    assert_eq!((allocated, entries), (0, 1500));
}

#[cfg(feature = "json")]
#[test]
fn following_files_of_both() {
    use std::io::Write;

    let directory = tempfile::tempdir().unwrap();
    // The reader opens the file by name, because a scan of a directory allocates memory and depends on the
    // clock.
    let path = directory.path().join("app.log");
    let mut file = std::fs::File::create(&path).unwrap();
    let mut reader = LogReader::options().follow(true).open(&[path]).unwrap();
    file.write_all(&pieces(0..3000)).unwrap();
    assert_eq!(read(&mut reader), 3000);
    file.write_all(&pieces(3000..4000)).unwrap();
    while !reader.wait(std::time::Duration::from_secs(1)).unwrap() {}
    let mut entries = 0;
    assert_eq!(allocations(|| entries = read(&mut reader)).0, 0);
    assert_eq!(entries, 1000);
}
