//! A reader that follows waits for an incomplete append of a live process, skips an incomplete append of a
//! dead process, and never returns a partial entry.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crate::common::checksum;
use crate::common::streams::{append, create_full, create_like, number};
use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::{LostReason, SegmentWriter};

type Create = fn(&Path, u8, u64) -> SegmentWriter;

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

/// A segment of a live process, and its file. The test writes bytes into the file in place of the threads of the
/// process.
struct Live {
    directory: tempfile::TempDir,
    writer: SegmentWriter,
    file: File,
    /// The bytes of the frame of entry 1.
    template: Vec<u8>,
}

/// The functions that create a segment of each format.
const FORMATS: [Create; 2] = [create_full, create_like];

impl Live {
    /// Creates a segment with the entries 0 and 1.
    fn new(create: Create) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = create(directory.path(), 1, 0);
        append(&mut writer, 1000, 0);
        let second = writer.tail();
        append(&mut writer, 1001, 1);
        let file = OpenOptions::new().read(true).write(true).open(writer.path()).unwrap();
        let mut template = vec![0; (writer.tail() - second) as usize];
        file.read_exact_at(&mut template, second).unwrap();
        Self { directory, writer, file, template }
    }

    fn reader(&self, copy: bool) -> LogReader {
        LogReader::options().copy(copy).open(&[self.directory.path().to_owned()]).unwrap()
    }

    /// Returns a frame for the offset `at` that contains a copy of entry 1.
    fn frame(&self, at: u64) -> Vec<u8> {
        let mut frame = self.template.clone();
        let salt = u32::from_le_bytes(self.writer.header().salt.to_le_bytes());
        frame[8..12].copy_from_slice(&(salt ^ (at / 16) as u32).to_le_bytes());
        let payload = u32::from_le_bytes(*frame.first_chunk().unwrap()) & 0x0FFF_FFFF;
        let word = checksum::commit_word(&frame, payload);
        frame[..8].copy_from_slice(&word.to_le_bytes());
        frame
    }

    /// Reserves space for a frame at `at`, like a thread that has not written the frame.
    fn begin(&self, at: u64) {
        let word = u64::from_le_bytes(*self.frame(at).first_chunk().unwrap());
        self.write(at, &((word & 0x0FFF_FFFF) | 1 << 28).to_le_bytes());
    }

    fn write(&self, at: u64, bytes: &[u8]) {
        self.file.write_all_at(bytes, at).unwrap();
    }

    /// Writes the frame without its commit word, and then the commit word.
    fn complete(&self, at: u64) {
        let frame = self.frame(at);
        self.write(at + 8, &frame[8..]);
        self.write(at, &frame[..8]);
    }
}

/// Returns the number of available entries.
fn entries(reader: &mut LogReader) -> usize {
    let mut entries = 0;
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { .. } => entries += 1,
            LogEvent::Lost { range, .. } => assert!(!range.is_loss()),
            LogEvent::Frame { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    entries
}

#[test]
fn what_is_behind_it_comes_when_it_is_complete() {
    for (copy, create) in [false, true].into_iter().flat_map(|copy| FORMATS.map(|create| (copy, create))) {
        let live = Live::new(create);
        let mut reader = live.reader(copy);
        assert_eq!(entries(&mut reader), 2);
        let first = live.writer.tail();
        let second = first + live.frame(first).len() as u64;
        // The first thread has written a part of its frame. The second thread has finished.
        live.begin(first);
        live.complete(second);
        let half = live.frame(first);
        live.write(first + 8, &half[8..40]);
        assert!(!reader.wait(SOON).unwrap());
        assert_eq!(entries(&mut reader), 0);
        live.complete(first);
        assert!(reader.wait(LONG).unwrap());
        assert_eq!(entries(&mut reader), 2);
        assert!(!reader.wait(SOON).unwrap());
    }
}

#[test]
fn that_of_a_dead_process_is_passed_over() {
    for (copy, create) in [false, true].into_iter().flat_map(|copy| FORMATS.map(|create| (copy, create))) {
        let live = Live::new(create);
        let mut reader = live.reader(copy);
        assert_eq!(entries(&mut reader), 2);
        let first = live.writer.tail();
        let len = live.frame(first).len() as u64;
        live.begin(first);
        live.begin(first + len);
        live.complete(first + 2 * len);
        live.begin(first + 3 * len);
        assert!(!reader.wait(SOON).unwrap());
        // The process dies, and the system releases its lock.
        drop(live.writer);
        assert!(reader.wait(LONG).unwrap());
        let (mut ranges, mut read) = (Vec::new(), 0);
        while let Some(event) = reader.next() {
            match event {
                LogEvent::Lost { range, .. } => {
                    assert_eq!(range.reason, LostReason::Uncommitted);
                    ranges.push((range.start, range.end));
                }
                event => read += number(&event).map_or(0, |_| 1),
            }
        }
        assert_eq!(read, 1);
        assert_eq!(ranges, [(first, first + 2 * len), (first + 3 * len, first + 4 * len)]);
    }
}

#[test]
fn the_closed_word_leads_to_the_next_segment() {
    FORMATS.into_iter().for_each(close);
}

fn close(create: Create) {
    let live = Live::new(create);
    let mut next = create(live.directory.path(), 1, 1);
    append(&mut next, 1002, 2);
    let mut reader = live.reader(false);
    // The next segment already contains an entry, but the first segment can still receive entries.
    assert_eq!(entries(&mut reader), 2);
    assert!(!reader.wait(SOON).unwrap());
    let at = live.writer.tail();
    live.begin(at);
    let end = at + live.frame(at).len() as u64;
    let tag = live.writer.header().salt ^ (end / 16) as u32;
    live.write(end, &(3 << 28 | u64::from(tag) << 32).to_le_bytes());
    assert!(!reader.wait(SOON).unwrap());
    live.complete(at);
    assert!(reader.wait(LONG).unwrap());
    assert_eq!(entries(&mut reader), 2);
}

#[test]
fn damage_in_a_live_segment_does_not_stop_the_reader() {
    FORMATS.into_iter().for_each(damage);
}

fn damage(create: Create) {
    let mut live = Live::new(create);
    let at = live.writer.tail();
    append(&mut live.writer, 1002, 2);
    let end = live.writer.tail();
    live.write(at + 20, b"damaged");
    let mut reader = live.reader(false);
    assert_eq!(entries(&mut reader), 2);
    append(&mut live.writer, 1003, 3);
    assert!(reader.wait(LONG).unwrap());
    let Some(LogEvent::Lost { range, .. }) = reader.next() else { panic!("damage goes first") };
    assert_eq!((range.start, range.end, range.is_loss()), (at, end, true));
    assert_eq!(entries(&mut reader), 1);
}

/// Simulates a process on a file system without locks. The first segment contains an incomplete append, and `later`
/// more segments contain one entry each.
///
/// Returns the number of entries that the reader returns immediately, and the number after another entry in the last
/// segment.
fn without_locks(create: Create, later: u64, another_boot: bool) -> (usize, usize) {
    let mut live = Live::new(create);
    let at = live.writer.tail();
    live.begin(at);
    live.complete(at + live.frame(at).len() as u64);
    let mut page = vec![0; 4096];
    live.file.read_exact_at(&mut page, 0).unwrap();
    page[16] |= 1;
    if another_boot {
        page[64] ^= 1;
    }
    let crc = checksum::crc32(0, &page[..4092]);
    page[4092..].copy_from_slice(&crc.to_le_bytes());
    live.write(0, &page);
    let mut writers: Vec<_> =
        (1..=later).map(|sequence| create(live.directory.path(), 1, sequence)).collect();
    for writer in &mut writers {
        append(writer, 2000, 9);
    }
    let mut reader = live.reader(false);
    let at_once = entries(&mut reader);
    append(writers.last_mut().unwrap_or(&mut live.writer), 3000, 10);
    let mut then = 0;
    while reader.wait(SOON).unwrap() {
        then += entries(&mut reader);
    }
    (at_once, then)
}

#[test]
fn without_locks_it_is_given_up_where_two_segments_follow_or_after_a_new_start() {
    for create in FORMATS {
        assert_eq!(without_locks(create, 1, false), (2, 0));
        // The first segment has two entries before the incomplete append and one entry after it. The second segment has
        // one entry and can receive more.
        assert_eq!(without_locks(create, 2, false).0, 4);
        assert_eq!(without_locks(create, 1, true), (4, 1));
    }
}
