//! The index of a sealed segment: which runs of frames may hold what somebody looks for.
//!
//! It lies in a file beside the segment, and is believed only where the segment itself names its checksum. Without it, or
//! with a damaged one, every frame is looked at: an index saves time, and is never an answer. The exception are counts,
//! which are those of the frames as they were when the segment was sealed.

mod build;
mod file;
mod filter;
mod ranges;

use std::ops::Range;

use crate::format::bytes::{u16_at, u64_at};
use crate::format::frame::ALIGN;
use crate::format::index::{self as layout, Extent, IndexHeader, Section, Zone};

use super::reader::Segment;
use super::scan::Mode;
use build::SEVERITIES;

pub(crate) use build::IndexBuilder;
#[cfg(unix)]
pub(crate) use file::{INDEX_EXTENSION, index_path, is_index_name, write};
pub use ranges::Wanted;
pub(crate) use ranges::{Place, Position, Search};

/// The index of a sealed segment.
pub struct SegmentIndex {
    bytes: Vec<u8>,
    header: IndexHeader,
    /// One past the last byte of the segment that a frame may have.
    end: usize,
}

/// How many entries a segment has, and how many bytes their frames take, by what logged them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexCounts {
    /// Entries by severity number: 0 to 24, and all others.
    pub severities: [u64; SEVERITIES],
    /// Target, entries, bytes: of the first 63 targets in the segment.
    pub targets: Vec<(Vec<u8>, u64, u64)>,
    /// Entries and bytes of all other targets.
    pub other_targets: (u64, u64),
}

impl SegmentIndex {
    /// Makes the index of a segment in memory, from its frames. `None` where something in it is lost: what an index does not
    /// know of would not be found.
    #[must_use]
    pub fn build(segment: &Segment) -> Option<Self> {
        let bytes = segment.as_bytes();
        let end = segment.trailer().map(|trailer| trailer.data_end);
        let index = IndexBuilder::build(bytes, &segment.header().ok()?, end, Mode::Recover)?;
        Self::parse(index, segment.header().ok()?.segment_id, bytes.len())
    }

    /// The index that `bytes` are, where it is whole, and that of the segment with this id and length.
    fn parse(bytes: Vec<u8>, segment_id: [u8; 16], len: usize) -> Option<Self> {
        let header = IndexHeader::parse(&bytes)?;
        let end = usize::try_from(header.data_end).ok().filter(|end| *end <= len)?;
        (header.segment_id == segment_id).then_some(Self { bytes, header, end })
    }

    /// The index as it is on disk.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Entries in the segment.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.header.entries
    }

    /// The bytes of a section, where it is there and whole.
    fn section(&self, section: Section) -> Option<(&[u8], Extent)> {
        let extent = self.header.sections[section as usize];
        let bytes = self.at(extent)?;
        (crc32fast::hash(bytes) == extent.crc).then_some((bytes, extent))
    }

    fn at(&self, extent: Extent) -> Option<&[u8]> {
        self.bytes.get(extent.at as usize..)?.get(..extent.len as usize)
    }

    /// Where the zones are, where each follows the one before it.
    fn zones(&self) -> Option<Extent> {
        let (bytes, extent) = self.section(Section::Zones)?;
        let (zones, rest) = bytes.as_chunks::<{ layout::ZONE_LEN }>();
        let (mut slot, mut entries) = (0, 0);
        let sane = zones.iter().map(Zone::parse).all(|zone| {
            let follows = zone.slots.0 >= slot && zone.slots.0 < zone.slots.1 && zone.first_entry == entries;
            let inside = zone.entries <= layout::ZONE_ENTRIES
                && (zone.slots.1 as usize).saturating_mul(ALIGN) <= self.end;
            (slot, entries) = (zone.slots.1, entries.saturating_add(zone.entries.into()));
            follows && inside
        });
        (sane && rest.is_empty()).then_some(extent)
    }

    /// The parts of the segment in which what is `wanted` may be, in bytes: whole frames, in order, and between them nothing of
    /// it. `None` where the index is damaged: then that is all of the segment.
    pub fn ranges<'a>(&'a self, wanted: &'a Wanted) -> Option<impl Iterator<Item = Range<usize>> + 'a> {
        let search = Search::new(self, wanted)?;
        let mut position = Position::default();
        Some(std::iter::from_fn(move || search.next(&mut position)))
    }

    /// How many entries there are of each severity and target.
    #[must_use]
    pub fn counts(&self) -> Option<IndexCounts> {
        let (bytes, _) = self.section(Section::Counts)?;
        let mut counts = IndexCounts::default();
        for (i, count) in counts.severities.iter_mut().enumerate() {
            *count = u64_at(bytes, 8 * i)?;
        }
        counts.other_targets = (u64_at(bytes, 8 * SEVERITIES)?, u64_at(bytes, 8 * SEVERITIES + 8)?);
        let mut rest = &bytes[8 * SEVERITIES + 16..];
        while !rest.is_empty() {
            let (entries, size, len) = (u64_at(rest, 0)?, u64_at(rest, 8)?, usize::from(*rest.get(16)?));
            counts.targets.push((rest.get(17..17 + len)?.to_vec(), entries, size));
            rest = &rest[17 + len..];
        }
        Some(counts)
    }
}

/// What the column says of the entries of a zone.
#[derive(Clone, Copy)]
struct Column<'a> {
    severities: &'a [u8],
    gaps: &'a [u8],
}

impl<'a> Column<'a> {
    /// Of the entries in `range`, of `entries` all together.
    fn of(column: &'a [u8], entries: usize, range: Range<usize>) -> Option<Self> {
        let gaps = column.get(entries.next_multiple_of(2)..)?;
        let severities = column.get(range.clone())?;
        Some(Self { severities, gaps: gaps.get(range.start.checked_mul(2)?..range.end.checked_mul(2)?)? })
    }

    /// How far the entry behind the `i`th is from it, in slots.
    fn gap(self, i: usize) -> u32 {
        u16_at(self.gaps, 2 * i).unwrap_or(0).into()
    }
}

impl std::fmt::Debug for SegmentIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SegmentIndex")
            .field("entries", &self.entries())
            .field("bytes", &self.as_bytes().len())
            .finish()
    }
}
