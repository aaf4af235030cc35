//! The events of a mixed stream.

use crate::decode::EntryRef;
use crate::error::{DecodeError, SegmentError};
use crate::format::frame::FrameRef;
use crate::segment::{Content, LostRange};

/// The form of a frame in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// A frame in a segment.
    Segment,
    /// A frame outside a segment: a [`message`](crate::message).
    Frame,
    /// A line of JSON or text.
    Line,
}

/// An event of a mixed stream.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum MixedEvent<'a> {
    /// A log entry.
    Entry {
        /// The form of the entry.
        form: Form,
        /// The frame. An entry from a line has an equivalent frame. The field `offset` is the offset of the
        /// frame or line in the stream.
        frame: FrameRef<'a>,
        /// The entry.
        entry: EntryRef<'a>,
    },
    /// A frame of another kind, for example the resource of a segment.
    Frame {
        /// The form of the frame; never [`Form::Line`].
        form: Form,
        /// The frame.
        frame: FrameRef<'a>,
    },
    /// An intact entry frame whose payload is not a valid entry. A fault in the producer causes this.
    Unreadable {
        /// The form of the frame; never [`Form::Line`].
        form: Form,
        /// The frame.
        frame: FrameRef<'a>,
        /// The error in the payload.
        error: DecodeError,
    },
    /// Bytes of the stream that cannot be read.
    Lost {
        /// The range and the reason. An incomplete append is also reported, but is not a loss
        /// ([`LostRange::is_loss`]).
        range: LostRange,
    },
    /// A segment whose first page is damaged or has an unsupported version. The readable frames of a damaged
    /// segment follow. The length of the segment is unknown, so the rest of the stream belongs to the
    /// segment.
    DamagedHeader {
        /// The offset of the segment in the stream.
        offset: u64,
        /// The error in the first page.
        error: SegmentError,
    },
}

impl<'a> MixedEvent<'a> {
    /// Returns the event for a frame with the content `content`.
    #[inline]
    pub(super) fn of(form: Form, frame: FrameRef<'a>, content: Content<'a>) -> Self {
        match content {
            Content::Entry(entry) => Self::Entry { form, frame, entry },
            Content::Unreadable(error) => Self::Unreadable { form, frame, error },
            Content::Lost(range) => Self::Lost { range },
            Content::Other => Self::Frame { form, frame },
        }
    }
}
