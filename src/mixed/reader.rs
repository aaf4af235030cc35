//! Reading a stream.

use std::io::{self, Read};

use crate::error::SegmentError;
use crate::format::frame::{self as layout, FrameFault, FrameKind};
use crate::format::segment::{DATA_START, MAGIC, PAGE, SegmentHeader};
use crate::limits::Limits;
use crate::segment::{LostRange, LostReason};

use super::buffer::Buffer;
use super::event::{Form, MixedEvent};
use super::inner::{Inner, Next, time_of};
use super::lines::Lines;
use super::place::Place;
use super::split::{Piece, Rest, Splitter};

/// Reads a stream of segments, frames that stand alone, and lines of JSON or text, in any order.
///
/// Lines become entries as [`Importer`](crate::json::Importer) makes them, which takes the feature `json`: without it they are
/// told as lost. Damaged frames, and bytes that are nothing of this, are passed over and told: every byte is in an event or
/// ends a line. A line that is no JSON is no damage: it is text.
///
/// Memory is bounded by the longest line or frame, 16 MiB; a segment is in memory as a whole, up to 1 GiB. Nothing is
/// allocated per entry.
pub struct MixedReader<R> {
    input: R,
    buffer: Buffer,
    splitter: Splitter,
    lines: Lines,
    /// The segment in which it is.
    inner: Option<Box<Inner>>,
    head: Head,
    /// Bytes of the piece at hand: they are passed with the next step.
    taken: usize,
    /// Whether the line at hand has further entries, and whether it is a part of one that is too long.
    further: Option<bool>,
    /// Where a range begins that is lost, and goes on.
    losing: Option<u64>,
}

/// The longest first frame of a segment that is looked for behind a damaged first page.
const RESOURCE: u64 = 1 << 20;

/// What was found last.
enum Head {
    None,
    Frame(Form, Place),
    Lost(LostRange),
    Header(u64, SegmentError),
}

/// How a reader has moved on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// To a frame or an entry: its kind, and the time in it, 0 where there is none.
    Frame { kind: FrameKind, time: u64 },
    /// To something that is wrong.
    Fault,
    /// Not at all: there is nothing more now.
    Rest,
}

impl<R: Read> MixedReader<R> {
    /// Reads `input` from where it stands, with [`Limits::DEFAULT`] for entries made from lines.
    pub fn new(input: R) -> Self {
        Self::at(input, 0, Limits::DEFAULT)
    }

    /// The same with other limits for entries made from lines.
    pub fn with_limits(input: R, limits: Limits) -> Self {
        Self::at(input, 0, limits)
    }

    /// Reads `input`, which stands at `offset` of its stream.
    pub(crate) fn at(input: R, offset: u64, limits: Limits) -> Self {
        Self {
            input,
            buffer: Buffer::new(offset),
            splitter: Splitter::default(),
            lines: Lines::new(limits),
            inner: None,
            head: Head::None,
            taken: 0,
            further: None,
            losing: None,
        }
    }

    /// What comes next, or `None` at the end of the input. A last line needs no line end.
    ///
    /// # Errors
    /// Those of the input. What it gives afterwards is read as if there had been none.
    #[expect(clippy::should_implement_trait, reason = "an iterator's items cannot borrow from it")]
    #[inline]
    pub fn next(&mut self) -> io::Result<Option<MixedEvent<'_>>> {
        self.step(true)?;
        Ok(self.event())
    }

    /// How many bytes lie before what has been read: where the last event ends.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.buffer.offset() + self.taken as u64
    }

    /// The input.
    pub fn get_ref(&self) -> &R {
        &self.input
    }

    /// Gives the input back. What has been read of it and is in no event yet is lost.
    pub fn into_inner(self) -> R {
        self.input
    }

    #[cfg(unix)]
    pub(crate) fn get_mut(&mut self) -> &mut R {
        &mut self.input
    }

    /// What the last step has found.
    #[inline]
    pub(crate) fn event(&self) -> Option<MixedEvent<'_>> {
        Some(match &self.head {
            Head::None => return None,
            Head::Lost(range) => MixedEvent::Lost { range: *range },
            Head::Header(offset, error) => MixedEvent::DamagedHeader { offset: *offset, error: *error },
            Head::Frame(form, place) => {
                let frame = match form {
                    Form::Frame => place.frame(self.buffer.bytes()),
                    Form::Line => self.lines.frame(place),
                    Form::Segment => self.inner.as_ref()?.frame(place),
                };
                MixedEvent::of(*form, frame)
            }
        })
    }

    /// Moves on. What is not complete is waited for, unless `settle` says that nothing will come: then it is told as it is.
    ///
    /// # Errors
    /// Those of the input.
    #[inline]
    pub(crate) fn step(&mut self, settle: bool) -> io::Result<Step> {
        if let Some((place, time)) = self.lines.advance() {
            return Ok(self.stand_at(Form::Line, place, time));
        }
        self.head = Head::None;
        loop {
            if let Some(is_part) = self.further {
                if let Some(step) = self.make(is_part) {
                    return Ok(step);
                }
                continue;
            }
            self.buffer.pass(std::mem::take(&mut self.taken));
            if self.inner.is_some() {
                if let Some(step) = self.step_inside(settle)? {
                    return Ok(step);
                }
                continue;
            }
            let is_part = self.splitter.is_in_parts();
            let piece = self.piece(settle)?;
            if let Some(step) = self.enter(piece, is_part) {
                return Ok(step);
            }
        }
    }

    /// Moves on to the next piece, and makes nothing of it: where it begins, and whether entries may be in it. `None` at the
    /// end of what is there.
    ///
    /// # Errors
    /// Those of the input.
    #[cfg(unix)]
    pub(crate) fn skip(&mut self) -> io::Result<Option<(u64, bool)>> {
        self.head = Head::None;
        self.buffer.pass(std::mem::take(&mut self.taken));
        let offset = self.buffer.offset();
        let (len, entries) = match self.piece(false)? {
            Piece::More => return Ok(None),
            Piece::Line(len) | Piece::Part(len) | Piece::Frame(len) => (len, true),
            Piece::Lost(len, _) | Piece::Losing(len, _) => (len, false),
            Piece::Segment => {
                let mut inner = Inner::new(&mut self.buffer);
                if !inner.load(&mut self.input, &mut self.buffer)? {
                    return Ok(None);
                }
                (0, true)
            }
        };
        self.taken = len;
        Ok(Some((offset, entries)))
    }

    /// The next piece; reads on as long as there are too few bytes to tell.
    fn piece(&mut self, settle: bool) -> io::Result<Piece> {
        let mut rest = Rest::Unknown;
        loop {
            let piece = match self.is_damaged_segment(rest) {
                Some(true) => Piece::Segment,
                Some(false) => self.splitter.next(self.buffer.bytes(), rest),
                None => Piece::More,
            };
            // Of a segment, the page that says how long it is; at the end, all there is of it.
            let is_whole = piece != Piece::Segment || self.buffer.bytes().len() >= PAGE || rest == Rest::End;
            if piece != Piece::More && is_whole {
                return Ok(piece);
            }
            if rest != Rest::Unknown {
                self.buffer.rest();
                return Ok(Piece::More);
            }
            if self.buffer.fill(&mut self.input)? == 0 {
                rest = if settle { Rest::End } else { Rest::Later };
            }
        }
    }

    /// Whether the stream begins with a segment that has lost its signature: with neither a frame nor text, and with the
    /// frame of a segment where its first one is. `None` where more bytes are needed to tell.
    fn is_damaged_segment(&self, rest: Rest) -> Option<bool> {
        let bytes = self.buffer.bytes();
        if self.buffer.offset() != 0 || bytes.is_empty() || bytes.starts_with(&MAGIC) {
            return Some(false);
        }
        let page = &bytes[..bytes.len().min(PAGE)];
        if !page.contains(&0) || super::frame::outline(bytes) != super::frame::Outline::None {
            return Some(false);
        }
        let first = bytes.get(DATA_START..).unwrap_or(&[]);
        match layout::parse_trusted(first, DATA_START, 0) {
            Err(FrameFault::Truncated { needed, .. }) if rest == Rest::Unknown && needed <= RESOURCE => None,
            _ => Some(layout::salt_of(first, DATA_START).is_some()),
        }
    }

    /// Goes into a piece. `None` where there is nothing in it.
    #[inline]
    fn enter(&mut self, piece: Piece, is_part: bool) -> Option<Step> {
        match piece {
            Piece::Line(len) | Piece::Part(len) => {
                self.taken = len;
                self.make(is_part || matches!(piece, Piece::Part(_)))
            }
            Piece::Frame(len) => {
                self.taken = len;
                let bytes = self.buffer.bytes();
                // It has been checked.
                let frame = layout::parse_trusted(bytes, 0, layout::tag(0, 0)).ok()?;
                let place = Place::of(&frame, 0, self.buffer.offset());
                let time = time_of(&frame);
                Some(self.stand_at(Form::Frame, place, time))
            }
            Piece::More => Some(self.end()),
            _ => self.enter_rare(piece),
        }
    }

    #[cold]
    fn enter_rare(&mut self, piece: Piece) -> Option<Step> {
        match piece {
            Piece::Segment => {
                let offset = self.buffer.offset();
                let error = SegmentHeader::parse(self.buffer.bytes()).err();
                if let Some(SegmentError::Version { .. } | SegmentError::Incompatible { .. }) = error {
                    self.splitter.distrust(LostReason::Neither);
                } else {
                    self.inner = Some(Box::new(Inner::new(&mut self.buffer)));
                }
                self.head = Head::Header(offset, error?);
                Some(Step::Fault)
            }
            Piece::Losing(len, _) => {
                self.losing = self.losing.or(Some(self.buffer.offset()));
                self.taken = len;
                None
            }
            Piece::Lost(len, reason) => {
                self.taken = len;
                self.lose(len, reason)
            }
            _ => None,
        }
    }

    /// Tells that so many bytes are lost, and those before that were not told.
    fn lose(&mut self, len: usize, reason: LostReason) -> Option<Step> {
        let at = self.buffer.offset();
        let start = self.losing.take().unwrap_or(at);
        let end = at + len as u64;
        self.head = Head::Lost(LostRange { start, end, reason });
        (end > start).then_some(Step::Fault)
    }

    /// Nothing more is there.
    fn end(&mut self) -> Step {
        match self.lose(0, LostReason::Neither) {
            Some(step) => step,
            None => {
                self.head = Head::None;
                Step::Rest
            }
        }
    }

    /// Makes entries of the line at hand. `None` where there are none in it.
    #[inline]
    fn make(&mut self, is_part: bool) -> Option<Step> {
        let line = self.buffer.bytes().get(..self.taken).unwrap_or(&[]);
        if !Lines::CAN_READ {
            return self.lose(self.taken, LostReason::Unsupported);
        }
        let further = self.lines.make(line, is_part, self.buffer.offset());
        self.further = further.then_some(is_part);
        let (place, time) = self.lines.advance()?;
        Some(self.stand_at(Form::Line, place, time))
    }

    /// Moves on in the segment at hand. `None` at its end.
    fn step_inside(&mut self, settle: bool) -> io::Result<Option<Step>> {
        let Some(inner) = &mut self.inner else { return Ok(None) };
        Ok(match inner.next(&mut self.input, &mut self.buffer, settle)? {
            Next::Frame(place, time) => Some(self.stand_at(Form::Segment, place, time)),
            Next::Lost(range) => {
                self.head = Head::Lost(range);
                Some(Step::Fault)
            }
            Next::Pending => Some(Step::Rest),
            Next::End => {
                self.inner = None;
                None
            }
        })
    }

    #[inline]
    fn stand_at(&mut self, form: Form, place: Place, time: u64) -> Step {
        let kind = place.kind;
        self.head = Head::Frame(form, place);
        Step::Frame { kind, time }
    }
}

impl<R> std::fmt::Debug for MixedReader<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MixedReader").field("offset", &self.buffer.offset()).finish_non_exhaustive()
    }
}
