//! The index file next to a segment.

#[cfg(unix)]
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::bytes::u64_at;
use crate::format::index::{self as layout};
use crate::format::segment::{self as segment_layout, SegmentHeader};
#[cfg(unix)]
use crate::segment::create::temporary_name;
#[cfg(unix)]
use crate::segment::folder::Folder;
use crate::segment::reader::Segment;
use crate::segment::regular::{self, Links};

use super::SegmentIndex;

/// The extension of an index, which replaces the extension of the segment.
pub(crate) const INDEX_EXTENSION: &str = "fwi";
/// An index is at most `1/MAX_PART` of its segment, plus `MAX_BASE` bytes.
const MAX_PART: u64 = 32;
const MAX_BASE: u64 = 64 << 10;

/// Returns the path of the index of the segment `path`.
pub(crate) fn index_path(path: &Path) -> PathBuf {
    path.with_extension(INDEX_EXTENSION)
}

/// Returns whether a file of this name is an index.
#[cfg(unix)]
pub(crate) fn is_index_name(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == INDEX_EXTENSION)
}

impl SegmentIndex {
    /// Reads the index of the sealed segment `path` into memory. Returns `None` if there is no index, if it is
    /// damaged, if it is not the index that was written when the segment was sealed, or if it is longer than 1/32 of
    /// the segment plus 64 KiB.
    #[must_use]
    pub fn read_copy(path: &Path, segment: &Segment) -> Option<Self> {
        segment.trailer()?;
        let named = u64_at(segment.as_bytes(), segment_layout::INDEX)?;
        Self::read(path, &segment.header().ok()?, segment.as_bytes().len(), named)
    }

    /// Reads the index as [`read_copy`](Self::read_copy) does, for a sealed segment with this header and length.
    /// `named` is the word of the segment that contains the checksum of its index.
    pub(crate) fn read(path: &Path, header: &SegmentHeader, len: usize, named: u64) -> Option<Self> {
        let named = segment_layout::index_checksum(named)?;
        let (mut file, metadata) = regular::open(&index_path(path), Links::Refused).ok()?;
        let most = len as u64 / MAX_PART + MAX_BASE;
        let expected = metadata.len();
        if !(layout::HEADER_LEN as u64..=most).contains(&expected) {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(expected).ok()?);
        io::Read::read_to_end(&mut io::Read::take(&mut file, most), &mut bytes).ok()?;
        let index = Self::parse(bytes, header.segment_id, len)?;
        (layout::checksum(&index.bytes) == Some(named)).then_some(index)
    }
}

/// Writes the index of the segment `name` under a temporary name and renames it. Returns the word with its checksum
/// for the segment.
///
/// # Errors
/// The errors of the file system. After an error no file remains.
#[cfg(unix)]
pub(crate) fn write(folder: &Folder, name: &OsStr, index: &[u8]) -> io::Result<u64> {
    let name = index_path(Path::new(name));
    let temporary = temporary_name(name.as_os_str());
    let mut file = folder.create_new(&temporary)?;
    let written = io::Write::write_all(&mut file, index)
        .and_then(|()| folder.rename_over(&temporary, name.as_os_str()));
    if let Err(error) = written {
        let _ = folder.remove(&temporary);
        return Err(error);
    }
    Ok(segment_layout::index_word(layout::checksum(index).unwrap_or(0)))
}
