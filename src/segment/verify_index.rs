//! The verification of the index of a segment.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::format::bytes::{u16_at, u64_at};
use crate::format::index::{self as layout, IndexHeader, Section, ZONE_LEN, Zone};
use crate::format::segment as segment_layout;

use super::index::{IndexBuilder, index_path};
use super::reader::Segment;
use super::scan::Mode;

/// A difference between the index of a segment and an index that is built from the frames of the segment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexDefect {
    /// The checksum of the header differs from the checksum that the segment stores, or the header is invalid.
    Header {
        /// The checksum that the segment stores.
        expected: u32,
        /// The checksum of the header of the index, or `None` if the file is shorter than a header.
        found: Option<u32>,
    },
    /// The bytes of a section differ from its checksum.
    Checksum {
        /// The name of the section: `zones`, `column`, `traces` or `counts`.
        section: &'static str,
        /// The checksum in the header of the index.
        expected: u32,
        /// The checksum of the bytes, or `None` if the section is not inside the file.
        found: Option<u32>,
    },
    /// A number differs from the number that the frames give.
    Differs {
        /// The name of the section, or `header`.
        section: &'static str,
        /// The place in the section, such as `zone 3: severities`.
        place: String,
        /// The number from the frames.
        expected: u64,
        /// The number in the index.
        found: u64,
    },
}

impl fmt::Display for IndexDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { expected, found: Some(found) } => {
                write!(f, "bad header checksum: expected {expected:08x}, found {found:08x}")
            }
            Self::Header { found: None, .. } => f.write_str("truncated header"),
            Self::Checksum { section, expected, found: Some(found) } => {
                write!(f, "section {section}: bad checksum: expected {expected:08x}, found {found:08x}")
            }
            Self::Checksum { section, found: None, .. } => {
                write!(f, "section {section}: the section is not inside the file")
            }
            Self::Differs { section, place, expected, found } => {
                write!(f, "section {section}: {place}: expected {expected} from the frames, found {found}")
            }
        }
    }
}

/// The sections with their names.
const SECTIONS: [(Section, &str); 4] = [
    (Section::Zones, "zones"),
    (Section::Column, "column"),
    (Section::Traces, "traces"),
    (Section::Counts, "counts"),
];

/// Compares the index of the segment `path` with the frames of the segment. Returns the first difference of each
/// section.
///
/// Returns `None` if the segment stores no checksum of an index, if its trailer is missing or damaged, or if the index
/// does not exist. The index of a damaged segment is verified against its checksums only.
///
/// # Errors
/// - the errors of the file system
/// - [`io::ErrorKind::InvalidInput`] if the index is not a regular file
/// - [`io::ErrorKind::FileTooLarge`] if the index is longer than the longest index
///
/// ```
/// use fusewire::segment::{Segment, SegmentOptions, SegmentWriter, verify_index};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
/// for _ in 0..1_000 {
///     writer.append(|entry| entry.set_body("a message of a request"))?;
/// }
/// writer.seal()?;
/// assert_eq!(verify_index(&Segment::read_copy(&path)?, &path)?, Some(Vec::new()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify_index(segment: &Segment, path: &Path) -> io::Result<Option<Vec<IndexDefect>>> {
    let bytes = segment.as_bytes();
    let named = u64_at(bytes, segment_layout::INDEX).and_then(segment_layout::index_checksum);
    let (Some(expected), Some(trailer)) = (named, segment.trailer()) else { return Ok(None) };
    compare(path, expected, || {
        let header = segment.header().ok()?;
        IndexBuilder::build(bytes, &header, Some(trailer.data_end), Mode::Recover)
    })
}

/// Compares the index of the segment `path` with the index that `make` builds from the frames. `expected` is the checksum
/// that the segment stores. `make` returns `None` if frames are lost, or if the first page is damaged.
pub(super) fn compare(
    path: &Path,
    expected: u32,
    make: impl FnOnce() -> Option<Vec<u8>>,
) -> io::Result<Option<Vec<IndexDefect>>> {
    let Some(index) = read(&index_path(path))? else { return Ok(None) };
    let found = layout::checksum(&index);
    let Some(header) = IndexHeader::parse(&index).filter(|_| found == Some(expected)) else {
        return Ok(Some(vec![IndexDefect::Header { expected, found }]));
    };
    let mut defects = Vec::new();
    let mut sections = [None; SECTIONS.len()];
    for ((section, name), place) in SECTIONS.into_iter().zip(&mut sections) {
        let extent = header.sections[section as usize];
        let bytes = at(&index, extent);
        let found = bytes.map(crc32fast::hash);
        if found == Some(extent.crc) {
            *place = bytes;
        } else {
            defects.push(IndexDefect::Checksum { section: name, expected: extent.crc, found });
        }
    }
    let Some(made) = make() else {
        // Frames are lost, and `verify` reports them.
        return Ok(Some(defects));
    };
    let Some(own) = IndexHeader::parse(&made) else { return Ok(Some(defects)) };
    let differs = |section, place: &str, expected, found| IndexDefect::Differs {
        section,
        place: place.to_owned(),
        expected,
        found,
    };
    for (place, expected, found) in [
        ("entries", own.entries, header.entries),
        ("end of the frames", own.data_end, header.data_end),
        ("first 8 bytes of the segment id", id(&own), id(&header)),
    ] {
        if expected != found {
            defects.push(differs("header", place, expected, found));
        }
    }
    for ((section, name), found) in SECTIONS.into_iter().zip(sections) {
        let expected = at(&made, own.sections[section as usize]).unwrap_or(&[]);
        let Some(found) = found.filter(|found| *found != expected) else { continue };
        // A writer leaves a section out if the index would take too much space.
        if found.is_empty() && section != Section::Zones {
            continue;
        }
        let (place, expected, found) = first_difference(section, expected, found);
        defects.push(differs(name, &place, expected, found));
    }
    Ok(Some(defects))
}

/// Returns the bytes of an index, or `None` if the file does not exist.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // An open of a pipe can block.
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let most = IndexBuilder::max_len(segment_layout::MAX_SIZE, true);
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(Some(bytes))
}

fn at(index: &[u8], extent: layout::Extent) -> Option<&[u8]> {
    index.get(extent.at as usize..)?.get(..extent.len as usize)
}

fn id(header: &IndexHeader) -> u64 {
    header.segment_id.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Returns the first place where two versions of a section differ, and the numbers there.
fn first_difference(section: Section, expected: &[u8], found: &[u8]) -> (String, u64, u64) {
    let length = ("length in bytes".to_owned(), expected.len() as u64, found.len() as u64);
    if expected.len() != found.len() {
        return length;
    }
    let Some(at) = expected.iter().zip(found).position(|(a, b)| a != b) else { return length };
    let byte = |bytes: &[u8], at: usize| bytes.get(at).copied().map_or(0, u64::from);
    let both = |place: String, read: &dyn Fn(&[u8]) -> u64| (place, read(expected), read(found));
    match section {
        Section::Zones => zone_difference(at / ZONE_LEN, expected, found).unwrap_or(length),
        Section::Column => {
            // The column has one byte for each entry, padding to an even number, and two bytes for each entry.
            let entries = expected.len() / 3;
            if at < entries {
                return both(format!("entry {at}: severity"), &|bytes| byte(bytes, at));
            }
            let gap = at.saturating_sub(entries.next_multiple_of(2)) / 2;
            let start = entries.next_multiple_of(2) + 2 * gap;
            both(format!("entry {gap}: distance to the next entry in slots"), &|bytes| {
                u16_at(bytes, start).map_or(0, u64::from)
            })
        }
        Section::Counts if at < 28 * 8 => {
            let place = match at / 8 {
                26 => "entries of other targets".to_owned(),
                27 => "bytes of other targets".to_owned(),
                25 => "entries of other severities".to_owned(),
                severity => format!("entries of severity {severity}"),
            };
            both(place, &|bytes| u64_at(bytes, at / 8 * 8).unwrap_or(0))
        }
        Section::Counts | Section::Traces => both(format!("byte {at}"), &|bytes| byte(bytes, at)),
    }
}

/// Returns the first field in which a zone differs.
fn zone_difference(number: usize, expected: &[u8], found: &[u8]) -> Option<(String, u64, u64)> {
    let zone = |bytes: &[u8]| bytes.as_chunks::<ZONE_LEN>().0.get(number).map(Zone::parse);
    let fields = |zone: Zone| {
        [
            ("first slot", zone.slots.0.into()),
            ("end slot", zone.slots.1.into()),
            ("number of the first entry", zone.first_entry.into()),
            ("slot of the first entry", zone.first_entry_slot.into()),
            ("entries", zone.entries.into()),
            ("flags", zone.flags.into()),
            ("severities", zone.severities.into()),
            ("earliest time", zone.times.0),
            ("latest time", zone.times.1),
            ("latest time up to the end of the zone", zone.reached),
            ("targets", zone.targets),
            ("trips", zone.trips.into()),
        ]
    };
    let (expected, found) = (zone(expected)?, zone(found)?);
    let mut both = fields(expected).into_iter().zip(fields(found));
    let ((name, expected), (_, found)) = both.find(|((_, expected), (_, found))| expected != found)?;
    Some((format!("zone {number}: {name}"), expected, found))
}
