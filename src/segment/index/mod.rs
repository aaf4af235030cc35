//! The index of a sealed segment: a summary of runs of frames that shows which runs may contain wanted entries.
//!
//! The index is in a file next to the segment. It is used only if the segment contains its checksum. Without an
//! index, or with a damaged one, every frame is examined: an index saves time and does not change a result. The
//! exception is the counts, which are those of the frames when the segment was sealed.

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
///
/// ```
/// use fusewire::Severity;
/// use fusewire::segment::{Segment, SegmentIndex, SegmentOptions, SegmentWriter, Wanted};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
/// for n in 0..1_000 {
///     writer.append(|entry| {
///         entry.set_severity(if n == 500 { Severity::ERROR } else { Severity::INFO });
///         entry.set_body("a message of a request");
///     })?;
/// }
/// writer.seal()?;
///
/// let segment = Segment::read_copy(&path)?;
/// let index = SegmentIndex::build(&segment).unwrap();
/// assert_eq!(index.entries(), 1_000);
/// assert_eq!(index.counts().unwrap().severities[17], 1);
///
/// let mut wanted = Wanted::default();
/// wanted.of_severities([Severity::ERROR]);
/// let bytes: usize = index.ranges(&wanted).unwrap().map(|range| range.len()).sum();
/// assert!(bytes < segment.as_bytes().len() / 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SegmentIndex {
    bytes: Vec<u8>,
    header: IndexHeader,
    /// The offset after the last byte of the segment that can belong to a frame.
    end: usize,
}

/// The number of entries of a segment, and the number of bytes of their frames, by severity and target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexCounts {
    /// The number of entries by severity number: 0 to 24, and all others.
    pub severities: [u64; SEVERITIES],
    /// The target, the number of entries and the number of bytes of the first 63 targets in the segment.
    pub targets: Vec<(Vec<u8>, u64, u64)>,
    /// The number of entries and bytes of all other targets.
    pub other_targets: (u64, u64),
}

impl SegmentIndex {
    /// Builds the index of a segment in memory from its frames. Returns `None` if frames are lost, because a search
    /// with the index would not report the loss.
    #[must_use]
    pub fn build(segment: &Segment) -> Option<Self> {
        let bytes = segment.as_bytes();
        let end = segment.trailer().map(|trailer| trailer.data_end);
        let index = IndexBuilder::build(bytes, &segment.header().ok()?, end, Mode::Recover)?;
        Self::parse(index, segment.header().ok()?.segment_id, bytes.len())
    }

    /// Parses an index, and checks that it belongs to the segment with this id and length.
    fn parse(bytes: Vec<u8>, segment_id: [u8; 16], len: usize) -> Option<Self> {
        let header = IndexHeader::parse(&bytes)?;
        let end = usize::try_from(header.data_end).ok().filter(|end| *end <= len)?;
        (header.segment_id == segment_id).then_some(Self { bytes, header, end })
    }

    /// Returns the bytes of the index file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the number of entries in the segment.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.header.entries
    }

    /// Returns the bytes of a section if it exists and is intact.
    fn section(&self, section: Section) -> Option<(&[u8], Extent)> {
        let extent = self.header.sections[section as usize];
        let bytes = self.at(extent)?;
        (crc32fast::hash(bytes) == extent.crc).then_some((bytes, extent))
    }

    fn at(&self, extent: Extent) -> Option<&[u8]> {
        self.bytes.get(extent.at as usize..)?.get(..extent.len as usize)
    }

    /// Returns the extent of the zones if each zone is after the previous one.
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

    /// Returns the parts of the segment that may contain `wanted` entries, in bytes. The parts consist of whole
    /// frames, in order, and no wanted entry is between them. Returns `None` if the index is damaged; then the whole
    /// segment may contain wanted entries.
    pub fn ranges<'a>(&'a self, wanted: &'a Wanted) -> Option<impl Iterator<Item = Range<usize>> + 'a> {
        let search = Search::new(self, wanted)?;
        let mut position = Position::default();
        Some(std::iter::from_fn(move || search.next(&mut position)))
    }

    /// Returns the number of entries of each severity and target.
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

/// The part of the column for the entries of a zone.
#[derive(Clone, Copy)]
struct Column<'a> {
    severities: &'a [u8],
    gaps: &'a [u8],
}

impl<'a> Column<'a> {
    /// Returns the part for the entries in `range`, of `entries` entries in total.
    fn of(column: &'a [u8], entries: usize, range: Range<usize>) -> Option<Self> {
        let gaps = column.get(entries.next_multiple_of(2)..)?;
        let severities = column.get(range.clone())?;
        Some(Self { severities, gaps: gaps.get(range.start.checked_mul(2)?..range.end.checked_mul(2)?)? })
    }

    /// Returns the distance from the `i`th entry to the next one, in slots.
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
