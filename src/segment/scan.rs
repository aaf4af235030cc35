//! From bytes to frames, without I/O: strictly, or past every damage with an account of what was lost.

mod bounds;
#[cfg(unix)]
mod copies;
mod cursor;
#[cfg(unix)]
mod input;
mod lost;
mod source;
mod unused;

use crate::decode::EntryRef;
use crate::error::{DecodeError, SegmentError};
use crate::format::frame::{FrameKind, FrameRef};
use crate::format::segment::SegmentHeader;

pub(crate) use bounds::Bounds;
#[cfg(unix)]
pub(crate) use copies::Place;
pub(crate) use cursor::Cursor;
#[cfg(unix)]
pub(crate) use cursor::Followed;
#[cfg(unix)]
pub(crate) use input::{Access, Input, truncated};
pub use lost::{LostRange, LostReason};

/// How to meet damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// The first fault ends the scan.
    Strict,
    /// Every intact frame is found; what lies between is reported.
    #[default]
    Recover,
    /// As `Recover`, but checksums are taken for right: for segments that somebody has verified since they were written.
    /// Damage then shows as wrong values or unreadable entries.
    Trust,
}

/// What a cursor finds, in the order of the file.
pub(crate) enum Found<F> {
    /// An intact frame.
    Frame(F),
    /// A gap.
    Lost(LostRange),
}

/// Iterates over the frames of a segment.
struct Scan<'a> {
    bytes: &'a [u8],
    cursor: Cursor,
}

impl<'a> Iterator for Scan<'a> {
    type Item = Result<Found<FrameRef<'a>>, LostRange>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        match self.cursor.advance(&mut self.bytes)? {
            Found::Lost(range) if self.cursor.mode() == Mode::Strict && range.is_loss() => {
                self.cursor.stop();
                Some(Err(range))
            }
            found => Some(Ok(found)),
        }
    }
}

/// One thing that reading a segment finds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A log entry.
    Entry(FrameRef<'a>, EntryRef<'a>),
    /// A frame of another kind.
    Frame(FrameRef<'a>),
    /// An intact frame of kind entry whose payload is not an entry: a writer's fault, not the disk's.
    Unreadable(FrameRef<'a>, DecodeError),
    /// Bytes that hold no frame and should.
    Lost(LostRange),
}

/// Iterates over what a segment holds, in the order in which it was appended. Allocates nothing.
///
/// In [`Mode::Strict`] the first lost range is an `Err`, and the last item.
pub struct Events<'a> {
    scan: Option<Scan<'a>>,
}

impl<'a> Events<'a> {
    /// The events of the segment that `bytes` is: the whole file, mapped, read, or received.
    ///
    /// # Errors
    /// In [`Mode::Strict`] where the first page is not that of a segment this version reads. In [`Mode::Recover`] only
    /// for a version or features that this version does not know: a damaged first page is done without.
    pub fn new(bytes: &'a [u8], mode: Mode) -> Result<Self, SegmentError> {
        let bounds = match SegmentHeader::parse(bytes) {
            Ok(header) => Some(Bounds::of(&bytes, &header)),
            Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) => {
                return Err(error);
            }
            Err(error) if mode == Mode::Strict => return Err(error),
            Err(_) => Bounds::guess(&mut { bytes }),
        };
        Ok(Self { scan: bounds.map(|bounds| Scan { bytes, cursor: Cursor::new(bounds, bytes.len(), mode) }) })
    }

    /// Looks through the unused space of a sealed segment as well, for bytes that should be zero. Without it, reading ends
    /// where the trailer says that the frames do. A segment that is not sealed is always looked through: frames may have
    /// outlived the record of where they end, as after a power cut.
    #[must_use]
    pub fn thorough(mut self) -> Self {
        if let Some(scan) = &mut self.scan {
            scan.cursor.look_everywhere();
        }
        self
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<Event<'a>, LostRange>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.scan.as_mut()?.next()?.map(|found| match found {
            Found::Lost(range) => Event::Lost(range),
            Found::Frame(frame) if frame.kind == FrameKind::Entry => match EntryRef::new(frame.payload) {
                Ok(entry) => Event::Entry(frame, entry),
                Err(error) => Event::Unreadable(frame, error),
            },
            Found::Frame(frame) => Event::Frame(frame),
        }))
    }
}
