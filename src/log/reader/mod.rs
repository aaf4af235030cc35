//! Reading a log: all segments of all processes as one sequence of entries, from its beginning to what is being written
//! now.

mod directory;
mod discover;
mod event;
pub(super) mod open;
mod options;
mod seek;
mod stream;
mod window;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::time::{Duration, Instant};

use directory::Directory;
pub use event::LogEvent;
pub use options::ReadOptions;
use stream::{Head, Stream, Terms};

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
    directories: Vec<Directory>,
    /// Streams that have something, by their key and then by their number: a place for each.
    ready: BinaryHeap<Reverse<(u64, usize)>>,
    /// Streams that have nothing now, and may have something later without a new segment.
    idle: Vec<usize>,
    /// The stream whose head was returned last: it goes on with the next call.
    turn: Option<usize>,
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
        let index = self.find()?;
        self.streams.get(index)?.event()
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

    /// The stream whose head is next.
    fn find(&mut self) -> Option<usize> {
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
            let Some(Reverse((_, index))) = self.ready.pop() else {
                if polled {
                    return None;
                }
                polled = true;
                self.poll();
                continue;
            };
            let terms = self.terms;
            let stream = self.streams.get_mut(index)?;
            if !matches!(stream.head, Head::Unopened) {
                self.turn = Some(index);
                return Some(index);
            }
            if !stream.open_next(terms.access) {
                stream.advance(terms);
            }
            self.enqueue(index);
        }
    }

    /// Moves the stream on whose head was returned.
    #[inline]
    fn go_on(&mut self) {
        if let Some(index) = self.turn.take() {
            self.advance(index);
        }
    }

    #[inline]
    fn advance(&mut self, index: usize) {
        if let Some(stream) = self.streams.get_mut(index) {
            stream.advance(self.terms);
            self.enqueue(index);
        }
    }

    #[inline]
    fn enqueue(&mut self, index: usize) {
        let Some(stream) = self.streams.get(index) else { return };
        if !matches!(stream.head, Head::Idle) {
            self.ready.push(Reverse((stream.key, index)));
        } else if !stream.is_at_rest() {
            self.idle.push(index);
        }
    }

    /// Looks at the streams that had nothing.
    fn poll(&mut self) {
        self.until_poll = TURN;
        // From the end: those that go on having nothing are put there again.
        for place in (0..self.idle.len()).rev() {
            let index = self.idle.swap_remove(place);
            self.advance(index);
        }
    }

    /// Whether nothing has been read yet.
    fn is_untouched(&self) -> bool {
        self.ready.is_empty()
            && self.turn.is_none()
            && self.streams.iter().all(|stream| stream.open.is_none())
    }
}

impl std::fmt::Debug for LogReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogReader").field("streams", &self.streams.len()).finish_non_exhaustive()
    }
}
