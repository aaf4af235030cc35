//! The values of a like entry: classes, cells and texts.

use crate::error::DecodeError;
use crate::format::like::{self, Cell};
use crate::kind::NodeFlags;

use super::out_of_bounds;
use super::tape::Node;

/// The values of a like entry, and the position of the next leaf in them. A full entry has no values.
///
/// The spans of resolved nodes are offsets in the text of the base, followed by the values.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    /// The classes, the cells and the texts.
    bytes: &'a [u8],
    /// The index of the next node.
    node: u32,
    /// The index of the next leaf.
    leaf: u32,
    /// The offset of the next cell.
    cell: u32,
    /// The offset of the next text.
    text: u32,
}

impl<'a> Values<'a> {
    /// The values of a full entry.
    pub(super) const NONE: Self = Self { bytes: &[], node: 0, leaf: 0, cell: 0, text: 0 };

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
            Some(Self { bytes, node: 0, leaf: 0, cell, text: cell + u32::try_from(cells).ok()? })
        })();
        found.ok_or(out_of_bounds(like::FORM, "cells", leaves as u64, bytes.len()))
    }

    /// Returns whether the entry is a full entry.
    #[inline(always)]
    pub(super) fn is_none(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the bytes of the values.
    #[inline(always)]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the number of bytes after the last text that was read.
    pub(super) fn rest(&self) -> u64 {
        (self.bytes.len() as u64).saturating_sub(self.text.into())
    }

    /// Returns the number in the cell of the next leaf, or `None` if the leaf has the value of the base.
    #[inline(always)]
    pub(super) fn number(&mut self) -> Option<u64> {
        let class = self.bytes.get(self.leaf as usize / like::CLASSES_PER_BYTE).copied().unwrap_or(0);
        let class = class >> (2 * (self.leaf % 4)) & 3;
        self.leaf += 1;
        if class == 0 {
            return None;
        }
        let cell = self.bytes.get(self.cell as usize..).unwrap_or_default();
        let number = match cell.first_chunk() {
            Some(chunk) => u64::from_le_bytes(*chunk) & like::mask(class),
            None => last_cell(cell, class),
        };
        self.cell += like::width(class);
        Some(number)
    }

    /// Returns the next text, or `base` if the leaf has the value of the base.
    #[inline(always)]
    pub(super) fn text(&mut self, base: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let Some(len) = self.number() else { return Ok(base) };
        let rest = self.bytes.get(self.text as usize..).unwrap_or_default();
        match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
            Some(text) => {
                self.text = self.text.saturating_add(length(len));
                Ok(text)
            }
            None => Err(out_of_bounds(like::FORM, "text", len, rest.len())),
        }
    }

    /// Returns the node at `index`, `node` in the base, with the value of the like entry. `nodes` returns a node of the
    /// base. A node before the position is returned unchanged. `text` is the length of the text of the base.
    #[inline]
    pub(super) fn resolve(
        &mut self,
        index: usize,
        node: Node,
        nodes: impl Fn(usize) -> Option<Node>,
        text: usize,
    ) -> Node {
        while (self.node as usize) < index
            && let Some(skipped) = nodes(self.node as usize)
        {
            self.next(skipped, text);
        }
        if self.node as usize == index { self.next(node, text) } else { node }
    }

    /// Returns the next node, `node` in the base, with the value of the like entry.
    #[inline(always)]
    fn next(&mut self, node: Node, text: usize) -> Node {
        self.node += 1;
        let content = Cell::of(node.kind, node.flags.contains(NodeFlags::WIDE));
        if content == Cell::None {
            return node;
        }
        let Some(number) = self.number() else { return node };
        let value = match content {
            Cell::Length => {
                let at = length(text as u64).saturating_add(self.text);
                self.text = self.text.saturating_add(length(number));
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
