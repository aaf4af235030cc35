//! A file that is read while it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// The number of remembered bytes at the beginning of a file, and before the position. They identify the content.
const REMEMBERED: usize = 256;

/// A position in a file up to which it has been read, the first bytes of the file, and the last bytes before the position.
#[derive(Clone, Copy)]
pub(in crate::log::reader) struct Mark {
    pub(in crate::log::reader) at: u64,
    first: [u8; REMEMBERED],
    last: [u8; REMEMBERED],
    /// The number of remembered bytes, at the end of `last`.
    count: usize,
}

impl Mark {
    /// Creates a mark at `offset` of a file without remembered bytes before it.
    fn at(file: &File, offset: u64) -> io::Result<Self> {
        let mut mark = Self { at: offset, first: [0; REMEMBERED], last: [0; REMEMBERED], count: 0 };
        let len = mark.first_len();
        file.read_exact_at(&mut mark.first[..len], 0)?;
        Ok(mark)
    }

    /// Advances the position past bytes that have been read.
    fn pass(&mut self, bytes: &[u8]) {
        let known = self.first_len();
        let begin = bytes.len().min(REMEMBERED - known);
        self.first[known..known + begin].copy_from_slice(&bytes[..begin]);
        let new = &bytes[bytes.len().saturating_sub(REMEMBERED)..];
        self.last.copy_within(new.len().., 0);
        self.last[REMEMBERED - new.len()..].copy_from_slice(new);
        self.count = REMEMBERED.min(self.count + new.len());
        self.at += bytes.len() as u64;
    }

    /// Returns the number of remembered bytes at the beginning.
    fn first_len(&self) -> usize {
        usize::try_from(self.at).unwrap_or(usize::MAX).min(REMEMBERED)
    }

    /// Returns the remembered bytes at the beginning of the file.
    pub(in crate::log::reader) fn first(&self) -> &[u8] {
        &self.first[..self.first_len()]
    }

    /// Returns whether `file` contains the remembered bytes at its beginning and before the position.
    pub(in crate::log::reader) fn is_in(&self, file: &File) -> bool {
        let mut found = [0; REMEMBERED];
        let last = &mut found[REMEMBERED - self.count..];
        let start = self.at.saturating_sub(self.count as u64);
        if file.read_exact_at(last, start).is_err() || *last != self.last[REMEMBERED - self.count..] {
            return false;
        }
        // A short file is in `last` as a whole.
        let first = &mut found[..self.first_len()];
        start == 0 || file.read_exact_at(first, 0).is_ok() && *first == *self.first()
    }
}

/// A file that is read while it grows.
pub(super) struct Tail {
    file: File,
    pub(super) mark: Mark,
    /// Whether the file is read no further.
    pub(super) closed: bool,
}

impl Tail {
    /// Reads `file` from `offset`.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn at(mut file: File, offset: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(offset))?;
        let mark = Mark::at(&file, offset)?;
        Ok(Self { file, mark, closed: false })
    }

    pub(super) fn into_file(self) -> File {
        self.file
    }

    /// Returns the time since the last change of the file. Returns zero if it is unknown or in the future.
    pub(super) fn age(&self) -> Duration {
        let changed = self.file.metadata().and_then(|metadata| metadata.modified());
        changed.ok().and_then(|changed| changed.elapsed().ok()).unwrap_or_default()
    }

    /// Returns the current length of the file if the file is not a continuation of the bytes that were read from it.
    pub(super) fn changed(&self) -> Option<u64> {
        let len = self.file.metadata().ok()?.len();
        let is_same = len >= self.mark.at && self.mark.is_in(&self.file);
        (!is_same).then_some(len)
    }
}

impl Read for Tail {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(0);
        }
        let read = self.file.read(room)?;
        self.mark.pass(room.get(..read).unwrap_or(&[]));
        Ok(read)
    }
}
