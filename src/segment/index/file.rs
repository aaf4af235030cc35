//! The file beside the segment.

#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::bytes::u64_at;
use crate::format::index::{self as layout};
use crate::format::segment as segment_layout;
use crate::map::file::ReadMap;
#[cfg(unix)]
use crate::segment::create::temporary_name;
#[cfg(unix)]
use crate::segment::folder::Folder;
use crate::segment::reader::Segment;
use crate::segment::regular::{self, Links};

use super::{Bytes, SegmentIndex};

/// The extension of an index, in place of the segment's.
pub(crate) const INDEX_EXTENSION: &str = "fwi";
/// No index is longer: 2 % of the longest segment, and some.
const MAX_LEN: u64 = segment_layout::MAX_SIZE / 32;

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
    /// Opens the index beside the sealed segment `path`. `None` where there is none, where it is not the one that was
    /// made when the segment was sealed, or damaged.
    ///
    /// What [`Segment::open_trusted`] says of truncation holds for the index as well.
    #[must_use]
    pub fn open_trusted(path: &Path, segment: &Segment) -> Option<Self> {
        Self::open(path, segment, |file| ReadMap::new(file).map(Bytes::Mapped))
    }

    /// The same, read into memory.
    #[must_use]
    pub fn read_copy(path: &Path, segment: &Segment) -> Option<Self> {
        Self::open(path, segment, |mut file| {
            let mut bytes = Vec::new();
            io::Read::read_to_end(&mut io::Read::take(&mut file, MAX_LEN), &mut bytes)?;
            Ok(Bytes::Made(bytes))
        })
    }

    /// The same, mapped where the segment is, and read into memory where that is.
    pub(crate) fn beside(path: &Path, segment: &Segment) -> Option<Self> {
        if segment.is_mapped() { Self::open_trusted(path, segment) } else { Self::read_copy(path, segment) }
    }

    fn open(path: &Path, segment: &Segment, load: impl FnOnce(&File) -> io::Result<Bytes>) -> Option<Self> {
        segment.trailer()?;
        let named =
            u64_at(segment.as_bytes(), segment_layout::INDEX).and_then(segment_layout::index_checksum)?;
        let (file, metadata) = regular::open(&index_path(path), Links::Refused).ok()?;
        let len = metadata.len();
        if !(layout::HEADER_LEN as u64..=MAX_LEN).contains(&len) {
            return None;
        }
        let index = Self::parse(load(&file).ok()?, segment)?;
        (layout::checksum(index.bytes.get()) == Some(named)).then_some(index)
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
