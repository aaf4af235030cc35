//! The values of a like entry: classes, cells and texts.

use crate::error::DecodeError;
use crate::format::bytes::u32_at;
use crate::format::entry as layout;
use crate::format::like::{self, Cell};
use crate::kind::NodeFlags;

use super::out_of_bounds;
use super::tape::Node;

/// The position of the next leaf in the values of a like entry.
#[derive(Clone, Copy)]
pub(super) struct Position {
    /// The index of the next node.
    node: u32,
    /// The index of the next leaf.
    leaf: u32,
    /// The offset of the next cell.
    cell: u32,
    /// The offset of the next text.
    text: u32,
}

impl Position {
    /// The position in a full entry, which has no values.
    pub(super) const NONE: Self = Self { node: 0, leaf: 0, cell: 0, text: 0 };

    /// Returns the index of the next node.
    pub(super) fn node(self) -> usize {
        self.node as usize
    }

    /// Returns the position without the node in one number. A base has at most 16 KiB, so the index of a leaf and the offset
    /// of a cell have fewer than 16 bits.
    pub(super) fn pack(self) -> u64 {
        let short = |number| u64::from(u16::try_from(number).unwrap_or(u16::MAX));
        u64::from(self.text) << 32 | short(self.cell) << 16 | short(self.leaf)
    }

    /// Returns the position with the next node `node` and the rest from [`pack`](Self::pack).
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    pub(super) fn unpack(node: usize, packed: u64) -> Self {
        let node = u32::try_from(node).unwrap_or(u32::MAX);
        let (leaf, cell) = (packed as u16, (packed >> 16) as u16);
        Self { node, leaf: leaf.into(), cell: cell.into(), text: (packed >> 32) as u32 }
    }
}

/// The values of a like entry and a position in them.
///
/// The spans of resolved nodes are offsets in the base, followed by the values.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    /// The classes, the cells and the texts.
    pub(super) bytes: &'a [u8],
    pub(super) position: Position,
}

impl<'a> Values<'a> {
    /// Returns the values in `bytes` of a like entry with `leaves` leaves.
    ///
    /// # Errors
    /// The classes and the cells are not inside `bytes`.
    #[inline(always)]
    pub(super) fn new(bytes: &'a [u8], leaves: usize) -> Result<Self, DecodeError> {
        let found = (|| {
            let (classes, rest) = bytes.split_at_checked(leaves.div_ceil(like::CLASSES_PER_BYTE))?;
            let cells = like::cells_len(classes, leaves).filter(|cells| *cells <= rest.len())?;
            let cell = u32::try_from(classes.len()).ok()?;
            let position = Position { node: 0, leaf: 0, cell, text: cell + u32::try_from(cells).ok()? };
            Some(Self { bytes, position })
        })();
        found.ok_or(out_of_bounds(like::FORM, "cells", leaves as u64, bytes.len()))
    }

    /// Returns the number of bytes after the last text that was read.
    pub(super) fn rest(&self) -> u64 {
        (self.bytes.len() as u64).saturating_sub(self.position.text.into())
    }

    /// Returns the number in the cell of the next leaf, or `None` if the leaf has the value of the base.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Option<u64> {
        let class =
            self.bytes.get(self.position.leaf as usize / like::CLASSES_PER_BYTE).copied().unwrap_or(0);
        let class = class >> (2 * (self.position.leaf % 4)) & 3;
        self.position.leaf += 1;
        if class == 0 {
            return None;
        }
        let cell = self.bytes.get(self.position.cell as usize..).unwrap_or_default();
        let number = match cell.first_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk) & like::mask(class),
            None => last_cell(cell, class),
        };
        self.position.cell += like::width(class);
        Some(number)
    }

    /// Returns the next text, or `base` if the leaf has the value of the base.
    #[inline(always)]
    pub(super) fn text(&mut self, base: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let Some(len) = self.number() else { return Ok(base) };
        let rest = self.bytes.get(self.position.text as usize..).unwrap_or_default();
        match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
            Some(text) => {
                self.position.text = self.position.text.saturating_add(length(len));
                Ok(text)
            }
            None => Err(out_of_bounds(like::FORM, "text", len, rest.len())),
        }
    }

    /// Returns the node at `index` with the value of the like entry, or `None` if there is no such node. `base` is the
    /// base. The value of a node before the position is that of the base.
    #[inline(always)]
    pub(super) fn resolve(&mut self, index: usize, base: &[u8]) -> Option<Node> {
        let count = u32_at(base, layout::NODE_COUNT)?;
        let nodes = base.get(layout::NODES..)?.as_chunks().0.get(..count as usize)?;
        let text_start = length(layout::text_start(count as usize) as u64);
        while (self.position.node as usize) < index {
            let skipped = Node::new(nodes.get(self.position.node as usize)?);
            self.next(skipped, base.len());
        }
        let mut node = Node::new(nodes.get(index)?);
        // The spans of the base are offsets in its text.
        node.key_offset = node.key_offset.wrapping_add(text_start);
        if Cell::of(node.kind, node.flags.contains(NodeFlags::WIDE)) == Cell::Length {
            node.value = node.value & !u64::from(u32::MAX) | u64::from(node.low().wrapping_add(text_start));
        }
        Some(if self.position.node as usize == index { self.next(node, base.len()) } else { node })
    }

    /// Returns `node`, the next node of the base, with the value of the like entry. `end` is the length of the base.
    #[inline(always)]
    fn next(&mut self, node: Node, end: usize) -> Node {
        self.position.node += 1;
        let content = Cell::of(node.kind, node.flags.contains(NodeFlags::WIDE));
        if content == Cell::None {
            return node;
        }
        let Some(number) = self.number() else { return node };
        let value = match content {
            Cell::Length => {
                let at = length(end as u64).saturating_add(self.position.text);
                self.position.text = self.position.text.saturating_add(length(number));
                u64::from(at) | u64::from(length(number)) << 32
            }
            content => content.value(number, node.value),
        };
        Node { value, ..node }
    }
}

/// Returns the length of a text. A length that does not fit is outside each entry.
#[inline(always)]
fn length(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Returns the number in a cell with fewer than 8 bytes after its beginning.
#[cold]
fn last_cell(cells: &[u8], class: u8) -> u64 {
    let mut bytes = [0; 8];
    for (byte, cell) in bytes.iter_mut().zip(cells).take(like::width(class) as usize) {
        *byte = *cell;
    }
    u64::from_le_bytes(bytes)
}
