//! A cursor between the frames of a segment. It moves to the next frame, or past a gap.

use core::sync::atomic::{Ordering, fence};

use crate::format::frame::{self, ALIGN, FrameFault};

use super::bounds::{Bounds, Budget, stated_tail};
use super::lost::{LostRange, LostReason};
use super::source::Source;
use super::{Found, Mode};

/// The position of a reader in a segment. The cursor does not borrow the bytes: each call gets the same source again.
pub(crate) struct Cursor {
    bounds: Bounds,
    mode: Mode,
    at: usize,
    budget: Budget,
    /// Whether unused space is searched.
    thorough: bool,
    done: bool,
    /// The offset up to which [`follow`](Self::follow) has searched for frames after damage.
    #[cfg(unix)]
    searched: usize,
}

/// The result of a step in a segment with a live writer.
#[cfg(unix)]
pub(crate) enum Followed<F> {
    /// A frame or a gap.
    Found(Found<F>),
    /// Nothing now.
    Pending,
    /// Nothing now or later: the segment is closed, or is full to its last byte.
    End,
}

impl Cursor {
    /// Creates a cursor before the first frame of a segment of `len` bytes.
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

    /// Also searches the unused space of a sealed segment.
    pub(crate) fn look_everywhere(&mut self) {
        self.thorough = true;
    }

    /// Stops the cursor: later calls return nothing.
    pub(crate) fn stop(&mut self) {
        self.done = true;
    }

    /// Returns the offset of the next frame.
    #[cfg(unix)]
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Moves to `at` if a frame begins there. Returns whether one does.
    #[cfg(unix)]
    pub(crate) fn jump<S: Source>(&mut self, source: &mut S, at: usize) -> bool {
        let found = source.parse(at, self.bounds.end, self.tag(at), true).is_ok();
        if found {
            self.at = at;
        }
        found
    }

    /// Returns the offset after the last byte that can belong to a frame.
    #[cfg(unix)]
    pub(crate) fn end(&self) -> usize {
        self.bounds.end
    }

    /// Returns the tag of a frame at `at`.
    #[inline(always)]
    pub(crate) fn tag(&self, at: usize) -> u32 {
        frame::tag(self.bounds.salt, at)
    }

    /// Returns the next frame or gap of a segment with a live writer. The cursor waits for incomplete frames.
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

    /// Searches for the frame after damage, up to the stated tail.
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

    /// Sets the final bounds of a segment that has ended. Frames that are incomplete now stay incomplete.
    #[cfg(unix)]
    pub(crate) fn settle(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    #[inline(always)]
    fn parse<S: Source>(&self, source: &mut S, at: usize) -> Result<S::Frame, FrameFault> {
        source.parse(at, self.bounds.end, self.tag(at), self.mode == Mode::Trust)
    }

    /// Returns the next frame or gap.
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

    /// Handles an offset without a frame: the end, or a gap.
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
            // A live writer may have written here in the meantime. It wrote these bytes before the later bytes that
            // the search has found.
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
            // The bytes before the tail contained frames, so all of them are lost, including zeros. Bytes after the
            // tail are a separate gap.
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

    /// Moves to `end`, and returns the range before it as lost.
    fn leave_behind<F>(&mut self, end: usize, reason: LostReason) -> Found<F> {
        let start = self.at;
        self.at = end;
        lost(start, end, reason)
    }

    /// Handles the word that closes the segment. Nothing was ever written after it.
    fn closed<S: Source>(&mut self, source: &mut S) -> Option<Found<S::Frame>> {
        self.done = true;
        if !self.thorough {
            return None;
        }
        let (end, own) = (self.bounds.end, self.at + ALIGN);
        source.look_anew();
        let beside = own <= end && source.word(self.at + frame::TAG).is_some_and(|word| word != 0);
        let first = if beside { Some(self.at) } else { source.next_nonzero(end, own) };
        // Another process may have changed the bytes in the meantime.
        let range = first.map(|first| (first, source.last_nonzero(end, first)));
        range.filter(|(first, last)| first < last).map(|(first, last)| lost(first, last, LostReason::NotZero))
    }

    /// Returns the end of a run of appends that begin here and were never completed. Their lengths lead to a frame,
    /// to the end, or to space that no append claimed. Returns `None` if they lead elsewhere, because then one of
    /// them is damaged.
    fn behind_intents<S: Source>(&mut self, source: &mut S) -> Option<usize> {
        let mut at = self.at;
        loop {
            // A frame with a valid header counts even if its payload is damaged: it shows that a frame began here.
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

    /// Returns whether an intact frame begins from `from` to `to`. If so, no append ever claimed that space. Returns
    /// `None` if the search exceeds the budget.
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

    /// Searches for the next intact frame after a fault at this offset.
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

    /// Returns whether a writer with one thread has begun an append at `start`: it writes the tag before all other
    /// bytes.
    fn begun<S: Source>(&self, source: &S, start: usize) -> bool {
        let (header, len) = source.header(start, source.len());
        len == frame::HEADER_LEN && frame::tag_in(&header) == self.tag(start)
    }
}

/// The result of a search for the next frame.
struct Search {
    /// The offset of the next frame, or of the word that closes the segment.
    next: Option<usize>,
    /// The first slot before it that is not zero.
    first: Option<usize>,
    /// The offset after the last slot before it that is not zero.
    last: usize,
    /// Whether the budget was used up before the end of the file.
    gave_up: bool,
}

fn lost<F>(start: usize, end: usize, reason: LostReason) -> Found<F> {
    Found::Lost(LostRange { start: start as u64, end: end as u64, reason })
}
