//! The directory of a log, for its writer.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use crate::format::segment::{PAGE, SegmentHeader};
use crate::segment::folder::{Access, Folder, Modes};
use crate::segment::held::FileId;

/// The directory of a log: an absolute path, and the open directory to which the path referred when it was last
/// opened or checked.
pub(super) struct Directory {
    path: PathBuf,
    modes: Modes,
    folder: ArcSwap<Folder>,
    /// The highest ordinal that is known to be in use, or 0 if the headers have not been read.
    pub(super) ordinal: AtomicU64,
}

/// The result of [`Directory::check`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The path refers to the open directory.
    Same,
    /// The path refers to nothing or to another directory, because the open one was renamed. A new directory is open
    /// now.
    Moved,
    /// The path refers to nothing or to another directory, because the open one was deleted. A new directory is open
    /// now.
    Removed,
}

impl Directory {
    /// Opens the directory `path`. Creates it if it does not exist.
    ///
    /// # Errors
    /// The errors of the file system, with the path and the call.
    pub(super) fn open(path: &Path, modes: Modes) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let folder = ArcSwap::from_pointee(Folder::make(&path, modes)?);
        Ok(Self { path, modes, folder, ordinal: AtomicU64::new(0) })
    }

    /// Returns the absolute path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the directory in which new segments are created.
    pub(super) fn folder(&self) -> Arc<Folder> {
        self.folder.load_full()
    }

    /// Compares the directory at the path with the open one. If the path refers to another directory, opens that
    /// directory. If it refers to nothing, creates a directory. Existing segments stay with the directory in which
    /// they were created.
    ///
    /// # Errors
    /// The errors of the file system if there is no directory now and none can be created.
    pub(super) fn check(&self) -> io::Result<Change> {
        let folder = self.folder.load_full();
        match rustix::fs::stat(&self.path) {
            Ok(found) if FileId::in_stat(&found) == folder.id() => return Ok(Change::Same),
            // The state is unknown, for example because of missing permissions. The open directory stays in use.
            Err(error) if !matches!(error, rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
                return Ok(Change::Same);
            }
            Ok(_) | Err(_) => {}
        }
        let links = folder.descriptor().ok().and_then(|held| {
            held.get().and_then(|open| rustix::fs::fstat(open).ok()).map(|found| found.st_nlink)
        });
        self.folder.store(Arc::new(Folder::make(&self.path, self.modes)?));
        self.ordinal.store(0, Ordering::Release);
        Ok(if links == Some(0) { Change::Removed } else { Change::Moved })
    }
}

/// Returns the highest ordinal in the headers of the segments `names`, or 0 if there is none.
pub(super) fn highest_ordinal(folder: &Folder, names: &[&OsStr]) -> u64 {
    let headers = names.iter().filter_map(|name| header_of(folder, name));
    headers.map(|header| header.ordinal).max().unwrap_or(0)
}

/// Returns the header of the segment `name`, without mapping the file.
fn header_of(folder: &Folder, name: &OsStr) -> Option<SegmentHeader> {
    use std::os::unix::fs::FileExt;
    let file = folder.open_regular(name, Access::Read).ok()?;
    let mut page = [0; PAGE];
    file.read_exact_at(&mut page, 0).ok()?;
    SegmentHeader::parse(&page).ok()
}
