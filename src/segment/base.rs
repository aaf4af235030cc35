//! The search for the base of a like entry in the bytes of a segment.
//!
//! `schema/FORMAT.md`, section "The base", contains the conditions. A reader checks them before it uses a value of the
//! like entry.

use core::fmt;

use crate::decode::EntryRef;
use crate::decode::like::{self, LikeHead};
use crate::error::{DecodeError, DecodeFault};
use crate::format::frame::{self, FrameFault, FrameKind, FrameRef};
use crate::format::like::{Base, Facts, MAX_BASE};

use super::content::Content;
use super::scan::{Bounds, LostReason};

/// The reason why a like entry has no base.
///
/// A like entry is a log entry that contains only the difference from an earlier entry of its segment, its base. Without
/// the base, the entry is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BaseFault {
    /// The slot of the base is not between the first frame of the segment and the like entry.
    Slot {
        /// The slot in the like entry.
        found: u32,
    },
    /// No valid frame is at the slot.
    Frame(FrameFault),
    /// The frame is not an entry.
    Kind(FrameKind),
    /// The entry is not valid, or it cannot be a base.
    Entry(DecodeError),
    /// The entry is another entry than the base.
    Check {
        /// The checksum in the like entry.
        expected: u32,
        /// The checksum of the entry at the slot.
        found: u32,
    },
}

impl fmt::Display for BaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slot { found } => {
                write!(f, "bad base: expected the slot of an earlier frame of the segment, found {found}")
            }
            Self::Frame(fault) => write!(f, "bad base: {fault}"),
            Self::Kind(kind) => {
                write!(f, "bad base: expected a frame of kind entry, found kind {}", kind.number())
            }
            Self::Entry(error) => write!(f, "bad base: {error}"),
            Self::Check { expected, found } => {
                write!(f, "bad base check: expected {expected:08x}, found {found:08x}")
            }
        }
    }
}

impl std::error::Error for BaseFault {}

/// The number of bases that a reader remembers.
pub(super) const REMEMBERED: usize = 512;
/// The number of places for each slot.
const WAYS: usize = 4;
const SETS: usize = REMEMBERED / WAYS;

/// The bases that a reader has checked, by their slot. If there is no free place for a base, it takes the place of another
/// one, which is then checked again at its next use.
pub(super) struct Table {
    /// The slot of each base. No base has slot 0.
    slots: [u32; REMEMBERED],
    facts: [Facts; REMEMBERED],
    /// The place of each set that the next new base takes.
    next: [u8; SETS],
}

impl Table {
    pub(super) const fn new() -> Self {
        const NONE: Facts = Facts::NONE;
        Self { slots: [0; REMEMBERED], facts: [NONE; REMEMBERED], next: [0; SETS] }
    }

    /// Returns the first place of the set of `slot`.
    #[inline(always)]
    fn set(slot: u32) -> usize {
        (slot.wrapping_mul(0x9E37_79B1) >> (u32::BITS - SETS.ilog2())) as usize * WAYS
    }

    /// Returns the place and the facts of the base at `slot`.
    #[inline]
    pub(super) fn find(&self, slot: u32) -> Option<(usize, Facts)> {
        let set = Self::set(slot);
        let way = self.slots.get(set..set + WAYS)?.iter().position(|known| *known == slot)?;
        Some((set + way, *self.facts.get(set + way)?))
    }

    /// Returns the place for a new base at `slot`. The base that has the place is forgotten.
    pub(super) fn make_room(&mut self, slot: u32) -> usize {
        let set = Self::set(slot);
        let next = &mut self.next[set / WAYS];
        let place = set + usize::from(*next) % WAYS;
        *next = next.wrapping_add(1);
        self.slots[place] = 0;
        place
    }

    /// Remembers the base at `slot`, whose place [`make_room`](Self::make_room) has returned.
    pub(super) fn remember(&mut self, place: usize, slot: u32, facts: Facts) {
        self.slots[place] = slot;
        self.facts[place] = facts;
    }
}

/// The part of a segment in which the bases of its like entries are.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) salt: u32,
    first: u64,
}

impl Area {
    pub(super) fn new(salt: u32, first: u64) -> Self {
        Self { salt, first }
    }

    /// Returns the offset of the frame at `slot`, if it can contain the base of a like entry in the frame at the offset `at`.
    #[inline]
    pub(super) fn offset(self, slot: u32, at: u64) -> Result<usize, BaseFault> {
        let offset = u64::from(slot) * frame::ALIGN as u64;
        match usize::try_from(offset) {
            Ok(place) if (self.first..at).contains(&offset) => Ok(place),
            _ => Err(BaseFault::Slot { found: slot }),
        }
    }

    /// Checks the base in the frame at the beginning of `bytes`, whose offset is `offset`.
    pub(super) fn check(self, bytes: &[u8], offset: usize) -> Result<Base<'_>, BaseFault> {
        frame_len(frame::examine(bytes, bytes.len(), frame::tag(self.salt, offset)))?;
        let frame = frame::parse(bytes, offset, frame::tag(self.salt, offset)).map_err(BaseFault::Frame)?;
        if frame.kind != FrameKind::Entry {
            return Err(BaseFault::Kind(frame.kind));
        }
        like::base(frame.payload).map_err(BaseFault::Entry)
    }
}

/// Returns the length of the frame of a base after the check of its header.
pub(super) fn frame_len(examined: Result<(u64, usize), FrameFault>) -> Result<usize, BaseFault> {
    let (_, payload) = examined.map_err(BaseFault::Frame)?;
    if payload > MAX_BASE {
        let fault = DecodeFault::Invalid { found: payload as u64, expected: "at most 16 KiB" };
        return Err(BaseFault::Entry(DecodeError { offset: 0, field: "length of a base", fault }));
    }
    Ok(frame::frame_len(payload))
}

/// Returns an error if a base with the facts `facts` is not the base of the like entry with the head `head`.
#[inline]
pub(super) fn matching(facts: Facts, head: &LikeHead<'_>) -> Result<(), BaseFault> {
    if facts.check() == head.base_check() {
        Ok(())
    } else {
        Err(BaseFault::Check { expected: head.base_check(), found: facts.check() })
    }
}

/// The bases that a reader has checked in one segment whose bytes do not change. Memory and work do not depend on the
/// segment.
pub struct Bases {
    area: Area,
    /// Whether the segment can contain like entries.
    allowed: bool,
    table: Table,
}

impl Bases {
    /// Returns an empty set for a segment with the salt `salt` whose first frame is at the offset `first`.
    #[must_use]
    pub fn new(salt: u32, first: u64) -> Self {
        Self { area: Area::new(salt, first), allowed: true, table: Table::new() }
    }

    /// Returns an empty set for a segment with the bounds `bounds`.
    pub(crate) fn of(bounds: &Bounds) -> Self {
        Self { allowed: bounds.has_like_entries, ..Self::new(bounds.salt, bounds.start as u64) }
    }

    /// Returns a view of the like entry with the head `head`, whose frame is at the offset `at` of `segment`.
    ///
    /// # Errors
    /// The base does not fulfil the conditions of the format, or the cells are outside the like entry.
    #[inline]
    pub fn view<'a>(
        &mut self,
        segment: &'a [u8],
        at: u64,
        head: LikeHead<'a>,
    ) -> Result<EntryRef<'a>, BaseFault> {
        let base = self.find(segment, at, &head)?;
        like::view(head, base).map_err(BaseFault::Entry)
    }

    /// Returns the content of a frame of `segment`.
    #[inline(always)]
    pub(crate) fn content<'a>(&mut self, segment: &'a [u8], frame: &FrameRef<'a>) -> Content<'a> {
        if frame.kind == FrameKind::Like { self.like(segment, frame) } else { frame.content() }
    }

    #[inline(never)]
    fn like<'a>(&mut self, segment: &'a [u8], frame: &FrameRef<'a>) -> Content<'a> {
        if !self.allowed {
            return frame.content();
        }
        let head = match LikeHead::new(frame.payload) {
            Ok(head) => head,
            Err(error) => return Content::Unreadable(error),
        };
        match self.find(segment, frame.offset, &head) {
            Ok(base) => Content::of(like::view(head, base)),
            Err(fault) => Content::Lost(frame.lost(LostReason::Base(fault))),
        }
    }

    /// Returns the base of a like entry in the frame at the offset `at`.
    #[inline]
    fn find<'a>(&mut self, segment: &'a [u8], at: u64, head: &LikeHead<'_>) -> Result<Base<'a>, BaseFault> {
        let slot = head.base();
        let offset = self.area.offset(slot, at)?;
        let bytes = segment.get(offset..).unwrap_or_default();
        if let Some((_, facts)) = self.table.find(slot)
            && let Ok(frame) = frame::parse_trusted(bytes, offset, frame::tag(self.area.salt, offset))
            && let Some(base) = Base::known(frame.payload, facts)
        {
            return matching(facts, head).map(|()| base);
        }
        let base = self.check(bytes, offset, slot)?;
        matching(base.facts(), head).map(|()| base)
    }

    /// Checks the base in the frame at the beginning of `bytes`, and remembers it.
    #[cold]
    fn check<'a>(&mut self, bytes: &'a [u8], offset: usize, slot: u32) -> Result<Base<'a>, BaseFault> {
        let base = self.area.check(bytes, offset)?;
        let place = self.table.make_room(slot);
        self.table.remember(place, slot, base.facts());
        Ok(base)
    }
}
