//! A segment, and operations that damage it.

use std::ops::Range;

use fusewire::segment::{
    Event, Events, FrameKind, LostRange, Mode, Resource, Segment, SegmentOptions, SegmentWriter,
};

use super::checksum;

/// A small segment: its bytes, and the offset and length of the frame of each entry. Entry `i` has the
/// attribute `n = i`.
#[derive(Clone)]
pub struct Fixture {
    pub bytes: Vec<u8>,
    pub frames: Vec<(usize, usize)>,
    /// Whether all entries after entry 0 are like entries, whose base is entry 0.
    pub is_like: bool,
}

impl Fixture {
    /// Creates a segment of 16 KiB with `entries` entries, which do not depend on each other. The segment is sealed, or
    /// its writer was dropped without a seal.
    pub fn new(entries: u64, sealed: bool) -> Self {
        Self::make(entries, sealed, false)
    }

    /// Creates a segment like [`new`](Self::new). All entries after entry 0 are like entries, whose base is entry 0.
    pub fn like(entries: u64, sealed: bool) -> Self {
        Self::make(entries, sealed, true)
    }

    /// Returns the segments of both formats.
    pub fn both(entries: u64, sealed: bool) -> [Self; 2] {
        [false, true].map(|is_like| Self::make(entries, sealed, is_like))
    }

    fn make(entries: u64, sealed: bool, is_like: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.fws");
        let mut options = SegmentOptions::new(Resource::empty());
        options.self_contained = !is_like;
        options.size = SegmentOptions::MIN_SIZE;
        let mut writer = SegmentWriter::create(&path, &options).unwrap();
        let frames: Vec<_> = (0..entries).map(|i| append(&mut writer, i)).collect();
        if sealed {
            writer.seal().unwrap();
        } else {
            drop(writer);
        }
        let fixture = Self { bytes: std::fs::read(&path).unwrap(), frames, is_like };
        for (i, (start, _)) in fixture.frames.iter().enumerate() {
            let kind = if is_like && i > 0 { FrameKind::Like } else { FrameKind::Entry };
            assert_eq!(fixture.bytes[start + 12], kind.number());
        }
        fixture
    }

    /// Returns the numbers of the entries that are lost with the frame of entry `i`: the entry and its dependants.
    pub fn lost_with(&self, i: usize) -> Vec<usize> {
        if self.is_like && i == 0 { (0..self.frames.len()).collect() } else { vec![i] }
    }

    /// Returns the offset of the end of the last frame.
    pub fn data_end(&self) -> usize {
        self.frames.last().map_or(8192, |(start, len)| start + len)
    }

    /// Returns the index of the frame that contains the byte at `at`.
    pub fn frame_at(&self, at: usize) -> Option<usize> {
        self.frames.iter().position(|(start, len)| (*start..start + len).contains(&at))
    }
}

fn append(writer: &mut SegmentWriter, i: u64) -> (usize, usize) {
    let appended = writer
        .append(|entry| {
            entry.set_time_unix_nano(1_700_000_000_000_000_000 + i);
            entry.set_body("an entry");
            entry.attr("n", &i);
        })
        .unwrap();
    (appended.offset as usize, appended.len as usize)
}

/// Returns the numbers of the entries and the lost ranges of a recovering read.
pub fn read(bytes: &[u8]) -> (Vec<u64>, Vec<LostRange>) {
    let (mut entries, mut lost) = (Vec::new(), Vec::new());
    for event in Events::new(bytes, Mode::Recover).unwrap().thorough() {
        match event.unwrap() {
            Event::Entry(_, entry) => {
                entry.verify().unwrap();
                entries.push(entry.get("n").unwrap().as_i128().unwrap() as u64);
            }
            Event::Lost(range) => lost.push(range),
            Event::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (entries, lost)
}

/// Returns whether a strict read accepts the bytes.
pub fn strict(bytes: &[u8]) -> bool {
    Events::new(bytes, Mode::Strict).is_ok_and(|mut events| events.all(|event| event.is_ok()))
}

pub fn segment(bytes: &[u8]) -> Segment {
    Segment::from_vec(bytes.to_vec())
}

/// Operations that damage the segment.
impl Fixture {
    pub fn flip(&mut self, bit: usize) {
        self.bytes[bit / 8] ^= 1 << (bit % 8);
    }

    pub fn cut(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    pub fn zero(&mut self, range: Range<usize>) {
        self.bytes[range].fill(0);
    }

    /// Overwrites the bytes from `at` with `bytes`.
    pub fn splice(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Returns the bytes of frame `i`.
    pub fn frame(&self, i: usize) -> Vec<u8> {
        let (start, len) = self.frames[i];
        self.bytes[start..start + len].to_vec()
    }

    /// Repairs the checksum of the frame of `len` bytes at `at`, for any content of the frame.
    pub fn fix_frame(&mut self, at: usize, len: usize) {
        let payload = self.u32_at(at) & 0x0FFF_FFFF;
        let word = checksum::commit_word(&self.bytes[at..at + len], payload);
        self.splice(at, &word.to_le_bytes());
    }

    /// Repairs the checksum of the first page.
    pub fn fix_header(&mut self) {
        let crc = checksum::crc32(0, &self.bytes[..4092]);
        self.splice(4092, &crc.to_le_bytes());
    }

    /// Writes another end of the frames into page 1.
    pub fn set_tail(&mut self, slot: u32) {
        let word = u64::from(slot) | u64::from(!slot) << 32;
        self.splice(4096, &word.to_le_bytes());
    }

    /// Writes the word of an incomplete append of a frame of `len` bytes at `at`.
    pub fn begin(&mut self, at: usize, len: usize) {
        self.splice(at, &((len as u64 - 16) | 1 << 28).to_le_bytes());
    }

    /// Writes the word that ends the segment at `at`.
    pub fn close(&mut self, at: usize) {
        let tag = self.salt() ^ (at / 16) as u32;
        self.splice(at, &(3 << 28 | u64::from(tag) << 32).to_le_bytes());
    }

    pub fn u32_at(&self, at: usize) -> u32 {
        u32::from_le_bytes(*self.bytes[at..].first_chunk().unwrap())
    }

    pub fn salt(&self) -> u32 {
        self.u32_at(28)
    }
}
