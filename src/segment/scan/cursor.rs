//! A place between the frames of a segment, and how it moves on: to the next frame, or past a gap.

use core::sync::atomic::{Ordering, fence};

use crate::format::frame::{self, ALIGN, FrameFault};

use super::bounds::{Bounds, Budget, stated_tail};
use super::lost::{LostRange, LostReason};
use super::source::Source;
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
pub(crate) enum Followed<F> {
    /// A frame or a gap.
    Found(Found<F>),
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
    pub(crate) fn jump<S: Source>(&mut self, source: &mut S, at: usize) -> bool {
        let found = source.parse(at, self.bounds.end, self.tag(at), true).is_ok();
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

    /// The tag of a frame at `at`.
    #[inline(always)]
    pub(crate) fn tag(&self, at: usize) -> u32 {
        frame::tag(self.bounds.salt, at)
    }

    /// The next frame or gap of a segment whose writer is at work. What is not complete is waited for.
    #[cfg(unix)]
    pub(crate) fn follow<S: Source>(&mut self, source: &mut S) -> Followed<S::Frame> {
        match self.parse(source, self.at) {
            Ok(frame) => Followed::Found(self.pass::<S>(frame)),
            Err(FrameFault::Free | FrameFault::Intent) => Followed::Pending,
            Err(FrameFault::Closed) => Followed::End,
            Err(FrameFault::Truncated { .. }) if self.at == self.bounds.end => Followed::End,
            Err(fault) => self.follow_past(source, fault),
        }
    }

    /// Looks for the frame behind damage, as far as frames are known to be.
    #[cfg(unix)]
    #[cold]
    fn follow_past<S: Source>(&mut self, source: &mut S, fault: FrameFault) -> Followed<S::Frame> {
        let end = self.bounds.end;
        let tail = stated_tail(source).unwrap_or(end).min(end);
        if tail <= self.searched {
            return Followed::Pending;
        }
        self.searched = tail;
        self.bounds.end = tail.max(self.at);
        let search = self.resynchronise(source, fault);
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
    fn parse<S: Source>(&self, source: &mut S, at: usize) -> Result<S::Frame, FrameFault> {
        source.parse(at, self.bounds.end, self.tag(at), self.mode == Mode::Trust)
    }

    /// The next frame or gap.
    #[inline(always)]
    pub(crate) fn advance<S: Source>(&mut self, source: &mut S) -> Option<Found<S::Frame>> {
        if self.done {
            return None;
        }
        match self.parse(source, self.at) {
            Ok(frame) => Some(self.pass::<S>(frame)),
            Err(fault) => self.gap(source, fault),
        }
    }

    #[inline(always)]
    fn pass<S: Source>(&mut self, frame: S::Frame) -> Found<S::Frame> {
        self.at += S::len_of(&frame);
        Found::Frame(frame)
    }

    /// There is no frame where one could be: the end, or a gap.
    #[cold]
    fn gap<S: Source>(&mut self, source: &mut S, fault: FrameFault) -> Option<Found<S::Frame>> {
        let start = self.at;
        if fault == FrameFault::Closed {
            return self.closed(source);
        }
        let at_end = self.bounds.sealed && self.bounds.tail == Some(start);
        if at_end && !self.thorough && fault == FrameFault::Free {
            self.done = true;
            return None;
        }
        if fault == FrameFault::Intent
            && let Some(end) = self.behind_intents(source)
        {
            return Some(self.leave_behind(end, LostReason::Uncommitted));
        }
        let search = self.resynchronise(source, fault);
        if matches!(fault, FrameFault::Free | FrameFault::Intent) {
            // The writer may be at work. What it wrote here, it wrote before what the search has met behind.
            fence(Ordering::Acquire);
            match self.parse(source, start) {
                Ok(frame) => return Some(self.pass::<S>(frame)),
                Err(FrameFault::Intent) if fault == FrameFault::Free => {
                    if let Some(end) = self.behind_intents(source) {
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
            FrameFault::Free if self.begun(source, start) => Some(lost(start, last, LostReason::Uncommitted)),
            FrameFault::Free => Some(lost(first, last, LostReason::NotZero)),
            _ => Some(lost(start, last, LostReason::Damaged(fault))),
        }
    }

    /// Moves on to `end`; what lies between is reported.
    fn leave_behind<F>(&mut self, end: usize, reason: LostReason) -> Found<F> {
        let start = self.at;
        self.at = end;
        lost(start, end, reason)
    }

    /// At the word that ends the segment. Behind it nothing was ever written.
    fn closed<S: Source>(&mut self, source: &mut S) -> Option<Found<S::Frame>> {
        self.done = true;
        if !self.thorough {
            return None;
        }
        let (end, own) = (self.bounds.end, self.at + ALIGN);
        source.look_anew();
        let beside = own <= end && source.word(self.at + frame::TAG).is_some_and(|word| word != 0);
        let first = if beside { Some(self.at) } else { source.next_nonzero(end, own) };
        first.map(|first| lost(first, source.last_nonzero(end, own), LostReason::NotZero))
    }

    /// Where the appends end that were begun from here on, one after the other, and never completed: their lengths lead to
    /// a frame, to the end, or to space that nothing ever took. `None` where they lead elsewhere: then one is damaged.
    fn behind_intents<S: Source>(&mut self, source: &mut S) -> Option<usize> {
        let mut at = self.at;
        loop {
            // A frame whose header is right counts, whatever became of its payload: this is where it was.
            match source.examine(at, self.bounds.end, self.tag(at)) {
                Err(FrameFault::Intent) => {
                    let word = source.word(at)?;
                    let payload = frame::payload_len(word);
                    if word != frame::intent_word(payload) {
                        return None;
                    }
                    let next = at + frame::frame_len(payload);
                    if self.holds_frame(source, at + ALIGN, next)? {
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
    fn holds_frame<S: Source>(&mut self, source: &mut S, from: usize, to: usize) -> Option<bool> {
        self.budget.spend(to - from)?;
        let (end, mut at) = (to.min(self.bounds.end), from);
        source.look_anew();
        while let Some(slot) = source.next_nonzero(end, at) {
            match self.parse(source, slot) {
                Ok(_) => return Some(true),
                Err(FrameFault::Checksum { .. }) => {
                    self.budget.spend(source.cost(slot, self.bounds.end))?;
                }
                Err(_) => {}
            }
            at = slot + ALIGN;
        }
        Some(false)
    }

    /// The next intact frame behind this place, where there is a fault.
    fn resynchronise<S: Source>(&mut self, source: &mut S, fault: FrameFault) -> Search {
        let (from, end) = (self.at, self.bounds.end.min(source.len()));
        let mut search = Search { next: None, first: None, last: from, gave_up: false };
        let (mut at, mut fault) = (from, Some(fault));
        source.look_anew();
        while let Some(slot) = source.next_nonzero(end, at) {
            at = slot;
            if at != from {
                fault = self.parse(source, at).err();
            }
            match fault {
                None | Some(FrameFault::Closed) => {
                    search.next = Some(at);
                    return search;
                }
                Some(FrameFault::Checksum { .. }) => {
                    if self.budget.spend(source.cost(at, end)).is_none() {
                        search.gave_up = true;
                        search.last = source.last_nonzero(end, at);
                        return search;
                    }
                }
                Some(_) => {}
            }
            at += ALIGN;
            search.first = search.first.or(Some(slot));
            search.last = at.min(end);
        }
        search
    }

    /// Whether the one thread that writes has begun an append at `start`: it writes the tag before anything else.
    fn begun<S: Source>(&self, source: &S, start: usize) -> bool {
        let (header, len) = source.header(start, source.len());
        len == frame::HEADER_LEN && frame::tag_in(&header) == self.tag(start)
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

fn lost<F>(start: usize, end: usize, reason: LostReason) -> Found<F> {
    Found::Lost(LostRange { start: start as u64, end: end as u64, reason })
}
