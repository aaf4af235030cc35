//! A power cut leaves segments of length 0 or of zeros. A process that opens the directory deletes them. A gap that they
//! leave in a stream is reported.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use fusewire::log::{Log, LogEvent, LogReader, StreamEnd, list};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter, file_name};

const STREAM: [u8; 16] = [7; 16];

/// The path of segment `sequence`.
fn path(directory: &Path, sequence: u64) -> PathBuf {
    directory.join(file_name(1_700_000_000_000_000_000 + sequence, &STREAM, sequence))
}

/// A sealed segment with one entry.
fn sealed(directory: &Path, sequence: u64) {
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.sequence, options.stream_id) = (64 << 10, sequence, STREAM);
    let mut writer = SegmentWriter::create(&path(directory, sequence), &options).unwrap();
    writer.append(|entry| _ = entry.attr("n", &sequence)).unwrap();
    writer.seal().unwrap();
}

/// A file of `len` zeros with the name of a segment.
fn zeros(directory: &Path, sequence: u64, len: usize) {
    fs::write(path(directory, sequence), vec![0; len]).unwrap();
}

/// Opens and closes the log, and returns the numbers of the segments of the stream that are left.
fn opened(directory: &Path) -> Vec<u64> {
    drop(Log::options(directory).open().unwrap());
    let listing = list(directory).unwrap();
    assert!(listing.unreadable.is_empty(), "{:?}", listing.unreadable);
    listing.segments.iter().filter(|info| info.stream_id == STREAM).map(|info| info.sequence).collect()
}

#[test]
fn at_the_end_of_a_stream_they_are_deleted_and_the_stream_has_died() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    sealed(directory, 0);
    zeros(directory, 1, 64 << 10);
    zeros(directory, 2, 0);
    // Without any byte on disk.
    fs::File::create(path(directory, 3)).unwrap().set_len(1 << 20).unwrap();
    assert_eq!(opened(directory), [0]);
    let listing = list(directory).unwrap();
    let last = listing.segments.iter().find(|info| info.stream_id == STREAM).unwrap();
    assert_eq!(last.end, StreamEnd::Died);
}

#[test]
fn in_a_stream_they_leave_a_gap_that_a_reader_reports() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    sealed(directory, 0);
    zeros(directory, 1, 64 << 10);
    sealed(directory, 2);
    assert_eq!(opened(directory), [0, 2]);
    let mut missed = Vec::new();
    let mut reader = LogReader::options().open(&[directory.to_path_buf()]).unwrap();
    while let Some(event) = reader.next() {
        if let LogEvent::Missed { stream_id: STREAM, sequences } = event {
            missed.push(sequences.clone());
        }
    }
    assert_eq!(missed, [1..=1]);
}

#[test]
fn files_with_any_other_byte_or_another_name_stay() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    sealed(directory, 0);
    // One byte at the end; zeros under a name that no writer uses.
    zeros(directory, 1, 1 << 20);
    fs::File::options()
        .write(true)
        .open(path(directory, 1))
        .unwrap()
        .write_all_at(&[1], (1 << 20) - 1)
        .unwrap();
    fs::write(directory.join("mine.fws"), [0; 4096]).unwrap();
    drop(Log::options(directory).open().unwrap());
    assert!(path(directory, 1).exists());
    assert!(directory.join("mine.fws").exists());
}
