//! The iterator over all values of an entry, containers before their children.

use crate::error::{DecodeError, DecodeFault};
use crate::kind::{Kind, NodeFlags};
use crate::limits::Limits;
use crate::text::Text;

use super::fault;
use super::nodes::Nodes;
use super::tape::{Attribute, Node};
use super::value::Value;

const LEVELS: usize = Limits::MAX_DEPTH as usize + 1;

/// One value of a walk.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The depth of the value: 0 for an attribute of the entry, 1 for its children, and so on.
    pub depth: usize,
    /// Whether the value is an element of an array.
    pub in_array: bool,
    /// The value and its key.
    pub attribute: Attribute<'a>,
}

/// An iterator over all values of an entry in pre-order. It uses constant memory and ends after an error.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::map;
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| {
///     entry.attr("request", &map! { path = "/pay" }).attr("attempt", &3);
/// })?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let keys: Vec<_> =
///     entry.walk().flatten().map(|visit| format!("{} {}", visit.depth, visit.attribute.key)).collect();
/// assert_eq!(keys, ["0 request", "1 path", "0 attempt"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Walk<'a> {
    nodes: Nodes<'a>,
    next: usize,
    depth: usize,
    /// The open containers.
    open: [Open; LEVELS],
}

/// An open container.
#[derive(Clone, Copy)]
struct Open {
    /// The index after the last node of the container, at most the number of nodes of the entry.
    end: u32,
    /// The number of remaining children.
    left: u32,
    is_array: bool,
}

impl<'a> Walk<'a> {
    #[inline(always)]
    pub(super) fn new(nodes: Nodes<'a>) -> Self {
        let none = Open { end: 0, left: 0, is_array: false };
        let mut walk = Self { nodes, next: 0, depth: 0, open: [none; LEVELS] };
        walk.open[0] = Open { end: number_of(nodes.len()), left: u32::MAX, is_array: false };
        walk
    }

    /// Returns a walk below a container. Its children have depth 0.
    #[cfg(feature = "json")]
    pub(super) fn below(
        nodes: Nodes<'a>,
        children: core::ops::Range<usize>,
        left: u32,
        is_array: bool,
    ) -> Self {
        let mut walk = Self::new(nodes);
        walk.next = children.start;
        walk.open[0] = Open { end: number_of(children.end), left, is_array };
        walk
    }

    /// Leaves the containers whose children were all returned, and skips their markers of dropped children.
    #[inline(always)]
    fn leave(&mut self) {
        while self.depth > 0 {
            let Open { end, left, .. } = self.open[self.depth];
            if left > 0 && self.next < end as usize {
                return;
            }
            self.next = end as usize;
            self.depth -= 1;
        }
    }

    /// Returns the next value. Only the position of its node and its key are validated. If the value is a container,
    /// the walk enters the container. After an error, the caller must end the walk.
    #[inline(always)]
    pub(crate) fn step(&mut self) -> Option<Result<Step<'a>, DecodeError>> {
        self.leave();
        let depth = self.depth;
        let Open { end, left, is_array: in_array } = self.open[depth];
        let end = end as usize;
        // In a walk below a container, the marker of dropped children can remain.
        if self.next >= end || left == 0 {
            return None;
        }
        let index = self.next;
        let node = self.nodes.read(index)?;
        let key = match self.nodes.key(index, node) {
            Ok(key) => key,
            Err(error) => return Some(Err(error)),
        };
        self.open[depth].left = left.saturating_sub(1);
        self.next += 1;
        let step = Step { depth, in_array, key, index, node, end };
        if step.is_container()
            && let Err(error) = self.enter(&step)
        {
            return Some(Err(error));
        }
        Some(Ok(step))
    }

    #[inline(always)]
    fn enter(&mut self, step: &Step<'a>) -> Result<(), DecodeError> {
        let end = self.nodes.tape().end_of_subtree(step.index, step.node, step.end)?;
        let Some(level) = self.open.get_mut(step.depth + 1) else {
            let expected = "at most 64";
            let found = step.depth as u64 + 1;
            let offset = self.nodes.tape().offset(step.index);
            return Err(fault(offset, "depth", DecodeFault::Invalid { found, expected }));
        };
        *level = Open {
            end: number_of(end),
            left: step.node.low(),
            is_array: step.node.kind == Kind::Array as u8,
        };
        self.depth += 1;
        Ok(())
    }

    /// Returns the value of the last step.
    #[inline(always)]
    pub(crate) fn value(&self, step: &Step<'a>) -> Result<Value<'a>, DecodeError> {
        self.nodes.value(step.index, step.node, step.end)
    }

    /// Returns the text of the last step, if its plain kind is a string.
    #[cfg(feature = "json")]
    #[inline(always)]
    pub(crate) fn text(&self, step: &Step<'a>) -> Result<Text<'a>, DecodeError> {
        self.nodes.text(step.index, step.node)
    }

    #[inline(always)]
    fn visit(&mut self) -> Option<Result<Visit<'a>, DecodeError>> {
        let step = match self.step()? {
            Ok(step) => step,
            Err(error) => return Some(Err(error)),
        };
        let visit = |value| Visit {
            depth: step.depth,
            in_array: step.in_array,
            attribute: Attribute { key: step.key, value, flags: step.node.flags },
        };
        Some(self.value(&step).map(visit))
    }
}

/// A value of a walk whose node is parsed, but not validated. It is for code that writes all values and does not need
/// each as a [`Value`].
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) depth: usize,
    pub(crate) in_array: bool,
    pub(crate) key: Text<'a>,
    index: usize,
    node: Node,
    end: usize,
}

impl Step<'_> {
    #[inline(always)]
    fn is_container(&self) -> bool {
        self.node.is_container() && !self.node.flags.contains(NodeFlags::WIDE)
    }
}

#[cfg(feature = "json")]
impl Step<'_> {
    /// Returns the flags of the node.
    #[inline(always)]
    pub(crate) fn flags(&self) -> NodeFlags {
        self.node.flags
    }

    /// Returns the kind, or `None` if the value is wide. If the value is not wide, the value field of the node
    /// contains the value or refers to it.
    #[inline(always)]
    pub(crate) fn plain_kind(&self) -> Option<Kind> {
        if self.node.flags.contains(NodeFlags::WIDE) { None } else { Kind::from_number(self.node.kind) }
    }

    /// Returns the value of the node.
    #[inline(always)]
    pub(crate) fn bits(&self) -> u64 {
        self.node.value
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Result<Visit<'a>, DecodeError>;

    // Always inlined, so the compiler omits the parts that the caller does not use.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let visit = self.visit();
        if !matches!(visit, Some(Ok(_))) {
            self.depth = 0;
            self.next = usize::MAX;
            self.open[0].end = 0;
        }
        visit
    }
}

/// Returns the index of a node as a u32. A vector has at most 2^32 elements.
#[inline(always)]
fn number_of(node: usize) -> u32 {
    u32::try_from(node).unwrap_or(u32::MAX)
}
