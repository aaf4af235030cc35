//! Private copies of the bases of like entries, for readers of segments that other processes may change.

use crate::decode::like::{self, LikeHead, Paths};
use crate::format::frame::{self, FrameFault, FrameKind, FrameRef};
use crate::format::like::{Facts, MAX_BASE};
use crate::format::segment::SegmentHeader;

use super::base::{Area, BaseFault, REMEMBERED, Table, frame_len, matching};
use super::content::Content;
use super::scan::{Bounds, LostRange, LostReason, Source};

/// The maximum number of bytes of all copies.
const MAX_COPIES: usize = 64 * MAX_BASE;

/// The bases that a reader has copied from one segment. If a process changes a base in the segment later, the copy does not
/// change.
///
/// There are at most 512 copies, which have at most 1 MiB. If there is no space for another copy, all copies are removed. The
/// memory is reused, so reading allocates nothing per entry.
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
    /// The copy at each place of the table.
    copies: [Copy; REMEMBERED],
    /// The bytes of all copies.
    bytes: Vec<u8>,
    /// The frame that is copied.
    frame: Vec<u8>,
}

/// A copy of a base.
struct Copy {
    /// The offset of the entry in the bytes of all copies.
    at: usize,
    len: usize,
    facts: Facts,
    paths: Paths,
}

/// A base that was found.
#[derive(Clone, Copy)]
struct Found {
    /// The offset of the like entry. No frame has the offset 0.
    dependant: u64,
    place: usize,
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
        let found = Found { dependant: 0, place: 0 };
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
        self.found.dependant = 0;
        let Ok(head) = LikeHead::new(frame.payload) else { return Ok(()) };
        if !self.allowed {
            return Ok(());
        }
        let slot = head.base();
        let offset = self.area.offset(slot, frame.offset)?;
        let copies = self.copies.get_or_insert_with(Copies::new);
        let (place, facts) = match copies.table.find(slot) {
            Some(found) => found,
            None => copies.load(self.area, slot, offset, read)?,
        };
        matching(facts, &head)?;
        self.found = Found { dependant: frame.offset, place };
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
        let Found { dependant, place } = self.found;
        if dependant == frame.offset
            && let Some(copies) = &self.copies
            && let Some((copy, base)) = copies.get(place)
            && let Some(head) = LikeHead::known(frame.payload)
        {
            return Content::of(like::view_of(head, base, copy.facts, Some(&copy.paths)));
        }
        match LikeHead::new(frame.payload) {
            Err(error) => Content::Unreadable(error),
            Ok(head) => {
                let fault = BaseFault::Slot { found: head.base() };
                Content::Lost(frame.lost(LostReason::Base(fault)))
            }
        }
    }
}

impl Copies {
    #[cold]
    fn new() -> Box<Self> {
        let none = || Copy { at: 0, len: 0, facts: Facts::NONE, paths: Paths::default() };
        Box::new(Self {
            table: Table::new(),
            copies: std::array::from_fn(|_| none()),
            bytes: Vec::new(),
            frame: Vec::new(),
        })
    }

    /// Returns the copy at `place`, and its bytes.
    #[inline]
    fn get(&self, place: usize) -> Option<(&Copy, &[u8])> {
        let copy = self.copies.get(place)?;
        Some((copy, self.bytes.get(copy.at..)?.get(..copy.len)?))
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
        read(offset, frame::tag(area.salt, offset), &mut self.frame)?;
        let base = area.check(&self.frame, offset)?;
        let (entry, facts) = (base.bytes(), base.facts());
        if self.bytes.len() + entry.len() > MAX_COPIES {
            self.table = Table::new();
            self.bytes.clear();
        }
        let place = self.table.make_room(slot);
        self.copies[place] = Copy { at: self.bytes.len(), len: entry.len(), facts, paths: Paths::of(&base) };
        self.bytes.extend_from_slice(entry);
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
