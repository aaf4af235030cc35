//! The reader of a log. It returns the entries of all segments of all processes as one sequence, up to the entries
//! that are being written now.

mod directory;
mod discover;
mod event;
mod file;
mod filter;
pub(super) mod open;
mod options;
mod seek;
mod stream;
mod window;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use directory::Directory;
pub use event::{LogEvent, Source};
use file::LogFile;
pub use options::ReadOptions;
use stream::{Head, Stream, Terms};

use super::files::FileId;
use crate::line_time::WithoutTime;

/// The index of a stream or of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Stream(usize),
    File(usize),
}

/// The number of files that stay open between events. If more are open, the reader closes a file that it has just opened,
/// or that has no event.
const OPEN_FILES: usize = 64;

/// The number of events after which the reader polls streams that had no event.
const TURN: u32 = 64;
/// The shortest and the longest sleep of [`LogReader::wait`].
const PAUSE: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(5));

/// A reader of a log: the entries of all segments in one or more directories, merged by time.
///
/// The entries of one process are returned in the order in which they were appended, even if its clock stepped back.
/// The entries of several processes are merged by the latest time that each process has reached. Sealed segments,
/// live segments and the segments of dead processes are read in the same way. The reader reports damage and continues
/// after it.
///
/// The memory use depends on the number of processes that wrote at the same time. One segment of each process is
/// mapped, and the pages that have been read are released. The reader allocates nothing per entry and does not
/// disturb writers.
///
/// # Examples
/// ```
/// use fusewire::log::{Log, LogEvent, LogReader};
///
/// # let directory = std::env::temp_dir().join(format!("fusewire-doc-reader-{}", std::process::id()));
/// let log = Log::options(&directory).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// let mut reader = LogReader::options().open(&[directory.clone()])?;
/// let mut bodies = Vec::new();
/// while let Some(event) = reader.next() {
///     if let LogEvent::Entry { entry, .. } = event {
///         bodies.push(entry.body().to_string());
///     }
/// }
/// assert_eq!(bodies, ["paid"]);
/// # drop(log);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LogReader {
    streams: Vec<Stream>,
    by_id: HashMap<[u8; 16], usize>,
    /// The files that are not segments.
    files: Vec<LogFile>,
    by_file: HashMap<FileId, usize>,
    directories: Vec<Directory>,
    /// The files that were named one by one, each with its identity at the last check.
    named: Vec<(PathBuf, Option<FileId>)>,
    /// The streams and files that have an event, ordered by their key and then by their index.
    ready: BinaryHeap<Reverse<(u64, At)>>,
    /// The streams and files that have no event now, and may have one later without a new segment.
    idle: Vec<At>,
    /// The stream or file of the event that was returned last. The next call advances it.
    turn: Option<At>,
    /// The number of events until streams without an event are polled again.
    until_poll: u32,
    pause: Duration,
    /// The time of the last read of the directories, if the reader follows.
    looked: Option<Instant>,
    terms: Terms,
}

impl LogReader {
    /// Returns the default options.
    #[must_use]
    pub fn options() -> ReadOptions {
        ReadOptions::default()
    }

    /// Returns the next event, or `None` if there is none now. The reader searches for new files only after the first
    /// call of [`wait`](Self::wait), so a reader that does not follow reaches an end.
    #[expect(clippy::should_implement_trait, reason = "an iterator's items cannot borrow from it")]
    #[inline]
    pub fn next(&mut self) -> Option<LogEvent<'_>> {
        match self.find()? {
            At::Stream(index) => self.streams.get(index)?.event(),
            At::File(index) => self.files.get(index)?.event(),
        }
    }

    /// Returns the numbers of entries from lines without a time, among all entries that have been read up to now, also those
    /// that a range of times or a filter excludes.
    #[must_use]
    pub fn without_time(&self) -> WithoutTime {
        let mut all = WithoutTime::default();
        self.files.iter().for_each(|file| all += file.without_time());
        all
    }

    /// Waits for new events for at most `timeout`. Returns whether there may be new events. The reader polls the
    /// directories and the commit words of live segments every 5 ms or more often.
    ///
    /// It polls because writers do not signal. A signal would cost the writer a system call per entry, and changes
    /// through a map cause no event of the file system.
    ///
    /// # Errors
    /// An error if a directory can no longer be read.
    ///
    /// ```
    /// use std::time::Duration;
    /// use fusewire::log::{Log, LogEvent, LogReader};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// let mut reader = LogReader::options().open(&[directory.path().to_owned()])?;
    /// while reader.next().is_some() {}
    ///
    /// log.append(|entry| entry.set_body("new"));
    /// let body = loop {
    ///     match reader.next() {
    ///         Some(LogEvent::Entry { entry, .. }) => break entry.body().to_string(),
    ///         Some(_) => {}
    ///         None => _ = reader.wait(Duration::from_secs(1))?,
    ///     }
    /// };
    /// assert_eq!(body, "new");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn wait(&mut self, timeout: Duration) -> io::Result<bool> {
        let start = Instant::now();
        self.terms.follow = true;
        self.go_on();
        loop {
            self.poll();
            if self.look_if_due()? {
                self.poll();
            }
            if !self.ready.is_empty() {
                self.pause = PAUSE.0;
                return Ok(true);
            }
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(self.pause.min(left));
            self.pause = (self.pause * 2).min(PAUSE.1);
        }
    }

    /// Returns the stream or file with the next event.
    fn find(&mut self) -> Option<At> {
        self.go_on();
        self.until_poll -= 1;
        if self.until_poll == 0 {
            // New writers are found even while there is much to read. The next wait returns an error that occurs
            // here.
            if self.looked.is_some_and(|looked| looked.elapsed() >= PAUSE.1) {
                let _ = self.look_if_due();
            }
            self.poll();
        }
        let mut polled = false;
        loop {
            let Some(Reverse((_, at))) = self.ready.pop() else {
                if polled {
                    return None;
                }
                polled = true;
                self.poll();
                continue;
            };
            if !self.is_unopened(at) {
                self.turn = Some(at);
                return Some(at);
            }
            self.open_next(at);
        }
    }

    /// Returns whether `at` is not open.
    #[inline]
    fn is_unopened(&self, at: At) -> bool {
        match at {
            At::Stream(index) => {
                self.streams.get(index).is_some_and(|stream| matches!(stream.head, Head::Unopened))
            }
            At::File(index) => self.files.get(index).is_some_and(LogFile::is_unopened),
        }
    }

    fn open_next(&mut self, at: At) {
        let terms = &self.terms;
        match at {
            At::Stream(index) => {
                if let Some(stream) = self.streams.get_mut(index)
                    && !stream.open_next(terms)
                {
                    stream.advance(terms);
                }
            }
            At::File(index) => {
                if let Some(file) = self.files.get_mut(index) {
                    file.advance(terms);
                }
            }
        }
        self.enqueue(at);
    }

    /// Advances the stream or file whose event was returned.
    #[inline]
    fn go_on(&mut self) {
        if let Some(at) = self.turn.take() {
            self.advance(at);
        }
    }

    #[inline]
    fn advance(&mut self, at: At) {
        match at {
            At::Stream(index) => {
                let Some(stream) = self.streams.get_mut(index) else { return };
                stream.advance(&self.terms);
            }
            At::File(index) => self.advance_file(index),
        }
        self.enqueue(at);
    }

    fn advance_file(&mut self, index: usize) {
        if self.files.get_mut(index).is_some_and(LogFile::is_due_as_suspect) && !self.settle_copy(index) {
            return;
        }
        let Some(file) = self.files.get_mut(index) else { return };
        if file.is_suspect() {
            return;
        }
        let was_open = file.is_open();
        file.advance(&self.terms);
        let is_new = !was_open || file.is_idle();
        if !is_new || !file.is_open() || self.files.len() <= OPEN_FILES {
            return;
        }
        if self.files.iter().filter(|file| file.is_open()).count() > OPEN_FILES
            && let Some(file) = self.files.get_mut(index)
        {
            file.close();
        }
    }

    #[inline]
    fn enqueue(&mut self, at: At) {
        let (key, is_idle, is_at_rest) = match at {
            At::Stream(index) => {
                let Some(stream) = self.streams.get(index) else { return };
                (stream.key, matches!(stream.head, Head::Idle), stream.is_at_rest())
            }
            At::File(index) => {
                let Some(file) = self.files.get(index) else { return };
                (file.key, file.is_idle(), file.is_at_rest())
            }
        };
        if !is_idle {
            self.ready.push(Reverse((key, at)));
        } else if !is_at_rest {
            self.idle.push(at);
        }
    }

    /// Polls the streams and files that had no event.
    fn poll(&mut self) {
        self.until_poll = TURN;
        // From the end, because those that still have no event are appended to the list again.
        for place in (0..self.idle.len()).rev() {
            let at = self.idle.swap_remove(place);
            self.advance(at);
        }
    }

    /// Returns whether no event has been read.
    fn is_untouched(&self) -> bool {
        self.ready.is_empty()
            && self.turn.is_none()
            && self.streams.iter().all(|stream| stream.open.is_none())
            && self.files.iter().all(LogFile::is_fresh)
    }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut f = f.debug_struct("LogReader");
        f.field("streams", &self.streams.len()).field("files", &self.files.len()).finish_non_exhaustive()
    }
}
