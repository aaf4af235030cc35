//! The search for the base of a like entry in the bytes of a segment.
//!
//! `schema/FORMAT.md`, section "The base", contains the conditions. A reader checks them before it uses a value of the
//! like entry.

use core::fmt;

use crate::decode::EntryRef;
use crate::decode::like::{self, LikeHead};
use crate::error::DecodeError;
use crate::format::frame::{self, FrameFault, FrameKind};
use crate::format::like::{Base, Facts};

/// The reason why a like entry has no base.
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
const REMEMBERED: usize = 64;

/// The bases that a reader has checked in one segment. Memory and work do not depend on the segment: a base whose place
/// another base has taken is checked again.
pub struct Bases {
    salt: u32,
    first: u64,
    /// The slot of each base with its facts. No base has slot 0.
    known: [(u32, Facts); REMEMBERED],
}

impl Bases {
    /// Returns an empty set for a segment with the salt `salt` whose first frame is at the offset `first`.
    #[must_use]
    pub fn new(salt: u32, first: u64) -> Self {
        Self { salt, first, known: [(0, Facts::default()); REMEMBERED] }
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
        let base = self.find(segment, at, head.base())?;
        if base.check() != head.base_check() {
            return Err(BaseFault::Check { expected: head.base_check(), found: base.check() });
        }
        like::view(head, base).map_err(BaseFault::Entry)
    }

    /// Returns the base in the frame at `slot` for a like entry in the frame at the offset `at`.
    #[inline]
    fn find<'a>(&mut self, segment: &'a [u8], at: u64, slot: u32) -> Result<Base<'a>, BaseFault> {
        let offset = u64::from(slot) * frame::ALIGN as u64;
        if offset < self.first || offset >= at {
            return Err(BaseFault::Slot { found: slot });
        }
        let offset = usize::try_from(offset).map_err(|_| BaseFault::Slot { found: slot })?;
        let bytes = segment.get(offset..).unwrap_or_default();
        let tag = frame::tag(self.salt, offset);
        let (known, facts) = self.known[slot as usize % REMEMBERED];
        if known == slot
            && let Ok(frame) = frame::parse_trusted(bytes, offset, tag)
            && let Some(base) = Base::known(frame.payload, facts)
        {
            return Ok(base);
        }
        self.check(bytes, offset, slot)
    }

    /// Checks the base in the frame at the beginning of `bytes`, and remembers it.
    #[cold]
    fn check<'a>(&mut self, bytes: &'a [u8], offset: usize, slot: u32) -> Result<Base<'a>, BaseFault> {
        let frame = frame::parse(bytes, offset, frame::tag(self.salt, offset)).map_err(BaseFault::Frame)?;
        if frame.kind != FrameKind::Entry {
            return Err(BaseFault::Kind(frame.kind));
        }
        let base = like::base(frame.payload).map_err(BaseFault::Entry)?;
        self.known[slot as usize % REMEMBERED] = (slot, base.facts());
        Ok(base)
    }
}
