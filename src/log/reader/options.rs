//! How a log is read.

use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::path::PathBuf;

use crate::log::listing::inspect;
use crate::segment::Mode;

use super::directory::Directory;
use super::stream::Terms;
use super::{LogReader, PAUSE, TURN};

/// How a log is read: [`LogReader::options`]. Nothing has to be set.
#[derive(Clone, Copy, Default)]
pub struct ReadOptions {
    terms: Terms,
}

impl ReadOptions {
    /// Entries from this time on: nanoseconds since the Unix epoch. Exact even where a clock was set back: it is each
    /// entry's own time that counts. Entries without a time are left out, and so is what is in sealed segments that have
    /// nothing in the range, damage included.
    #[must_use]
    pub fn since(mut self, unix_nano: u64) -> Self {
        self.terms.window.since = Some(unix_nano);
        self
    }

    /// Entries before this time: nanoseconds since the Unix epoch. As [`since`](Self::since) otherwise.
    #[must_use]
    pub fn until(mut self, unix_nano: u64) -> Self {
        self.terms.window.until = Some(unix_nano);
        self
    }

    /// [`Mode::Recover`], which is the default, or [`Mode::Trust`]. Damage is told and passed over in any mode: whoever
    /// wants to be strict stops at the first [`LogEvent::Lost`](crate::log::LogEvent::Lost) that is a loss.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.terms.access.mode = if mode == Mode::Strict { Mode::Recover } else { mode };
        self
    }

    /// Reads segments into memory instead of mapping them, for files that somebody might truncate; default no. See
    /// [`Segment::open_trusted`](crate::segment::Segment::open_trusted) for what is promised otherwise.
    #[must_use]
    pub fn copy(mut self, copy: bool) -> Self {
        self.terms.access.copy = copy;
        self
    }

    /// Opens `paths`, each a directory of segments or a segment.
    ///
    /// # Errors
    /// Where a path cannot be read. What is in it is told by events, its damage included.
    pub fn open(self, paths: &[PathBuf]) -> io::Result<LogReader> {
        let mut reader = LogReader {
            streams: Vec::new(),
            by_id: HashMap::new(),
            directories: Vec::new(),
            ready: BinaryHeap::new(),
            idle: Vec::new(),
            turn: None,
            until_poll: TURN,
            pause: PAUSE.0,
            looked: None,
            terms: self.terms,
        };
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                reader.directories.push(Directory::new(path.clone()));
            } else {
                files.push(inspect(path)?);
            }
        }
        reader.add_all(files, false);
        // Names that come while one looks may be missed: of what is found, all before it is found in the second look.
        reader.look()?;
        reader.look()?;
        Ok(reader)
    }
}
