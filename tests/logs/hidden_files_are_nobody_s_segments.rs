//! A hidden file with the extension of a segment is not a segment. A log does not list, read, count or delete it.

use std::fs;

use fusewire::log::{Log, LogEvent, LogReader, list};

#[test]
fn a_hidden_copy_of_a_segment_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let open =
        || Log::options(directory.path()).segment_size(64 << 10).max_total_bytes(256 << 10).open().unwrap();
    open().append(|entry| entry.set_body("first"));
    let segment = list(directory.path()).unwrap().segments.remove(0).path;
    let hidden = directory.path().join(format!(".{}", segment.file_name().unwrap().to_str().unwrap()));
    let bytes = fs::read(&segment).unwrap();
    fs::copy(&segment, &hidden).unwrap();
    assert_eq!(list(directory.path()).unwrap().segments.len(), 1);
    let mut reader = LogReader::options().open(&[directory.path().to_path_buf()]).unwrap();
    let mut entries = 0;
    while let Some(event) = reader.next() {
        entries += u32::from(matches!(event, LogEvent::Entry { .. }));
    }
    assert_eq!(entries, 1);

    // The byte budget deletes the oldest segments repeatedly. The hidden file would be the oldest of all.
    let log = open();
    for n in 0..20_000 {
        log.append(|entry| _ = entry.attr("n", &n));
    }
    assert!(log.stats().deleted_segments > 0);
    drop(log);
    assert!(!segment.exists(), "the oldest segment is gone");
    assert_eq!(fs::read(&hidden).unwrap(), bytes);
}
