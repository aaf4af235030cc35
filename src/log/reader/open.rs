//! One segment that is being read: sealed, live, crashed or damaged.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use crate::decode::EntryRef;
use crate::error::SegmentError;
use crate::format::frame::{self, FrameKind, FrameRef};
use crate::format::segment as layout;
use crate::log::listing::{Life, Owner, SegmentInfo};
use crate::segment::scan::{Access, Cursor, Followed, Found, Input, Place, truncated};
use crate::segment::{LostRange, LostReason, Mode};

use super::filter::{Filter, Go, Way};
use super::stream::Terms;

/// How often the owner of a segment is asked for where nothing comes.
const ASK_IDLE: Duration = Duration::from_millis(100);
/// The same where an append is not completed: entries behind it wait for it.
const ASK_BLOCKED: Duration = Duration::from_millis(5);
/// How many bytes are read before their memory is given back.
const RELEASE: usize = 4 << 20;

/// What a segment has next.
pub(in crate::log) enum Step {
    /// A frame; the time in the entry that it holds, 0 where there is none.
    Frame { place: Place, time: u64 },
    /// A gap.
    Lost(LostRange),
    /// Nothing yet.
    Pending,
    /// Nothing, now and later.
    End,
    /// The rest of the segment cannot be read.
    Failed(io::Error),
}

/// What a segment holds.
#[derive(Default)]
pub(in crate::log) struct Count {
    /// Entries that were asked for.
    pub(in crate::log) entries: u64,
    /// Frames of all kinds.
    pub(in crate::log) frames: u64,
    /// The earliest and the latest time of entries.
    pub(in crate::log) times: Option<(u64, u64)>,
}

/// Whether a frame is asked for.
pub(super) enum Look {
    Asked,
    Unasked,
    /// It was, and is not what it was.
    Damaged(LostRange),
}

/// A segment, and how far it has been read.
pub(in crate::log) struct OpenSegment {
    info: SegmentInfo,
    input: Input,
    cursor: Cursor,
    /// The file, as long as it may grow: its lock tells whether its owner lives.
    file: Option<File>,
    /// When the owner was asked for last.
    asked: Instant,
    /// Up to where memory has been given back.
    released: usize,
    /// Where an index leads to what is asked for.
    way: Option<Way>,
}

impl OpenSegment {
    /// Opens the segment `file`, which `info` describes.
    ///
    /// # Errors
    /// Those of the file system, and [`io::ErrorKind::InvalidData`] for a version or features that this version does not
    /// know, and for what holds no frame and does not begin as a segment does.
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
        // Nothing was copied before this: a segment that no process can change is read as it is now.
        if !live {
            input.rest();
        }
        let bounds = match &info.header {
            Ok(header) => input.bounds(header),
            Err(error) => input.guess().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, *error))?,
        };
        // After a power cut a commit word may be on disk, and not what it speaks for.
        let mode = if !live && info.trailer.is_none() && !info.is_of_this_boot() {
            Mode::Recover
        } else if info.trailer.is_some() && filter.is_some() {
            // What matches is looked at, the rest passed over: with an index it would not even be seen.
            Mode::Trust
        } else {
            access.mode
        };
        let way = filter.and_then(|filter| filter.lead(&info, &input));
        let cursor = Cursor::new(bounds, input.len(), mode);
        Ok(Self { cursor, file: live.then_some(file), asked: Instant::now(), released: 0, way, info, input })
    }

    pub(in crate::log) fn info(&self) -> &SegmentInfo {
        &self.info
    }

    pub(in crate::log) fn into_info(self) -> SegmentInfo {
        self.info
    }

    /// Whether more can come.
    pub(in crate::log) fn is_live(&self) -> bool {
        self.file.is_some()
    }

    /// The frame at `place`, which [`step`](Self::step) has told of last.
    #[inline]
    pub(in crate::log) fn frame(&self, place: &Place) -> FrameRef<'_> {
        self.input.frame(place)
    }

    /// What comes next, and moves on behind it.
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
        let time = match place.kind {
            FrameKind::Entry | FrameKind::Loss => {
                EntryRef::new(self.frame(&place).payload).map_or(0, |entry| entry.time_unix_nano())
            }
            _ => 0,
        };
        Step::Frame { place, time }
    }

    /// `step`, or the error that explains it: another program truncated the file.
    #[cold]
    fn unless_gone(&mut self, step: Step) -> Step {
        let Some(at) = self.input.gone() else { return step };
        self.cursor.stop();
        self.file = None;
        Step::Failed(truncated(at))
    }

    /// Goes to where something may be that is asked for. Whether there is more.
    fn find_way(&mut self) -> bool {
        let Some(way) = &mut self.way else { return true };
        match way.from(self.cursor.at()) {
            Go::On => true,
            Go::To(place) => {
                if !self.input.jump(&mut self.cursor, place) {
                    // The index leads nowhere: it is done without, from the end of what it has led to.
                    self.way = None;
                }
                true
            }
            Go::Nowhere => false,
        }
    }

    /// Whether the frame at `place`, which [`step`](Self::step) has told of last, is asked for.
    #[inline]
    pub(super) fn look(&self, place: &Place, time: u64, terms: &Terms) -> Look {
        if !matches!(place.kind, FrameKind::Entry | FrameKind::Loss) {
            return Look::Asked;
        }
        if terms.filter.is_none() || place.kind == FrameKind::Loss {
            return if terms.ask_for(time, None) { Look::Asked } else { Look::Unasked };
        }
        let frame = self.frame(place);
        if !terms.ask_for(time, EntryRef::new(frame.payload).ok()) {
            return Look::Unasked;
        }
        match self.input.verify(&self.cursor, place) {
            Err(fault) if self.info.trailer.is_some() => {
                let (start, end) = (frame.offset, frame.offset + frame.len_on_disk());
                Look::Damaged(LostRange { start, end, reason: LostReason::Damaged(fault) })
            }
            _ => Look::Asked,
        }
    }

    /// As [`step`](Self::step), where a writer is at work.
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

    /// Whether the word at which the next frame begins says that it is not complete. What its writer wrote before the word
    /// is seen from here on.
    #[inline]
    fn is_pending(&mut self) -> bool {
        let at = self.cursor.at();
        if at >= self.cursor.end() {
            return false;
        }
        let word = self.input.word(at);
        word == 0 || word == frame::intent_word(frame::payload_len(word))
    }

    /// Whether the segment is sealed, or its owner can no longer write to it. Asks the system now and then only.
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

    /// Takes the segment for ended: what is not complete by now never will be.
    fn settle(&mut self) -> Step {
        let Some(file) = self.file.take() else { return Step::End };
        self.info.update(&file);
        self.input.rest();
        if let Ok(header) = &self.info.header {
            self.cursor.settle(self.input.bounds(header));
        }
        self.step()
    }

    /// Takes a segment for ended whose owner nobody can ask for.
    pub(in crate::log) fn give_up_waiting(&mut self) {
        if self.info.owner == Owner::Unknown && self.file.is_some() {
            self.file = None;
            (self.info.owner, self.info.life) = (Owner::Gone, Life::Crashed);
            if let Ok(header) = &self.info.header {
                self.cursor.settle(self.input.bounds(header));
            }
        }
    }

    /// Lets go of the memory of what has been read.
    #[inline]
    fn release(&mut self) {
        let behind = self.cursor.at();
        if behind > self.released + RELEASE {
            self.input.release(self.released, behind);
            self.released = behind;
        }
    }

    /// Reads on to the end, or to where the writer is.
    pub(in crate::log) fn count(&mut self, is_asked_for: impl Fn(&Self, &Place, u64) -> bool) -> Count {
        let mut count = Count::default();
        loop {
            match self.step() {
                Step::Frame { place, time } => {
                    count.frames += 1;
                    if place.kind == FrameKind::Entry {
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
