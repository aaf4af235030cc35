//! The file of a directory that its processes lock, and that readers cannot open.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::format::bytes::{FNV_BASIS, fnv1a64};
use crate::map::lock::{self, Part};
use crate::segment::folder::Folder;
use crate::segment::held::{FileId, Held};

/// The name of the file. Only its owner can open it, so no reader can lock it.
pub(super) const LOCK_NAME: &str = ".fusewire.lock";
const LOCK_MODE: u32 = 0o600;

/// The part of the file in which each process locks one byte for a stream that it writes.
const STREAMS: Part = Part { start: 1 << 61, len: 1 << 61 };
/// The part of the file in which each process locks one byte for a segment that it completes or deletes.
const SEGMENTS: Part = Part { start: 1 << 62, len: (1 << 62) - 1 };

/// Opens the file. Creates it if it does not exist.
///
/// # Errors
/// The errors of the file system, and [`io::ErrorKind::PermissionDenied`] for a file that other accounts can write
/// to.
pub(super) fn open(folder: &Folder) -> io::Result<File> {
    let name = OsStr::new(LOCK_NAME);
    folder.open_only(name).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => match folder.create_with_mode(name, LOCK_MODE) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => folder.open_only(name),
            made => made,
        },
        _ => Err(error),
    })
}

/// A byte of the file that this process has locked. It is unlocked when this is dropped.
struct Byte {
    file: Held,
    at: Part,
}

impl Byte {
    fn lock(file: File, within: Part, number: u64) -> io::Result<Self> {
        let at = Part { start: within.start + number % within.len, len: 1 };
        lock::lock(&file, at)?;
        Ok(Self { file: Held::new(file)?, at })
    }
}

impl Drop for Byte {
    fn drop(&mut self) {
        // An explicit call releases the lock. If the owner only closed the file, a forked child that inherited it
        // would keep the lock.
        let _ = self.file.get().map(|file| lock::unlock(file, self.at));
    }
}

/// The right to complete or to delete one segment whose owner has ended.
pub(super) struct Claim(#[expect(dead_code, reason = "it holds the lock")] Byte);

impl Claim {
    /// Takes the right for the segment `name`.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if another process has the right. Other errors if there is no file to lock: then
    /// no process of this account can have it.
    pub(super) fn take(folder: &Folder, name: &OsStr) -> io::Result<Self> {
        Byte::lock(open(folder)?, SEGMENTS, fnv1a64(FNV_BASIS, name.as_encoded_bytes())).map(Self)
    }
}

/// The mark of a process that writes a stream in a directory. It ends with the process.
pub(super) struct Presence {
    byte: Byte,
    folder: FileId,
}

impl Presence {
    /// Marks the stream.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn mark(folder: &Arc<Folder>, stream_id: &[u8; 16]) -> io::Result<Self> {
        let byte = Byte::lock(open(folder)?, STREAMS, fnv1a64(FNV_BASIS, stream_id))?;
        Ok(Self { byte, folder: folder.id() })
    }

    /// Returns whether the mark is in this directory.
    pub(super) fn is_in(&self, folder: &Folder) -> bool {
        self.folder == folder.id() && self.byte.file.get().is_some()
    }

    /// Returns the number of other streams that are marked. Each takes two system calls.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn others(&self) -> io::Result<u64> {
        let file = self.byte.file.get().ok_or(io::ErrorKind::NotFound)?;
        let (mut rest, mut count) = (vec![(STREAMS.start, STREAMS.end())], 0);
        while let Some((start, end)) = rest.pop() {
            // The system returns any lock in the part, so there may be further locks before it and after it.
            if start < end
                && let Some(found) = lock::locked_part(file, Part { start, len: end - start })?
            {
                count += 1;
                rest.extend([(start, found.start), (found.end(), end)]);
            }
        }
        Ok(count)
    }

    /// Leaves the mark to the parent in a forked child.
    pub(super) fn leave(&self) {
        self.byte.file.leave();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::segment::folder::Modes;

    #[test]
    fn streams_are_counted_as_long_as_they_are_marked() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::make(temporary.path(), Modes::default()).unwrap());
        let mut marks: Vec<_> = (0..40).map(|n| Presence::mark(&folder, &[n; 16]).unwrap()).collect();
        assert!(marks.iter().all(|mark| mark.others().unwrap() == 39));
        marks.truncate(1);
        assert_eq!(marks[0].others().unwrap(), 0);
        let claim = Claim::take(&folder, OsStr::new("a")).unwrap();
        let second = Claim::take(&folder, OsStr::new("a"));
        assert_eq!(second.err().map(|error| error.kind()), Some(io::ErrorKind::WouldBlock));
        drop(claim);
        assert!(Claim::take(&folder, OsStr::new("a")).is_ok());
        assert_eq!(marks[0].others().unwrap(), 0);
    }
}
