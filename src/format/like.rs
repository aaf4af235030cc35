//! The layout of a like entry, and its base: an entry with the same shape, from which it differs in values only.
//!
//! `schema/FORMAT.md`, section "The like entry", is the specification. The constants in this module are its offset
//! tables.

use super::bytes::u32_at;
use super::entry as layout;
use crate::kind::{Content, Kind, NodeFlags};

/// The root offset: a u32 with the offset of the root table.
const ROOT_OFFSET: usize = 0;
/// The vtable: its length, the length of the table, and one u16 for each field of the schema.
const VTABLE: usize = ROOT_OFFSET + 4;
/// The length of the vtable in bytes. `LikeEntry` has two fields.
const VTABLE_LEN: usize = 4 + 2 * 2;
/// The root table. It begins with an i32: the distance from the vtable.
const TABLE: usize = VTABLE + VTABLE_LEN;
/// u64: the time in nanoseconds since the Unix epoch. It is the first field of `LikeHead`.
pub(crate) const TIME: usize = TABLE + 4;
/// u32: the slot of the base.
pub(crate) const BASE: usize = TIME + 8;
/// u32: the checksum of the base.
pub(crate) const BASE_CHECK: usize = BASE + 4;
/// u32: the offset to the vector of the data.
pub(crate) const DATA_OFFSET: usize = BASE_CHECK + 4;
/// The first byte after the table.
const TABLE_END: usize = DATA_OFFSET + 4;
/// u32: the length of the data.
pub(crate) const DATA_LEN: usize = TABLE_END;
/// u8: the form of the data. It is the first byte of the data.
pub(crate) const FORM: usize = DATA_LEN + 4;
/// u8: the trace flags.
pub(crate) const TRACE_FLAGS: usize = FORM + 1;
/// Three u64, if the form contains [`FORM_TRACE`]: the high half of the trace id, its low half, the span id.
pub(crate) const TRACE: usize = TRACE_FLAGS + 1;
/// The length of the trace in bytes.
pub(crate) const TRACE_LEN: usize = 24;
/// The first byte after the trace.
pub(crate) const TRACE_END: usize = TRACE + TRACE_LEN;

/// The bit of the form of an entry with a trace.
pub(crate) const FORM_TRACE: u8 = 1;

/// The length of the constant prefix of a like entry: root offset, vtable, soffset.
pub(crate) const PREFIX_LEN: usize = TIME;
/// The constant prefix.
pub(crate) const PREFIX: [u8; PREFIX_LEN] = prefix();

const _: () =
    assert!(TABLE == 12 && TIME == 16 && BASE == 24 && DATA_OFFSET == 32 && FORM == 40 && TRACE == 42);
const _: () = assert!(TIME.is_multiple_of(8) && DATA_LEN.is_multiple_of(4));

#[expect(clippy::cast_possible_truncation, reason = "constants under 256, evaluated by the compiler")]
const fn prefix() -> [u8; PREFIX_LEN] {
    let mut out = [0; PREFIX_LEN];
    out[ROOT_OFFSET] = TABLE as u8;
    out[VTABLE] = VTABLE_LEN as u8;
    out[VTABLE + 2] = (TABLE_END - TABLE) as u8;
    out[VTABLE + 4] = (TIME - TABLE) as u8;
    out[VTABLE + 6] = (DATA_OFFSET - TABLE) as u8;
    out[TABLE] = (TABLE - VTABLE) as u8;
    out
}

/// The maximum length of a base in bytes.
pub(crate) const MAX_BASE: usize = 16 << 10;
/// The maximum length of a like entry in bytes. Its expansion has at most 16 MiB.
pub(crate) const MAX_LEN: usize = (16 << 20) - 2 * MAX_BASE;
/// The distance to a base in bytes up to which a writer can always use it.
const REPEAT_BYTES: u64 = 1 << 20;
/// The number of dependants up to which a writer can always use a base.
const REPEAT_DEPENDANTS: u32 = 64;

/// The number of leaves that are not nodes: the body and the thread name.
pub(crate) const HEADER_LEAVES: usize = 2;

/// The number of classes in one byte.
pub(crate) const CLASSES_PER_BYTE: usize = 4;
/// The length of the cell of each class in bytes. A leaf of the class 0 has the value of the base.
const WIDTHS: [u8; 4] = [0, 1, 3, 8];
/// The bits of the cell of each class.
const MASKS: [u64; 4] = [0, 0xFF, 0xFF_FFFF, u64::MAX];
/// The class of a number that is not 0, by the number of its leading zero bytes.
const CLASSES: [u8; 8] = [3, 3, 3, 3, 3, 2, 2, 1];

/// The sum of the lengths of the cells of the four classes in one byte.
static SUMS: [u8; 256] = {
    let mut sums = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        sums[byte] = WIDTHS[byte & 3] + WIDTHS[byte >> 2 & 3] + WIDTHS[byte >> 4 & 3] + WIDTHS[byte >> 6 & 3];
        byte += 1;
    }
    sums
};

/// Returns the class with the shortest cell that has space for `number`, which is 0 only for an empty text.
#[inline(always)]
pub(crate) fn class(number: u64) -> u8 {
    CLASSES[(number | 1).leading_zeros() as usize / 8]
}

/// Returns the length of the cell of a class in bytes.
#[inline(always)]
pub(crate) fn width(class: u8) -> u32 {
    WIDTHS[usize::from(class & 3)].into()
}

/// Returns the bits of the cell of a class.
#[inline(always)]
pub(crate) fn mask(class: u8) -> u64 {
    MASKS[usize::from(class & 3)]
}

/// Returns the length of all cells of `leaves` leaves in bytes, or `None` if `classes` has fewer classes.
#[inline]
pub(crate) fn cells_len(classes: &[u8], leaves: usize) -> Option<usize> {
    let (whole, rest) = (leaves / CLASSES_PER_BYTE, leaves % CLASSES_PER_BYTE);
    let sum: usize = classes.get(..whole)?.iter().map(|byte| usize::from(SUMS[usize::from(*byte)])).sum();
    if rest == 0 {
        return Some(sum);
    }
    let last = classes.get(whole)? & ((1 << (2 * rest)) - 1);
    Some(sum + usize::from(SUMS[usize::from(last)]))
}

/// The content of the cell of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// There is no cell: the node is a Null or a container.
    None,
    /// The [`difference`] from the value of the base.
    Difference,
    /// The [`changed_bits`] of a double.
    ChangedBits,
    /// The length of a text.
    Length,
}

/// The content of the cells by kind. A wide value is a text.
static CELLS: [Cell; 16] = {
    let mut cells = [Cell::None; 16];
    let mut i = 0;
    while i < Kind::ALL.len() {
        let kind = Kind::ALL[i];
        cells[kind as usize] = match (kind, kind.content()) {
            (Kind::Null, _) | (_, Content::Container) => Cell::None,
            (Kind::Float, _) => Cell::ChangedBits,
            (_, Content::Span) => Cell::Length,
            (_, Content::Word | Content::WordOrWide) => Cell::Difference,
        };
        i += 1;
    }
    cells
};

impl Cell {
    /// Returns the content of the cell of a node of a base.
    #[inline(always)]
    pub(crate) fn of(kind: u8, is_wide: bool) -> Self {
        if is_wide { Self::Length } else { CELLS[usize::from(kind & 15)] }
    }

    /// Returns the value of a number from its cell and the value of the base.
    #[inline(always)]
    pub(crate) fn value(self, cell: u64, base: u64) -> u64 {
        if self == Self::ChangedBits { bits(cell, base) } else { sum(cell, base) }
    }
}

/// Returns the difference of two numbers, modulo 2^64, as a zigzag number. It is 0 if the numbers are equal.
#[inline(always)]
pub(crate) const fn difference(value: u64, base: u64) -> u64 {
    let difference = value.wrapping_sub(base).cast_signed();
    (difference << 1 ^ difference >> 63).cast_unsigned()
}

/// Returns the number whose [`difference`] from `base` is `cell`.
#[inline(always)]
const fn sum(cell: u64, base: u64) -> u64 {
    base.wrapping_add(cell >> 1 ^ (cell & 1).wrapping_neg())
}

/// Returns the changed bits of a double, with the bytes in reverse order: the low bytes of many doubles are 0. It is 0
/// if the doubles are equal.
#[inline(always)]
pub(crate) const fn changed_bits(value: u64, base: u64) -> u64 {
    (value ^ base).swap_bytes()
}

/// Returns the bits of the double whose [`changed_bits`] from `base` are `cell`.
#[inline(always)]
const fn bits(cell: u64, base: u64) -> u64 {
    cell.swap_bytes() ^ base
}

/// The parts of one node, not validated.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    low: u64,
    /// The value.
    pub(crate) value: u64,
}

impl Node {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    pub(crate) fn new(bytes: &[u8; layout::NODE_LEN]) -> Self {
        let word = u128::from_le_bytes(*bytes);
        Self { low: word as u64, value: (word >> (8 * layout::NODE_VALUE)) as u64 }
    }

    /// Returns the length of the key, the kind and the flags in one number.
    #[inline(always)]
    pub(crate) fn shape(self) -> u32 {
        (self.low >> 32) as u32
    }

    /// Returns the kind.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "cut out by its width")]
    pub(crate) fn kind(self) -> u8 {
        (self.low >> (8 * layout::NODE_KIND)) as u8
    }

    /// Returns the flags.
    #[inline(always)]
    pub(crate) fn flags(self) -> NodeFlags {
        NodeFlags::from_bits((self.low >> (8 * layout::NODE_FLAGS)) as u8)
    }

    /// Returns the content of the cell of a node that a base can contain.
    #[inline(always)]
    pub(crate) fn cell(self) -> Cell {
        Cell::of(self.kind(), self.flags().contains(NodeFlags::WIDE))
    }

    /// Returns the offset and the length of the key in the text.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    pub(crate) fn key_span(self) -> (usize, usize) {
        (self.low as u32 as usize, usize::from((self.low >> 32) as u16))
    }

    /// Returns the offset and the length of the span in the text.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low half")]
    pub(crate) fn value_span(self) -> (usize, usize) {
        (self.value as u32 as usize, (self.value >> 32) as usize)
    }

    /// Returns the bytes of the node with another offset of the key and another value.
    #[inline(always)]
    pub(crate) fn moved(self, key_offset: u32, value: u64) -> [u8; layout::NODE_LEN] {
        let low = self.low >> 32 << 32 | u64::from(key_offset);
        (u128::from(value) << (8 * layout::NODE_VALUE) | u128::from(low)).to_le_bytes()
    }

    /// Returns the key in `text`.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    pub(crate) fn key(self, text: &[u8]) -> Option<&[u8]> {
        text.get(self.low as u32 as usize..)?.get(..usize::from((self.low >> 32) as u16))
    }

    /// Returns the bytes of the span in `text`.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low half")]
    pub(crate) fn span(self, text: &[u8]) -> Option<&[u8]> {
        text.get(self.value as u32 as usize..)?.get(..(self.value >> 32) as usize)
    }

    /// Returns the offset in the text at which a writer has put the node, or `None` if the node has neither a key nor a
    /// span.
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    pub(crate) fn text_offset(self) -> Option<u32> {
        if self.low >> 32 & 0xFFFF != 0 {
            Some(self.low as u32)
        } else {
            (self.cell() == Cell::Length).then_some(self.value as u32)
        }
    }

    fn has_valid_shape(self) -> bool {
        let wide = self.flags().contains(NodeFlags::WIDE);
        let kind = Kind::from_number(self.kind());
        !self.flags().is_tripped() && kind.is_some_and(|kind| !wide || kind.content() == Content::WordOrWide)
    }
}

/// The parts of a canonical entry without trips.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// The entry.
    pub(crate) bytes: &'a [u8],
    /// The nodes.
    pub(crate) nodes: &'a [[u8; layout::NODE_LEN]],
    /// The bytes of the keys and of the spans.
    pub(crate) text: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Returns the parts of `bytes`, or `None` if they are not a canonical entry without trips and without dropped
    /// attributes.
    #[inline]
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let nodes_len = (u32_at(bytes, layout::NODE_COUNT)? as usize).checked_mul(layout::NODE_LEN)?;
        let (nodes, rest) = bytes.get(layout::NODES..)?.split_at_checked(nodes_len)?;
        let (len, text) = rest.split_first_chunk()?;
        let text_offset = u32_at(bytes, layout::TEXT)? as usize;
        let is_canonical = bytes.starts_with(&layout::PREFIX_CLEAN)
            && u32_at(bytes, layout::ATTRIBUTES)? as usize == layout::NODE_COUNT - layout::ATTRIBUTES
            && text_offset == layout::NODES - layout::TEXT + nodes_len
            && u32_at(bytes, layout::TRIPS)? == 0
            && u32_at(bytes, layout::DROPPED_ATTRIBUTES)? == 0
            && u32::from_le_bytes(*len) as usize == text.len();
        is_canonical.then_some(Self { bytes, nodes: nodes.as_chunks().0, text })
    }

    /// Returns the parts of `bytes`, which [`of`](Self::of) has accepted before and which have not changed since.
    #[inline(always)]
    fn of_known(bytes: &'a [u8]) -> Option<Self> {
        let nodes_len = (u32_at(bytes, layout::NODE_COUNT)? as usize).checked_mul(layout::NODE_LEN)?;
        let (nodes, rest) = bytes.get(layout::NODES..)?.split_at_checked(nodes_len)?;
        Some(Self { bytes, nodes: nodes.as_chunks().0, text: rest.get(4..)? })
    }

    /// Returns the string at the offset in the field at `field`.
    #[inline(always)]
    pub(crate) fn string(&self, field: usize) -> Option<&'a [u8]> {
        let at = field.checked_add(u32_at(self.bytes, field)? as usize)?;
        self.bytes.get(at + 4..)?.get(..u32_at(self.bytes, at)? as usize)
    }

    /// Returns the severity, the trace flags and the UTC offset.
    #[inline(always)]
    pub(crate) fn scalars(&self) -> Option<[u8; 4]> {
        self.bytes.get(layout::SEVERITY..)?.first_chunk().copied()
    }
}

/// An entry that other entries depend on.
///
/// Invariant: the strings, keys and spans are inside the entry and do not have more bytes than the text, the nodes have no
/// trips, and wide values have 16 bytes.
#[derive(Clone, Copy)]
pub struct Base<'a> {
    pub(crate) parts: Parts<'a>,
    facts: Facts,
}

/// The results of the check of a base. A program that stores them does not need to check the base again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    leaves: u32,
    check: u32,
}

impl Facts {
    /// The facts of no base.
    pub(crate) const NONE: Self = Self { leaves: 0, check: 0 };

    /// Returns two words with the facts. They are both 0 only for [`NONE`](Self::NONE).
    pub(crate) fn words(self) -> [u32; 2] {
        [self.leaves, self.check]
    }

    /// Returns the number of leaves.
    #[inline(always)]
    pub(crate) fn leaves(self) -> usize {
        self.leaves as usize
    }

    /// Returns the checksum of the base.
    #[inline(always)]
    pub(crate) fn check(self) -> u32 {
        self.check
    }

    /// Returns the facts in two words.
    pub(crate) fn of_words([leaves, check]: [u32; 2]) -> Self {
        Self { leaves, check }
    }
}

impl<'a> Base<'a> {
    /// Returns the entry `bytes` as a base, or `None` if it cannot be one: it is not canonical, it has trips, it has more
    /// than 16 KiB, an offset is outside the entry, or its keys and values overlap.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_BASE {
            return None;
        }
        let parts = Parts::of(bytes)?;
        // The bytes of all strings, keys and spans. If they do not overlap, an expansion is not much longer than the sum
        // of the lengths of the base and of the like entry.
        let mut used = 0;
        for field in [layout::TARGET, layout::BODY, layout::THREAD] {
            used += parts.string(field)?.len();
        }
        let mut leaves = HEADER_LEAVES;
        for node in parts.nodes {
            let node = Node::new(node);
            used += node.key(parts.text)?.len();
            if !node.has_valid_shape() {
                return None;
            }
            let cell = node.cell();
            leaves += usize::from(cell != Cell::None);
            if cell == Cell::Length {
                let span = node.span(parts.text)?;
                if node.flags().contains(NodeFlags::WIDE) && span.len() != layout::WIDE_LEN {
                    return None;
                }
                used += span.len();
            }
        }
        if used > parts.text.len() {
            return None;
        }
        Some(Self { parts, facts: Facts { leaves: u32::try_from(leaves).ok()?, check: check(bytes) } })
    }

    /// Returns the base in `bytes`, which [`new`](Self::new) has accepted before with the facts `facts`. If another program
    /// has changed the bytes in the meantime, the values are wrong, or the result is `None`.
    #[must_use]
    #[inline]
    pub fn known(bytes: &'a [u8], facts: Facts) -> Option<Self> {
        Some(Self { parts: Parts::of(bytes)?, facts })
    }

    /// Returns the base in `bytes`, which is a private copy that [`new`](Self::new) has accepted before with the facts `facts`.
    #[inline(always)]
    pub(crate) fn own(bytes: &'a [u8], facts: Facts) -> Option<Self> {
        Some(Self { parts: Parts::of_known(bytes)?, facts })
    }

    /// Returns the results of the check, for [`known`](Self::known).
    #[must_use]
    #[inline]
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// Returns the number of leaves: the body, the thread name, and the nodes that are neither containers nor Nulls.
    #[inline(always)]
    pub(crate) fn leaves(&self) -> usize {
        self.facts.leaves as usize
    }

    /// Returns the nodes.
    pub(crate) fn nodes(&self) -> &'a [[u8; layout::NODE_LEN]] {
        self.parts.nodes
    }

    /// Returns the bytes of the entry.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.parts.bytes
    }

    /// Returns the checksum of the entry.
    #[must_use]
    #[inline]
    pub fn check(&self) -> u32 {
        self.facts.check
    }
}

/// Returns the checksum of a base: CRC-32 with the length as the initial value.
#[expect(clippy::cast_possible_truncation, reason = "bases have at most MAX_BASE bytes")]
fn check(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(bytes.len() as u32);
    hasher.update(bytes);
    hasher.finalize()
}

/// Returns whether a writer writes an entry in full although it has a base, so that the entry becomes the next base of
/// its shape. `distance` is the distance to the base in bytes, and `dependants` the number of entries that depend on it.
#[must_use]
pub const fn is_repeat_due(distance: u64, dependants: u32) -> bool {
    distance > REPEAT_BYTES && dependants >= REPEAT_DEPENDANTS
}
