//! The nodes of an entry of either form, in order.

use crate::error::DecodeError;
use crate::text::Text;

use super::like_tape::LikeTape;
use super::tape::{Attribute, Children, Node, Tape};
use super::value::Value;

/// The nodes of a full entry or of a like entry.
///
/// A like entry has no nodes in the tape. A full entry therefore needs no check of its form: a node that is not in the tape
/// can be in the like entry.
#[derive(Clone, Copy)]
pub(super) struct Nodes<'a> {
    /// The nodes of a full entry. In a like entry, the keys are those of the base, and the text is that of the last node that was
    /// read.
    tape: Tape<'a>,
    like: Option<LikeTape<'a>>,
}

impl<'a> Nodes<'a> {
    /// Returns the nodes of `tape`. If `like` is present, `tape` has no nodes, and its text is that of the base.
    #[inline(always)]
    pub(super) fn new(tape: Tape<'a>, like: Option<LikeTape<'a>>) -> Self {
        Self { tape, like }
    }

    /// Returns the nodes of a like entry.
    #[inline(always)]
    pub(super) fn of_like(like: LikeTape<'a>) -> Self {
        Self { tape: Tape { nodes: &[], ..like.base() }, like: Some(like) }
    }

    /// Returns the number of nodes.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.like.map_or(self.tape.nodes.len(), |like| like.len())
    }

    /// Returns the tape, whose functions return the errors.
    #[inline(always)]
    pub(super) fn tape(&self) -> &Tape<'a> {
        &self.tape
    }

    /// Returns the node at `index`, or `None` after the last node. In a like entry, it must be after the last node that was
    /// read.
    #[inline(always)]
    pub(super) fn read(&mut self, index: usize) -> Option<Node> {
        // The two forms meet in the place of the node and not in its parts. The nodes of a like entry are no argument by
        // reference, so those of a full entry can stay in registers.
        let found;
        let bytes = match self.tape.nodes.get(index) {
            Some(bytes) => bytes,
            None => {
                let like = self.like.as_mut()?;
                found = like.node(index)?;
                like.values.position = found.next;
                self.tape.text = if found.is_in_values { like.values.bytes } else { self.tape.keys };
                &found.node
            }
        };
        Some(Node::new(bytes))
    }

    /// Returns the place of the last node that was read, for [`go_back`](Self::go_back).
    #[inline(always)]
    pub(super) fn place(&self) -> Option<(&'a [u8], LikeTape<'a>)> {
        // All nodes of a full entry have the same place.
        self.like.map(|like| (self.tape.text, like))
    }

    /// Makes the node at `place` the last node that was read.
    #[inline(always)]
    pub(super) fn go_back(&mut self, place: Option<(&'a [u8], LikeTape<'a>)>) {
        if let Some((text, like)) = place {
            self.tape.text = text;
            self.like = Some(like);
        }
    }

    /// Returns the key of the node at `index`.
    #[inline(always)]
    pub(super) fn key(&self, index: usize, node: Node) -> Result<Text<'a>, DecodeError> {
        self.tape.key(index, node)
    }

    /// Returns the text of the last node that was read, if its kind is string.
    #[cfg(feature = "json")]
    #[inline(always)]
    pub(super) fn text(&self, index: usize, node: Node) -> Result<Text<'a>, DecodeError> {
        self.tape.text(index, node)
    }

    /// Returns the value of the last node that was read. Its subtree must end at or before `end`.
    #[inline(always)]
    pub(super) fn value(&self, index: usize, node: Node, end: usize) -> Result<Value<'a>, DecodeError> {
        self.tape.value_or(index, node, || match &self.like {
            None => self.tape.children(index, node, end),
            Some(like) => {
                let end = self.tape.end_of_subtree(index, node, end)?;
                Ok(Children::of_like(*like, index + 1..end, node.low()))
            }
        })
    }

    /// Returns the last node that was read as an attribute. Its subtree must end at or before `end`.
    #[inline(always)]
    pub(super) fn attribute(
        &self,
        index: usize,
        node: Node,
        end: usize,
    ) -> Result<Attribute<'a>, DecodeError> {
        let key = self.key(index, node)?;
        Ok(Attribute { key, value: self.value(index, node, end)?, flags: node.flags })
    }
}
