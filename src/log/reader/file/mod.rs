//! One file that is no segment, and how far it has been read.

mod identity;
mod seek;
mod tail;

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::format::frame::FrameKind;
use crate::log::files::{FileChange, FileId, FileInfo};
use crate::mixed::{MixedEvent, MixedReader, Step};

use super::event::{LogEvent, Source};
use super::stream::Terms;
use tail::{Mark, Tail};

/// How long a file in which nothing comes is left alone, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));
/// What a file has next.
enum Head {
    /// Nothing yet.
    Idle,
    /// Something that was found when it was looked into; it is opened again when its turn comes.
    Unopened,
    /// What its reader stands at.
    Found,
    /// What has happened to it.
    Changed(FileChange),
    /// It cannot be read.
    Failed(io::Error),
}

/// Why a file is read to what is now its end.
#[derive(Clone, Copy)]
enum Ending {
    /// It is another one from its beginning.
    Truncated { read: u64, len: u64 },
    /// It has no name any more.
    Gone,
}

/// One file that is no segment, and how far it has been read.
pub(super) struct LogFile {
    pub(super) info: FileInfo,
    pub(super) id: FileId,
    /// As that of a stream: the latest time so far.
    pub(super) key: u64,
    head: Head,
    reader: Option<Box<MixedReader<Tail>>>,
    /// The file, where it has been opened to find out what it is, and not been read yet.
    opened: Option<File>,
    /// Where it is opened.
    start: u64,
    /// Up to where it had been read when it was closed, to be opened again once there is more.
    parked: Option<Mark>,
    ending: Option<Ending>,
    /// Whether nothing will come.
    done: bool,
    /// Whether the file cannot be read at all, for example because it is compressed.
    failed: bool,
    /// When it was looked for something new last, and for how long it is left alone.
    asked: Instant,
    pause: Duration,
    /// When its name was looked for last, and since when it has none.
    name_asked: Instant,
    nameless: Option<Instant>,
}

impl LogFile {
    /// The file of which `info` tells; `replaced` where another one had its name. Without `file` it is opened when it is looked
    /// into.
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
            parked: None,
            ending: None,
            done: false,
            failed: false,
            asked: now,
            pause: Duration::ZERO,
            name_asked: now,
            nameless: None,
        }
    }

    /// One that cannot be read.
    pub(super) fn failed(info: FileInfo, id: FileId, error: io::Error) -> Self {
        Self { head: Head::Failed(error), done: true, failed: true, ..Self::new(info, id, None, false) }
    }

    /// Takes the error of a file that cannot be read, with its path.
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

    /// Whether nothing will come.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_idle() && self.done
    }

    pub(super) fn is_open(&self) -> bool {
        self.reader.is_some() || self.opened.is_some()
    }

    /// Whether nothing of it has been read.
    pub(super) fn is_fresh(&self) -> bool {
        self.failed || self.reader.is_none() && self.parked.is_none() && !self.done && !self.is_unopened()
    }

    /// Closes it, where too many are open: until its turn comes, where it has only just been looked into; else until there is
    /// more of it.
    pub(super) fn close(&mut self) {
        match self.head {
            Head::Found => (self.reader, self.head) = (None, Head::Unopened),
            _ => self.park(),
        }
    }

    /// Finds what comes next.
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
            // It may have got another name, of which one hears later.
            let waits = terms.follow && error.kind() == io::ErrorKind::NotFound && !self.is_lost();
            if !waits {
                self.fail(error);
            }
            return;
        }
        self.read(terms);
    }

    /// Opens the file, where there is something to read in it.
    fn open(&mut self, terms: &Terms) -> io::Result<()> {
        if let Some(mark) = self.parked {
            if !self.has_name() {
                return Ok(());
            }
            let file = self.file()?;
            let len = file.metadata()?.len();
            if len == mark.at {
                return Ok(());
            }
            self.parked = None;
            if !mark.is_in(&file) {
                self.start = 0;
                self.head = Head::Changed(FileChange::Truncated { read: mark.at, len });
                return Ok(());
            }
            self.opened = Some(file);
        }
        self.reader = Some(Box::new(self.reader_at(self.start, terms)?));
        Ok(())
    }

    /// A reader of the file from `offset` on.
    fn reader_at(&mut self, offset: u64, terms: &Terms) -> io::Result<MixedReader<Tail>> {
        Ok(MixedReader::at(Tail::at(self.file()?, offset)?, offset, terms.limits))
    }

    /// The file, and not another one that has its name now.
    fn file(&mut self) -> io::Result<File> {
        if let Some(file) = self.opened.take() {
            return Ok(file);
        }
        let (_, id, file) = FileInfo::open(&self.info.path, self.info.links)?;
        if id == self.id { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    /// Closes the file until there is more of it.
    pub(super) fn park(&mut self) {
        if let Some(mut reader) = self.reader.take() {
            self.start = reader.offset();
            self.parked = Some(reader.get_mut().mark);
        }
    }

    /// Whether to look for something new. Asks the clock alone.
    fn is_due(&mut self) -> bool {
        if self.asked.elapsed() < self.pause {
            return false;
        }
        self.asked = Instant::now();
        self.pause = (self.pause * 2).clamp(PAUSE.0, PAUSE.1);
        true
    }

    /// Reads on.
    fn read(&mut self, terms: &Terms) {
        let Some(reader) = &mut self.reader else { return };
        loop {
            let settle = !terms.follow || self.ending.is_some();
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
                Ok(Step::Rest) => self.rest(terms.follow),
                Err(error) => self.fail(error),
            }
            return;
        }
    }

    /// There is nothing more now.
    fn rest(&mut self, follows: bool) {
        match self.ending.take() {
            Some(Ending::Truncated { read, len }) => {
                self.reopen();
                self.start = 0;
                self.head = Head::Changed(FileChange::Truncated { read, len });
            }
            Some(Ending::Gone) => self.end(),
            // Should somebody follow it later, it is opened again.
            None if !follows => self.park(),
            // Whoever has appended something may append more.
            None if self.pause.is_zero() => self.pause = PAUSE.0,
            None => {}
        }
    }

    /// Nothing more comes, unless the file gets a name again.
    fn end(&mut self) {
        self.park();
        self.done = true;
    }

    fn fail(&mut self, error: io::Error) {
        self.head = Head::Failed(error);
        (self.reader, self.opened, self.parked, self.done) = (None, None, None, true);
    }

    /// What comes next.
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

/// Whether what the reader stands at is asked for.
#[inline]
fn is_asked_for(reader: &MixedReader<Tail>, kind: FrameKind, time: u64, terms: &Terms) -> bool {
    let entry = |event| if let MixedEvent::Entry { entry, .. } = event { Some(entry) } else { None };
    match kind {
        FrameKind::Entry if terms.filter.is_some() => terms.ask_for(time, reader.event().and_then(entry)),
        FrameKind::Entry | FrameKind::Loss => terms.ask_for(time, None),
        _ => true,
    }
}

/// What a stream has, as what a log has.
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
