//! The index beside a sealed segment. `schema/FORMAT.md`, "The index", is the specification.

use super::bytes::{u16_at, u32_at, u64_at};

/// `\x89FWI\r\n\x1a\n`.
pub(crate) const MAGIC: [u8; 8] = [0x89, b'F', b'W', b'I', b'\r', b'\n', 0x1A, b'\n'];

const VERSION_AT: usize = 8;
const SEGMENT_ID: usize = VERSION_AT + 8;
const DATA_END: usize = SEGMENT_ID + 16;
const ENTRIES: usize = DATA_END + 8;
const SECTIONS: usize = ENTRIES + 8;
const CRC: usize = SECTIONS + SECTION_LEN * SECTION_COUNT;
/// Bytes of the header; the sections follow, each from a multiple of 8 on.
pub(crate) const HEADER_LEN: usize = CRC + 8;

const SECTION_COUNT: usize = 4;
const SECTION_LEN: usize = 16;

/// The version this code writes; another major version is not read.
const VERSION: (u16, u16) = (1, 0);

const _: () = assert!(HEADER_LEN == 120 && HEADER_LEN.is_multiple_of(8));

/// A part of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// A record of [`ZONE_LEN`] bytes for each zone.
    Zones,
    /// Of each entry its severity (u8), and then, for all, how far the next one is (u16, in slots).
    Column,
    /// Of each zone a filter of the trace ids in it.
    Traces,
    /// How many entries of each severity, and of each target.
    Counts,
}

/// Where a section is. One that was left out has a length of 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) at: u32,
    pub(crate) len: u32,
    pub(crate) crc: u32,
    /// Of [`Section::Traces`]: bytes of each filter.
    pub(crate) unit: u32,
}

/// What an index says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexHeader {
    /// The segment that it is of.
    pub(crate) segment_id: [u8; 16],
    /// Where that segment's frames end.
    pub(crate) data_end: u64,
    /// Entries in it, those that nobody can read included.
    pub(crate) entries: u64,
    pub(crate) sections: [Extent; SECTION_COUNT],
}

impl IndexHeader {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &MAGIC);
        put(VERSION_AT, &VERSION.0.to_le_bytes());
        put(VERSION_AT + 2, &VERSION.1.to_le_bytes());
        put(SEGMENT_ID, &self.segment_id);
        put(DATA_END, &self.data_end.to_le_bytes());
        put(ENTRIES, &self.entries.to_le_bytes());
        for (i, extent) in self.sections.iter().enumerate() {
            let at = SECTIONS + i * SECTION_LEN;
            put(at, &extent.at.to_le_bytes());
            put(at + 4, &extent.len.to_le_bytes());
            put(at + 8, &extent.crc.to_le_bytes());
            put(at + 12, &extent.unit.to_le_bytes());
        }
        let crc = crc32fast::hash(&bytes[..CRC]);
        bytes[CRC..CRC + 4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header that `bytes` begin with, where it is whole and of a version that is read.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER_LEN).filter(|header| header.starts_with(&MAGIC))?;
        if checksum(header)? != crc32fast::hash(&header[..CRC]) || u16_at(header, VERSION_AT)? != VERSION.0 {
            return None;
        }
        let mut sections = [Extent::default(); SECTION_COUNT];
        for (i, extent) in sections.iter_mut().enumerate() {
            let at = SECTIONS + i * SECTION_LEN;
            *extent = Extent {
                at: u32_at(header, at)?,
                len: u32_at(header, at + 4)?,
                crc: u32_at(header, at + 8)?,
                unit: u32_at(header, at + 12)?,
            };
        }
        let segment_id = header.get(SEGMENT_ID..)?.first_chunk().copied()?;
        Some(Self {
            segment_id,
            data_end: u64_at(header, DATA_END)?,
            entries: u64_at(header, ENTRIES)?,
            sections,
        })
    }
}

/// The checksum of an index's header, which stands for all of it: the header has those of the sections.
pub(crate) fn checksum(header: &[u8]) -> Option<u32> {
    u32_at(header, CRC)
}

/// Bytes of a zone's record.
pub(crate) const ZONE_LEN: usize = 64;
/// Entries of a zone, at most.
pub(crate) const ZONE_ENTRIES: u16 = 128;
/// Bytes of frames after which a zone ends.
pub(crate) const ZONE_BYTES: usize = 1 << 20;
/// Bytes of a zone's filter that is not folded.
pub(crate) const FILTER_LEN: usize = 256;

/// [`Zone::flags`]: an entry is further from the next than the column can say.
pub(crate) const IRREGULAR: u16 = 1;
/// [`Zone::flags`]: there are frames that are no entries, or entries that nobody can read.
pub(crate) const OTHER_FRAMES: u16 = 1 << 1;
/// [`Zone::flags`]: there are entries without a time.
pub(crate) const WITHOUT_TIME: u16 = 1 << 2;

/// A run of frames, and what holds for each entry in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone {
    /// The slot of its first frame, and the one behind its last.
    pub(crate) slots: (u32, u32),
    /// Entries before it.
    pub(crate) first_entry: u32,
    /// The slot of its first entry.
    pub(crate) first_entry_slot: u32,
    /// Entries in it that can be read.
    pub(crate) entries: u16,
    pub(crate) flags: u16,
    /// A bit for each severity number, the last one for all from 31 on.
    pub(crate) severities: u32,
    /// The earliest and the latest time of those that have one.
    pub(crate) times: (u64, u64),
    /// The latest time in the segment up to its end.
    pub(crate) reached: u64,
    /// A bit for each target of the segment, the last one for all that are not counted by name.
    pub(crate) targets: u64,
    /// A bit for each cause of a trip, and one for dropped attributes.
    pub(crate) trips: u16,
}

impl Zone {
    pub(crate) fn to_bytes(self) -> [u8; ZONE_LEN] {
        let mut bytes = [0; ZONE_LEN];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(0, &self.slots.0.to_le_bytes());
        put(4, &self.slots.1.to_le_bytes());
        put(8, &self.first_entry.to_le_bytes());
        put(12, &self.first_entry_slot.to_le_bytes());
        put(16, &self.entries.to_le_bytes());
        put(18, &self.flags.to_le_bytes());
        put(20, &self.severities.to_le_bytes());
        put(24, &self.times.0.to_le_bytes());
        put(32, &self.times.1.to_le_bytes());
        put(40, &self.reached.to_le_bytes());
        put(48, &self.targets.to_le_bytes());
        put(56, &self.trips.to_le_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; ZONE_LEN]) -> Self {
        let (u16_of, u32_of, u64_of) = (
            |at| u16_at(bytes, at).unwrap_or(0),
            |at| u32_at(bytes, at).unwrap_or(0),
            |at| u64_at(bytes, at).unwrap_or(0),
        );
        Self {
            slots: (u32_of(0), u32_of(4)),
            first_entry: u32_of(8),
            first_entry_slot: u32_of(12),
            entries: u16_of(16),
            flags: u16_of(18),
            severities: u32_of(20),
            times: (u64_of(24), u64_of(32)),
            reached: u64_of(40),
            targets: u64_of(48),
            trips: u16_of(56),
        }
    }
}

impl Zone {
    /// The earliest and the latest time, where every entry has one.
    pub(crate) fn times_of_all(&self) -> Option<(u64, u64)> {
        let is_whole = self.times.1 != 0 && self.times.0 <= self.times.1;
        (self.flags & WITHOUT_TIME == 0 && is_whole).then_some(self.times)
    }
}

/// The bit of a severity in [`Zone::severities`].
pub(crate) const fn severity_bit(number: u8) -> u32 {
    1 << if number < 31 { number } else { 31 }
}

/// Targets that are counted by name; the rest share a bit.
pub(crate) const NAMED_TARGETS: usize = 63;
/// The bit of [`Zone::trips`] for dropped attributes, behind those of the causes.
pub(crate) const DROPPED_BIT: u16 = 1 << 8;
