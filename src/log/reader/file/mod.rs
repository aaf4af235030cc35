//! The reader of one file that is not a segment.

mod copy;
mod identity;
mod seek;
mod tail;

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::format::frame::{FrameKind, Role};
use crate::limits::Limits;
use crate::line_time::{EntryTime, WithoutTime};
use crate::log::files::{FileChange, FileId, FileInfo};
use crate::mixed::{MixedEvent, MixedReader, Step};

use super::event::{LogEvent, Source};
use super::stream::Terms;
pub(super) use copy::Copied;
use tail::{Mark, Tail};

/// The shortest and the longest pause between two checks of a file without new data.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));
/// The time after the last change of an incomplete compressed file from which no program is expected to complete it.
const ABANDONED: Duration = Duration::from_secs(60);

/// The next event of a file.
enum Head {
    /// No event now.
    Idle,
    /// An event, in a file that was closed after its first read. The file is opened again when its turn comes.
    Unopened,
    /// The current event of the reader.
    Found,
    /// A change of the file.
    Changed(FileChange),
    /// An error that makes the file unreadable.
    Failed(io::Error),
}

/// The reason why a file is read only to its current end.
#[derive(Clone, Copy)]
enum Ending {
    /// The file was truncated or overwritten.
    Truncated { read: u64, len: u64 },
    /// The file no longer has a name.
    Gone,
}

/// A file that is not a segment, and the position up to which it has been read.
pub(super) struct LogFile {
    pub(super) info: FileInfo,
    pub(super) id: FileId,
    /// The latest time that has been read, as in a stream.
    pub(super) key: u64,
    head: Head,
    reader: Option<Box<MixedReader<Tail>>>,
    /// The open file, if it was opened to detect its type and has not been read.
    opened: Option<File>,
    /// The offset at which reading starts.
    start: u64,
    /// The time of the last entry before this offset.
    before: EntryTime,
    /// The numbers of entries from lines without a time, from earlier readers of the file.
    without_time: WithoutTime,
    /// Whether the file is compressed or UTF-16, so that `start` is an offset of the plain form.
    is_converted: bool,
    /// The position at which the file was closed. It is opened again when it has more data.
    parked: Option<Mark>,
    /// The last positions before truncations.
    past: Vec<Mark>,
    /// Whether the file may be a copy of another file, so that it is not read.
    is_suspect: bool,
    ending: Option<Ending>,
    /// Whether the file is an incomplete compressed file that no program completes.
    is_abandoned: bool,
    /// Whether no further event will come.
    done: bool,
    /// The time of the last check for new data, and the pause after it.
    asked: Instant,
    pause: Duration,
    /// The time of the last check of the name, and the time since which the file has no name.
    name_asked: Instant,
    nameless: Option<Instant>,
}

impl LogFile {
    /// Creates a reader of the file of `info`. `replaced` is whether another file had the name. Without `file`, the
    /// file is opened at the first read.
    pub(super) fn new(info: FileInfo, id: FileId, file: Option<File>, replaced: bool) -> Self {
        let now = Instant::now();
        Self {
            info,
            id,
            key: 0,
            head: if replaced { Head::Changed(FileChange::Replaced) } else { Head::Idle },
            reader: None,
            opened: file,
            start: 0,
            before: EntryTime::default(),
            without_time: WithoutTime::default(),
            is_converted: false,
            parked: None,
            past: Vec::new(),
            is_suspect: false,
            ending: None,
            is_abandoned: false,
            done: false,
            asked: now,
            pause: Duration::ZERO,
            name_asked: now,
            nameless: None,
        }
    }

    /// Returns the error of an unreadable file with its path, and removes it.
    pub(super) fn take_failure(&mut self) -> Option<(PathBuf, io::Error)> {
        match std::mem::replace(&mut self.head, Head::Idle) {
            Head::Failed(error) => Some((self.info.path.clone(), error)),
            head => {
                self.head = head;
                None
            }
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.head, Head::Idle)
    }

    pub(super) fn is_unopened(&self) -> bool {
        matches!(self.head, Head::Unopened)
    }

    /// Returns whether no further event will come.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_idle() && self.done
    }

    pub(super) fn is_open(&self) -> bool {
        self.reader.is_some() || self.opened.is_some()
    }

    /// Returns whether nothing of the file has been read.
    pub(super) fn is_fresh(&self) -> bool {
        self.reader.is_none() && self.parked.is_none() && !self.done && !self.is_unopened()
    }

    /// Closes the file because too many files are open. If its first event was just found, it is opened again when
    /// its turn comes, else when it has more data.
    pub(super) fn close(&mut self) {
        match self.head {
            Head::Found => (self.reader, self.head) = (None, Head::Unopened),
            _ => self.park(),
        }
    }

    /// Advances to the next event.
    pub(super) fn advance(&mut self, terms: &Terms) {
        if self.done {
            self.head = Head::Idle;
            return;
        }
        let was_idle = self.is_idle();
        if was_idle && !self.is_fresh() && !(terms.follow && self.is_due()) {
            return;
        }
        self.head = Head::Idle;
        if self.reader.is_some() {
            if was_idle {
                self.look();
            }
        } else if let Err(error) = self.open(terms) {
            // The file may have another name, which a later read of the directory shows.
            let waits = terms.follow && error.kind() == io::ErrorKind::NotFound && !self.is_lost();
            if !waits {
                self.fail(error);
            }
            return;
        }
        self.read(terms);
    }

    /// Opens the file if it has data to read.
    fn open(&mut self, terms: &Terms) -> io::Result<()> {
        if let Some(mark) = self.parked {
            if !self.has_name() {
                return Ok(());
            }
            let file = self.file()?;
            let len = file.metadata()?.len();
            let is_same = mark.is_in(&file);
            if is_same && len == mark.at {
                return Ok(());
            }
            self.parked = None;
            if !is_same {
                self.remember(mark);
                self.restart();
                self.head = Head::Changed(FileChange::Truncated { read: mark.at, len });
                return Ok(());
            }
            self.opened = Some(file);
        }
        self.reader = Some(Box::new(self.reader_at(self.start, terms)?));
        Ok(())
    }

    /// Starts again at the beginning of the file.
    fn restart(&mut self) {
        (self.start, self.before, self.is_abandoned) = (0, EntryTime::default(), false);
    }

    /// Returns the numbers of entries from lines without a time.
    pub(super) fn without_time(&self) -> WithoutTime {
        let mut all = self.without_time;
        all += self.reader.as_ref().map_or_else(WithoutTime::default, |reader| reader.without_time());
        all
    }

    /// Returns a reader of the file from `offset`.
    fn reader_at(&mut self, offset: u64, terms: &Terms) -> io::Result<MixedReader<Tail>> {
        let file = self.file()?;
        let changed = file.metadata()?.modified()?;
        let limits = terms.limits.unwrap_or(Limits::READER);
        let reader = if self.is_converted && offset > 0 {
            // The plain form has no other way to its middle.
            MixedReader::at(Tail::at(file, 0)?, 0, limits).pass_to(offset)?
        } else {
            MixedReader::at(Tail::at(file, offset)?, offset, limits)
        };
        let mut reader = reader.changed_at(changed);
        if offset == self.start {
            reader.set_last_time(self.before);
        }
        Ok(match &terms.zone {
            Some(zone) => reader.line_zone(zone.clone()),
            None => reader,
        })
    }

    /// Returns the file. Fails if another file has its name now.
    fn file(&mut self) -> io::Result<File> {
        if let Some(file) = self.opened.take() {
            return Ok(file);
        }
        let (_, id, file) = FileInfo::open(&self.info.path, self.info.links)?;
        if id == self.id { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Closes the file until it has more data.
    pub(super) fn park(&mut self) {
        if let Some(mut reader) = self.reader.take() {
            self.without_time += reader.without_time();
            self.before = reader.last_time();
            self.start = reader.offset();
            self.is_converted = reader.is_converted();
            self.parked = Some(reader.get_mut().mark);
        }
    }

    /// Returns whether a check for new data is due. Reads only the clock.
    fn is_due(&mut self) -> bool {
        if self.asked.elapsed() < self.pause {
            return false;
        }
        self.asked = Instant::now();
        self.pause = (self.pause * 2).clamp(PAUSE.0, PAUSE.1);
        true
    }

    /// Reads up to the next event.
    fn read(&mut self, terms: &Terms) {
        let Some(reader) = &mut self.reader else { return };
        reader.set_patient(terms.follow);
        loop {
            let settle = !terms.follow || self.ending.is_some() || self.is_abandoned;
            match reader.step(settle) {
                Ok(Step::Frame { kind, time }) => {
                    self.pause = Duration::ZERO;
                    self.key = self.key.max(time);
                    if !is_asked_for(reader, kind, time, terms) {
                        continue;
                    }
                    self.head = Head::Found;
                }
                Ok(Step::Fault) => self.head = Head::Found,
                // A reader that follows reports the damage too.
                Ok(Step::Rest) if !settle && reader.is_cut() && reader.get_mut().age() >= ABANDONED => {
                    self.is_abandoned = true;
                    continue;
                }
                Ok(Step::Rest) => self.rest(terms.follow),
                Err(error) => self.fail(error),
            }
            return;
        }
    }

    /// Handles the end of the available data.
    fn rest(&mut self, follows: bool) {
        match self.ending.take() {
            Some(Ending::Truncated { read, len }) => {
                self.reopen();
                self.restart();
                self.head = Head::Changed(FileChange::Truncated { read, len });
            }
            Some(Ending::Gone) => self.end(),
            // If the reader follows later, the file is opened again.
            None if !follows => self.park(),
            // A writer that has just appended is likely to append more. The lines that arrive later are of the present.
            None if self.pause.is_zero() => {
                self.pause = PAUSE.0;
                if let Some(reader) = &mut self.reader {
                    reader.set_changed(SystemTime::now());
                }
            }
            None => {}
        }
    }

    /// Ends the file, unless it gets a name again.
    fn end(&mut self) {
        self.park();
        self.done = true;
    }

    fn fail(&mut self, error: io::Error) {
        self.without_time = self.without_time();
        self.head = Head::Failed(error);
        (self.reader, self.opened, self.parked, self.done) = (None, None, None, true);
    }

    /// Returns the current event.
    #[inline]
    pub(super) fn event(&self) -> Option<LogEvent<'_>> {
        let file = &self.info;
        match &self.head {
            Head::Idle | Head::Unopened => None,
            Head::Changed(change) => Some(LogEvent::Changed { file, change: *change }),
            Head::Failed(error) => Some(LogEvent::UnreadableFile { path: &file.path, error }),
            Head::Found => Some(in_log(self.reader.as_ref()?.event()?, file)),
        }
    }
}

/// Returns whether the current event of the reader is requested.
#[inline]
fn is_asked_for(reader: &MixedReader<Tail>, kind: FrameKind, time: u64, terms: &Terms) -> bool {
    let entry = |event| if let MixedEvent::Entry { entry, .. } = event { Some(entry) } else { None };
    match kind.role() {
        Role::Entry if terms.filter.is_some() => terms.ask_for(time, reader.event().and_then(entry)),
        Role::Entry | Role::Record => terms.ask_for(time, None),
        Role::Resource | Role::File | Role::Opaque => true,
    }
}

/// Converts an event of a stream of bytes to an event of a log.
#[inline]
fn in_log<'a>(event: MixedEvent<'a>, file: &'a FileInfo) -> LogEvent<'a> {
    let source = Source::File(file);
    match event {
        MixedEvent::Entry { frame, entry, .. } => LogEvent::Entry { source, frame, entry },
        MixedEvent::Frame { frame, .. } => LogEvent::Frame { source, frame },
        MixedEvent::Unreadable { frame, error, .. } => LogEvent::Unreadable { source, frame, error },
        MixedEvent::Lost { range } => LogEvent::Lost { source, range },
        MixedEvent::DamagedHeader { error, .. } => LogEvent::DamagedHeader { source, error },
    }
}
