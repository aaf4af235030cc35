//! The events of a log reader.

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::decode::EntryRef;
use crate::error::{DecodeError, SegmentError};
use crate::log::files::{FileChange, FileInfo};
use crate::log::listing::SegmentInfo;
use crate::segment::{Content, FrameRef, LostRange};

use super::stream::{Head, Stream};

/// An event of a log reader.
///
/// ```
/// use fusewire::log::{Log, LogEvent, LogReader};
/// use fusewire::segment::FrameKind;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// let mut reader = LogReader::options().open(&[directory.path().to_owned()])?;
/// let (mut entries, mut resources, mut lost) = (0, 0, 0);
/// while let Some(event) = reader.next() {
///     match event {
///         LogEvent::Entry { .. } => entries += 1,
///         LogEvent::Frame { frame, .. } if frame.kind == FrameKind::Resource => resources += 1,
///         LogEvent::Lost { range, .. } if range.is_loss() => lost += range.len(),
///         _ => {}
///     }
/// }
/// assert!(entries == 1 && resources >= 1 && lost == 0);
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LogEvent<'a> {
    /// A log entry.
    Entry {
        /// The place of the entry.
        source: Source<'a>,
        /// Its frame. For a line, the frame that the line would have, with the offset of the line. The payload is not always
        /// the whole entry; [`EntryRef::to_bytes`] returns the bytes of the entry.
        frame: FrameRef<'a>,
        /// The content of the entry.
        entry: EntryRef<'a>,
    },
    /// A frame of another kind, such as the resource at the beginning of each segment, or a loss record (kind
    /// [`Loss`](crate::segment::FrameKind::Loss), whose payload is an entry).
    Frame {
        /// The place of the frame.
        source: Source<'a>,
        /// The frame.
        frame: FrameRef<'a>,
    },
    /// An intact frame of kind entry whose payload is not a valid entry. The cause is the writer and not the disk.
    Unreadable {
        /// The place of the frame.
        source: Source<'a>,
        /// The frame.
        frame: FrameRef<'a>,
        /// The error in the payload.
        error: DecodeError,
    },
    /// A range of bytes without the expected frames.
    Lost {
        /// The file that contains the range.
        source: Source<'a>,
        /// The range and the reason. The range may be an append that was never completed, which is not a loss
        /// ([`LostRange::is_loss`]).
        range: LostRange,
    },
    /// The first page of a segment is damaged. The events of its intact frames follow.
    DamagedHeader {
        /// The segment, or the file that contains it.
        source: Source<'a>,
        /// The error in the first page.
        error: SegmentError,
    },
    /// Segments that were deleted before the reader could open them, by retention or by hand.
    Missed {
        /// Their stream.
        stream_id: [u8; 16],
        /// Their positions in the stream.
        sequences: RangeInclusive<u64>,
    },
    /// A file that cannot be read, or that has a version that is not supported.
    UnreadableFile {
        /// The path of the file.
        path: &'a Path,
        /// The reason.
        error: &'a io::Error,
    },
    /// A file that the reader follows was truncated or replaced.
    Changed {
        /// The file.
        file: &'a FileInfo,
        /// The kind of the change.
        change: FileChange,
    },
}

/// The place from which an event was read.
///
/// ```
/// use fusewire::log::{Log, LogEvent, LogReader};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// let mut reader = LogReader::options().open(&[directory.path().to_owned()])?;
/// while let Some(event) = reader.next() {
///     if let LogEvent::Entry { source, frame, .. } = event {
///         assert!(source.segment().is_some());
///         println!("{}: offset {}", source.path().display(), frame.offset);
///     }
/// }
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// A segment.
    Segment(&'a SegmentInfo),
    /// A file of lines, of frames outside a segment, or of both.
    File(&'a FileInfo),
}

impl<'a> Source<'a> {
    /// Returns the path of the file.
    #[must_use]
    pub fn path(self) -> &'a Path {
        match self {
            Self::Segment(segment) => &segment.path,
            Self::File(file) => &file.path,
        }
    }

    /// Returns the segment, or `None` if the place is another file.
    #[must_use]
    pub fn segment(self) -> Option<&'a SegmentInfo> {
        match self {
            Self::Segment(segment) => Some(segment),
            Self::File(_) => None,
        }
    }
}

impl Stream {
    /// Returns the current event of the stream.
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
                Some(match open.content(&frame) {
                    Content::Entry(entry) => LogEvent::Entry { source, frame, entry },
                    Content::Unreadable(error) => LogEvent::Unreadable { source, frame, error },
                    Content::Lost(range) => LogEvent::Lost { source, range },
                    Content::Other => LogEvent::Frame { source, frame },
                })
            }
        }
    }
}
