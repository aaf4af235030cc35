//! The index of a sealed segment. `schema/FORMAT.md`, section "The index", is the specification.

use super::bytes::{u16_at, u32_at, u64_at};

/// `\x89FWI\r\n\x1a\n`.
pub(crate) const MAGIC: [u8; 8] = [0x89, b'F', b'W', b'I', b'\r', b'\n', 0x1A, b'\n'];

const VERSION_AT: usize = 8;
const SEGMENT_ID: usize = VERSION_AT + 8;
const DATA_END: usize = SEGMENT_ID + 16;
const ENTRIES: usize = DATA_END + 8;
const SECTIONS: usize = ENTRIES + 8;
const CRC: usize = SECTIONS + SECTION_LEN * SECTION_COUNT;
/// The length of the header in bytes. The sections follow; each section begins at a multiple of 8.
pub(crate) const HEADER_LEN: usize = CRC + 8;

const SECTION_COUNT: usize = 4;
const SECTION_LEN: usize = 16;

/// The version that this code writes. Indexes of other major versions are ignored.
const VERSION: (u16, u16) = (1, 0);

const _: () = assert!(HEADER_LEN == 120 && HEADER_LEN.is_multiple_of(8));

/// A section of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// A record of [`ZONE_LEN`] bytes for each zone.
    Zones,
    /// The severities of all entries (u8 each), then the distances of all entries to the next entry (u16 each, in
    /// slots).
    Column,
    /// A filter of the trace ids of each zone.
    Traces,
    /// The number of entries of each severity and of each target.
    Counts,
}

/// The place of a section. An omitted section has the length 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) at: u32,
    pub(crate) len: u32,
    pub(crate) crc: u32,
    /// In [`Section::Traces`]: the length of each filter in bytes.
    pub(crate) unit: u32,
}

/// The header of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexHeader {
    /// The id of the segment of the index.
    pub(crate) segment_id: [u8; 16],
    /// The end of the frames in the segment: an offset in bytes.
    pub(crate) data_end: u64,
    /// The number of entries in the segment, including invalid entries.
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

    /// Parses the header at the beginning of `bytes`. Returns `None` if the header is invalid or has another major
    /// version.
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

/// Returns the checksum of the header of an index. It identifies the whole index, because the header contains the
/// checksums of the sections.
pub(crate) fn checksum(header: &[u8]) -> Option<u32> {
    u32_at(header, CRC)
}

/// The length of the record of a zone in bytes.
pub(crate) const ZONE_LEN: usize = 64;
/// The maximum number of entries in a zone.
pub(crate) const ZONE_ENTRIES: u16 = 128;
/// A zone ends after this number of bytes of frames.
pub(crate) const ZONE_BYTES: usize = 1 << 20;
/// The length of the filter of a zone in bytes before folding.
pub(crate) const FILTER_LEN: usize = 256;

/// [`Zone::flags`]: a distance to the next entry exceeds the range of the column.
pub(crate) const IRREGULAR: u16 = 1;
/// [`Zone::flags`]: the zone contains frames that are not entries, or invalid entries.
pub(crate) const OTHER_FRAMES: u16 = 1 << 1;
/// [`Zone::flags`]: the zone contains entries without a time.
pub(crate) const WITHOUT_TIME: u16 = 1 << 2;

/// A run of frames, with a summary of its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Zone {
    /// The slot of the first frame, and the slot after the last frame.
    pub(crate) slots: (u32, u32),
    /// The number of entries in the segment before the zone.
    pub(crate) first_entry: u32,
    /// The slot of the first entry.
    pub(crate) first_entry_slot: u32,
    /// The number of valid entries in the zone.
    pub(crate) entries: u16,
    pub(crate) flags: u16,
    /// A bit for each severity number. The last bit represents 31 and all higher numbers.
    pub(crate) severities: u32,
    /// The earliest and the latest time of the entries that have a time.
    pub(crate) times: (u64, u64),
    /// The latest time in the segment up to the end of the zone.
    pub(crate) reached: u64,
    /// A bit for each target of the segment. The last bit represents all targets that are not counted by name.
    pub(crate) targets: u64,
    /// A bit for each cause of a trip, and a bit for dropped attributes.
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
    /// Returns the earliest and the latest time, if all entries have a time.
    pub(crate) fn times_of_all(&self) -> Option<(u64, u64)> {
        let is_whole = self.times.1 != 0 && self.times.0 <= self.times.1;
        (self.flags & WITHOUT_TIME == 0 && is_whole).then_some(self.times)
    }
}

/// Returns the bit of a severity in [`Zone::severities`].
pub(crate) const fn severity_bit(number: u8) -> u32 {
    1 << if number < 31 { number } else { 31 }
}

/// The number of targets that are counted by name. The other targets share a bit.
pub(crate) const NAMED_TARGETS: usize = 63;
/// The bit of [`Zone::trips`] for dropped attributes. It follows the bits of the causes.
pub(crate) const DROPPED_BIT: u16 = 1 << 8;
