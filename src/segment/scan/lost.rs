//! Ranges of lost bytes, and the reason of each loss.

use crate::error::DecodeError;
use crate::format::frame::FrameFault;
use crate::packing::{PackedFault, Packing};
use crate::segment::base::BaseFault;

/// A range of bytes without the expected frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostRange {
    /// The offset of the first byte.
    pub start: u64,
    /// The offset of the first byte after the range.
    pub end: u64,
    /// The reason of the loss at `start`.
    pub reason: LostReason,
}

impl LostRange {
    /// Returns the number of bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "only truncated compressed data has an empty range")]
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Returns whether the range may contain committed entries. An incomplete append of a process that died is no loss,
    /// because the append had not returned.
    #[must_use]
    pub const fn is_loss(&self) -> bool {
        !matches!(self.reason, LostReason::Uncommitted)
    }

    /// Returns whether the range may contain committed entries that the reader did not return at all. A line above the bounds
    /// of a reader is read in part, so it is a loss but no damage.
    #[must_use]
    pub const fn is_damage(&self) -> bool {
        self.is_loss() && !matches!(self.reason, LostReason::LongLine)
    }
}

/// The reason why bytes are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostReason {
    /// The bytes are not an intact frame.
    Damaged(FrameFault),
    /// An incomplete append: the process died during the append, or still runs it.
    Uncommitted,
    /// The file ends before the last frame.
    Truncated,
    /// Bytes after the last frame are not zero.
    NotZero,
    /// The number of invalid frames is high, and the search for further frames exceeds its cost limit. Only a crafted
    /// file has this property.
    GaveUp,
    /// A stream of segments, frames and lines has bytes of another kind.
    Neither,
    /// A hole of NUL bytes between lines. A crash leaves one, and a truncation of a file under a writer that keeps its
    /// position.
    Nul,
    /// The entry is a like entry: it contains only the difference from an earlier entry of its segment, its base. The base
    /// is lost, or is not a base.
    Base(BaseFault),
    /// The entry is a like entry whose values are not valid, so it has no form without its base.
    NotExpanded(DecodeError),
    /// A line exceeds the bounds of a reader, [`Limits::READER`](crate::Limits::READER). Its entries contain a part of it.
    LongLine,
    /// The file or the stream is compressed, and its data has a fault. The offsets of the range are offsets in the
    /// compressed data. If the data is truncated, the range is empty.
    Packed(Packing, PackedFault),
    /// The bytes are lines, and the program is built without the feature `json`.
    Unsupported,
}

impl core::fmt::Display for LostReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Damaged(FrameFault::Free) => {
                f.write_str("expected a committed frame, found a zero commit word")
            }
            Self::Damaged(fault) => fault.fmt(f),
            Self::Uncommitted => f.write_str("incomplete append"),
            Self::Truncated => f.write_str("truncated file: the file ends before the last frame"),
            Self::NotZero => f.write_str("expected zeros in unused space, found other bytes"),
            Self::GaveUp => f.write_str("too many invalid frames; the search for further frames was stopped"),
            Self::Neither => f.write_str("expected a segment, a frame or a line"),
            Self::Nul => f.write_str("hole of NUL bytes"),
            Self::Base(fault) => fault.fmt(f),
            Self::NotExpanded(error) => error.fmt(f),
            Self::LongLine => f.write_str(
                "line above the bounds of a reader: expected at most 16 MiB and 65535 values in a container",
            ),
            Self::Packed(packing, fault) => fault.write(*packing, f),
            Self::Unsupported => f.write_str("lines are not supported; build with the feature `json`"),
        }
    }
}
