//! Streams of segments in a directory, as processes leave them, and their entries.

use std::path::{Path, PathBuf};

use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter, file_name};

/// The state in which a process leaves the last segment of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Sealed,
    Crashed,
}

/// Writes a stream with one segment for each list of times. Entry `i` of the stream has the attribute `n = first +
/// i`.
pub fn write(directory: &Path, id: u8, first: u64, segments: &[Vec<u64>], end: End) -> Vec<PathBuf> {
    write_with(create, directory, id, first, segments, end)
}

/// Writes a stream like [`write`]. `create` creates its segments.
pub fn write_with(
    create: fn(&Path, u8, u64) -> SegmentWriter,
    directory: &Path,
    id: u8,
    first: u64,
    segments: &[Vec<u64>],
    end: End,
) -> Vec<PathBuf> {
    let mut n = first;
    let mut paths = Vec::new();
    for (sequence, times) in segments.iter().enumerate() {
        let mut writer = create(directory, id, sequence as u64);
        for time in times {
            append(&mut writer, *time, n);
            n += 1;
        }
        paths.push(writer.path().to_owned());
        if end == End::Sealed || sequence + 1 < segments.len() {
            writer.seal().unwrap();
        }
    }
    paths
}

/// Creates a segment. Half of the segments of each stream have format 1.0, and half of them have format 1.1.
pub fn create(directory: &Path, id: u8, sequence: u64) -> SegmentWriter {
    create_with(directory, id, sequence, (u64::from(id) + sequence).is_multiple_of(2))
}

/// Creates a segment whose entries do not depend on each other.
pub fn create_full(directory: &Path, id: u8, sequence: u64) -> SegmentWriter {
    create_with(directory, id, sequence, true)
}

/// Creates a segment in which all entries after the first one are like entries.
pub fn create_like(directory: &Path, id: u8, sequence: u64) -> SegmentWriter {
    create_with(directory, id, sequence, false)
}

fn create_with(directory: &Path, id: u8, sequence: u64, self_contained: bool) -> SegmentWriter {
    let mut options = SegmentOptions::new(Resource::empty());
    options.self_contained = self_contained;
    options.size = 64 << 10;
    options.stream_id = [id; 16];
    options.sequence = sequence;
    let name = file_name(u64::from(id) * 1000 + sequence, &options.stream_id, sequence);
    SegmentWriter::create(&directory.join(name), &options).unwrap()
}

pub fn append(writer: &mut SegmentWriter, time: u64, n: u64) {
    writer
        .append(|entry| {
            entry.set_time_unix_nano(time);
            entry.attr("n", &n);
        })
        .unwrap();
}

/// Returns the attribute `n` if the event is an entry.
pub fn number(event: &LogEvent<'_>) -> Option<u64> {
    match event {
        LogEvent::Entry { entry, .. } => Some(entry.get("n").unwrap().as_i128().unwrap() as u64),
        LogEvent::Frame { .. } => None,
        other => panic!("{other:?}"),
    }
}

/// Returns the numbers of all available entries of a log without damage.
pub fn numbers(reader: &mut LogReader) -> Vec<u64> {
    let mut numbers = Vec::new();
    while let Some(event) = reader.next() {
        numbers.extend(number(&event));
    }
    numbers
}
