//! The conversion of the bytes of a segment to frames, without I/O.

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
use crate::format::frame::FrameRef;
use crate::format::segment::SegmentHeader;

use super::base::Bases;
use super::content::Content;

pub(crate) use bounds::{Bounds, trailer_of};
#[cfg(unix)]
pub(crate) use copies::Place;
pub(crate) use cursor::Cursor;
#[cfg(unix)]
pub(crate) use cursor::Followed;
#[cfg(unix)]
pub(crate) use input::{Access, Input, truncated};
pub use lost::{LostRange, LostReason};
pub(crate) use source::Source;

/// The treatment of damage.
///
/// ```
/// use fusewire::segment::{Event, Mode, Segment, SegmentOptions, SegmentWriter};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("one.fws");
/// let mut writer = SegmentWriter::create(&path, &SegmentOptions::default())?;
/// for body in ["one", "two", "three"] {
///     writer.append(|entry| entry.set_body(body))?;
/// }
/// writer.seal()?;
/// let mut bytes = std::fs::read(&path)?;
/// let at = bytes.windows(3).position(|window| window == b"two").unwrap();
/// bytes[at] ^= 1;
/// let segment = Segment::from_vec(bytes);
///
/// let entries = |mode| -> Result<usize, fusewire::error::SegmentError> {
///     Ok(segment.events(mode)?.filter(|event| matches!(event, Ok(Event::Entry(..)))).count())
/// };
/// assert_eq!((entries(Mode::Strict)?, entries(Mode::Recover)?), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// The first damage ends the scan.
    Strict,
    /// Every intact frame is returned, and the ranges between them are reported.
    #[default]
    Recover,
    /// Like `Recover`, without the computation of checksums, for segments that have been verified since they were
    /// written. Damage then appears as wrong values or unreadable entries.
    Trust,
}

/// The result of a step of a cursor, in the order of the file.
pub(crate) enum Found<F> {
    /// An intact frame.
    Frame(F),
    /// A range without the expected frames.
    Lost(LostRange),
}

/// An iterator over the events of a segment.
struct Scan<'a> {
    bytes: &'a [u8],
    cursor: Cursor,
    bases: Bases,
}

impl<'a> Iterator for Scan<'a> {
    type Item = Result<Event<'a>, LostRange>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let event = match self.cursor.advance(&mut self.bytes)? {
            Found::Lost(range) => Event::Lost(range),
            Found::Frame(frame) => match self.bases.content(self.bytes, &frame) {
                Content::Entry(entry) => Event::Entry(frame, entry),
                Content::Unreadable(error) => Event::Unreadable(frame, error),
                Content::Lost(range) => Event::Lost(range),
                Content::Other => Event::Frame(frame),
            },
        };
        match event {
            Event::Lost(range) if self.cursor.mode() == Mode::Strict && range.is_loss() => {
                self.cursor.stop();
                Some(Err(range))
            }
            event => Some(Ok(event)),
        }
    }
}

/// An event of a segment.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A log entry. The payload of a frame of kind [`Like`](crate::segment::FrameKind::Like) is not the whole entry;
    /// [`EntryRef::to_bytes`] returns it.
    Entry(FrameRef<'a>, EntryRef<'a>),
    /// A frame of another kind.
    Frame(FrameRef<'a>),
    /// An intact frame of kind entry whose payload is not a valid entry. The cause is the writer and not the disk.
    Unreadable(FrameRef<'a>, DecodeError),
    /// A range of bytes without the expected frames.
    Lost(LostRange),
}

/// An iterator over the content of a segment, in the order of the appends. It allocates nothing.
///
/// In [`Mode::Strict`] the first lost range is an `Err` and the last item.
pub struct Events<'a> {
    scan: Option<Scan<'a>>,
}

impl<'a> Events<'a> {
    /// Creates an iterator over the segment `bytes`, which must be the whole file: mapped, read or received.
    ///
    /// # Errors
    /// In [`Mode::Strict`] an error if the first page is damaged or is not that of a segment that this version reads.
    /// In other modes an error only for a version or features that this version does not support; a damaged first
    /// page is ignored.
    pub fn new(bytes: &'a [u8], mode: Mode) -> Result<Self, SegmentError> {
        let bounds = match SegmentHeader::parse(bytes) {
            Ok(header) => Some(Bounds::of(&bytes, &header)),
            Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) => {
                return Err(error);
            }
            Err(error) if mode == Mode::Strict => return Err(error),
            Err(_) => Bounds::guess(&mut { bytes }),
        };
        let scan_of = |bounds: Bounds| {
            let bases = Bases::of(&bounds);
            Scan { bytes, cursor: Cursor::new(bounds, bytes.len(), mode), bases }
        };
        Ok(Self { scan: bounds.map(scan_of) })
    }

    /// Also searches the unused space of a sealed segment for bytes that should be zero. Without this, the iterator
    /// ends at the offset in the trailer. The unused space of a segment that is not sealed is always searched: after
    /// a power cut it may contain frames that are not recorded in the tail word.
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
        self.scan.as_mut()?.next()
    }
}
