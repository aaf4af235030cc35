//! How a log is read.

use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::path::PathBuf;

use crate::decode::EntryRef;
use crate::limits::Limits;
use crate::log::listing::{inspect, is_segment};
use crate::map::file::Quiet;
use crate::segment::regular::Links;
use crate::segment::{Mode, Wanted};

use super::directory::Directory;
use super::filter::Filter;
use super::stream::Terms;
use super::{LogReader, PAUSE, TURN};

/// How a log is read: [`LogReader::options`]. Nothing has to be set.
#[derive(Clone, Default)]
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

    /// Only entries for which `matches` holds. `wanted` is what holds for each of those, as far as it is known: where a sealed
    /// segment has an index, only those parts of it are read in which that may be. Without [`Wanted`]'s help, and without
    /// an index, the same entries come.
    ///
    /// Entries of one process come in their order, and those of several are merged by the latest time that each process has
    /// reached in earlier segments or in entries that match. What a sealed segment holds of others is passed over, and its checksums are not looked at: whether a log is
    /// damaged, [`verify`](crate::segment::verify) says.
    #[must_use]
    pub fn filter(
        mut self,
        wanted: Wanted,
        matches: impl Fn(&EntryRef<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.terms.filter = Some(Filter::new(wanted, matches));
        self
    }

    /// [`Mode::Recover`], which is the default, or [`Mode::Trust`]. Damage is told and passed over in any mode: whoever
    /// wants to be strict stops at the first [`LogEvent::Lost`](crate::log::LogEvent::Lost) that is a loss.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.terms.access.mode = if mode == Mode::Strict { Mode::Recover } else { mode };
        self
    }

    /// Reads segments with system calls instead of a map; default no.
    ///
    /// Both ways are safe: frames are copied to a private buffer before their checksums are computed. If another program
    /// truncates a mapped file, the process receives SIGBUS unless it called
    /// [`handle_sigbus`](crate::segment::handle_sigbus); with `copy`, such a file is an error of this file. A scan of a mapped
    /// file is faster.
    #[must_use]
    pub fn copy(mut self, copy: bool) -> Self {
        self.terms.access.copy = copy;
        self
    }

    /// Lends entries from the mapped files, without a copy. The default copies 4 KiB to 64 KiB at a time.
    ///
    /// Use this for files that only Fusewire's writers change, if the time of the copy matters: `docs/consumers.md` contains
    /// figures. [`copy`](Self::copy) has precedence.
    ///
    /// # Safety
    /// As long as the reader exists, no process truncates a segment that it reads, and no process changes bytes that are
    /// committed, as for [`Segment::open_trusted`](crate::segment::Segment::open_trusted).
    #[must_use]
    #[expect(unsafe_code, reason = "the caller makes the promise of the mapping layer")]
    pub unsafe fn in_place(mut self) -> Self {
        // SAFETY: the caller promises *quiet* for all segments that are read.
        self.terms.access.in_place = Some(unsafe { Quiet::promised() });
        self
    }

    /// Waits for what is not complete at the end of a file that is no segment, such as a line without its end; default no: then
    /// it is read as it is. [`LogReader::wait`] goes on as if it were yes.
    #[must_use]
    pub fn follow(mut self, follow: bool) -> Self {
        self.terms.follow = follow;
        self
    }

    /// The limits of entries made from lines; default [`Limits::DEFAULT`].
    #[must_use]
    pub fn line_limits(mut self, limits: Limits) -> Self {
        self.terms.limits = limits;
        self
    }

    /// Opens `paths`: directories, segments, and files of lines or of frames that stand alone. Of a directory, those files
    /// are read that are called as segments are, or have one of the extensions
    /// [`FILE_EXTENSIONS`](crate::log::FILE_EXTENSIONS). What is in a file, its bytes say.
    ///
    /// # Errors
    /// Where a path cannot be read. What is in it is told by events, its damage included.
    pub fn open(self, paths: &[PathBuf]) -> io::Result<LogReader> {
        let mut terms = self.terms;
        if let Some(filter) = &mut terms.filter {
            filter.narrow(terms.window.since, terms.window.until);
        }
        let mut reader = LogReader {
            streams: Vec::new(),
            by_id: HashMap::new(),
            files: Vec::new(),
            by_file: HashMap::new(),
            directories: Vec::new(),
            named: Vec::new(),
            ready: BinaryHeap::new(),
            idle: Vec::new(),
            turn: None,
            until_poll: TURN,
            pause: PAUSE.0,
            looked: None,
            terms,
        };
        let mut segments = Vec::new();
        for path in paths {
            if path.is_dir() {
                reader.directories.push(Directory::new(path.clone()));
            } else if is_segment(path, Links::Followed)? {
                segments.push(inspect(path, Links::Followed)?);
            } else {
                reader.named.push((path.clone(), None));
            }
        }
        reader.add_all(segments, false);
        // Names that come while one looks may be missed: of what is found, all before it is found in the second look.
        reader.look()?;
        reader.look()?;
        Ok(reader)
    }
}
