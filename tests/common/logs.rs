//! Directories of segments and their content, read one file after the other.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fusewire::encode::EntryWriter;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::segment::{Event, FILE_EXTENSION, FrameKind, LostRange, Mode, Segment, State};

/// An entry that contains its thread and number. These numbers and the length of the text determine all
/// its bytes.
pub struct Numbered {
    pub thread: u64,
    pub n: u64,
    /// The length of the text in bytes.
    pub text: usize,
}

impl Numbered {
    pub fn write(&self, entry: &mut EntryWriter<'_>) {
        entry.attr("thread", &self.thread).attr("n", &self.n).attr("text", &self.text());
    }

    pub fn text(&self) -> String {
        let letter = char::from(b'a' + u8::try_from((self.thread * 31 + self.n) % 26).unwrap());
        letter.to_string().repeat(self.text + (self.n % 7) as usize)
    }
}

/// The content of a directory.
#[derive(Debug)]
pub struct Read {
    pub entries: Vec<Entry>,
    /// The loss records: the number of dropped entries, and the numbers by cause.
    pub losses: Vec<(u64, Vec<(String, u64)>)>,
    /// The lost ranges that are a loss.
    pub lost: Vec<(PathBuf, LostRange)>,
}

fn number(entry: &Entry, key: &str) -> u64 {
    let value = entry.attributes.iter().find(|attribute| attribute.key == key).map(|found| &found.value);
    match value {
        Some(OwnedValue::Uint(number)) => u64::try_from(*number).unwrap(),
        Some(OwnedValue::Int(number)) => u64::try_from(*number).unwrap(),
        other => panic!("{key} is {other:?}"),
    }
}

impl Read {
    pub fn bodies(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.body.clone()).collect()
    }

    /// Returns the numbers of each thread in the order of the log.
    ///
    /// # Panics
    /// Panics if the text of an entry is wrong.
    pub fn threads(&self, text: usize) -> BTreeMap<u64, Vec<u64>> {
        let mut threads: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for entry in &self.entries {
            let numbered = Numbered { thread: number(entry, "thread"), n: number(entry, "n"), text };
            let found = &entry.attributes[2].value;
            assert_eq!(*found, OwnedValue::String(numbered.text()));
            threads.entry(numbered.thread).or_default().push(numbered.n);
        }
        threads
    }
}

/// Returns the segments of a directory, ordered by name.
pub fn segments(directory: &Path) -> Vec<(PathBuf, Segment)> {
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|found| found == FILE_EXTENSION)).collect();
    paths.sort();
    let open = |path: PathBuf| Segment::read_copy(&path).map(|segment| (path, segment)).ok();
    paths.into_iter().filter_map(open).collect()
}

pub fn all_sealed(directory: &Path) -> bool {
    segments(directory).iter().all(|(_, segment)| segment.state() == State::Sealed)
}

pub fn read(directory: &Path) -> Read {
    let mut read = Read { entries: Vec::new(), losses: Vec::new(), lost: Vec::new() };
    for (path, segment) in segments(directory) {
        for event in segment.events(Mode::Recover).unwrap() {
            match event.unwrap() {
                Event::Entry(_, entry) => {
                    entry.verify().unwrap();
                    read.entries.push(entry.to_owned().unwrap());
                }
                Event::Frame(frame) if frame.kind == FrameKind::Loss => read.losses.push(loss(frame.payload)),
                Event::Frame(_) => {}
                Event::Lost(range) if range.is_loss() => read.lost.push((path.clone(), range)),
                Event::Lost(_) => {}
                event => panic!("{}: {event:?}", path.display()),
            }
        }
    }
    read
}

fn loss(payload: &[u8]) -> (u64, Vec<(String, u64)>) {
    let entry = fusewire::decode::EntryRef::new(payload).unwrap();
    let entry = entry.to_owned().unwrap();
    let causes = entry.attributes.iter().find(|attribute| attribute.key == "causes").unwrap();
    let OwnedValue::Map { entries, .. } = &causes.value else { panic!("{causes:?}") };
    let count = |value: &OwnedValue| match value {
        OwnedValue::Uint(count) => u64::try_from(*count).unwrap(),
        other => panic!("{other:?}"),
    };
    (number(&entry, "count"), entries.iter().map(|cause| (cause.key.clone(), count(&cause.value))).collect())
}
