//! The options of a log reader.

use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::path::PathBuf;

use crate::decode::EntryRef;
use crate::limits::Limits;
use crate::log::listing::{inspect, is_segment};
use crate::map::file::Quiet;
use crate::segment::regular::Links;
use crate::segment::{Mode, Wanted};
use crate::zone::Zone;

use super::directory::Directory;
use super::discover::only_if_it_grows;
use super::filter::Filter;
use super::stream::Terms;
use super::{LogReader, PAUSE, TURN};

/// The options of a log reader: [`LogReader::options`]. Every option has a default.
///
/// ```
/// use fusewire::log::{Log, LogEvent, LogReader};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// for second in 1..=3_u64 {
///     log.append(|entry| entry.set_time_unix_nano(second * 1_000_000_000));
/// }
/// let options = LogReader::options().since(2_000_000_000).until(3_000_000_000);
/// let mut reader = options.open(&[directory.path().to_owned()])?;
/// let mut times = Vec::new();
/// while let Some(event) = reader.next() {
///     if let LogEvent::Entry { entry, .. } = event {
///         times.push(entry.time_unix_nano());
///     }
/// }
/// assert_eq!(times, [2_000_000_000]);
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct ReadOptions {
    terms: Terms,
}

impl ReadOptions {
    /// Sets the time from which entries are returned, in nanoseconds since the Unix epoch. The time of each entry
    /// decides, so the result is exact even if a clock was set back. Entries without a time are omitted, and so are
    /// the losses of sealed segments without entries in the range.
    #[must_use]
    pub fn since(mut self, unix_nano: u64) -> Self {
        self.terms.window.since = Some(unix_nano);
        self
    }

    /// Sets the time before which entries are returned, in nanoseconds since the Unix epoch. Otherwise like
    /// [`since`](Self::since).
    #[must_use]
    pub fn until(mut self, unix_nano: u64) -> Self {
        self.terms.window.until = Some(unix_nano);
        self
    }

    /// Returns only entries for which `matches` returns `true`. `wanted` contains conditions that each of these
    /// entries meets. If a sealed segment has an index, only the parts of the segment that may contain such entries
    /// are read. The result is the same without conditions and without an index.
    ///
    /// The entries of one process are returned in their order. The entries of several processes are merged by the
    /// latest time that each process has reached in earlier segments or in matching entries. The reader does not
    /// compute the checksums of other entries in sealed segments. To find all damage, use
    /// [`verify`](crate::segment::verify).
    ///
    /// ```
    /// use fusewire::Severity;
    /// use fusewire::log::{Log, LogEvent, LogReader};
    /// use fusewire::segment::Wanted;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// log.append(|entry| entry.set_severity(Severity::ERROR));
    /// log.append(|entry| entry.set_severity(Severity::INFO));
    ///
    /// let mut wanted = Wanted::default();
    /// wanted.of_severities([Severity::ERROR]);
    /// let options = LogReader::options().filter(wanted, |entry| entry.severity() == Severity::ERROR);
    /// let mut reader = options.open(&[directory.path().to_owned()])?;
    /// let mut entries = 0;
    /// while let Some(event) = reader.next() {
    ///     entries += i32::from(matches!(event, LogEvent::Entry { .. }));
    /// }
    /// assert_eq!(entries, 1);
    /// # drop(log);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn filter(
        mut self,
        wanted: Wanted,
        matches: impl Fn(&EntryRef<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.terms.filter = Some(Filter::new(wanted, matches));
        self
    }

    /// Sets the mode: [`Mode::Recover`], the default, or [`Mode::Trust`]. The reader reports damage and continues
    /// after it in every mode. A strict reader stops at the first [`LogEvent::Lost`](crate::log::LogEvent::Lost) that
    /// is a loss.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.terms.access.mode = if mode == Mode::Strict { Mode::Recover } else { mode };
        self
    }

    /// Sets whether segments are read with system calls instead of a map. The default is `false`.
    ///
    /// Both ways are safe: frames are copied to a private buffer before their checksums are computed. If another
    /// program truncates a mapped file, the process receives SIGBUS unless it called
    /// [`handle_sigbus`](crate::segment::handle_sigbus). With `copy`, the truncation is an error of this file.
    /// Reading a mapped file is faster.
    #[must_use]
    pub fn copy(mut self, copy: bool) -> Self {
        self.terms.access.copy = copy;
        self
    }

    /// Returns entries as views of the mapped files, without a copy. The default copies 4 KiB to 64 KiB at a time.
    ///
    /// Use this for files that only Fusewire's writers change, if the time of the copy matters: `docs/consumers.md`
    /// contains measurements. [`copy`](Self::copy) takes precedence.
    ///
    /// # Safety
    /// While the reader exists, no process may truncate a segment that it reads, and no process may change committed
    /// bytes, as for [`Segment::map`](crate::segment::Segment::map).
    #[must_use]
    #[expect(unsafe_code, reason = "the caller makes the promise of the mapping layer")]
    pub unsafe fn in_place(mut self) -> Self {
        // SAFETY: the caller promises *quiet* for all segments that are read.
        self.terms.access.in_place = Some(unsafe { Quiet::promised() });
        self
    }

    /// Sets whether the reader waits for incomplete data at the end of a file that is not a segment, such as a line
    /// without its end. The default is `false`: the data is read in its current state. After a call of
    /// [`LogReader::wait`], the value is `true`. The reader reports an incomplete compressed file when the file has not changed
    /// for 60 s.
    #[must_use]
    pub fn follow(mut self, follow: bool) -> Self {
        self.terms.follow = follow;
        self
    }

    /// Sets whether [`open`](Self::open) accepts a path that does not exist. The reader reads the path when it appears, after a
    /// call of [`LogReader::wait`]. The default is `false`: such a path is an error.
    #[must_use]
    pub fn wait_for_paths(mut self, wait: bool) -> Self {
        self.terms.awaits = wait;
        self
    }

    /// Sets the limits of entries that are made from lines. The default is [`Limits::READER`].
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::log::{LogEvent, LogReader};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let file = directory.path().join("app.log");
    /// std::fs::write(&file, "a long line of text\n")?;
    /// let limits = Limits { max_string_bytes: 6, ..Limits::default() };
    /// let mut reader = LogReader::options().line_limits(limits).open(&[file])?;
    /// # if !cfg!(feature = "json") {
    /// #     return Ok(());
    /// # }
    /// let Some(LogEvent::Entry { entry, .. }) = reader.next() else { panic!("one entry") };
    /// assert_eq!(entry.body(), "a long");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn line_limits(mut self, limits: Limits) -> Self {
        self.terms.limits = Some(limits);
        self
    }

    /// Sets the zone of times in lines without an offset from UTC. The default is UTC.
    ///
    /// ```
    /// use fusewire::Zone;
    /// use fusewire::log::{LogEvent, LogReader};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let file = directory.path().join("app.jsonl");
    /// std::fs::write(&file, "{\"time\":\"2026-03-01 10:00:00\"}\n")?;
    /// let mut reader = LogReader::options().line_zone(Zone::fixed(3600)).open(&[file])?;
    /// # if !cfg!(feature = "json") {
    /// #     return Ok(());
    /// # }
    /// let Some(LogEvent::Entry { entry, .. }) = reader.next() else { panic!("one entry") };
    /// assert_eq!(entry.timestamp().unwrap().to_string(), "2026-03-01T10:00:00+01:00");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn line_zone(mut self, zone: Zone) -> Self {
        self.terms.zone = Some(zone);
        self
    }

    /// Opens `paths`: directories, segments, and files of lines or of frames outside segments. In a directory, the
    /// reader reads the files that have the name of a segment or one of the extensions
    /// [`FILE_EXTENSIONS`](crate::log::FILE_EXTENSIONS). It derives the format of a file from its bytes.
    ///
    /// # Errors
    /// An error if a path cannot be read. Events report all further errors, including damage.
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
            } else if reader.terms.awaits && !path.exists() {
                // The path is read when it exists.
                reader.named.push((path.clone(), None));
            } else if is_segment(path, Links::Followed)? {
                segments.push(only_if_it_grows(inspect(path, Links::Followed)?));
            } else {
                reader.named.push((path.clone(), None));
            }
        }
        reader.add_all(segments, false);
        // A read of a directory can miss names that are added at the same time. The second read finds all files that
        // are older than a found file.
        reader.look()?;
        reader.look()?;
        Ok(reader)
    }
}
