//! The conversion of segments of format 1.0 to segments of format 1.1 with the same content.
//!
//! Each entry that has an earlier entry of its shape becomes a like entry. All else stays as it is.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a fixture; clippy knows functions marked as tests only"
)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::checksum;
use fusewire::like;
use fusewire::segment::{Event, Events, FrameKind, FrameRef, Mode, Segment, SegmentIndex};

const MINOR: usize = 10;
const INCOMPAT: usize = 24;
const SALT: usize = 28;
const ID: usize = 32;
const PREVIOUS_ID: usize = 112;
const PREVIOUS_END: usize = 128;
const CRC: usize = 4092;
const TAIL: usize = 4096;
const DURABLE: usize = 4096 + 128;
const INDEX: usize = 4096 + 192;
const FIRST: usize = 8192;
const TRAILER: usize = 64;
/// The number of bases that are tried for each entry.
const BASES: usize = 32;

/// A segment with like entries.
pub struct Like {
    pub bytes: Vec<u8>,
    /// The frame of each entry: offset, length, and the number of the entry that is its base.
    pub frames: Vec<(usize, usize, Option<usize>)>,
    /// The end of the frames.
    pub end: usize,
}

impl Like {
    /// Returns the entries that are lost with the frame that contains the byte at `at`: its own entry and the
    /// dependants of the entry.
    pub fn lost_with(&self, at: usize) -> Vec<usize> {
        let hit = self.frames.iter().position(|(start, len, _)| (*start..start + len).contains(&at));
        let Some(hit) = hit else { return Vec::new() };
        (0..self.frames.len()).filter(|i| *i == hit || self.frames[*i].2 == Some(hit)).collect()
    }
}

/// Returns the segment `bytes`, which is intact and has no like entries, in format 1.1.
pub fn converted(bytes: &[u8]) -> Like {
    let mut out = vec![0; bytes.len()];
    out[..FIRST].copy_from_slice(&bytes[..FIRST]);
    out[MINOR] = 1;
    out[INCOMPAT] |= 1;
    fix_header(&mut out);
    let salt = u32_at(bytes, SALT);
    let (mut at, mut end, mut frames) = (FIRST, FIRST, Vec::new());
    // The entries that can be bases: their number, their slot and their bytes.
    let mut bases: Vec<(usize, u32, Vec<u8>)> = Vec::new();
    for event in Events::new(bytes, Mode::Recover).unwrap() {
        let event = event.unwrap();
        let (Event::Entry(frame, _) | Event::Frame(frame)) = event else {
            panic!("expected an intact segment, found {event:?}")
        };
        end = (frame.offset + frame.len_on_disk()) as usize;
        if frame.kind != FrameKind::Entry {
            at += put(&mut out, at, salt, &frame);
            continue;
        }
        let found = bases.iter().rev().take(BASES).find_map(|(number, slot, base)| {
            let base = like::base(base).unwrap();
            let mut scratch = vec![0; like::scratch_len(&base, frame.payload.len())];
            let len = like::convert(frame.payload, &base, *slot, &mut scratch)?;
            scratch.truncate(len);
            Some((*number, scratch))
        });
        let (start, base) = (at, found.as_ref().map(|(number, _)| *number));
        at += match &found {
            Some((_, payload)) => {
                put(&mut out, at, salt, &FrameRef { kind: FrameKind::Like, payload, ..frame })
            }
            None => {
                if like::base(frame.payload).is_ok() {
                    bases.push((frames.len(), (at / 16) as u32, frame.payload.to_vec()));
                }
                put(&mut out, at, salt, &frame)
            }
        };
        frames.push((start, at - start, base));
    }
    // The word that closes the segment.
    if u32_at(bytes, end) >> 28 == 3 {
        out[at..at + 4].copy_from_slice(&(3_u32 << 28).to_le_bytes());
        out[at + 4..at + 8].copy_from_slice(&(salt ^ (at / 16) as u32).to_le_bytes());
    }
    set_tail(&mut out, at);
    let durable = u64_at(bytes, DURABLE).min(at as u64);
    out[DURABLE..DURABLE + 8].copy_from_slice(&durable.to_le_bytes());
    out[INDEX..INDEX + 8].fill(0);
    let trailer = bytes.len() - TRAILER;
    if u32_at(bytes, trailer) != 0 {
        out[trailer..].copy_from_slice(&bytes[trailer..]);
        out[trailer + 24..trailer + 32].copy_from_slice(&(at as u64).to_le_bytes());
        fix_frame(&mut out, trailer);
    }
    Like { bytes: out, frames, end: at }
}

/// Converts all segments of `directory`, and writes their indexes anew. Returns the number of like entries.
pub fn convert_directory(directory: &Path) -> usize {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "fws"));
    paths.sort();
    let mut ends: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut count = 0;
    for path in &paths {
        let Like { mut bytes, frames, end } = converted(&std::fs::read(path).unwrap());
        count += frames.iter().filter(|(.., base)| base.is_some()).count();
        ends.insert(bytes[ID..ID + 16].to_vec(), end);
        if let Some(end) = ends.get(&bytes[PREVIOUS_ID..PREVIOUS_ID + 16]) {
            bytes[PREVIOUS_END..PREVIOUS_END + 8].copy_from_slice(&(*end as u64).to_le_bytes());
            fix_header(&mut bytes);
        }
        let index = path.with_extension("fwi");
        if index.exists() {
            std::fs::remove_file(&index).unwrap();
            if let Some(built) = SegmentIndex::build(&Segment::from_vec(bytes.clone())) {
                let check = u32_at(built.as_bytes(), CRC_OF_INDEX);
                let word = u64::from(check) | u64::from(!check) << 32;
                bytes[INDEX..INDEX + 8].copy_from_slice(&word.to_le_bytes());
                std::fs::write(&index, built.as_bytes()).unwrap();
            }
        }
        std::fs::write(path, bytes).unwrap();
    }
    count
}

/// The offset of the checksum of an index.
const CRC_OF_INDEX: usize = 112;

/// Copies the files of `from` to `to`.
pub fn copy_directory(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

pub fn put(out: &mut [u8], at: usize, salt: u32, frame: &FrameRef<'_>) -> usize {
    let len = 16 + frame.payload.len().next_multiple_of(16);
    let bytes = &mut out[at..at + len];
    bytes[..4].copy_from_slice(&(frame.payload.len() as u32).to_le_bytes());
    bytes[8..12].copy_from_slice(&(salt ^ (at / 16) as u32).to_le_bytes());
    bytes[12..16].copy_from_slice(&[frame.kind.number(), frame.severity.number(), 0, 0]);
    bytes[16..16 + frame.payload.len()].copy_from_slice(frame.payload);
    fix_frame(out, at);
    len
}

/// Repairs the commit word of the frame at `at`, for any content of the frame.
pub fn fix_frame(out: &mut [u8], at: usize) {
    let payload = u32_at(out, at) & 0x0FFF_FFFF;
    let len = 16 + (payload as usize).next_multiple_of(16);
    let word = checksum::commit_word(&out[at..at + len], payload);
    out[at..at + 8].copy_from_slice(&word.to_le_bytes());
}

pub fn fix_header(out: &mut [u8]) {
    let crc = checksum::crc32(0, &out[..CRC]);
    out[CRC..CRC + 4].copy_from_slice(&crc.to_le_bytes());
}

pub fn set_tail(out: &mut [u8], at: usize) {
    let slot = (at / 16) as u32;
    let word = u64::from(slot) | u64::from(!slot) << 32;
    out[TAIL..TAIL + 8].copy_from_slice(&word.to_le_bytes());
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().unwrap())
}

pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().unwrap())
}
