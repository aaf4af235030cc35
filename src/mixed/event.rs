//! What reading a stream finds.

use crate::decode::EntryRef;
use crate::error::{DecodeError, SegmentError};
use crate::format::frame::{FrameKind, FrameRef};
use crate::segment::LostRange;

/// In which form something stands in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As a frame of a segment.
    Segment,
    /// As a frame that stands alone ([`message`](crate::message)).
    Frame,
    /// As a line of JSON or text.
    Line,
}

/// One thing that reading a stream finds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum MixedEvent<'a> {
    /// A log entry.
    Entry {
        /// How it was written.
        form: Form,
        /// Its frame; of a line the frame that it would be. In both cases `offset` is where it begins in the stream.
        frame: FrameRef<'a>,
        /// What it says.
        entry: EntryRef<'a>,
    },
    /// A frame of another kind, such as the resource of a segment.
    Frame {
        /// How it was written: not as a line.
        form: Form,
        /// The frame.
        frame: FrameRef<'a>,
    },
    /// An intact frame of kind entry whose payload is not an entry: a writer's fault.
    Unreadable {
        /// How it was written: not as a line.
        form: Form,
        /// Its frame.
        frame: FrameRef<'a>,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// Bytes of the stream of which nothing can be made.
    Lost {
        /// Which, and why. An append that was never completed is among them, and is no loss ([`LostRange::is_loss`]).
        range: LostRange,
    },
    /// The first page of a segment is damaged, or of a version that this one does not know. What is found in a damaged one
    /// follows; as long as such a segment is, nobody knows, and the rest of the stream is taken for it.
    DamagedHeader {
        /// Where the segment begins in the stream.
        offset: u64,
        /// What is wrong.
        error: SegmentError,
    },
}

impl<'a> MixedEvent<'a> {
    /// The event that a frame is.
    #[inline]
    pub(super) fn of(form: Form, frame: FrameRef<'a>) -> Self {
        match frame.kind {
            FrameKind::Entry => match EntryRef::new(frame.payload) {
                Ok(entry) => Self::Entry { form, frame, entry },
                Err(error) => Self::Unreadable { form, frame, error },
            },
            _ => Self::Frame { form, frame },
        }
    }
}
