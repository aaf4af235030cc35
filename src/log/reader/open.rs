//! One segment that is being read: sealed, live, crashed or damaged.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use crate::decode::EntryRef;
use crate::error::SegmentError;
use crate::format::frame::{self, FrameFault, FrameKind, FrameRef};
use crate::format::segment as layout;
use crate::log::listing::{Life, Owner, SegmentInfo};
use crate::segment::scan::{Bounds, Cursor, Followed};
use crate::segment::{Found, LostRange, LostReason, Mode, Segment};

use super::filter::{Filter, Go, Way};
use super::stream::Terms;

/// How segments are opened.
#[derive(Clone, Copy, Default)]
pub(in crate::log) struct Access {
    pub(in crate::log) mode: Mode,
    pub(in crate::log) copy: bool,
}

/// How often the owner of a segment is asked for where nothing comes.
const ASK_IDLE: Duration = Duration::from_millis(100);
/// The same where an append is not completed: entries behind it wait for it.
const ASK_BLOCKED: Duration = Duration::from_millis(5);
/// How many bytes are read before their memory is given back.
const RELEASE: usize = 4 << 20;

/// What a segment has next.
pub(in crate::log) enum Step {
    /// A frame at an offset; the time in the entry that it holds, 0 where there is none.
    Frame { at: usize, kind: FrameKind, time: u64 },
    /// A gap.
    Lost(LostRange),
    /// Nothing yet.
    Pending,
    /// Nothing, now and later.
    End,
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
    segment: Segment,
    cursor: Cursor,
    /// The file, as long as it may grow: its lock tells whether its owner lives.
    file: Option<File>,
    /// When the owner was asked for last.
    asked: Instant,
    /// Of a copy: up to where it is as the file was when `file` was read last.
    loaded: usize,
    /// Up to where memory has been given back.
    released: usize,
    /// Where an index leads to what is asked for.
    way: Option<Way>,
}

impl OpenSegment {
    /// Maps or copies the segment `file`, of which `info` tells.
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
        let segment = if access.copy { Segment::copy(&file)? } else { Segment::map(&file)? };
        segment.advise_sequential();
        if info.life != Life::Sealed {
            info.update(&file);
        }
        let live = info.can_grow();
        let bytes = segment.as_bytes();
        let bounds = match &info.header {
            Ok(header) => Bounds::of(bytes, header),
            Err(error) => {
                Bounds::guess(bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, *error))?
            }
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
        let way = filter.and_then(|filter| filter.lead(&info, &segment));
        let cursor = Cursor::new(bounds, bytes.len(), mode);
        Ok(Self {
            cursor,
            file: live.then_some(file),
            asked: Instant::now(),
            loaded: bytes.len(),
            released: 0,
            way,
            info,
            segment,
        })
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

    /// The frame at `at`, which [`step`](Self::step) has told of.
    pub(in crate::log) fn frame(&self, at: usize) -> Result<FrameRef<'_>, FrameFault> {
        self.cursor.found(self.segment.as_bytes(), at)
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
        let bytes = self.segment.as_bytes();
        let step = match self.cursor.advance(bytes) {
            Some(Found::Frame(frame)) => step_of(&frame),
            Some(Found::Lost(range)) => Step::Lost(range),
            None => Step::End,
        };
        self.release();
        step
    }

    /// Goes to where something may be that is asked for. Whether there is more.
    fn find_way(&mut self) -> bool {
        let Some(way) = &mut self.way else { return true };
        match way.from(self.cursor.at()) {
            Go::On => true,
            Go::To(place) => {
                if !self.cursor.jump(self.segment.as_bytes(), place) {
                    // The index leads nowhere: it is done without, from the end of what it has led to.
                    self.way = None;
                }
                true
            }
            Go::Nowhere => false,
        }
    }

    /// Whether the frame at `at`, which [`step`](Self::step) has told of, is asked for.
    #[inline]
    pub(super) fn look(&self, at: usize, kind: FrameKind, time: u64, terms: &Terms) -> Look {
        if !matches!(kind, FrameKind::Entry | FrameKind::Loss) {
            return Look::Asked;
        }
        if terms.filter.is_none() || kind == FrameKind::Loss {
            return if terms.ask_for(time, None) { Look::Asked } else { Look::Unasked };
        }
        let entry = self.frame(at).ok().and_then(|frame| EntryRef::new(frame.payload).ok());
        if !terms.ask_for(time, entry) {
            return Look::Unasked;
        }
        match self.cursor.verified(self.segment.as_bytes(), at) {
            Err(fault) if self.info.trailer.is_some() => Look::Damaged(self.lost(at, fault)),
            _ => Look::Asked,
        }
    }

    fn lost(&self, at: usize, fault: FrameFault) -> LostRange {
        let start = at as u64;
        let end = self.frame(at).map_or(start, |frame| start + frame.len_on_disk());
        LostRange { start, end, reason: LostReason::Damaged(fault) }
    }

    /// As [`step`](Self::step), where a writer is at work.
    fn follow(&mut self) -> Step {
        if !self.is_pending() {
            match self.cursor.follow(self.segment.as_bytes()) {
                Followed::Found(Found::Frame(frame)) => {
                    let step = step_of(&frame);
                    self.release();
                    return step;
                }
                Followed::Found(Found::Lost(range)) => return Step::Lost(range),
                Followed::End => return Step::End,
                Followed::Pending => {}
            }
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
        if !self.segment.is_mapped() && self.load(at).is_err() {
            // The next attempt may do better, and the owner's end is found out all the same.
            return true;
        }
        let word = self.segment.word(at);
        word == 0 || word == frame::intent_word(frame::payload_len(word))
    }

    /// Reads the part of a live file again that a copy of it has not yet.
    fn load(&mut self, at: usize) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let word = self.segment.word(at);
        if self.loaded > at + frame::frame_len(frame::payload_len(word)) && frame::is_committed(word) {
            return Ok(());
        }
        // Twice: how long the frame is, is known from its first bytes. The word is read before what it speaks for.
        self.segment.refresh(file, layout::PAGE..layout::DATA_START)?;
        self.segment.refresh(file, at..(at + frame::HEADER_LEN).min(self.cursor.end()))?;
        let word = self.segment.word(at);
        if !frame::is_committed(word) {
            return Ok(());
        }
        let tail = layout::tail_offset(self.segment.word(layout::TAIL)).unwrap_or(0);
        let end = tail.max(at + frame::frame_len(frame::payload_len(word))).min(self.cursor.end());
        self.segment.refresh(file, at..end)?;
        self.loaded = end;
        Ok(())
    }

    /// Whether the segment is sealed, or its owner can no longer write to it. Asks the system now and then only.
    fn has_ended(&mut self) -> bool {
        if self.segment.word(layout::STATE) == layout::STATE_SEALED {
            return true;
        }
        let idle = self.segment.word(self.cursor.at()) == 0;
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
        let len = self.segment.as_bytes().len();
        if !self.segment.is_mapped() {
            // What cannot be read is as it was when it was read last.
            let _ = self.segment.refresh(&file, 0..len);
        }
        if let Ok(header) = &self.info.header {
            self.cursor.settle(Bounds::of(self.segment.as_bytes(), header));
        }
        self.step()
    }

    /// Takes a segment for ended whose owner nobody can ask for.
    pub(in crate::log) fn give_up_waiting(&mut self) {
        if self.info.owner == Owner::Unknown && self.file.is_some() {
            self.file = None;
            (self.info.owner, self.info.life) = (Owner::Gone, Life::Crashed);
            if let Ok(header) = &self.info.header {
                self.cursor.settle(Bounds::of(self.segment.as_bytes(), header));
            }
        }
    }

    /// Lets go of the memory of what has been read.
    #[inline]
    fn release(&mut self) {
        let behind = self.cursor.at();
        if behind > self.released + RELEASE {
            self.segment.release(self.released, behind);
            self.released = behind;
        }
    }

    /// Reads on to the end, or to where the writer is.
    pub(in crate::log) fn count(&mut self, is_asked_for: impl Fn(&Self, usize, u64) -> bool) -> Count {
        let mut count = Count::default();
        loop {
            match self.step() {
                Step::Frame { at, kind, time } => {
                    count.frames += 1;
                    if kind == FrameKind::Entry {
                        count.entries += u64::from(is_asked_for(self, at, time));
                        if time != 0 {
                            let (min, max) = count.times.unwrap_or((time, time));
                            count.times = Some((min.min(time), max.max(time)));
                        }
                    }
                }
                Step::Lost(_) => {}
                Step::Pending | Step::End => return count,
            }
        }
    }
}

#[inline]
fn step_of(frame: &FrameRef<'_>) -> Step {
    let time = match frame.kind {
        FrameKind::Entry | FrameKind::Loss => {
            EntryRef::new(frame.payload).map_or(0, |entry| entry.time_unix_nano())
        }
        _ => 0,
    };
    Step::Frame { at: usize::try_from(frame.offset).unwrap_or(usize::MAX), kind: frame.kind, time }
}
