//! The values of a like entry: classes, cells and texts.

use crate::error::DecodeError;
use crate::format::entry as layout;
use crate::format::like::{self, Cell};

use super::out_of_bounds;

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

    /// Moves from the first leaf to the leaf `leaf`, which is one of the first 64. `texts` is the set of leaves with a text.
    #[cfg(feature = "query")]
    #[inline(always)]
    pub(super) fn skip_to(&mut self, leaf: u32, texts: u64) -> Option<()> {
        let classes = self.bytes;
        let cell = u32::try_from(like::cells_len(classes, leaf as usize)?).ok()?;
        let is_text = texts >> leaf & 1 != 0;
        if is_text {
            for skipped in 0..leaf {
                let number = self.number();
                if texts >> skipped & 1 != 0 {
                    self.skip_text(number.unwrap_or(0));
                }
            }
        } else {
            self.position.cell += cell;
            self.position.leaf = leaf;
        }
        Some(())
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

    /// Returns the number in the cell of the next node, whose cell has the content `content`, or `None` if the node has the
    /// value of the base.
    #[inline(always)]
    pub(super) fn number_of(&mut self, content: Cell) -> Option<u64> {
        if content == Cell::None { None } else { self.number() }
    }

    /// Returns the next text, or `base` if the leaf has the value of the base.
    #[inline(always)]
    pub(super) fn text(&mut self, base: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        match self.number() {
            None => Ok(base),
            Some(len) => self.take(len),
        }
    }

    /// Returns the next text, whose length is `len`.
    #[inline(always)]
    pub(super) fn take(&mut self, len: u64) -> Result<&'a [u8], DecodeError> {
        let rest = self.texts();
        match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
            Some(text) => {
                self.skip_text(len);
                Ok(text)
            }
            None => Err(out_of_bounds(like::FORM, "text", len, rest.len())),
        }
    }

    /// Skips a text with the length `number`.
    #[inline(always)]
    pub(super) fn skip_text(&mut self, number: u64) {
        self.position.text = self.position.text.saturating_add(length(number));
    }

    /// Returns whether the last text that was read or skipped ends at the end of the entry.
    #[inline(always)]
    pub(super) fn ends(&self) -> bool {
        self.position.text as usize == self.bytes.len()
    }

    /// Returns the bytes from the next text on.
    #[inline(always)]
    pub(super) fn texts(&self) -> &'a [u8] {
        self.bytes.get(self.position.text as usize..).unwrap_or_default()
    }

    /// Returns the value of the next node, whose cell has the content `content`, or `None` if the node has the value of the
    /// base. The value is the number in the cell, or the span of a text.
    #[inline(always)]
    pub(super) fn next(&mut self, content: Cell) -> Option<u64> {
        self.position.node += 1;
        if content == Cell::None {
            return None;
        }
        let number = self.number()?;
        if content != Cell::Length {
            return Some(number);
        }
        let (at, len) = (self.position.text, length(number));
        self.skip_text(number);
        Some(layout::span(at, len))
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
