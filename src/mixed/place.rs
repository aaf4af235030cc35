//! Where a frame is in the memory of a reader.

use core::ops::Range;

use crate::format::frame::{FrameKind, FrameRef};
use crate::severity::Severity;

/// Where a frame is in the memory of a reader, and what its header says.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Where it begins in the stream.
    pub(super) offset: u64,
    pub(super) kind: FrameKind,
    pub(super) severity: Severity,
    /// Its payload in the memory.
    pub(super) payload: Range<usize>,
}

impl Place {
    /// Of a frame found at `at` of some memory that is at `offset` of the stream.
    #[inline]
    pub(super) fn of(frame: &FrameRef<'_>, at: usize, offset: u64) -> Self {
        let start = at + crate::format::frame::HEADER_LEN;
        let payload = start..start + frame.payload.len();
        Self { offset, kind: frame.kind, severity: frame.severity, payload }
    }

    /// The frame in that memory.
    #[inline]
    pub(super) fn frame<'a>(&self, memory: &'a [u8]) -> FrameRef<'a> {
        let payload = memory.get(self.payload.clone()).unwrap_or(&[]);
        FrameRef { offset: self.offset, kind: self.kind, severity: self.severity, payload }
    }
}
