//! A segment that is being read: sealed, live, crashed or damaged.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use crate::error::SegmentError;
use crate::format::frame::{self, FrameKind, FrameRef, Role};
use crate::format::segment as layout;
use crate::log::listing::{Life, Owner, SegmentInfo};
use crate::segment::scan::{Access, Cursor, Followed, Found, Input, Place, truncated};
use crate::segment::{BaseCopies, Content, LostRange, LostReason, Mode};

use super::filter::{Filter, Go, Way};
use super::stream::Terms;

/// The interval of the checks of the owner if no new frame arrives.
const ASK_IDLE: Duration = Duration::from_millis(100);
/// The interval if an append is incomplete. Later entries wait for it.
const ASK_BLOCKED: Duration = Duration::from_millis(5);
/// The number of bytes that are read before their memory is released.
const RELEASE: usize = 4 << 20;

/// The result of one step in a segment.
pub(in crate::log) enum Step {
    /// A frame, and the time of the entry that it contains, or 0 if it has none.
    Frame { place: Place, time: u64 },
    /// A range without the expected frames.
    Lost(LostRange),
    /// No event now.
    Pending,
    /// No event now or later.
    End,
    /// The rest of the segment cannot be read.
    Failed(io::Error),
}

/// A summary of the content of a segment.
#[derive(Default)]
pub(in crate::log) struct Count {
    /// The number of requested entries.
    pub(in crate::log) entries: u64,
    /// The number of frames of all kinds.
    pub(in crate::log) frames: u64,
    /// The earliest and the latest time of the entries.
    pub(in crate::log) times: Option<(u64, u64)>,
}

/// The result of the check whether a frame is requested.
pub(super) enum Look {
    Asked,
    Unasked,
    /// The frame is requested, and its bytes are damaged.
    Damaged(LostRange),
}

/// A segment, and the position up to which it has been read.
pub(in crate::log) struct OpenSegment {
    info: SegmentInfo,
    input: Input,
    cursor: Cursor,
    bases: BaseCopies,
    /// The file, if it can grow. Its lock shows whether its owner lives.
    file: Option<File>,
    /// The time of the last check of the owner.
    asked: Instant,
    /// The offset up to which memory has been released.
    released: usize,
    /// The way through the segment that an index provides.
    way: Option<Way>,
}

impl OpenSegment {
    /// Opens the segment `file`, which `info` describes.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::InvalidData`] for a version or features that this version
    /// does not support, and for bytes that neither begin as a segment nor contain a frame of one.
    pub(in crate::log) fn new(
        mut info: SegmentInfo,
        file: File,
        access: Access,
        filter: Option<&Filter>,
    ) -> io::Result<Self> {
        if let Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) = info.header {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        let mut input = Input::open(&file, access)?;
        input.advise_sequential();
        if info.life != Life::Sealed {
            info.update(&file);
        }
        let live = info.can_grow();
        // No bytes have been copied before this, so a segment that cannot change is read in its current state.
        if !live {
            input.rest();
        }
        let bounds = match &info.header {
            Ok(header) => input.bounds(header),
            Err(error) => input.guess().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, *error))?,
        };
        // After a power cut, a commit word may be on disk without the bytes of its frame.
        let mode = if !live && info.trailer.is_none() && !info.is_of_this_boot() {
            Mode::Recover
        } else if info.trailer.is_some() && filter.is_some() {
            // Only requested entries are verified. With an index, the reader would not visit the others.
            Mode::Trust
        } else {
            access.mode
        };
        let way = filter.and_then(|filter| filter.lead(&info, &input));
        let bases = BaseCopies::of(&bounds);
        let cursor = Cursor::new(bounds, input.len(), mode);
        let file = live.then_some(file);
        Ok(Self { cursor, bases, file, asked: Instant::now(), released: 0, way, info, input })
    }

    pub(in crate::log) fn info(&self) -> &SegmentInfo {
        &self.info
    }

    pub(in crate::log) fn into_info(self) -> SegmentInfo {
        self.info
    }

    /// Returns whether further frames can arrive.
    pub(in crate::log) fn is_live(&self) -> bool {
        self.file.is_some()
    }

    /// Returns the frame at `place`, which [`step`](Self::step) has returned last.
    #[inline]
    pub(in crate::log) fn frame(&self, place: &Place) -> FrameRef<'_> {
        self.input.frame(place)
    }

    /// Returns the content of `frame`, which [`look`](Self::look) has found to be requested.
    #[inline]
    pub(in crate::log) fn content<'a>(&'a self, frame: &FrameRef<'a>) -> Content<'a> {
        self.bases.content(frame)
    }

    /// Returns the next event, and advances past it.
    #[inline]
    pub(in crate::log) fn step(&mut self) -> Step {
        if self.file.is_some() {
            return self.follow();
        }
        if self.way.is_some() && !self.find_way() {
            return Step::End;
        }
        let step = match self.input.advance(&mut self.cursor) {
            Some(Found::Frame(place)) => self.step_of(place),
            Some(Found::Lost(range)) => self.unless_gone(Step::Lost(range)),
            None => self.unless_gone(Step::End),
        };
        self.release();
        step
    }

    #[inline]
    fn step_of(&self, place: Place) -> Step {
        let time = self.frame(&place).time();
        Step::Frame { place, time }
    }

    /// Returns `step`, or an error if another program truncated the file, which explains the step.
    #[cold]
    fn unless_gone(&mut self, step: Step) -> Step {
        let Some(at) = self.input.gone() else { return step };
        self.cursor.stop();
        self.file = None;
        Step::Failed(truncated(at))
    }

    /// Moves to the next part that may contain requested entries. Returns whether there is one.
    fn find_way(&mut self) -> bool {
        let Some(way) = &mut self.way else { return true };
        match way.from(self.cursor.at()) {
            Go::On => true,
            Go::To(place) => {
                if !self.input.jump(&mut self.cursor, place) {
                    // The index leads to a place without a frame. The segment is read without the index from here on.
                    self.way = None;
                }
                true
            }
            Go::Nowhere => false,
        }
    }

    /// Returns whether the frame at `place`, which [`step`](Self::step) has returned last, is requested.
    #[inline]
    pub(super) fn look(&mut self, place: &Place, time: u64, terms: &Terms) -> Look {
        match place.kind.role() {
            Role::Entry if terms.filter.is_some() || place.kind == FrameKind::Like => {}
            Role::Entry | Role::Record => {
                return if terms.ask_for(time, None) { Look::Asked } else { Look::Unasked };
            }
            Role::Resource | Role::File | Role::Opaque => return Look::Asked,
        }
        if place.kind == FrameKind::Like {
            if !terms.ask_for(time, None) {
                return Look::Unasked;
            }
            if let Err(range) = self.input.find_base(place, &mut self.bases) {
                return self.without_base(place, range);
            }
        }
        let frame = self.frame(place);
        if !terms.ask_for(time, self.content(&frame).entry().copied()) {
            return Look::Unasked;
        }
        if terms.filter.is_none() {
            return Look::Asked;
        }
        match self.input.verify(&self.cursor, place) {
            Err(fault) if self.info.trailer.is_some() => {
                Look::Damaged(frame.lost(LostReason::Damaged(fault)))
            }
            _ => Look::Asked,
        }
    }

    /// Returns the result for a like entry with the frame `range` whose base is lost.
    #[cold]
    fn without_base(&self, place: &Place, range: LostRange) -> Look {
        if self.input.gone().is_some() {
            // The next step returns the error.
            return Look::Unasked;
        }
        // A damaged frame can have any base.
        match self.input.verify(&self.cursor, place) {
            Ok(()) => Look::Damaged(range),
            Err(fault) => Look::Damaged(LostRange { reason: LostReason::Damaged(fault), ..range }),
        }
    }

    /// Returns the next event of a segment with a live writer, and advances past it.
    fn follow(&mut self) -> Step {
        if !self.is_pending() {
            match self.input.follow(&mut self.cursor) {
                Followed::Found(Found::Frame(place)) => {
                    let step = self.step_of(place);
                    self.release();
                    return step;
                }
                Followed::Found(Found::Lost(range)) => return self.unless_gone(Step::Lost(range)),
                Followed::End => return self.unless_gone(Step::End),
                Followed::Pending => {}
            }
        }
        if self.input.gone().is_some() {
            return self.unless_gone(Step::End);
        }
        if self.has_ended() {
            return self.settle();
        }
        Step::Pending
    }

    /// Returns whether the word of the next frame shows that the frame is incomplete. All bytes that the writer
    /// stored before the word are visible from then on.
    #[inline]
    fn is_pending(&mut self) -> bool {
        let at = self.cursor.at();
        if at >= self.cursor.end() {
            return false;
        }
        let word = self.input.word(at);
        word == 0 || word == frame::intent_word(frame::payload_len(word))
    }

    /// Returns whether the segment is sealed or its owner can no longer write to it. Makes a system call only at
    /// intervals.
    fn has_ended(&mut self) -> bool {
        if self.input.word(layout::STATE) == layout::STATE_SEALED {
            return true;
        }
        let idle = self.input.word(self.cursor.at()) == 0;
        if self.asked.elapsed() < if idle { ASK_IDLE } else { ASK_BLOCKED } {
            return false;
        }
        self.asked = Instant::now();
        self.file.as_ref().is_some_and(|file| self.info.owner_of(file) == Owner::Gone)
    }

    /// Marks the segment as ended. Frames that are incomplete now stay incomplete.
    fn settle(&mut self) -> Step {
        let Some(file) = self.file.take() else { return Step::End };
        self.info.update(&file);
        self.input.rest();
        if let Ok(header) = &self.info.header {
            self.cursor.settle(self.input.bounds(header));
        }
        self.step()
    }

    /// Marks the segment as ended if the file system does not show whether its owner lives.
    pub(in crate::log) fn give_up_waiting(&mut self) {
        if self.info.owner == Owner::Unknown && self.file.is_some() {
            self.file = None;
            (self.info.owner, self.info.life) = (Owner::Gone, Life::Crashed);
            if let Ok(header) = &self.info.header {
                self.cursor.settle(self.input.bounds(header));
            }
        }
    }

    /// Releases the memory of the part that has been read.
    #[inline]
    fn release(&mut self) {
        let behind = self.cursor.at();
        if behind > self.released + RELEASE {
            self.input.release(self.released, behind);
            self.released = behind;
        }
    }

    /// Reads to the end, or to the position of the writer.
    pub(in crate::log) fn count(&mut self, is_asked_for: impl Fn(&mut Self, &Place, u64) -> bool) -> Count {
        let mut count = Count::default();
        loop {
            match self.step() {
                Step::Frame { place, time } => {
                    count.frames += 1;
                    if place.kind.is_entry() {
                        count.entries += u64::from(is_asked_for(self, &place, time));
                        if time != 0 {
                            let (min, max) = count.times.unwrap_or((time, time));
                            count.times = Some((min.min(time), max.max(time)));
                        }
                    }
                }
                Step::Lost(_) => {}
                Step::Pending | Step::End | Step::Failed(_) => return count,
            }
        }
    }
}
