//! What a reader tells.

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::decode::EntryRef;
use crate::error::{DecodeError, SegmentError};
use crate::log::files::{FileChange, FileInfo};
use crate::log::listing::SegmentInfo;
use crate::segment::{FrameKind, FrameRef, LostRange};

use super::stream::{Head, Stream};

/// One thing that reading a log finds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LogEvent<'a> {
    /// A log entry.
    Entry {
        /// Where it is.
        source: Source<'a>,
        /// Its frame; of a line the frame that it would be, at the offset of the line.
        frame: FrameRef<'a>,
        /// What it says.
        entry: EntryRef<'a>,
    },
    /// A frame of another kind, such as the resource at the beginning of each segment, or a count of entries that could not
    /// be written (kind [`Loss`](FrameKind::Loss), whose payload is an entry).
    Frame {
        /// Where it is.
        source: Source<'a>,
        /// The frame.
        frame: FrameRef<'a>,
    },
    /// An intact frame of kind entry whose payload is not an entry: a writer's fault, not the disk's.
    Unreadable {
        /// Where it is.
        source: Source<'a>,
        /// Its frame.
        frame: FrameRef<'a>,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// Bytes that hold no frame and should.
    Lost {
        /// Where they are.
        source: Source<'a>,
        /// Which, and why. An append that was never completed is among them, and is no loss
        /// ([`LostRange::is_loss`]).
        range: LostRange,
    },
    /// The first page of a segment is damaged. What is found in it all the same follows.
    DamagedHeader {
        /// The segment, or the file in which it stands.
        source: Source<'a>,
        /// What is wrong.
        error: SegmentError,
    },
    /// Segments that were deleted before they could be opened, by retention or by hand.
    Missed {
        /// Their stream.
        stream_id: [u8; 16],
        /// Their places in it.
        sequences: RangeInclusive<u64>,
    },
    /// A file that cannot be read, or is of a version that this one does not know.
    UnreadableFile {
        /// The file.
        path: &'a Path,
        /// Why.
        error: &'a io::Error,
    },
    /// A file that is followed has become another one.
    Changed {
        /// The file.
        file: &'a FileInfo,
        /// How.
        change: FileChange,
    },
}

/// Where something has been read.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// In a segment.
    Segment(&'a SegmentInfo),
    /// In a file of lines, of frames that stand alone, or of both.
    File(&'a FileInfo),
}

impl<'a> Source<'a> {
    /// The file.
    #[must_use]
    pub fn path(self) -> &'a Path {
        match self {
            Self::Segment(segment) => &segment.path,
            Self::File(file) => &file.path,
        }
    }

    /// The segment, where it is one.
    #[must_use]
    pub fn segment(self) -> Option<&'a SegmentInfo> {
        match self {
            Self::Segment(segment) => Some(segment),
            Self::File(_) => None,
        }
    }
}

impl Stream {
    /// What the head of the stream is.
    #[inline]
    pub(super) fn event(&self) -> Option<LogEvent<'_>> {
        match &self.head {
            Head::Idle | Head::Unopened => None,
            Head::Missed(sequences) => {
                Some(LogEvent::Missed { stream_id: self.id, sequences: sequences.clone() })
            }
            Head::File(path, error) => Some(LogEvent::UnreadableFile { path, error }),
            Head::DamagedHeader => {
                let segment = self.open.as_ref()?.info();
                let source = Source::Segment(segment);
                segment.header.as_ref().err().map(|error| LogEvent::DamagedHeader { source, error: *error })
            }
            Head::Lost(range) => {
                Some(LogEvent::Lost { source: Source::Segment(self.open.as_ref()?.info()), range: *range })
            }
            Head::Frame(place) => {
                let open = self.open.as_ref()?;
                let (source, frame) = (Source::Segment(open.info()), open.frame(place));
                Some(match frame.kind {
                    FrameKind::Entry => match EntryRef::new(frame.payload) {
                        Ok(entry) => LogEvent::Entry { source, frame, entry },
                        Err(error) => LogEvent::Unreadable { source, frame, error },
                    },
                    _ => LogEvent::Frame { source, frame },
                })
            }
        }
    }
}
