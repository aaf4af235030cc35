//! Mutants: segments, indexes, frames and lines with changed bytes, with or without repaired checksums.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a fixture; clippy knows functions marked as tests only")]

use std::path::Path;

use fusewire::encode::encode;
use fusewire::segment::{FrameKind, Resource, SegmentOptions, SegmentWriter};
use fusewire::{Limits, Severity, TraceContext};

use crate::random::Random;

/// The end of the first page, without its checksum.
const PAGE: usize = 4092;
/// The offset of the first frame.
const FRAMES: usize = 8192;
/// The offset of the word that stores the checksum of the index.
const INDEX: usize = 4096 + 192;
/// The bytes of the trailer, and of its payload.
const TRAILER: (usize, usize) = (64, 48);
/// The end of the header of an index, without its checksum.
const INDEX_HEADER: usize = 112;

/// Numbers that cause overflows of sums and products.
const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    i64::MAX as u64,
    1 << 63,
    u64::MAX - 1,
    u64::MAX,
];

/// A sealed or unsealed segment, its index and the places of its frames.
#[derive(Clone)]
pub struct Mutant {
    pub segment: Vec<u8>,
    pub index: Option<Vec<u8>>,
    /// The offset and the length of each frame.
    frames: Vec<(usize, usize)>,
    sealed: bool,
}

/// A change of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first page.
    Header,
    /// The words of the second page, which have no checksum.
    Words,
    /// A frame.
    Frame,
    /// The trailer.
    Trailer,
    /// The index.
    Index,
}

/// CRC-32, by a table.
pub struct Crc([u32; 256]);

impl Crc {
    pub fn new() -> Self {
        let mut table = [0; 256];
        for (byte, entry) in table.iter_mut().enumerate() {
            let mut crc = byte as u32;
            for _ in 0..8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
            }
            *entry = crc;
        }
        Self(table)
    }

    pub fn of(&self, start: u32, bytes: &[u8]) -> u32 {
        let step = |crc: u32, byte: &u8| crc >> 8 ^ self.0[((crc ^ u32::from(*byte)) & 0xff) as usize];
        !bytes.iter().fold(!start, step)
    }

    /// Repairs the frame at `at`, if its length is inside `bytes`.
    pub fn repair_frame(&self, bytes: &mut [u8], at: usize) {
        let Some(word) = bytes.get(at..at + 8) else { return };
        let payload = u32::from_le_bytes(word[..4].try_into().unwrap()) & ((1 << 28) - 1);
        let end = at + 16 + (payload as usize).next_multiple_of(16);
        if end > bytes.len() {
            return;
        }
        let crc = self.of(payload, &bytes[at + 8..end]);
        let word = u64::from(payload) | 2 << 28 | u64::from(crc) << 32;
        bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
}

/// Writes an entry with values of all kinds, and with the fields that the commands read.
fn write(random: &mut Random, n: u64, entry: &mut fusewire::encode::EntryWriter<'_>) {
    match n % 5 {
        0 => random.entry().write_to(entry),
        1 => {
            entry.set_target("fusewire.memory");
            entry.set_time_unix_nano(1_700_000_000_000_000_000 + n * 1_000_000);
            for key in ["process.memory.usage", "process.memory.anonymous", "process.memory.allocated"] {
                entry.attr(key, &(1_000_000 + n * 4_096));
            }
            for key in ["container.memory.limit", "container.memory.usage", "container.memory.working_set"] {
                entry.attr(key, &(2_000_000 + n * 4_096));
            }
        }
        _ => {
            let target = ["shop::cart", "db", "ünï"][(n % 3) as usize];
            entry.set_time_unix_nano(1_700_000_000_000_000_000 + n * 1_000_000);
            entry.set_severity(Severity::from_number((n % 25) as u8));
            entry.set_target(target);
            entry.set_thread(["worker", "main"][(n % 2) as usize]);
            entry.set_trace(TraceContext { trace_id: 1 + u128::from(n % 7), span_id: 1 + n, flags: 1 });
            entry.set_body(&format!("order {n} of \"a\",=b\n{}", random.text(30)));
            entry.attr("duration_ms", &(n * 3)).attr("big", &(u128::MAX - u128::from(n)));
            entry.attr("parent_span_id", &format!("{:016x}", 1 + n / 2)).attr("request.status", &500);
            // The circuit breaker trips.
            entry.attr("long", &"x".repeat(if n % 11 == 2 { 20_000 } else { 3 }));
        }
    }
}

impl Mutant {
    /// Creates a segment without changes, with `entries` entries and `size` bytes.
    pub fn whole(directory: &Path, size: u64, entries: u64, sealed: bool, random: &mut Random) -> Self {
        let path = directory.join("whole.fws");
        let mut options = SegmentOptions::new(
            Resource::empty()
                .with("service.name", fusewire::owned::OwnedValue::String("shop".to_owned()))
                .with("process.pid", fusewire::owned::OwnedValue::Uint(4711)),
        );
        options.size = size;
        options.limits = Limits { max_string_bytes: 300, ..Limits::DEFAULT };
        let mut writer = SegmentWriter::create(&path, &options).unwrap();
        let mut buffer = vec![0; 64 << 10];
        for n in 0..entries {
            let result = if n % 10 == 9 {
                let record = encode(&mut buffer, &Limits::DEFAULT, |entry| {
                    entry.set_time_unix_nano(1_700_000_000_000_000_000 + n);
                    entry.attr("count", &n);
                    entry.attr("causes", &std::collections::BTreeMap::from([("full", n)]));
                    entry.attr("dropped", &std::collections::BTreeMap::from([("ERROR", n)]));
                });
                let payload = record.unwrap().bytes().to_vec();
                writer.append_frame(FrameKind::Loss, Severity::UNSPECIFIED, &payload)
            } else {
                writer.append(|entry| write(random, n, entry))
            };
            if result.is_err() {
                break;
            }
        }
        if sealed {
            writer.seal().unwrap();
        } else {
            drop(writer);
        }
        let segment = std::fs::read(&path).unwrap();
        let index = std::fs::read(path.with_extension("fwi")).ok();
        let mut frames = Vec::new();
        let mut at = FRAMES;
        while let Some(word) = segment.get(at..at + 4) {
            let word = u32::from_le_bytes(word.try_into().unwrap());
            if word >> 28 != 2 {
                break;
            }
            let len = 16 + ((word & ((1 << 28) - 1)) as usize).next_multiple_of(16);
            frames.push((at, len));
            at += len;
        }
        std::fs::remove_file(&path).unwrap();
        let _ = std::fs::remove_file(path.with_extension("fwi"));
        Self { segment, index, frames, sealed }
    }

    /// Changes one byte that a checksum covers, and repairs nothing.
    pub fn flip(&mut self, random: &mut Random) -> Place {
        let place = self.place(random, false);
        let (start, len) = match place {
            Place::Header => (0, 4096),
            Place::Frame => self.frames[random.below(self.frames.len() as u64) as usize],
            Place::Trailer => (self.segment.len() - TRAILER.0, TRAILER.0),
            Place::Words | Place::Index => {
                let index = self.index.as_mut().unwrap();
                // The padding between the sections has no checksum.
                let (start, len) = (0, INDEX_HEADER + 4);
                let at = start + random.below(len as u64) as usize;
                index[at] ^= 1 << random.below(8);
                return Place::Index;
            }
        };
        let at = start + random.below(len as u64) as usize;
        self.segment[at] ^= 1 << random.below(8);
        place
    }

    fn place(&self, random: &mut Random, words: bool) -> Place {
        loop {
            let place = match random.below(12) {
                0 => Place::Header,
                1 if words => Place::Words,
                2 if self.sealed => Place::Trailer,
                3..=5 if self.index.is_some() => Place::Index,
                6.. if !self.frames.is_empty() => Place::Frame,
                _ => continue,
            };
            return place;
        }
    }

    /// Changes some bytes and repairs the checksums.
    pub fn change(&mut self, crc: &Crc, random: &mut Random) -> Vec<Place> {
        let changes = 1 + random.below(3);
        (0..changes).map(|_| self.change_once(crc, random)).collect()
    }

    fn change_once(&mut self, crc: &Crc, random: &mut Random) -> Place {
        let place = self.place(random, true);
        match place {
            Place::Header => {
                mutate(&mut self.segment[8..152], random);
                let sum = crc.of(0, &self.segment[..PAGE]);
                self.segment[PAGE..PAGE + 4].copy_from_slice(&sum.to_le_bytes());
            }
            Place::Words => mutate(&mut self.segment[4096..4096 + 320], random),
            Place::Frame => {
                let (at, len) = self.frames[random.below(self.frames.len() as u64) as usize];
                // The offset and the salt stay, or no reader accepts the frame.
                if random.below(8) == 0 {
                    mutate(&mut self.segment[at..at + 4], random);
                    mutate(&mut self.segment[at + 12..at + len], random);
                } else {
                    mutate(&mut self.segment[at + 12..at + len], random);
                }
                self.segment[at + 14..at + 16].fill(0);
                crc.repair_frame(&mut self.segment, at);
            }
            Place::Trailer => {
                let at = self.segment.len() - TRAILER.0;
                mutate(&mut self.segment[at + 16..], random);
                crc.repair_frame(&mut self.segment, at);
            }
            Place::Index => self.change_index(crc, random),
        }
        place
    }

    fn change_index(&mut self, crc: &Crc, random: &mut Random) {
        let index = self.index.as_mut().unwrap();
        let word =
            |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let section = 48 + 16 * random.below(4) as usize;
        let (at, len) = (word(index, section), word(index, section + 4));
        if random.below(6) == 0 || len == 0 {
            mutate(&mut index[16..INDEX_HEADER], random);
        } else {
            mutate(&mut index[at..at + len], random);
        }
        for section in (48..INDEX_HEADER).step_by(16) {
            let (at, len) = (word(index, section), word(index, section + 4));
            if let Some(bytes) = at.checked_add(len).and_then(|end| index.get(at..end)) {
                let sum = crc.of(0, bytes);
                index[section + 8..section + 12].copy_from_slice(&sum.to_le_bytes());
            }
        }
        let sum = crc.of(0, &index[..INDEX_HEADER]);
        index[INDEX_HEADER..INDEX_HEADER + 4].copy_from_slice(&sum.to_le_bytes());
        self.segment[INDEX..INDEX + 4].copy_from_slice(&sum.to_le_bytes());
        self.segment[INDEX + 4..INDEX + 8].copy_from_slice(&(!sum).to_le_bytes());
    }

    /// Writes the segment and its index into a directory.
    pub fn store(&self, directory: &Path) {
        let path = directory.join("01700000000000000000-07070707-00000000.fws");
        std::fs::write(&path, &self.segment).unwrap();
        if let Some(index) = &self.index {
            std::fs::write(path.with_extension("fwi"), index).unwrap();
        }
    }

    /// The payload of one of the frames.
    pub fn payload(&self, random: &mut Random) -> &[u8] {
        let (at, len) = self.frames[random.below(self.frames.len() as u64) as usize];
        &self.segment[at..at + len]
    }
}

/// Changes bytes: one bit, a number at the edge of its type, a copy of other bytes, or zeros.
pub fn mutate(bytes: &mut [u8], random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let len = bytes.len();
    let at = random.below(len as u64) as usize;
    match random.below(8) {
        0 | 1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = random.next() as u8,
        3..=5 => {
            // Most numbers are aligned.
            let width = 1 << random.below(4);
            let at = if random.below(4) > 0 { at / width * width } else { at };
            let edge = match random.below(3) {
                0 => random.next() >> random.below(64),
                _ => EDGES[random.below(EDGES.len() as u64) as usize],
            };
            let end = (at + width).min(len);
            bytes[at..end].copy_from_slice(&edge.to_le_bytes()[..end - at]);
        }
        6 => {
            let count = 1 + random.below(32).min((len - at - 1) as u64) as usize;
            let from = random.below((len - count + 1) as u64) as usize;
            bytes.copy_within(from..from + count, at.min(len - count));
        }
        _ => {
            let count = 1 + random.below(32).min((len - at - 1) as u64) as usize;
            bytes[at..at + count].fill(if random.below(2) == 0 { 0 } else { 0xff });
        }
    }
}
