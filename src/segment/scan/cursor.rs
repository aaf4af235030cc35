//! A place between the frames of a segment, and how it moves on: to the next frame, or past a gap.

use core::sync::atomic::{Ordering, fence};

use crate::format::bytes::{u32_at, u64_at};
use crate::format::frame::{self, ALIGN, FrameFault, FrameRef};

use super::bounds::{Bounds, Budget, stated_tail};
use super::lost::{LostRange, LostReason};
use super::unused::{is_zero, last_nonzero, next_nonzero};
use super::{Found, Mode};

/// Where a reader stands in a segment. Its bytes are not borrowed: whoever moves it on brings them along, always the
/// same ones.
pub(crate) struct Cursor {
    bounds: Bounds,
    mode: Mode,
    at: usize,
    budget: Budget,
    /// Whether unused space is looked through.
    thorough: bool,
    done: bool,
    /// How far [`follow`](Self::follow) has looked for what comes behind damage.
    #[cfg(unix)]
    searched: usize,
}

/// What a reader finds where a writer is at work.
#[cfg(unix)]
pub(crate) enum Followed<'a> {
    /// A frame or a gap.
    Found(Found<'a>),
    /// Nothing yet.
    Pending,
    /// The segment was closed, or is full to its last byte: nothing will come.
    End,
}

impl Cursor {
    /// Before the first frame of a segment of `len` bytes.
    pub(crate) fn new(bounds: Bounds, len: usize, mode: Mode) -> Self {
        Self {
            at: bounds.start,
            bounds,
            mode,
            budget: Budget::new(len),
            thorough: false,
            done: false,
            #[cfg(unix)]
            searched: 0,
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Looks through the unused space of a sealed segment as well.
    pub(crate) fn look_everywhere(&mut self) {
        self.thorough = true;
    }

    /// Nothing is found any more.
    pub(crate) fn stop(&mut self) {
        self.done = true;
    }

    /// Where the next frame begins.
    #[cfg(unix)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes on at `at`, where a frame begins. Whether one does.
    #[cfg(unix)]
    pub(crate) fn jump(&mut self, bytes: &[u8], at: usize) -> bool {
        let found = self.found(bytes, at).is_ok();
        if found {
            self.at = at;
        }
        found
    }

    /// One past the last byte that can belong to a frame.
    #[cfg(unix)]
    pub(crate) fn end(&self) -> usize {
        self.bounds.end
    }

    /// The frame at `at`, which has been found before.
    #[cfg(unix)]
    #[inline]
    pub(crate) fn found<'a>(&self, bytes: &'a [u8], at: usize) -> Result<FrameRef<'a>, FrameFault> {
        let bytes = bytes.get(at..self.bounds.end).unwrap_or(&[]);
        frame::parse_trusted(bytes, at, frame::tag(self.bounds.salt, at))
    }

    /// The same with a look at its checksum.
    #[cfg(unix)]
    pub(crate) fn verified<'a>(&self, bytes: &'a [u8], at: usize) -> Result<FrameRef<'a>, FrameFault> {
        let bytes = bytes.get(at..self.bounds.end).unwrap_or(&[]);
        frame::parse(bytes, at, frame::tag(self.bounds.salt, at))
    }

    /// The next frame or gap of a segment whose writer is at work. What is not complete is waited for.
    #[cfg(unix)]
    pub(crate) fn follow<'a>(&mut self, bytes: &'a [u8]) -> Followed<'a> {
        match self.parse(bytes, self.at) {
            Ok(frame) => Followed::Found(self.pass(frame)),
            Err(FrameFault::Free | FrameFault::Intent) => Followed::Pending,
            Err(FrameFault::Closed) => Followed::End,
            Err(FrameFault::Truncated { .. }) if self.at == self.bounds.end => Followed::End,
            Err(fault) => self.follow_past(bytes, fault),
        }
    }

    /// Looks for the frame behind damage, as far as frames are known to be.
    #[cfg(unix)]
    #[cold]
    fn follow_past<'a>(&mut self, bytes: &'a [u8], fault: FrameFault) -> Followed<'a> {
        let end = self.bounds.end;
        let tail = stated_tail(bytes).unwrap_or(end).min(end);
        if tail <= self.searched {
            return Followed::Pending;
        }
        self.searched = tail;
        self.bounds.end = tail.max(self.at);
        let search = self.resynchronise(bytes, fault);
        self.bounds.end = end;
        match search.next {
            Some(next) => Followed::Found(self.leave_behind(next, LostReason::Damaged(fault))),
            None => Followed::Pending,
        }
    }

    /// The segment has come to its end: what is not complete by now never will be.
    #[cfg(unix)]
    pub(crate) fn settle(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    #[inline(always)]
    fn parse<'a>(&self, bytes: &'a [u8], at: usize) -> Result<FrameRef<'a>, FrameFault> {
        let bytes = bytes.get(at..self.bounds.end).unwrap_or(&[]);
        let tag = frame::tag(self.bounds.salt, at);
        if self.mode == Mode::Trust {
            frame::parse_trusted(bytes, at, tag)
        } else {
            frame::parse(bytes, at, tag)
        }
    }

    /// The next frame or gap.
    #[inline(always)]
    pub(crate) fn advance<'a>(&mut self, bytes: &'a [u8]) -> Option<Found<'a>> {
        if self.done {
            return None;
        }
        match self.parse(bytes, self.at) {
            Ok(frame) => Some(self.pass(frame)),
            Err(fault) => self.gap(bytes, fault),
        }
    }

    #[inline(always)]
    fn pass<'a>(&mut self, frame: FrameRef<'a>) -> Found<'a> {
        self.at += frame::frame_len(frame.payload.len());
        Found::Frame(frame)
    }

    /// There is no frame where one could be: the end, or a gap.
    #[cold]
    fn gap<'a>(&mut self, bytes: &'a [u8], fault: FrameFault) -> Option<Found<'a>> {
        let start = self.at;
        if fault == FrameFault::Closed {
            return self.closed(bytes);
        }
        let at_end = self.bounds.sealed && self.bounds.tail == Some(start);
        if at_end && !self.thorough && fault == FrameFault::Free {
            self.done = true;
            return None;
        }
        if fault == FrameFault::Intent
            && let Some(end) = self.behind_intents(bytes)
        {
            return Some(self.leave_behind(end, LostReason::Uncommitted));
        }
        let search = self.resynchronise(bytes, fault);
        if matches!(fault, FrameFault::Free | FrameFault::Intent) {
            // The writer may be at work. What it wrote here, it wrote before what the search has met behind.
            fence(Ordering::Acquire);
            match self.parse(bytes, start) {
                Ok(frame) => return Some(self.pass(frame)),
                Err(FrameFault::Intent) if fault == FrameFault::Free => {
                    if let Some(end) = self.behind_intents(bytes) {
                        return Some(self.leave_behind(end, LostReason::Uncommitted));
                    }
                }
                Err(_) => {}
            }
        }
        if let Some(next) = search.next {
            return Some(self.leave_behind(next, LostReason::Damaged(fault)));
        }
        self.done = true;
        let last = search.last.max(start);
        let below_tail = self.bounds.tail.filter(|tail| start < *tail);
        if search.gave_up {
            return Some(lost(start, below_tail.unwrap_or(start).max(last), LostReason::GaveUp));
        }
        if let Some(tail) = below_tail {
            // What held frames is lost to the tail, zeros included; what lies behind the tail is a gap of its own.
            let reason =
                if tail > self.bounds.end { LostReason::Truncated } else { LostReason::Damaged(fault) };
            (self.at, self.done) = (tail, last <= tail);
            return Some(lost(start, tail, reason));
        }
        let first = search.first?;
        match fault {
            FrameFault::Free if self.begun(bytes, start) => Some(lost(start, last, LostReason::Uncommitted)),
            FrameFault::Free => Some(lost(first, last, LostReason::NotZero)),
            _ => Some(lost(start, last, LostReason::Damaged(fault))),
        }
    }

    /// Moves on to `end`; what lies between is reported.
    fn leave_behind(&mut self, end: usize, reason: LostReason) -> Found<'static> {
        let start = self.at;
        self.at = end;
        lost(start, end, reason)
    }

    /// At the word that ends the segment. Behind it nothing was ever written.
    fn closed(&mut self, bytes: &[u8]) -> Option<Found<'static>> {
        self.done = true;
        if !self.thorough {
            return None;
        }
        let space = bytes.get(..self.bounds.end).unwrap_or(bytes);
        let own = self.at + ALIGN;
        let beside = space.get(self.at + frame::TAG..own).is_some_and(|bytes| !is_zero(bytes));
        let first = if beside { Some(self.at) } else { next_nonzero(space, own) };
        first.map(|first| lost(first, last_nonzero(space, own), LostReason::NotZero))
    }

    /// Where the appends end that were begun from here on, one after the other, and never completed: their lengths lead to
    /// a frame, to the end, or to space that nothing ever took. `None` where they lead elsewhere: then one is damaged.
    fn behind_intents(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = self.at;
        loop {
            let place = bytes.get(at..self.bounds.end).unwrap_or(&[]);
            // A frame whose header is right counts, whatever became of its payload: this is where it was.
            match frame::parse_trusted(place, at, frame::tag(self.bounds.salt, at)) {
                Err(FrameFault::Intent) => {
                    let word = u64_at(bytes, at)?;
                    let payload = frame::payload_len(word);
                    if word != frame::intent_word(payload) {
                        return None;
                    }
                    let next = at + frame::frame_len(payload);
                    if self.holds_frame(bytes, at + ALIGN, next)? {
                        return None;
                    }
                    at = next;
                }
                Err(FrameFault::Free) if self.bounds.tail.is_none_or(|tail| at >= tail) => return Some(at),
                Err(FrameFault::Truncated { .. }) if at == self.bounds.end => return Some(at),
                Err(FrameFault::Closed) | Ok(_) if at > self.at => return Some(at),
                _ => return None,
            }
        }
    }

    /// Whether an intact frame begins from `from` to `to`: then no append ever had that space. `None` where finding out
    /// costs too much.
    fn holds_frame(&mut self, bytes: &[u8], from: usize, to: usize) -> Option<bool> {
        self.budget.spend(to - from)?;
        let (space, mut at) = (bytes.get(..to.min(self.bounds.end))?, from);
        while let Some(slot) = next_nonzero(space, at) {
            match self.parse(bytes, slot) {
                Ok(_) => return Some(true),
                Err(FrameFault::Checksum { .. }) => {
                    self.budget.spend(frame::cost(&bytes[slot..]).unwrap_or(0))?
                }
                Err(_) => {}
            }
            at = slot + ALIGN;
        }
        Some(false)
    }

    /// The next intact frame behind this place, where there is a fault.
    fn resynchronise(&mut self, bytes: &[u8], fault: FrameFault) -> Search {
        let from = self.at;
        let mut search = Search { next: None, first: None, last: from, gave_up: false };
        let (mut at, mut parsed) = (from, Err(fault));
        let space = bytes.get(..self.bounds.end).unwrap_or(bytes);
        while let Some(slot) = next_nonzero(space, at) {
            at = slot;
            if at != from {
                parsed = self.parse(bytes, at);
            }
            match parsed {
                Ok(_) | Err(FrameFault::Closed) => {
                    search.next = Some(at);
                    return search;
                }
                Err(FrameFault::Checksum { .. }) => {
                    if self.budget.spend(frame::cost(&space[at..]).unwrap_or(0)).is_none() {
                        search.gave_up = true;
                        search.last = last_nonzero(space, at);
                        return search;
                    }
                }
                Err(_) => {}
            }
            at += ALIGN;
            search.first = search.first.or(Some(slot));
            search.last = at.min(space.len());
        }
        search
    }

    /// Whether the one thread that writes has begun an append at `start`: it writes the tag before anything else.
    fn begun(&self, bytes: &[u8], start: usize) -> bool {
        u32_at(bytes, start + frame::TAG) == Some(frame::tag(self.bounds.salt, start))
    }
}

/// What a search for the next frame has seen.
struct Search {
    /// Where the next frame, or the word that ends the segment, is.
    next: Option<usize>,
    /// The first slot before it that is not zero.
    first: Option<usize>,
    /// One past the last slot before it that is not zero.
    last: usize,
    /// Whether the budget ended before the file did.
    gave_up: bool,
}

fn lost(start: usize, end: usize, reason: LostReason) -> Found<'static> {
    Found::Lost(LostRange { start: start as u64, end: end as u64, reason })
}
