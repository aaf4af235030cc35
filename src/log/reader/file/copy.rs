//! The detection of copies. A program that rotates a file copies it and truncates it, or compresses it. The reader has read the
//! content under the first name.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::mixed::beginning;

use super::tail::Mark;
use super::{LogFile, Terms};

/// The number of positions before truncations that are remembered.
const PAST: usize = 4;

/// The relation of a file to other files.
#[derive(Clone)]
pub(in crate::log::reader) enum Copied {
    /// Not known; the file or the other file is not complete.
    Unknown,
    /// The file is no copy.
    No,
    /// The file is a copy of a file that was read up to this position.
    UpTo(Box<Mark>),
    /// The file is a compressed copy.
    Packed,
}

impl LogFile {
    /// Records the position before a truncation.
    pub(super) fn remember(&mut self, mark: Mark) {
        self.past.truncate(PAST - 1);
        self.past.insert(0, mark);
    }

    /// Returns whether `path` can be the name of a copy of this file: `app.log.1` of `app.log`.
    pub(in crate::log::reader) fn is_origin_of(&self, path: &Path) -> bool {
        let name =
            |path: &Path| path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
        let (own, other) = (name(&self.info.path), name(path));
        let stem = own.split(|byte| *byte == b'.').next().unwrap_or_default();
        // A file that gets the name of a renamed file has a shorter name.
        own.len() < other.len()
            && !stem.is_empty()
            && other.starts_with(stem)
            && self.marks().next().is_some()
    }

    /// Returns the current position and the positions before truncations, the newest first.
    fn marks(&self) -> impl Iterator<Item = &Mark> {
        let current = self.reader.as_ref().map(|reader| &reader.get_ref().mark).or(self.parked.as_ref());
        current.into_iter().chain(&self.past).filter(|mark| mark.at > 0)
    }

    /// Postpones the reading of a file that may be a copy.
    pub(in crate::log::reader) fn suspect(&mut self) {
        self.is_suspect = true;
    }

    /// Returns whether the reading of the file is postponed, and a check is due.
    pub(in crate::log::reader) fn is_due_as_suspect(&mut self) -> bool {
        self.is_suspect && self.is_due()
    }

    /// Returns whether the reading of the file is postponed.
    pub(in crate::log::reader) fn is_suspect(&self) -> bool {
        self.is_suspect
    }

    /// Returns whether this new file is a copy of `other`.
    pub(in crate::log::reader) fn is_copy_of(&self, other: &Self) -> Copied {
        let Some(file) = &self.opened else { return Copied::No };
        let Ok(len) = file.metadata().map(|metadata| metadata.len()) else { return Copied::No };
        let mut found = Copied::No;
        for mark in other.marks() {
            let mut room = vec![0; mark.first().len()];
            let Ok(plain) = beginning(FromStart(file, 0), &mut room) else { return Copied::No };
            let is_alike = mark.first().starts_with(&room[..plain.len]);
            if !is_alike {
                continue;
            }
            if plain.len < room.len() {
                // The copy is being written.
                found = if plain.is_complete { found } else { Copied::Unknown };
            } else if plain.is_converted {
                return Copied::Packed;
            } else if len < mark.at {
                found = Copied::Unknown;
            } else if mark.is_in(file) {
                let is_past = other.past.iter().any(|past| std::ptr::eq(past, mark));
                // As long as the other file is not truncated, the rest of the copy is read from the other file.
                return if is_past || other.done { Copied::UpTo(Box::new(*mark)) } else { Copied::Unknown };
            }
        }
        found
    }

    /// Ends the postponement.
    pub(in crate::log::reader) fn settle(&mut self, copied: Copied, terms: &Terms) {
        self.is_suspect = matches!(copied, Copied::Unknown) && terms.follow;
        match copied {
            Copied::UpTo(mark) => {
                (self.start, self.parked, self.opened) = (mark.at, Some(*mark), None);
            }
            Copied::Packed => (self.done, self.opened) = (true, None),
            Copied::No | Copied::Unknown => {}
        }
    }
}

/// A file that is read from its beginning, without a change of its position.
struct FromStart<'a>(&'a File, u64);

impl Read for FromStart<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read_at(room, self.1)?;
        self.1 += read as u64;
        Ok(read)
    }
}
