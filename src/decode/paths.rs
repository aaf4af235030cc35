//! The results of searches in a base: the places of paths, and whether it contains a text. They are the same for each entry
//! that depends on the base.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::format::like::{Base, Cell, HEADER_LEAVES, Node};

/// The number of a path or of a text that is searched in entries. Different searches have different numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SearchId(u64);

impl SearchId {
    /// Returns a number that no other search has.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The place of a path in a base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// No value is at the path.
    Absent,
    /// The value is in a leaf.
    Leaf {
        /// The index of the node.
        node: u32,
        /// The index of the leaf.
        leaf: u32,
    },
    /// The value is a Null or a container, or it is after the first 64 leaves. For a text: the base contains it.
    Other,
}

/// The number of paths that a base remembers.
const REMEMBERED: usize = 4;
/// The places of paths in one base, found while entries were read. Several threads can use them.
#[derive(Default)]
pub(crate) struct Paths {
    /// The set of leaves with a text, among the first 64 leaves.
    texts: u64,
    /// The number of a path and the code of its place in one word, so that a reader never gets the place of another path.
    /// The word 0 is that of no path.
    known: [AtomicU64; REMEMBERED],
}

impl Paths {
    /// Returns the places of no paths in `base`.
    pub(crate) fn of(base: &Base<'_>) -> Self {
        let (mut texts, mut leaf) = ((1 << HEADER_LEAVES) - 1, HEADER_LEAVES);
        for node in base.nodes() {
            let cell = Node::new(node).cell();
            if cell == Cell::Length {
                texts |= u32::try_from(leaf).ok().and_then(|leaf| 1_u64.checked_shl(leaf)).unwrap_or(0);
            }
            leaf += usize::from(cell != Cell::None);
        }
        Self { texts, ..Self::default() }
    }
}

/// The bits of the code of a place.
const CODE_BITS: u32 = 24;
const CODE: u64 = (1 << CODE_BITS) - 1;
/// The bits of the index of a leaf in the code. A base has at most 16 KiB, so it has fewer than 1,024 nodes.
const LEAF_BITS: u32 = 6;
const ABSENT: u64 = CODE;
const OTHER: u64 = CODE - 1;

impl Paths {
    /// Returns the set of leaves with a text, among the first 64 leaves.
    pub(super) fn texts(&self) -> u64 {
        self.texts
    }

    /// Returns the word for the path with the number `id`.
    #[inline(always)]
    fn word(&self, id: u64) -> Option<&AtomicU64> {
        self.known.get(usize::try_from(id % REMEMBERED as u64).ok()?)
    }

    /// Returns the place of a path, if it is known.
    #[inline(always)]
    pub(super) fn find(&self, SearchId(id): SearchId) -> Option<Place> {
        let word = self.word(id)?.load(Ordering::Relaxed);
        if word >> CODE_BITS != id {
            return None;
        }
        Some(match word & CODE {
            ABSENT => Place::Absent,
            OTHER => Place::Other,
            #[expect(clippy::cast_possible_truncation, reason = "24 bits")]
            code => {
                Place::Leaf { node: code as u32 >> LEAF_BITS, leaf: code as u32 & ((1 << LEAF_BITS) - 1) }
            }
        })
    }

    /// Remembers the place of a path.
    pub(super) fn remember(&self, SearchId(id): SearchId, place: Place) {
        let code = match place {
            Place::Absent => ABSENT,
            Place::Leaf { node, leaf } if node < 1 << 16 && leaf < 1 << LEAF_BITS => {
                u64::from(node) << LEAF_BITS | u64::from(leaf)
            }
            Place::Leaf { .. } | Place::Other => OTHER,
        };
        if let Some(word) = self.word(id)
            && id <= u64::MAX >> CODE_BITS
        {
            word.store(id << CODE_BITS | code, Ordering::Relaxed);
        }
    }
}
