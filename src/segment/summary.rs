//! A summary of the frames of a segment, for its trailer and its index.

use crate::format::frame::FrameRef;
use crate::format::segment::{SegmentHeader, Trailer};

use super::base::BaseFault;
use super::base_copies::BaseCopies;
use super::index::IndexBuilder;

/// A summary of the first frames of a segment.
pub(super) struct Summary {
    trailer: Trailer,
    /// The builder of the index, if there will be one.
    index: Option<IndexBuilder>,
    /// The bases of the like entries that the index needs.
    bases: BaseCopies,
    segment_id: [u8; 16],
}

impl Summary {
    /// Creates the summary of no frames of the segment with the header `header`.
    pub(super) fn new(header: &SegmentHeader, indexed: bool) -> Self {
        Self {
            trailer: Trailer::default(),
            index: indexed.then(IndexBuilder::default),
            bases: BaseCopies::new(header),
            segment_id: header.segment_id,
        }
    }

    /// Adds `frame`, which is the next frame of the segment. `read` fills a buffer with the frame at an offset, which has a
    /// tag.
    #[inline]
    pub(super) fn note(
        &mut self,
        frame: &FrameRef<'_>,
        read: impl FnOnce(usize, u32, &mut Vec<u8>) -> Result<(), BaseFault>,
    ) {
        if frame.kind.is_entry() {
            self.trailer.note(frame.time());
        }
        if let (Some(index), Ok(offset)) = (&mut self.index, usize::try_from(frame.offset)) {
            let len = usize::try_from(frame.len_on_disk()).unwrap_or(usize::MAX);
            // An entry without its base is unreadable, as it is for each reader.
            index.note(offset, len, frame.kind, self.bases.content_by(frame, read).entry());
        }
    }

    /// Returns the number of entries.
    pub(super) fn entries(&self) -> u64 {
        self.trailer.entries
    }

    /// Returns the trailer of a segment whose frames end at `end`.
    pub(super) fn trailer(&self, end: usize) -> Trailer {
        Trailer { data_end: end as u64, ..self.trailer }
    }

    /// Discards the index.
    pub(super) fn forget_index(&mut self) {
        self.index = None;
    }

    /// Returns the bytes of the index of a segment whose frames end at `end`, if it has one. There is none after this.
    pub(super) fn take_index(&mut self, end: usize) -> Option<Vec<u8>> {
        self.index.take()?.finish(self.segment_id, end as u64)
    }
}
