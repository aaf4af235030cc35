//! The nodes of a like entry: the nodes of its base, with the values of the like entry.

use crate::format::bytes::u32_at;
use crate::format::entry as layout;
use crate::format::like::Cell;
use crate::kind::NodeFlags;

use super::tape::{Node, Tape};
use super::values::Values;

/// The nodes of a like entry.
#[derive(Clone, Copy)]
pub(super) struct LikeTape<'a> {
    /// The bytes of the base.
    pub(super) base: &'a [u8],
    /// The values, at the node after the last node that was read.
    pub(super) values: Values<'a>,
}

/// A node of a like entry.
pub(super) struct LikeNode<'a> {
    /// The bytes of the node: those of the base with the value of the like entry. After the last node there are none.
    pub(super) node: Option<[u8; layout::NODE_LEN]>,
    /// The bytes that contain the key.
    pub(super) keys: &'a [u8],
    /// The bytes that contain the span of the node: the text of the base, or the values.
    pub(super) text: &'a [u8],
    /// The nodes, at the next node.
    pub(super) next: LikeTape<'a>,
}

impl<'a> LikeTape<'a> {
    /// Returns the nodes of the base.
    #[inline(always)]
    pub(super) fn base(&self) -> Tape<'a> {
        let found = (|| {
            let nodes = self.base.get(layout::NODES..)?.as_chunks().0.get(..self.len())?;
            let text = self.base.get(layout::text_start(nodes.len())..)?;
            Some(Tape { nodes, keys: text, text, start: layout::NODES })
        })();
        found.unwrap_or(Tape::NONE)
    }

    /// Returns the number of nodes.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        u32_at(self.base, layout::NODE_COUNT).unwrap_or(0) as usize
    }

    /// Returns the node at `index`, which must be after the last node that was read.
    #[cold]
    #[inline(never)]
    pub(super) fn node(mut self, index: usize) -> LikeNode<'a> {
        let base = self.base();
        let (node, text) = match self.read(&base, index) {
            Some((node, text)) => (Some(node.to_bytes()), text),
            None => (None, base.text),
        };
        LikeNode { node, keys: base.keys, text, next: self }
    }

    /// Returns the node at `index` and the bytes that contain its span. `base` are the nodes of the base.
    #[inline(always)]
    pub(super) fn read(&mut self, base: &Tape<'a>, index: usize) -> Option<(Node, &'a [u8])> {
        while self.values.position.node() < index {
            let skipped = base.node(self.values.position.node())?;
            self.values.next(content(skipped));
        }
        let node = base.node(index)?;
        let content = content(node);
        Some(match self.values.next(content) {
            None => (node, base.text),
            Some(value) if content == Cell::Length => (Node { value, ..node }, self.values.bytes),
            Some(cell) => (Node { value: content.value(cell, node.value), ..node }, base.text),
        })
    }
}

/// Returns the content of the cell of a node.
#[inline(always)]
fn content(node: Node) -> Cell {
    Cell::of(node.kind, node.flags.contains(NodeFlags::WIDE))
}
