//! The frames of a segment file, read without the readers of the library.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use fusewire::decode::EntryRef;
use fusewire::like::{Bases, LikeHead};
use fusewire::owned::Entry;

/// The offset of the first frame.
pub const FIRST: usize = 8192;
pub const ENTRY: u8 = 1;
pub const LIKE: u8 = 8;

/// A committed frame.
pub struct Frame {
    pub offset: usize,
    /// The length of the frame in bytes.
    pub len: usize,
    pub kind: u8,
    pub severity: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    /// Returns the slot of the base, or `None` if the frame is not a like entry.
    pub fn base(&self) -> Option<u32> {
        (self.kind == LIKE).then(|| LikeHead::new(&self.payload).unwrap().base())
    }

    pub fn slot(&self) -> u32 {
        (self.offset / 16) as u32
    }

    pub fn is_entry(&self) -> bool {
        [ENTRY, LIKE].contains(&self.kind)
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

/// Returns the committed frames of a segment, without the trailer. Incomplete appends are passed over.
pub fn frames(segment: &[u8]) -> Vec<Frame> {
    let (mut frames, mut at) = (Vec::new(), FIRST);
    while at + 16 <= segment.len() - 64 {
        let word = u64::from_le_bytes(segment[at..at + 8].try_into().unwrap());
        let (payload, state) = ((word & 0xFFF_FFFF) as usize, word >> 28 & 0xF);
        if word == 0 || state == 3 {
            break;
        }
        let len = 16 + payload.next_multiple_of(16);
        if state == 2 {
            let (kind, severity) = (segment[at + 12], segment[at + 13]);
            let payload = segment[at + 16..at + 16 + payload].to_vec();
            frames.push(Frame { offset: at, len, kind, severity, payload });
        }
        at += len;
    }
    frames
}

/// Returns the entries of a segment.
///
/// # Panics
/// Panics if an entry is not valid, or if the severity of a frame is not that of its entry.
pub fn entries(segment: &[u8]) -> Vec<Entry> {
    let mut bases = Bases::new(u32_at(segment, 28), FIRST as u64);
    let frames = frames(segment);
    let read = |frame: &Frame| {
        let entry = if frame.kind == LIKE {
            let head = LikeHead::new(&frame.payload).unwrap();
            bases.view(segment, frame.offset as u64, head).unwrap()
        } else {
            EntryRef::new(&frame.payload).unwrap()
        };
        entry.verify().unwrap();
        assert_eq!(entry.severity().number(), frame.severity);
        entry.to_owned().unwrap()
    };
    frames.iter().filter(|frame| frame.is_entry()).map(read).collect()
}

/// Returns the paths and the bytes of the segments of a directory, ordered by name.
pub fn segments(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|found| found == "fws")).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (std::fs::read(&path).unwrap(), path))
        .map(|(bytes, path)| (path, bytes))
        .collect()
}

/// Returns the entries of all segments of a directory, in the order of their frames.
pub fn all_entries(directory: &Path) -> Vec<Entry> {
    segments(directory).iter().flat_map(|(_, bytes)| entries(bytes)).collect()
}
