//! One file that is no segment, and how far it has been read.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::format::frame::FrameKind;
use crate::log::files::{FileChange, FileId, FileInfo};
use crate::mixed::{MixedEvent, MixedReader, Step};

use super::event::{LogEvent, Source};
use super::stream::Terms;
use super::tail::{Mark, Tail};

/// How long a file in which nothing comes is left alone, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(50));
/// How often it is asked for whether the file still has its name.
const ASK: Duration = Duration::from_millis(500);
/// How long a file that has lost its name is waited for: whoever writes to it may not have noticed yet.
const GRACE: Duration = Duration::from_secs(5);

/// So many places in a file are remembered at most.
const MOST_PLACES: usize = 1 << 20;

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
    /// Where it is opened.
    start: u64,
    /// Up to where it had been read when it was closed, to be opened again once there is more.
    parked: Option<Mark>,
    ending: Option<Ending>,
    /// Whether nothing will come.
    done: bool,
    /// When it was looked for something new last, and for how long it is left alone.
    asked: Instant,
    pause: Duration,
    /// When its name was looked for last, and since when it has none.
    name_asked: Instant,
    nameless: Option<Instant>,
}

impl LogFile {
    /// The file of which `info` tells; `replaced` where another one had its name.
    pub(super) fn new(info: FileInfo, id: FileId, replaced: bool) -> Self {
        let now = Instant::now();
        Self {
            info,
            id,
            key: 0,
            head: if replaced { Head::Changed(FileChange::Replaced) } else { Head::Idle },
            reader: None,
            start: 0,
            parked: None,
            ending: None,
            done: false,
            asked: now,
            pause: Duration::ZERO,
            name_asked: now,
            nameless: None,
        }
    }

    /// One that cannot be read.
    pub(super) fn failed(info: FileInfo, id: FileId, error: io::Error) -> Self {
        Self { head: Head::Failed(error), done: true, ..Self::new(info, id, false) }
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
        self.reader.is_some()
    }

    /// Whether nothing of it has been read.
    pub(super) fn is_fresh(&self) -> bool {
        self.reader.is_none() && self.parked.is_none() && !self.done && !self.is_unopened()
    }

    /// Takes note of a name that the file with its number has now. Whether it is this one, and not another one that has got
    /// the number of one that is gone.
    pub(super) fn rename(&mut self, path: &Path) -> bool {
        let is_this = match (&self.reader, self.parked) {
            (Some(_), _) => true,
            (None, Some(mark)) => File::open(path).is_ok_and(|file| mark.is_in(&file)),
            (None, None) => !self.done,
        };
        if is_this {
            self.info.path = path.to_owned();
            (self.nameless, self.done) = (None, false);
        }
        is_this
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
    pub(super) fn advance(&mut self, terms: Terms) {
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
            return self.fail(error);
        }
        self.read(terms);
    }

    /// Opens the file, where there is something to read in it.
    fn open(&mut self, terms: Terms) -> io::Result<()> {
        if let Some(mark) = self.parked {
            if !self.has_name() {
                return Ok(());
            }
            let (info, _) = FileInfo::look(&self.info.path)?;
            if info.len == mark.at {
                return Ok(());
            }
            self.parked = None;
            if !mark.is_in(&File::open(&self.info.path)?) {
                self.start = 0;
                self.head = Head::Changed(FileChange::Truncated { read: mark.at, len: info.len });
                return Ok(());
            }
        }
        let tail = Tail::open(&self.info.path, self.start)?;
        self.reader = Some(Box::new(MixedReader::at(tail, self.start, terms.limits)));
        Ok(())
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

    /// Looks at what has become of the file.
    fn look(&mut self) {
        let Some(reader) = &mut self.reader else { return };
        let tail = reader.get_mut();
        if self.ending.is_some() {
            return;
        }
        if let Some(len) = tail.changed() {
            self.ending = Some(Ending::Truncated { read: tail.mark.at, len });
            tail.closed = true;
            return;
        }
        if !self.has_name() {
            self.ending = self.done.then_some(Ending::Gone);
            self.done = false;
        }
    }

    /// Whether the file can be found under its name, for all that is known. Where it has not been for a while, it is done.
    fn has_name(&mut self) -> bool {
        if self.name_asked.elapsed() < ASK {
            return self.nameless.is_none();
        }
        self.name_asked = Instant::now();
        if FileId::of(&self.info.path).is_ok_and(|id| id == self.id) {
            self.nameless = None;
        } else {
            self.done = self.nameless.get_or_insert(self.name_asked).elapsed() >= GRACE;
        }
        self.nameless.is_none()
    }

    /// Reads on.
    fn read(&mut self, terms: Terms) {
        let Some(reader) = &mut self.reader else { return };
        loop {
            let settle = !terms.follow || self.ending.is_some();
            match reader.step(settle) {
                Ok(Step::Frame { kind, time }) => {
                    self.pause = Duration::ZERO;
                    self.key = self.key.max(time);
                    if matches!(kind, FrameKind::Entry | FrameKind::Loss) && !terms.window.admits(time) {
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
                (self.reader, self.start) = (None, 0);
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
        (self.reader, self.parked, self.done) = (None, None, true);
    }

    /// Passes over everything there is now.
    pub(super) fn skip_to_end(&mut self, terms: Terms) {
        if let Err(error) = self.skip(terms, |_| ()) {
            self.fail(error);
        }
    }

    /// Passes over everything there is now, and says of each piece in which entries may be where it begins.
    fn skip(&mut self, terms: Terms, mut found: impl FnMut(u64)) -> io::Result<()> {
        if self.done {
            return Ok(());
        }
        self.head = Head::Idle;
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                let tail = Tail::open(&self.info.path, self.start)?;
                self.reader.insert(Box::new(MixedReader::at(tail, self.start, terms.limits)))
            }
        };
        while let Some((offset, has_entries)) = reader.skip()? {
            if has_entries {
                found(offset);
            }
        }
        Ok(())
    }

    /// Moves to a place with at most `most` pieces with entries behind it, of one that is fresh; how many entries that are
    /// asked for are behind it, and the latest time of them.
    pub(super) fn seek_to_last(&mut self, most: usize, terms: Terms) -> (u64, u64) {
        let mut places = std::collections::VecDeque::new();
        // In a range, most pieces may not count.
        if terms.window.is_open() && most <= MOST_PLACES {
            let result = self.skip(terms, |offset| {
                if places.len() == most {
                    places.pop_front();
                }
                places.push_back(offset);
            });
            if result.is_ok() && places.len() == most {
                self.start = places.front().copied().unwrap_or(0);
            }
        }
        self.reader = None;
        let counted = self.count(terms);
        (self.reader, self.head, self.key) = (None, Head::Idle, 0);
        counted.unwrap_or_default()
    }

    /// How many entries that are asked for there are from the place at which it is opened, and their latest time.
    fn count(&self, terms: Terms) -> io::Result<(u64, u64)> {
        let tail = Tail::open(&self.info.path, self.start)?;
        let mut reader = MixedReader::at(tail, self.start, terms.limits);
        let (mut entries, mut latest) = (0, 0);
        loop {
            match reader.step(!terms.follow)? {
                Step::Frame { kind: FrameKind::Entry, time } => {
                    latest = latest.max(time);
                    entries += u64::from(terms.window.admits(time));
                }
                Step::Rest => return Ok((entries, latest)),
                _ => {}
            }
        }
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
