//! A segment inside a stream.

use std::io::{self, Read};

use crate::format::frame::FrameRef;
use crate::format::segment::{MAX_SIZE, SegmentHeader};
use crate::segment::scan::{Bounds, Cursor, Found};
use crate::segment::{BaseCopies, Content, LostRange, LostReason, Mode};

use super::buffer::Buffer;
use super::place::Place;

/// A segment inside a stream. The whole segment is in memory.
pub(super) struct Inner {
    /// The offset of the segment in the stream.
    offset: u64,
    bytes: Vec<u8>,
    /// The length of the segment in bytes; the maximum length if the first page is damaged.
    len: usize,
    state: State,
}

enum State {
    Loading,
    Scanning(Cursor, BaseCopies),
    Done,
}

/// The next item of a segment in a stream.
pub(super) enum Next {
    Frame(Place, u64),
    Lost(LostRange),
    /// Nothing now; the segment is incomplete.
    Pending,
    End,
}

impl Inner {
    /// Creates a segment from the beginning of `buffer`, and removes its bytes from the buffer.
    pub(super) fn new(buffer: &mut Buffer) -> Self {
        let header = SegmentHeader::parse(buffer.bytes());
        let size = header.map_or(MAX_SIZE, |header| header.size.min(MAX_SIZE));
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        let offset = buffer.offset();
        Self { offset, bytes: buffer.take(len), len, state: State::Loading }
    }

    /// Returns the next item. If the segment is incomplete, the method reads `input`. If `settle` is set, the
    /// method accepts an incomplete segment.
    pub(super) fn next(
        &mut self,
        input: &mut impl Read,
        buffer: &mut Buffer,
        settle: bool,
    ) -> io::Result<Next> {
        if matches!(self.state, State::Loading) {
            if !self.load(input, buffer)? && !settle {
                return Ok(Next::Pending);
            }
            let bounds = match SegmentHeader::parse(&self.bytes) {
                Ok(header) => Some(Bounds::of(&self.bytes.as_slice(), &header)),
                Err(_) => Bounds::guess(&mut self.bytes.as_slice()),
            };
            let Some(bounds) = bounds else {
                self.state = State::Done;
                return Ok(self.lost());
            };
            let bases = BaseCopies::of(&bounds);
            self.state = State::Scanning(Cursor::new(bounds, self.bytes.len(), Mode::Recover), bases);
        }
        let State::Scanning(cursor, bases) = &mut self.state else { return Ok(Next::End) };
        Ok(match cursor.advance(&mut self.bytes.as_slice()) {
            Some(Found::Frame(frame)) => {
                if let Err(range) = bases.find(&self.bytes.as_slice(), &frame) {
                    return Ok(Next::Lost(in_stream(self.offset, range)));
                }
                let at = usize::try_from(frame.offset).unwrap_or(usize::MAX);
                let place = Place::of(&frame, at, self.offset + frame.offset);
                Next::Frame(place, frame.time())
            }
            Some(Found::Lost(range)) => Next::Lost(in_stream(self.offset, range)),
            None => Next::End,
        })
    }

    /// Returns all bytes of the segment as lost.
    fn lost(&self) -> Next {
        let (start, len) = (self.offset, self.bytes.len() as u64);
        if len == 0 {
            return Next::End;
        }
        Next::Lost(LostRange { start, end: start + len, reason: LostReason::Neither })
    }

    /// Reads more of the segment. Returns whether the segment is complete.
    pub(super) fn load(&mut self, input: &mut impl Read, buffer: &mut Buffer) -> io::Result<bool> {
        let had = self.bytes.len();
        // Memory is allocated only for bytes that arrive: a header that declares 1 GiB does not cause an
        // allocation of 1 GiB.
        let result = input.take((self.len - had) as u64).read_to_end(&mut self.bytes);
        buffer.passed_elsewhere(self.bytes.len() - had);
        result.map(|_| self.bytes.len() == self.len)
    }

    /// Returns the frame at `place`, which was found last, and its content.
    #[inline]
    pub(super) fn frame(&self, place: &Place) -> (FrameRef<'_>, Content<'_>) {
        let frame = place.frame(&self.bytes);
        let State::Scanning(_, bases) = &self.state else { return (frame, frame.content()) };
        let content = bases.content(&FrameRef { offset: frame.offset - self.offset, ..frame });
        (frame, content)
    }
}

/// Returns a range of a segment at `offset` as a range of the stream.
fn in_stream(offset: u64, range: LostRange) -> LostRange {
    LostRange { start: offset + range.start, end: offset + range.end, ..range }
}
