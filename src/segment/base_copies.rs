//! Private copies of the bases of like entries, for readers of segments that other processes may change.

use crate::decode::like::{self, LikeHead};
use crate::format::frame::{self, FrameFault, FrameKind, FrameRef};
use crate::format::like::{Base, Facts};
use crate::format::segment::SegmentHeader;

use super::base::{Area, BaseFault, REMEMBERED, Table, frame_len, matching};
use super::content::Content;
use super::scan::{Bounds, LostRange, LostReason, Source};

/// The bases that a reader has copied from one segment. If a process changes a base in the segment later, the copy does not
/// change.
///
/// There are at most 64 copies of at most 16 KiB each. The memory of a copy is reused, so reading allocates nothing per
/// entry.
pub(crate) struct BaseCopies {
    area: Area,
    /// Whether the segment can contain like entries.
    allowed: bool,
    /// The copies, from the first like entry on.
    copies: Option<Box<Copies>>,
    /// The base that was found last.
    found: Found,
}

struct Copies {
    table: Table,
    /// The frames with the bases.
    frames: [Vec<u8>; REMEMBERED],
}

/// A base that was found.
#[derive(Clone, Copy)]
struct Found {
    /// The offset of the like entry.
    dependant: u64,
    place: usize,
    facts: Facts,
}

impl BaseCopies {
    /// Creates an empty set for a segment with the bounds `bounds`.
    pub(crate) fn of(bounds: &Bounds) -> Self {
        Self::in_area(Area::new(bounds.salt, bounds.start as u64), bounds.has_like_entries)
    }

    /// Creates an empty set for a segment with the header `header`.
    pub(crate) fn new(header: &SegmentHeader) -> Self {
        Self::in_area(Area::new(header.salt, header.data_start), header.has_like_entries())
    }

    fn in_area(area: Area, allowed: bool) -> Self {
        let found = Found { dependant: 0, place: 0, facts: Facts::NONE };
        Self { area, allowed, copies: None, found }
    }

    /// Finds the base of the entry in `frame`, for [`content`](Self::content). Does nothing if the frame does not contain a
    /// like entry, or if the like entry is not valid.
    ///
    /// # Errors
    /// The range of the frame: its base is lost, or does not fulfil the conditions of the format.
    #[inline(always)]
    pub(crate) fn find<S: Source>(&mut self, source: &S, frame: &FrameRef<'_>) -> Result<(), LostRange> {
        self.find_by(frame, |at, tag, copy| read(source, at, tag, copy))
    }

    /// Returns the content of `frame`, after a search for the base of its entry in `source`.
    #[inline(always)]
    pub(crate) fn content_in<'a, S: Source>(&'a mut self, source: &S, frame: &FrameRef<'a>) -> Content<'a> {
        self.content_by(frame, |at, tag, copy| read(source, at, tag, copy))
    }

    /// Returns the content of `frame` as [`content_in`](Self::content_in) does. `read` fills a buffer with the frame at an
    /// offset, which has a tag.
    #[inline(always)]
    pub(crate) fn content_by<'a>(
        &'a mut self,
        frame: &FrameRef<'a>,
        read: impl FnOnce(usize, u32, &mut Vec<u8>) -> Result<(), BaseFault>,
    ) -> Content<'a> {
        match self.find_by(frame, read) {
            Ok(()) => self.content(frame),
            Err(range) => Content::Lost(range),
        }
    }

    #[inline(always)]
    fn find_by(
        &mut self,
        frame: &FrameRef<'_>,
        read: impl FnOnce(usize, u32, &mut Vec<u8>) -> Result<(), BaseFault>,
    ) -> Result<(), LostRange> {
        if frame.kind != FrameKind::Like {
            return Ok(());
        }
        self.find_like(frame, read).map_err(|fault| frame.lost(LostReason::Base(fault)))
    }

    #[inline(never)]
    fn find_like(
        &mut self,
        frame: &FrameRef<'_>,
        read: impl FnOnce(usize, u32, &mut Vec<u8>) -> Result<(), BaseFault>,
    ) -> Result<(), BaseFault> {
        let Ok(head) = LikeHead::new(frame.payload) else { return Ok(()) };
        if !self.allowed {
            return Ok(());
        }
        let slot = head.base();
        let offset = self.area.offset(slot, frame.offset)?;
        let copies = self.copies.get_or_insert_with(|| {
            Box::new(Copies { table: Table::new(), frames: [const { Vec::new() }; REMEMBERED] })
        });
        let (place, facts) = match copies.table.find(slot) {
            Some(found) => found,
            None => copies.load(self.area, slot, offset, read)?,
        };
        let base = copies.known(place, facts).ok_or(BaseFault::Frame(FrameFault::Free))?;
        matching(base, &head)?;
        self.found = Found { dependant: frame.offset, place, facts };
        Ok(())
    }

    /// Returns the content of `frame`. If it is the frame of a like entry, [`find`](Self::find) has found its base.
    #[inline(always)]
    pub(crate) fn content<'a>(&'a self, frame: &FrameRef<'a>) -> Content<'a> {
        if frame.kind == FrameKind::Like { self.like(frame) } else { frame.content() }
    }

    #[inline(never)]
    fn like<'a>(&'a self, frame: &FrameRef<'a>) -> Content<'a> {
        if !self.allowed {
            return frame.content();
        }
        let head = match LikeHead::new(frame.payload) {
            Ok(head) => head,
            Err(error) => return Content::Unreadable(error),
        };
        let Found { dependant, place, facts } = self.found;
        let copies = self.copies.as_ref().filter(|_| dependant == frame.offset);
        match copies.and_then(|copies| copies.known(place, facts)) {
            Some(base) => Content::of(like::view(head, base)),
            None => {
                let fault = BaseFault::Slot { found: head.base() };
                Content::Lost(frame.lost(LostReason::Base(fault)))
            }
        }
    }
}

impl Copies {
    /// Returns the base in the copy at `place`.
    #[inline]
    fn known(&self, place: usize, facts: Facts) -> Option<Base<'_>> {
        let frame = self.frames.get(place)?;
        let payload = frame::payload_len(u64::from_le_bytes(*frame.first_chunk()?));
        Base::known(frame.get(frame::HEADER_LEN..)?.get(..payload)?, facts)
    }

    /// Copies the base in the frame at `slot`, and checks the copy.
    #[cold]
    fn load(
        &mut self,
        area: Area,
        slot: u32,
        offset: usize,
        read: impl FnOnce(usize, u32, &mut Vec<u8>) -> Result<(), BaseFault>,
    ) -> Result<(usize, Facts), BaseFault> {
        let place = self.table.make_room(slot);
        let copy = &mut self.frames[place];
        read(offset, frame::tag(area.salt, offset), copy)?;
        let facts = area.check(copy, offset)?.facts();
        self.table.remember(place, slot, facts);
        Ok((place, facts))
    }
}

/// Fills `copy` with the frame at `at`, which has the tag `tag`.
fn read<S: Source>(source: &S, at: usize, tag: u32, copy: &mut Vec<u8>) -> Result<(), BaseFault> {
    let len = frame_len(source.examine(at, source.len(), tag))?;
    copy.clear();
    copy.resize(len, 0);
    source.read(at, copy).ok_or(BaseFault::Frame(FrameFault::Free))
}
