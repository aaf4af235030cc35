//! All values of an entry, containers before their children.

use crate::error::{DecodeError, DecodeFault};
use crate::limits::Limits;

use super::fault;
use super::tape::{Attribute, Tape};
use super::value::Value;

const LEVELS: usize = Limits::MAX_DEPTH as usize + 1;

/// One value on a walk.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// 0 for an attribute of the entry, 1 for its children, ...
    pub depth: usize,
    /// Whether it is an element of an array.
    pub in_array: bool,
    /// The value and its key.
    pub attribute: Attribute<'a>,
}

/// Iterates over all values of an entry in pre-order, in constant memory. After an error it ends.
#[derive(Clone)]
pub struct Walk<'a> {
    tape: Tape<'a>,
    next: usize,
    depth: usize,
    /// Of each open container: one past its last node, the children still to come, and whether it is an array.
    open: [(usize, u32, bool); LEVELS],
}

impl<'a> Walk<'a> {
    pub(super) fn new(tape: Tape<'a>) -> Self {
        let mut open = [(0, 0, false); LEVELS];
        open[0] = (tape.nodes.len(), u32::MAX, false);
        Self { tape, next: 0, depth: 0, open }
    }

    /// Leaves the containers that are complete: their children have come, and what is left is the marker of those
    /// that the fuse dropped.
    fn leave(&mut self) {
        while self.depth > 0 {
            let (end, left, _) = self.open[self.depth];
            if left > 0 && self.next < end {
                return;
            }
            self.next = end;
            self.depth -= 1;
        }
    }

    fn visit(&mut self) -> Option<Result<Visit<'a>, DecodeError>> {
        self.leave();
        let depth = self.depth;
        let (end, left, in_array) = self.open[depth];
        if self.next >= end {
            return None;
        }
        let index = self.next;
        let node = self.tape.node(index)?;
        let attribute = match self.tape.attribute(index, node, end) {
            Ok(attribute) => attribute,
            Err(error) => return Some(Err(error)),
        };
        self.open[depth].1 = left.saturating_sub(1);
        self.next += 1;
        if let Value::Array(children) | Value::Map(children) = attribute.value {
            let Some(level) = self.open.get_mut(depth + 1) else {
                let expected = "containers nested at most 64 deep";
                let found = depth as u64 + 1;
                return Some(Err(fault(
                    self.tape.offset(index),
                    "depth",
                    DecodeFault::Invalid { found, expected },
                )));
            };
            *level = (self.next + node.subtree(), children.len(), matches!(attribute.value, Value::Array(_)));
            self.depth += 1;
        }
        Some(Ok(Visit { depth, in_array, attribute }))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Visit<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let visit = self.visit();
        if !matches!(visit, Some(Ok(_))) {
            self.depth = 0;
            self.next = usize::MAX;
            self.open[0].0 = 0;
        }
        visit
    }
}
