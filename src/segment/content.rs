//! The content that readers find in a frame, by the role of its kind.

use crate::decode::EntryRef;
use crate::decode::like::LikeHead;
use crate::error::{DecodeError, DecodeFault};
use crate::format::frame::{FrameKind, FrameRef, Role};

use super::scan::{LostRange, LostReason};

/// The content of a frame.
pub(crate) enum Content<'a> {
    Entry(EntryRef<'a>),
    /// The payload should be an entry, but is not valid.
    Unreadable(DecodeError),
    /// The entry is a like entry, and its base is lost.
    Lost(LostRange),
    /// The frame is not the frame of a log entry. Readers return it unchanged.
    Other,
}

impl<'a> Content<'a> {
    /// Returns the entry, if it is readable.
    #[inline(always)]
    pub(crate) fn entry(&self) -> Option<&EntryRef<'a>> {
        if let Self::Entry(entry) = self { Some(entry) } else { None }
    }

    /// Returns the content of the frame of a log entry.
    #[inline(always)]
    pub(super) fn of(entry: Result<EntryRef<'a>, DecodeError>) -> Self {
        match entry {
            Ok(entry) => Self::Entry(entry),
            Err(error) => Self::Unreadable(error),
        }
    }
}

/// The error of a like entry in a message, or in a segment without like entries.
const NOT_ALLOWED: DecodeError = DecodeError {
    offset: 0,
    field: "frame kind",
    fault: DecodeFault::Invalid {
        found: 8,
        expected: "a kind that is valid outside a segment with like entries",
    },
};

impl<'a> FrameRef<'a> {
    /// Returns the loss record in the frame, or the error in it; `None` if the frame is not a loss record.
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::segment::{Event, Events};
    ///
    /// fn dropped(events: Events<'_>) -> i128 {
    ///     let mut dropped = 0;
    ///     for event in events {
    ///         if let Ok(Event::Frame(frame)) = event
    ///             && let Some(Ok(record)) = frame.loss_record()
    ///         {
    ///             dropped += record.get("count").and_then(|count| count.as_i128()).unwrap_or(0);
    ///         }
    ///     }
    ///     dropped
    /// }
    /// ```
    #[must_use]
    pub fn loss_record(&self) -> Option<Result<EntryRef<'a>, DecodeError>> {
        match self.kind {
            FrameKind::Loss => Some(EntryRef::new(self.payload)),
            FrameKind::Entry
            | FrameKind::Resource
            | FrameKind::Clock
            | FrameKind::Index
            | FrameKind::Seal
            | FrameKind::Padding
            | FrameKind::Like
            | FrameKind::Private(_)
            | FrameKind::Unknown(_) => None,
        }
    }

    /// Returns the content of the frame. A like entry is not valid without its segment: its reader finds the base.
    #[inline(always)]
    pub(crate) fn content(&self) -> Content<'a> {
        match self.kind.role() {
            Role::Entry if self.kind == FrameKind::Like => Content::Unreadable(NOT_ALLOWED),
            Role::Entry => Content::of(EntryRef::new(self.payload)),
            Role::Record | Role::Resource | Role::File | Role::Opaque => Content::Other,
        }
    }

    /// Returns the time by which readers order the frame, in nanoseconds since the Unix epoch, or 0 if there is none.
    #[inline]
    pub(crate) fn time(&self) -> u64 {
        match self.kind.role() {
            Role::Entry if self.kind == FrameKind::Like => {
                LikeHead::new(self.payload).map_or(0, |head| head.time_unix_nano())
            }
            Role::Entry | Role::Record => {
                EntryRef::new(self.payload).map_or(0, |entry| entry.time_unix_nano())
            }
            Role::Resource | Role::File | Role::Opaque => 0,
        }
    }

    /// Returns the range of the frame, which is lost for `reason`.
    pub(crate) fn lost(&self, reason: LostReason) -> LostRange {
        LostRange { start: self.offset, end: self.offset + self.len_on_disk(), reason }
    }
}
