//! What is missing, and why.

use crate::format::frame::FrameFault;

/// Bytes that hold no frame and should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
    /// What was found at `start`.
    pub reason: LostReason,
}

impl LostRange {
    /// How many bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Whether entries that somebody was told are safe may be among the bytes. An append that was never completed,
    /// because its process died, lost nothing that was promised.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        !matches!(self.reason, LostReason::Uncommitted)
    }
}

/// Why bytes are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReason {
    /// What is there is not an intact frame.
    Damaged(FrameFault),
    /// An append that was never completed: its process died, or is at it.
    Uncommitted,
    /// The file ends before its frames do.
    Truncated,
    /// Bytes after the last frame that should be zero.
    NotZero,
    /// Searching for further frames would cost more than reading the file many times: somebody made it so.
    GaveUp,
    /// In a stream of segments, frames and lines: bytes that are nothing of these.
    Neither,
    /// Lines, and a program that was built without the feature `json`.
    Unsupported,
}

impl core::fmt::Display for LostReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Damaged(FrameFault::Free) => f.write_str("zeros where a frame was committed"),
            Self::Damaged(fault) => fault.fmt(f),
            Self::Uncommitted => f.write_str("an append that was never completed"),
            Self::Truncated => f.write_str("the file ends before its frames do"),
            Self::NotZero => f.write_str("bytes in unused space"),
            Self::GaveUp => f.write_str("too many false frames: the search was given up"),
            Self::Neither => f.write_str("neither a segment nor a frame nor a line"),
            Self::Unsupported => f.write_str("lines, which cannot be read without the feature `json`"),
        }
    }
}
