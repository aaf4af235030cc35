//! The content that readers find in a frame, by the role of its kind.

use crate::decode::EntryRef;
use crate::error::DecodeError;
use crate::format::frame::{FrameKind, FrameRef, Role};

/// The content of a frame.
pub(crate) enum Content<'a> {
    Entry(EntryRef<'a>),
    /// The payload should be an entry, but is not valid.
    Unreadable(DecodeError),
    /// The frame is not the frame of a log entry. Readers return it unchanged.
    Other,
}

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
            | FrameKind::Private(_)
            | FrameKind::Unknown(_) => None,
        }
    }

    /// Returns the content of the frame.
    #[inline(always)]
    pub(crate) fn content(&self) -> Content<'a> {
        match self.kind.role() {
            Role::Entry => match EntryRef::new(self.payload) {
                Ok(entry) => Content::Entry(entry),
                Err(error) => Content::Unreadable(error),
            },
            Role::Record | Role::Resource | Role::File | Role::Opaque => Content::Other,
        }
    }

    /// Returns the time by which readers order the frame, in nanoseconds since the Unix epoch, or 0 if there is none.
    #[inline]
    pub(crate) fn time(&self) -> u64 {
        match self.kind.role() {
            Role::Entry | Role::Record => {
                EntryRef::new(self.payload).map_or(0, |entry| entry.time_unix_nano())
            }
            Role::Resource | Role::File | Role::Opaque => 0,
        }
    }
}
