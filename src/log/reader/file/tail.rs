//! A file that is read while it grows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

/// The number of remembered bytes before the position. They identify the file.
const REMEMBERED: usize = 64;

/// A position in a file up to which it has been read, and the last bytes before the position.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub(super) at: u64,
    last: [u8; REMEMBERED],
    /// The number of remembered bytes, at the end of `last`.
    count: usize,
}

impl Mark {
    /// Creates a mark at `offset` without remembered bytes.
    pub(super) fn at(offset: u64) -> Self {
        Self { at: offset, last: [0; REMEMBERED], count: 0 }
    }

    /// Advances the position past bytes that have been read.
    fn pass(&mut self, bytes: &[u8]) {
        let new = &bytes[bytes.len().saturating_sub(REMEMBERED)..];
        self.last.copy_within(new.len().., 0);
        self.last[REMEMBERED - new.len()..].copy_from_slice(new);
        self.count = REMEMBERED.min(self.count + new.len());
        self.at += bytes.len() as u64;
    }

    /// Returns whether `file` contains the remembered bytes before the position.
    pub(super) fn is_in(&self, file: &File) -> bool {
        let mut found = [0; REMEMBERED];
        let found = &mut found[REMEMBERED - self.count..];
        let start = self.at.saturating_sub(self.count as u64);
        file.read_exact_at(found, start).is_ok() && *found == self.last[REMEMBERED - self.count..]
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
        Ok(Self { file, mark: Mark::at(offset), closed: false })
    }

    pub(super) fn into_file(self) -> File {
        self.file
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
