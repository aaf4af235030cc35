//! The nodes of a like entry: the nodes of its base, with the values of the like entry.

use crate::format::bytes::u32_at;
use crate::format::entry as layout;
use crate::format::like::Cell;
#[cfg(feature = "query")]
use crate::format::like::HEADER_LEAVES;
use crate::kind::NodeFlags;

#[cfg(feature = "query")]
use super::paths::Place;
use super::tape::{Node, Tape};
#[cfg(feature = "query")]
use super::value::Value;
use super::values::{Position, Values};

/// The nodes of a like entry.
#[derive(Clone, Copy)]
pub(super) struct LikeTape<'a> {
    /// The bytes of the base.
    pub(super) base: &'a [u8],
    /// The nodes of the base.
    nodes: &'a [[u8; layout::NODE_LEN]],
    /// The values, at the node after the last node that was read.
    pub(super) values: Values<'a>,
}

/// A node of a like entry.
pub(super) struct LikeNode {
    /// The bytes of the node: those of the base with the value of the like entry.
    pub(super) node: [u8; layout::NODE_LEN],
    /// Whether the bytes of its span are in the values of the like entry and not in the text of the base.
    pub(super) is_in_values: bool,
    /// The position of the next node.
    pub(super) next: Position,
}

impl<'a> LikeTape<'a> {
    /// Returns the nodes of the like entry with the base `base` and the values `values`.
    #[inline]
    pub(super) fn new(base: &'a [u8], values: Values<'a>) -> Self {
        let found = (|| {
            let count = u32_at(base, layout::NODE_COUNT)? as usize;
            base.get(layout::NODES..)?.as_chunks().0.get(..count)
        })();
        Self { base, nodes: found.unwrap_or_default(), values }
    }

    /// Returns the text of the base.
    #[inline(always)]
    pub(super) fn text(&self) -> &'a [u8] {
        self.base.get(layout::text_start(self.nodes.len())..).unwrap_or_default()
    }

    /// Returns the nodes of the base.
    #[inline(always)]
    pub(super) fn base(&self) -> Tape<'a> {
        let text = self.text();
        Tape { nodes: self.nodes, keys: text, text, start: layout::NODES }
    }

    /// Returns the number of nodes.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the node at `index`, which must be after the last node that was read. Returns `None` after the last node.
    #[inline(always)]
    pub(super) fn node(&self, index: usize) -> Option<LikeNode> {
        node(self.nodes, self.values.bytes, self.values.position, index)
    }

    /// Returns the place of the node at `index` of the base with the nodes `base`.
    #[cfg(feature = "query")]
    pub(super) fn place(base: &Tape<'_>, index: usize) -> Place {
        let has_cell = |node: &[u8; layout::NODE_LEN]| content(Node::new(node)) != Cell::None;
        let (before, at) = base.nodes.split_at(index.min(base.nodes.len()));
        let leaf = HEADER_LEAVES + before.iter().filter(|node| has_cell(node)).count();
        match (u32::try_from(index), u32::try_from(leaf)) {
            (Ok(node), Ok(leaf)) if leaf < u64::BITS && at.first().is_some_and(has_cell) => {
                Place::Leaf { node, leaf }
            }
            _ => Place::Other,
        }
    }

    /// Returns the value of the leaf `leaf`, which is at the node `index`. `texts` is the set of leaves with a text.
    #[cfg(feature = "query")]
    pub(super) fn leaf(&self, index: usize, leaf: u32, texts: u64) -> Option<Value<'a>> {
        let base = self.base();
        let node = base.node(index)?;
        let mut values = self.values;
        values.skip_to(leaf, texts)?;
        let content = content(node);
        let (value, text) = match values.next(content) {
            None => (node.value, base.text),
            Some(value) if content == Cell::Length => (value, values.bytes),
            Some(cell) => (content.value(cell, node.value), base.text),
        };
        (Tape { text, ..base }).value(index, Node { value, ..node }, self.nodes.len()).ok()
    }
}

/// Returns the node at `index` of a like entry. `position` is that of an earlier node. All arguments are values that fit in
/// registers.
#[inline(never)]
fn node(
    nodes: &[[u8; layout::NODE_LEN]],
    values: &[u8],
    position: Position,
    index: usize,
) -> Option<LikeNode> {
    let mut values = Values { bytes: values, position };
    while values.position.node() < index {
        let skipped = Node::new(nodes.get(values.position.node())?);
        values.next(content(skipped));
    }
    let bytes = nodes.get(index)?;
    let node = Node::new(bytes);
    let content = content(node);
    let found = values.next(content);
    let is_in_values = content == Cell::Length && found.is_some();
    let value = match found {
        None => node.value,
        Some(value) if is_in_values => value,
        Some(cell) => content.value(cell, node.value),
    };
    let mut node = *bytes;
    node[layout::NODE_VALUE..].copy_from_slice(&value.to_le_bytes());
    Some(LikeNode { node, is_in_values, next: values.position })
}

/// Returns the content of the cell of a node.
#[inline(always)]
pub(super) fn content(node: Node) -> Cell {
    Cell::of(node.kind, node.flags.contains(NodeFlags::WIDE))
}
