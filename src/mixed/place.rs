//! The location of a frame in the memory of a reader.

use core::ops::Range;

use crate::format::frame::{FrameKind, FrameRef};
use crate::severity::Severity;

/// The location of a frame in the memory of a reader, with the fields of its header.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The offset of the frame in the stream.
    pub(super) offset: u64,
    pub(super) kind: FrameKind,
    pub(super) severity: Severity,
    /// The range of the payload in the memory.
    pub(super) payload: Range<usize>,
}

impl Place {
    /// Creates the location of a frame that is at `at` in the memory and at `offset` in the stream.
    #[inline]
    pub(super) fn of(frame: &FrameRef<'_>, at: usize, offset: u64) -> Self {
        let start = at + crate::format::frame::HEADER_LEN;
        let payload = start..start + frame.payload.len();
        Self { offset, kind: frame.kind, severity: frame.severity, payload }
    }

    /// Returns the frame. `memory` must be the memory in which the frame was found.
    #[inline]
    pub(super) fn frame<'a>(&self, memory: &'a [u8]) -> FrameRef<'a> {
        let payload = memory.get(self.payload.clone()).unwrap_or(&[]);
        FrameRef { offset: self.offset, kind: self.kind, severity: self.severity, payload }
    }
}
