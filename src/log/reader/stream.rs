//! The segments of one stream, in order.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crate::decode::EntryRef;
use crate::limits::Limits;
use crate::log::listing::{Life, Owner, SegmentInfo};
use crate::segment::LostRange;
use crate::segment::scan::{Access, Place};
use crate::zone::Zone;

use super::filter::Filter;
use super::open::{Look, OpenSegment, Step};
use super::window::Window;

/// The options with which streams are read.
#[derive(Clone, Default)]
pub(super) struct Terms {
    pub(super) window: Window,
    pub(super) filter: Option<Filter>,
    pub(super) access: Access,
    /// The number of times that the directories have been read.
    pub(super) round: u64,
    /// Whether the reader waits for incomplete data at the end of a file.
    pub(super) follow: bool,
    /// Whether paths that do not exist are accepted.
    pub(super) awaits: bool,
    /// The limits of entries that are made from lines, in place of [`Limits::READER`].
    pub(super) limits: Option<Limits>,
    /// The zone of times in lines without an offset.
    pub(super) zone: Option<Zone>,
}

impl Terms {
    /// Returns whether an entry is requested.
    #[inline]
    pub(super) fn ask_for(&self, time: u64, entry: Option<EntryRef<'_>>) -> bool {
        self.window.admits(time)
            && self.filter.as_ref().is_none_or(|filter| entry.is_none_or(|entry| filter.matches(&entry)))
    }

    /// Returns a lower bound of the number of requested entries of a segment, from its trailer.
    pub(super) fn at_least(&self, info: &SegmentInfo) -> u64 {
        if self.filter.is_some() { 0 } else { self.window.at_least(info) }
    }

    /// Returns whether a segment need not be opened.
    pub(super) fn skip(&self, info: &SegmentInfo) -> bool {
        self.window.skips(info) || self.filter.as_ref().is_some_and(|filter| filter.skips(info))
    }
}

/// A known segment that has not been read.
pub(super) struct Waiting {
    pub(super) info: SegmentInfo,
    /// The open segment. A live segment is opened when it is found, so that its entries can be read even if it is
    /// deleted.
    pub(super) open: Option<Box<OpenSegment>>,
    /// The number of times that the directories had been read when the segment was found. A read can miss names that
    /// are added at the same time, so a gap before the segment is reported only after another read.
    found: u64,
    /// Whether the segment was found in a directory, which should then contain the earlier segments as well.
    listed: bool,
}

/// Returns whether both are the same segment, possibly with different names.
fn is_same(a: &SegmentInfo, b: &SegmentInfo) -> bool {
    match (&a.header, &b.header) {
        (Ok(a), Ok(b)) => a.segment_id == b.segment_id,
        _ => a.path == b.path,
    }
}

/// The next event of a stream.
pub(super) enum Head {
    /// No event now.
    Idle,
    /// A sealed segment, whose entries are not earlier than the stream's key.
    Unopened,
    /// A frame of the open segment.
    Frame(Place),
    /// A range of the open segment without the expected frames.
    Lost(LostRange),
    /// The damaged first page of the open segment.
    DamagedHeader,
    /// Segments that do not exist.
    Missed(RangeInclusive<u64>),
    /// A file that cannot be read.
    File(PathBuf, io::Error),
}

/// The segments of one stream, in order.
pub(super) struct Stream {
    pub(super) id: [u8; 16],
    /// The known segments, in their order in the stream.
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) open: Option<Box<OpenSegment>>,
    /// The position of the next segment, or `None` before the first one, which may have any position.
    pub(super) expected: Option<u64>,
    /// The key for merging this stream with others: the latest time that has been read. If a clock steps back,
    /// entries do not move before earlier entries.
    pub(super) key: u64,
    pub(super) head: Head,
}

impl Stream {
    pub(super) fn new(id: [u8; 16], expected: Option<u64>) -> Self {
        Self { id, waiting: VecDeque::new(), open: None, expected, key: 0, head: Head::Idle }
    }

    /// Adds a segment. A segment that has been read, or that did not exist when its turn came, is not read again.
    pub(super) fn add(&mut self, info: SegmentInfo, file: Option<File>, listed: bool, terms: &Terms) {
        let sequence = info.sequence;
        let from = self.waiting.partition_point(|other| other.info.sequence < sequence);
        let equals = self.waiting.range(from..).take_while(|other| other.info.sequence == sequence);
        let known = equals.clone().any(|other| is_same(&other.info, &info));
        if known || self.expected.is_some_and(|expected| sequence < expected) {
            return;
        }
        let place = from + equals.count();
        let open = file.and_then(|file| {
            OpenSegment::new(info.clone(), file, terms.access, terms.filter.as_ref()).ok().map(Box::new)
        });
        self.waiting.insert(place, Waiting { info, open, found: terms.round, listed });
        // A segment with two later segments has been in use, so its number is sufficient to detect that entries are
        // missing.
        let superseded = self.waiting.len().saturating_sub(2);
        for i in [Some(place), superseded.checked_sub(1)].into_iter().flatten().filter(|i| *i < superseded) {
            if let Some(waiting) = self.waiting.get_mut(i) {
                waiting.open = None;
            }
        }
    }

    /// Returns whether no event can come without a new segment.
    pub(super) fn is_at_rest(&self) -> bool {
        matches!(self.head, Head::Idle) && self.open.is_none() && self.waiting.is_empty()
    }

    /// Returns whether there is a gap that was found in the last read of the directories.
    pub(super) fn has_doubts(&self, round: u64) -> bool {
        let mut expected = self.expected;
        self.waiting.iter().any(|waiting| {
            let sequence = waiting.info.sequence;
            let doubtful = waiting.listed
                && waiting.found >= round
                && expected.is_some_and(|expected| sequence > expected);
            expected = Some(sequence.saturating_add(1));
            doubtful
        })
    }

    /// Advances to the next event.
    pub(super) fn advance(&mut self, terms: &Terms) {
        loop {
            let Some(open) = &mut self.open else {
                if self.choose(terms) {
                    return;
                }
                continue;
            };
            match open.step() {
                Step::Frame { place, time } => {
                    // An index may skip entries that a filter excludes. Therefore the times of such entries count
                    // only at the end of the segment.
                    if terms.filter.is_none() || open.info().trailer.is_none() {
                        self.key = self.key.max(time);
                    }
                    match open.look(&place, time, terms) {
                        Look::Unasked => continue,
                        Look::Asked => self.head = Head::Frame(place),
                        Look::Damaged(range) => self.head = Head::Lost(range),
                    }
                    self.key = self.key.max(time);
                    return;
                }
                Step::Lost(range) => {
                    self.head = Head::Lost(range);
                    return;
                }
                Step::Failed(error) => {
                    self.key = self.key.max(open.info().trailer.map_or(0, |trailer| trailer.max_time));
                    self.head = Head::File(open.info().path.clone(), error);
                    self.open = None;
                    return;
                }
                Step::Pending => {
                    // Without locks, a segment with two later segments is no longer waited for.
                    if self.waiting.len() >= 2 {
                        open.give_up_waiting();
                        if !open.is_live() {
                            continue;
                        }
                    }
                    self.head = Head::Idle;
                    return;
                }
                Step::End => {
                    self.key = self.key.max(open.info().trailer.map_or(0, |trailer| trailer.max_time));
                    self.open = None;
                }
            }
        }
    }

    /// Moves to the next segment. Returns whether this determines the next event.
    fn choose(&mut self, terms: &Terms) -> bool {
        let Some(next) = self.waiting.front() else {
            self.head = Head::Idle;
            return true;
        };
        let sequence = next.info.sequence;
        if let Some(expected) = self.expected.filter(|expected| next.listed && *expected < sequence) {
            self.head = Head::Idle;
            if next.found < terms.round {
                self.head = Head::Missed(expected..=sequence - 1);
                self.expected = Some(sequence);
            }
            return true;
        }
        if terms.skip(&next.info) {
            self.key = self.key.max(next.info.trailer.map_or(0, |trailer| trailer.max_time));
            self.pass();
            return false;
        }
        if let Some(trailer) = next.info.trailer {
            // The segment is opened when its turn comes, so that few segments are open even if there are many
            // streams.
            self.key = self.key.max(trailer.min_time);
            self.head = Head::Unopened;
            return true;
        }
        self.open_next(terms)
    }

    /// Opens the next segment. Returns whether this determines the next event.
    pub(super) fn open_next(&mut self, terms: &Terms) -> bool {
        let Some(next) = self.pass() else { return false };
        let open = match next.open {
            Some(open) => Ok(open),
            None => next
                .info
                .open()
                .and_then(|file| {
                    OpenSegment::new(next.info.clone(), file, terms.access, terms.filter.as_ref())
                })
                .map(Box::new),
        };
        match open {
            Ok(open) => {
                let damaged = open.info().header.is_err();
                if damaged {
                    self.head = Head::DamagedHeader;
                }
                self.open = Some(open);
                damaged
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.head = Head::Missed(next.info.sequence..=next.info.sequence);
                // A segment that was preallocated and never used disappears with its process.
                next.info.life != Life::Empty || next.info.owner != Owner::Gone
            }
            Err(error) => {
                self.head = Head::File(next.info.path, error);
                true
            }
        }
    }

    /// Removes and returns the next segment.
    pub(super) fn pass(&mut self) -> Option<Waiting> {
        let next = self.waiting.pop_front()?;
        let sequence = next.info.sequence;
        // The sequence of a damaged first page may have any value.
        self.expected = Some(self.expected.unwrap_or(0).max(sequence.saturating_add(1)));
        Some(next)
    }
}
