//! The file beside the segment.

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

/// The extension of an index, in place of the segment's.
pub(crate) const INDEX_EXTENSION: &str = "fwi";
/// An index is shorter than this part of its segment, plus [`MAX_BASE`] bytes.
const MAX_PART: u64 = 32;
const MAX_BASE: u64 = 64 << 10;

/// Where the index of the segment `path` is.
pub(crate) fn index_path(path: &Path) -> PathBuf {
    path.with_extension(INDEX_EXTENSION)
}

/// Whether a file of this name is an index.
#[cfg(unix)]
pub(crate) fn is_index_name(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == INDEX_EXTENSION)
}

impl SegmentIndex {
    /// Reads the index of the sealed segment `path` into memory. `None` if there is no index, if it is damaged, if it is not
    /// the index that was made when the segment was sealed, or if it is longer than 3 % of the segment and 64 KiB.
    #[must_use]
    pub fn read_copy(path: &Path, segment: &Segment) -> Option<Self> {
        segment.trailer()?;
        let named = u64_at(segment.as_bytes(), segment_layout::INDEX)?;
        Self::read(path, &segment.header().ok()?, segment.as_bytes().len(), named)
    }

    /// As [`read_copy`](Self::read_copy), for a sealed segment with this header and length, and with `named` as the word that
    /// names its index.
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

/// Writes the index of the segment `name`, under a temporary name first. Returns the word for the segment to name it by.
///
/// # Errors
/// Those of the file system; nothing is left behind then.
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
