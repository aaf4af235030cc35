//! Entries that identify their author, receipts of acknowledged entries that survive the author, and the comparison of
//! both.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use fusewire::decode::EntryRef;
use fusewire::encode::{EntryWriter, encode};
use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::{Event, FrameKind, Mode, Segment, SegmentHeader, verify};
use fusewire::{Limits, Severity};

/// One thread of one run of a process: the numbers of the run and of the thread.
pub type Author = (u64, u64);

/// The identity of an entry: its author, and its number among the entries of this author, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub author: Author,
    pub n: u64,
}

impl Mark {
    /// Writes the entry. The mark determines every byte, including the time. The sizes and shapes of the entries
    /// differ.
    pub fn write(&self, entry: &mut EntryWriter<'_>) {
        let ((run, thread), n) = (self.author, self.n);
        let mixed = (run << 40 ^ thread << 32 ^ n).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let letter = char::from(b'a' + (mixed >> 40) as u8 % 26);
        let size = if mixed >> 60 == 0 { mixed >> 20 & 0x7FF } else { mixed >> 20 & 0xFF };
        entry.set_time_unix_nano(1_700_000_000_000_000_000 + n);
        entry.set_severity(self.severity());
        entry.set_body(&letter.to_string().repeat(size as usize));
        entry.attr("run", &run).attr("thread", &thread).attr("n", &n);
        if mixed >> 56 & 1 == 1 {
            entry.attr("numbers", &[mixed, n, run].as_slice());
        }
    }

    /// Returns the severity with the number `n` modulo 25, so that the entries have all severities in turn, including
    /// no severity.
    pub fn severity(&self) -> Severity {
        Severity::from_number((self.n % 25) as u8)
    }

    /// Returns the encoded entry.
    pub fn bytes(&self) -> Vec<u8> {
        let mut buffer = vec![0; 16 << 10];
        encode(&mut buffer, &Limits::DEFAULT, |entry| self.write(entry)).unwrap().bytes().to_vec()
    }

    pub fn of(entry: &EntryRef<'_>) -> Self {
        let number = |key| u64::try_from(entry.get(key).unwrap().as_i128().unwrap()).unwrap();
        Self { author: (number("run"), number("thread")), n: number("n") }
    }
}

/// The file in which an author records its acknowledged entries. Each entry is a separate `write`, so the record
/// survives the death of the process.
pub struct Receipts(File);

impl Receipts {
    pub fn begin(directory: &Path, (run, thread): Author) -> Self {
        Self(File::create_new(directory.join(format!("{run}-{thread}"))).unwrap())
    }

    pub fn add(&mut self, n: u64) {
        self.0.write_all(&n.to_le_bytes()).unwrap();
    }
}

/// Returns the acknowledged entries of each author, in the order of their acknowledgement.
pub fn receipts(directory: &Path) -> BTreeMap<Author, Vec<u64>> {
    let mut receipts = BTreeMap::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        let (run, thread) = name.split_once('-').unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        let numbers = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
        receipts.insert((run.parse().unwrap(), thread.parse().unwrap()), numbers.collect());
    }
    receipts
}

/// The content of a directory of segments.
#[derive(Debug, Default)]
pub struct Found {
    /// The numbers of each author's entries, in the order of the stream.
    pub entries: BTreeMap<Author, Vec<u64>>,
    /// The streams that contain entries of an author. A correct log has one stream per author.
    pub streams: BTreeMap<Author, Vec<[u8; 16]>>,
    /// The number of like entries.
    pub likes: u64,
    /// The loss records.
    pub losses: Vec<Loss>,
    /// The sequence numbers of the segments of each stream, in ascending order.
    pub sequences: BTreeMap<[u8; 16], Vec<u64>>,
}

/// The content of a loss record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    pub count: u64,
    pub by_severity: BTreeMap<String, u64>,
    pub by_cause: BTreeMap<String, u64>,
}

/// Returns the segments in `directory`, ordered by stream and by sequence number.
pub fn segments(directory: &Path) -> Vec<(PathBuf, SegmentHeader, Segment)> {
    let mut segments = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".fws") || name.starts_with('.') {
            continue;
        }
        match Segment::read_copy(&path) {
            Ok(segment) => segments.push((path, segment.header().unwrap(), segment)),
            // Retention deleted the segment after the directory was listed.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{}", path.display()),
        }
    }
    segments.sort_by_key(|(_, header, _)| (header.stream_id, header.sequence));
    segments
}

/// Reads all segments of `directory`.
///
/// # Panics
/// Panics if an entry differs from the bytes that its author wrote, or if a segment contains damage or a loss of bytes.
pub fn found(directory: &Path) -> Found {
    let (mut found, mut expanded) = (Found::default(), Vec::new());
    for (path, header, segment) in segments(directory) {
        let place = || path.display();
        // A live segment can receive entries between this read and `verify`. Its existing frames never change.
        for event in segment.events(Mode::Recover).unwrap().thorough() {
            match event.unwrap() {
                Event::Entry(frame, entry) => {
                    let mark = Mark::of(&entry);
                    let bytes = entry.to_bytes(&mut expanded).unwrap();
                    assert!(bytes == mark.bytes(), "{mark:?} is not as it was written: {}", place());
                    assert_eq!(frame.severity, mark.severity());
                    found.likes += u64::from(frame.kind == FrameKind::Like);
                    found.entries.entry(mark.author).or_default().push(mark.n);
                    let streams = found.streams.entry(mark.author).or_default();
                    if streams.last() != Some(&header.stream_id) {
                        streams.push(header.stream_id);
                    }
                }
                Event::Frame(frame) if frame.kind == FrameKind::Loss => {
                    found.losses.push(loss(frame.payload))
                }
                Event::Frame(_) => {}
                Event::Lost(range) => assert!(!range.is_loss(), "{range:?} in {}", place()),
                event => panic!("{event:?} in {}", place()),
            }
        }
        let report = verify(&segment).unwrap();
        assert!(report.is_clean(), "{}: {report:?}", place());
        found.sequences.entry(header.stream_id).or_default().push(header.sequence);
    }
    found
}

/// Reads a directory that no process writes to, like [`found`]. Also asserts that a reader of the whole log returns the
/// same entries and loss records.
pub fn found_at_rest(directory: &Path) -> Found {
    let found = found(directory);
    let mut entries: BTreeMap<Author, Vec<u64>> = BTreeMap::new();
    let (mut losses, mut expanded) = (Vec::new(), Vec::new());
    let mut reader = LogReader::options().open(&[directory.to_owned()]).unwrap();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => {
                let mark = Mark::of(&entry);
                let bytes = entry.to_bytes(&mut expanded).unwrap();
                assert!(bytes == mark.bytes(), "{mark:?} is not as it was written");
                entries.entry(mark.author).or_default().push(mark.n);
            }
            LogEvent::Frame { frame, .. } if frame.kind == FrameKind::Loss => {
                losses.push(loss(frame.payload))
            }
            LogEvent::Frame { .. } => {}
            LogEvent::Lost { source, range } => {
                assert!(!range.is_loss(), "{range:?} in {}", source.path().display());
            }
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(entries, found.entries);
    let sorted = |losses: &[Loss]| {
        let mut losses = losses.to_vec();
        losses.sort();
        losses
    };
    assert_eq!(sorted(&losses), sorted(&found.losses));
    found
}

fn loss(payload: &[u8]) -> Loss {
    let record = EntryRef::new(payload).unwrap();
    record.verify().unwrap();
    assert_eq!(record.severity(), Severity::WARN);
    assert_eq!(record.target(), "fusewire");
    let record = record.to_owned().unwrap();
    let number = |value: &fusewire::owned::OwnedValue| match value {
        fusewire::owned::OwnedValue::Uint(number) => u64::try_from(*number).unwrap(),
        other => panic!("{other:?}"),
    };
    let value = |key: &str| &record.attributes.iter().find(|attribute| attribute.key == key).unwrap().value;
    let counts = |key: &str| match value(key) {
        fusewire::owned::OwnedValue::Map { entries, .. } => {
            entries.iter().map(|entry| (entry.key.clone(), number(&entry.value))).collect()
        }
        other => panic!("{other:?}"),
    };
    Loss { count: number(value("count")), by_severity: counts("dropped"), by_cause: counts("causes") }
}

impl Found {
    /// Asserts that each acknowledged entry exists exactly once, in the order of its author and in one stream. Each
    /// author can have at most one more entry: the entry that it appended when it was killed.
    pub fn holds(&self, receipts: &BTreeMap<Author, Vec<u64>>) {
        for (author, acknowledged) in receipts {
            let found = self.entries.get(author).map_or(&[][..], Vec::as_slice);
            assert_follow(*author, found, acknowledged);
        }
        self.nothing_else(receipts);
    }

    /// Asserts the same as [`holds`](Self::holds), except that retention may have deleted the oldest segments. The
    /// remaining entries of an author have no gap.
    pub fn holds_the_end_of(&self, receipts: &BTreeMap<Author, Vec<u64>>) {
        for (author, found) in &self.entries {
            let acknowledged = receipts.get(author).map_or(&[][..], Vec::as_slice);
            let first = acknowledged.partition_point(|n| n < &found[0]);
            assert_follow(*author, found, &acknowledged[first..]);
        }
        self.nothing_else(receipts);
    }

    /// Asserts the same as [`holds`](Self::holds) while authors continue to append. Each author can have any number of
    /// entries after its acknowledged entries.
    pub fn holds_at_least(&self, receipts: &BTreeMap<Author, Vec<u64>>) {
        for (author, acknowledged) in receipts {
            let found = self.entries.get(author).map_or(&[][..], Vec::as_slice);
            assert_follow(*author, &found[..found.len().min(acknowledged.len())], acknowledged);
            assert!(found.is_sorted_by(|one, next| one < next), "{author:?}: {found:?}");
        }
        // The sequence numbers are not checked: if a file is created while the directory is listed, the list can
        // contain a later file and lack an earlier one.
        self.streams_are_apart();
    }

    fn nothing_else(&self, receipts: &BTreeMap<Author, Vec<u64>>) {
        self.streams_are_apart();
        for author in self.streams.keys() {
            assert!(receipts.contains_key(author), "{author:?} is unknown");
        }
        for (stream, sequences) in &self.sequences {
            let unbroken = sequences.windows(2).all(|two| two[0] + 1 == two[1]);
            assert!(unbroken, "{:02x?} has segments {sequences:?}", &stream[..4]);
        }
    }

    fn streams_are_apart(&self) {
        for (author, streams) in &self.streams {
            assert_eq!(streams.len(), 1, "{author:?} wrote to several streams");
            let others = self.streams.range((author.0 + 1, 0)..).filter(|(_, other)| other[0] == streams[0]);
            assert_eq!(others.count(), 0, "another run wrote to the stream of {author:?}");
        }
    }
}

fn assert_follow(author: Author, found: &[u64], acknowledged: &[u64]) {
    let (there, beside) = found.split_at(found.len().min(acknowledged.len()));
    if let Some(at) = (0..acknowledged.len()).find(|at| there.get(*at) != Some(&acknowledged[*at])) {
        panic!(
            "{author:?}: entry {} was acknowledged, and in its place is {:?}; {} acknowledged, {} found",
            acknowledged[at],
            found.get(at),
            acknowledged.len(),
            found.len(),
        );
    }
    let last = acknowledged.last().map_or(-1, |last| i128::from(*last));
    assert!(
        beside.len() <= 1 && beside.iter().all(|n| i128::from(*n) > last),
        "{author:?}: beside it {beside:?}"
    );
}
