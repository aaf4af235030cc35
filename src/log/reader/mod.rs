//! Reading a log: all segments of all processes as one sequence of entries, from its beginning to what is being written
//! now.

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

/// A stream or a file, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Stream(usize),
    File(usize),
}

/// So many files are open at the same time, as long as others have not had their turn or have come to their end.
const OPEN_FILES: usize = 64;

/// After how many events streams that had nothing are looked at again.
const TURN: u32 = 64;
/// The shortest and the longest sleep of [`LogReader::wait`].
const PAUSE: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(5));

/// Reads a log: the entries of all segments in one or more directories, merged by time.
///
/// Entries of one process come in the order in which they were appended, also where its clock stepped back; those of
/// several are merged by the latest time that each process has reached. Sealed segments, those being written, and those of
/// processes that died are read alike; damage is told and passed over. Memory is bounded by the number of processes that
/// wrote at the same time: one segment of each is mapped, and what of it has been read is given back. Nothing is
/// allocated per entry, and no writer is disturbed.
///
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
    /// Files that are no segments.
    files: Vec<LogFile>,
    by_file: HashMap<FileId, usize>,
    directories: Vec<Directory>,
    /// Files that were named one by one, and which they were when they were looked at last.
    named: Vec<(PathBuf, Option<FileId>)>,
    /// Those that have something, by their key and then by their number: a place for each.
    ready: BinaryHeap<Reverse<(u64, At)>>,
    /// Those that have nothing now, and may have something later without a new segment.
    idle: Vec<At>,
    /// The one whose head was returned last: it goes on with the next call.
    turn: Option<At>,
    /// Events until streams that had nothing are looked at again.
    until_poll: u32,
    pause: Duration,
    /// When directories were looked at last by a reader that follows.
    looked: Option<Instant>,
    terms: Terms,
}

impl LogReader {
    /// How a log is read.
    #[must_use]
    pub fn options() -> ReadOptions {
        ReadOptions::default()
    }

    /// What comes next, or `None` where there is nothing more now. New files are looked for once [`wait`](Self::wait) has
    /// been called: a reader that does not follow comes to an end.
    #[expect(clippy::should_implement_trait, reason = "an iterator's items cannot borrow from it")]
    #[inline]
    pub fn next(&mut self) -> Option<LogEvent<'_>> {
        match self.find()? {
            At::Stream(index) => self.streams.get(index)?.event(),
            At::File(index) => self.files.get(index)?.event(),
        }
    }

    /// Waits until there is something new, at most for `timeout`: the commit words of segments being written, and the
    /// directories, are looked at every 5 ms or more often. Whether there may be something.
    ///
    /// A writer says nothing when it has written, since that would cost it a system call for each entry; and changes through
    /// a map raise no event of the file system.
    ///
    /// # Errors
    /// Where a directory cannot be read any more.
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

    /// The one whose head is next.
    fn find(&mut self) -> Option<At> {
        self.go_on();
        self.until_poll -= 1;
        if self.until_poll == 0 {
            // However much there is to read, who else writes is found out meanwhile. What fails is told by the next wait.
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

    /// Whether it is opened now that its turn has come.
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

    /// Moves the one on whose head was returned.
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
        let Some(file) = self.files.get_mut(index) else { return };
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

    /// Looks at those that had nothing.
    fn poll(&mut self) {
        self.until_poll = TURN;
        // From the end: those that go on having nothing are put there again.
        for place in (0..self.idle.len()).rev() {
            let at = self.idle.swap_remove(place);
            self.advance(at);
        }
    }

    /// Whether nothing has been read yet.
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
