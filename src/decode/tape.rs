//! The nodes of an entry: their values and their order.

use crate::error::{DecodeError, DecodeFault};
use crate::format::bytes::{i16_at, u32_at, u64_at};
use crate::format::entry as layout;
use crate::kind::{self, Kind, NodeFlags, UnknownValue};
use crate::text::Text;
use crate::time::Timestamp;

use super::like_tape::LikeTape;
use super::nodes::Nodes;
use super::value::Value;
use super::values::{Position, Values};
#[cfg(feature = "json")]
use super::walk::Walk;
use super::{fault, out_of_bounds};

/// The nodes of an entry, and the text to which they point.
#[derive(Clone, Copy)]
pub(crate) struct Tape<'a> {
    pub(super) nodes: &'a [[u8; layout::NODE_LEN]],
    /// The bytes of the keys.
    pub(super) keys: &'a [u8],
    /// The bytes of the spans. They are also those of the keys, except in a like entry.
    pub(super) text: &'a [u8],
    /// The offset of the nodes in the entry, for errors.
    pub(super) start: usize,
}

/// The parts of one node, not validated.
#[derive(Clone, Copy)]
pub(super) struct Node {
    pub(super) key_offset: u32,
    pub(super) key_length: u16,
    pub(super) kind: u8,
    pub(super) flags: NodeFlags,
    pub(super) value: u64,
}

impl Node {
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    pub(super) fn new(bytes: &[u8; layout::NODE_LEN]) -> Self {
        let word = u128::from_le_bytes(*bytes);
        Self {
            key_offset: word as u32,
            key_length: (word >> (8 * layout::NODE_KEY_LEN)) as u16,
            kind: (word >> (8 * layout::NODE_KIND)) as u8,
            flags: NodeFlags::from_bits((word >> (8 * layout::NODE_FLAGS)) as u8),
            value: (word >> (8 * layout::NODE_VALUE)) as u64,
        }
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low half")]
    pub(super) fn low(self) -> u32 {
        self.value as u32
    }

    #[inline(always)]
    pub(super) fn high(self) -> u32 {
        (self.value >> 32) as u32
    }

    /// Returns the number of nodes of the subtree, without this node. It is 0 for a leaf.
    #[inline(always)]
    pub(super) fn subtree(self) -> usize {
        if self.is_container() { self.high() as usize } else { 0 }
    }

    #[inline(always)]
    pub(super) fn is_container(self) -> bool {
        kind::is_container(self.kind)
    }
}

impl<'a> Tape<'a> {
    /// Returns the node at `index`, or `None` after the last node.
    #[inline(always)]
    pub(super) fn node(&self, index: usize) -> Option<Node> {
        self.nodes.get(index).map(Node::new)
    }

    /// Returns the offset of the node at `index` in the entry.
    #[inline(always)]
    pub(super) fn offset(&self, index: usize) -> usize {
        self.start + index * layout::NODE_LEN
    }

    /// Returns the key of a node.
    #[inline(always)]
    pub(super) fn key(&self, index: usize, node: Node) -> Result<Text<'a>, DecodeError> {
        slice(self.keys, self.offset(index), "key", layout::span(node.key_offset, node.key_length.into()))
            .map(Text::new)
    }

    /// Returns the node at `index` as an attribute. Its subtree must end at or before `end`.
    #[inline(always)]
    pub(super) fn attribute(
        &self,
        index: usize,
        node: Node,
        end: usize,
    ) -> Result<Attribute<'a>, DecodeError> {
        Ok(Attribute { key: self.key(index, node)?, value: self.value(index, node, end)?, flags: node.flags })
    }

    /// Returns the text of a node of the kind string.
    #[inline(always)]
    pub(super) fn text(&self, index: usize, node: Node) -> Result<Text<'a>, DecodeError> {
        slice(self.text, self.offset(index), "string", node.value).map(Text::new)
    }

    /// Returns the value of the node at `index`. Its subtree must end at or before `end`.
    #[inline(always)]
    pub(super) fn value(&self, index: usize, node: Node, end: usize) -> Result<Value<'a>, DecodeError> {
        self.value_or(index, node, || self.children(index, node, end))
    }

    /// Returns the value of the node at `index`. If the node is a container, `children` returns its children.
    #[inline(always)]
    pub(super) fn value_or(
        &self,
        index: usize,
        node: Node,
        children: impl FnOnce() -> Result<Children<'a>, DecodeError>,
    ) -> Result<Value<'a>, DecodeError> {
        if node.flags.contains(NodeFlags::WIDE) {
            return wide(self.text, self.offset(index), node.kind, node.value);
        }
        // Next to the `match`, the conversion costs nothing.
        let Some(kind) = Kind::from_number(node.kind) else {
            return Ok(Value::Unknown(UnknownValue { kind: node.kind, value: node.value }));
        };
        Ok(match kind {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(node.value != 0),
            Kind::Int => Value::Int(node.value.cast_signed()),
            Kind::Uint => Value::Uint(node.value),
            Kind::Float => Value::Float(f64::from_bits(node.value)),
            Kind::String => Value::String(self.text(index, node)?),
            Kind::Bytes => Value::Bytes(slice(self.text, self.offset(index), "bytes", node.value)?),
            Kind::Timestamp => Value::Timestamp(Timestamp::from_unix_nanos(node.value.cast_signed())),
            Kind::Duration => Value::Duration(node.value.cast_signed().into()),
            Kind::Array => Value::Array(children()?),
            Kind::Map => Value::Map(children()?),
        })
    }

    #[inline(always)]
    pub(super) fn children(&self, index: usize, node: Node, end: usize) -> Result<Children<'a>, DecodeError> {
        let end = self.end_of_subtree(index, node, end)?;
        let lost = node.flags.contains(NodeFlags::CHILDREN_DROPPED);
        let form = if lost { Form::Truncated } else { Form::Whole };
        let (nodes, text, start) = (self.nodes.as_flattened(), self.text, self.start as u64);
        Ok(Children { nodes, text, start, first: index + 1, end, count: node.low(), form })
    }

    /// Returns the index after the last node of the subtree of the container at `index`, which must end at or before `end`.
    #[inline(always)]
    pub(super) fn end_of_subtree(&self, index: usize, node: Node, end: usize) -> Result<usize, DecodeError> {
        let last = index + 1 + node.subtree();
        if last > end {
            return Err(out_of_bounds(self.offset(index), "subtree", last as u64, end));
        }
        Ok(last)
    }
}

/// Returns the value of a node at `offset` whose span `span` in `text` is a value of 16 bytes. The parts of the node are
/// arguments by value, so they can stay in registers.
#[cold]
fn wide(text: &[u8], offset: usize, number: u8, span: u64) -> Result<Value<'_>, DecodeError> {
    let Some(kind) = Kind::from_number(number) else {
        return Ok(Value::Unknown(UnknownValue { kind: number, value: span }));
    };
    let invalid = |found, expected| fault(offset, "node", DecodeFault::Invalid { found, expected });
    let bytes = slice(text, offset, "wide value", span)?;
    let Some(bytes) = bytes.as_array::<{ layout::WIDE_LEN }>() else {
        return Err(invalid(span >> 32, "16 bytes"));
    };
    Ok(match kind {
        Kind::Int => {
            let value = i128::from_le_bytes(*bytes);
            i64::try_from(value).map_or(Value::Int128(value), Value::Int)
        }
        Kind::Uint => {
            let value = u128::from_le_bytes(*bytes);
            u64::try_from(value).map_or(Value::Uint128(value), Value::Uint)
        }
        Kind::Duration => Value::Duration(i128::from_le_bytes(*bytes)),
        Kind::Timestamp => {
            let seconds = u64_at(bytes, 0).unwrap_or(0).cast_signed();
            let nanos = u32_at(bytes, 8).unwrap_or(0);
            let time = Timestamp::new(seconds, nanos);
            let time = time.ok_or(invalid(nanos.into(), "fewer than 1,000,000,000 ns"))?;
            Value::Timestamp(time.with_utc_offset_minutes(i16_at(bytes, 12)))
        }
        Kind::Null | Kind::Bool | Kind::Float | Kind::String | Kind::Bytes | Kind::Array | Kind::Map => {
            return Err(invalid(kind as u64, "the kind of an integer, a timestamp or a duration"));
        }
    })
}

/// Returns the bytes of `span` in `text`. `offset` is that of the node, for errors.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "the low half")]
fn slice<'a>(text: &'a [u8], offset: usize, field: &'static str, span: u64) -> Result<&'a [u8], DecodeError> {
    let (start, length) = (span as u32, (span >> 32) as u32);
    match text.get(start as usize..).and_then(|text| text.get(..length as usize)) {
        Some(bytes) => Ok(bytes),
        None => Err(out_of_bounds(offset, field, u64::from(start) + u64::from(length), text.len())),
    }
}

/// Returns an error if children are missing when an iterator ends at the node at `offset`. At the top level, the number of
/// children is unknown. The iterator is no argument, so it can stay in registers.
#[cold]
fn missing_children<T>(missing: u32, offset: usize) -> Option<Result<T, DecodeError>> {
    let at_top = missing > u32::MAX / 2;
    if missing == 0 || at_top {
        return None;
    }
    let expected = "0 missing children";
    let found = missing.into();
    Some(Err(fault(offset, "container", DecodeFault::Invalid { found, expected })))
}

/// A key and its value.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// The key. It is empty for an element of an array.
    pub key: Text<'a>,
    /// The value.
    pub value: Value<'a>,
    /// The flags of the node.
    pub flags: NodeFlags,
}

/// The children of a map or an array.
///
/// ```
/// use fusewire::Limits;
/// use fusewire::decode::{EntryRef, Value};
/// use fusewire::encode::encode;
///
/// let limits = Limits { max_width: 2, ..Limits::default() };
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &limits, |entry| _ = entry.attr("ids", &[1, 2, 3, 4, 5]))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let Some(Value::Array(ids)) = entry.get("ids") else { panic!("ids is an array") };
/// assert_eq!((ids.len(), ids.dropped()), (2, Some(3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Children<'a> {
    // Three fields have two uses, so a value has the same length in both forms of entries.
    /// The bytes of the nodes, or the values of a like entry.
    nodes: &'a [u8],
    /// The text, or the base of a like entry.
    text: &'a [u8],
    /// The offset of the nodes, or the position of the children in the values of a like entry.
    start: u64,
    first: usize,
    end: usize,
    count: u32,
    form: Form,
}

/// The form of the children of a container.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The circuit breaker dropped no children.
    Whole,
    /// The circuit breaker dropped children.
    Truncated,
    /// The container belongs to a like entry, in which no children are dropped.
    Like,
}

impl<'a> Children<'a> {
    /// Returns the number of kept children, as recorded in the container.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Returns whether the container has no kept children.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns an iterator over the children, in order.
    #[must_use]
    #[inline]
    pub fn iter(&self) -> Attributes<'a> {
        Attributes { nodes: self.nodes(), next: self.first, end: self.end, left: self.count }
    }

    /// Returns the children of a container of a like entry, which are in `nodes`.
    pub(super) fn of_like(tape: LikeTape<'a>, nodes: core::ops::Range<usize>, count: u32) -> Self {
        let (start, first, end) = (tape.values.position.pack(), nodes.start, nodes.end);
        Self { nodes: tape.values.bytes, text: tape.base, start, first, end, count, form: Form::Like }
    }

    /// Returns the nodes, if the container belongs to a full entry.
    #[inline(always)]
    fn tape(&self) -> Tape<'a> {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        Tape { nodes: self.nodes.as_chunks().0, keys: self.text, text: self.text, start }
    }

    /// Returns the nodes, at the first child.
    #[inline(always)]
    fn nodes(&self) -> Nodes<'a> {
        match self.form {
            Form::Like => Nodes::of_like(self.like_tape()),
            Form::Whole | Form::Truncated => Nodes::new(self.tape(), None),
        }
    }

    fn like_tape(&self) -> LikeTape<'a> {
        let values = Values { bytes: self.nodes, position: Position::unpack(self.first, self.start) };
        LikeTape::new(self.text, values)
    }

    /// Returns a walk over all values below the container. The children have depth 0.
    #[cfg(feature = "json")]
    pub(crate) fn walk(&self, is_array: bool) -> Walk<'a> {
        Walk::below(self.nodes(), self.first..self.end, self.count, is_array)
    }

    /// Returns whether the circuit breaker dropped children.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.form == Form::Truncated
    }

    /// Returns the number of dropped children, or `None` if it is unknown.
    #[must_use]
    pub fn dropped(&self) -> Option<u64> {
        if !self.is_truncated() {
            return Some(0);
        }
        let marker =
            self.end.checked_sub(1).filter(|last| *last >= self.first).and_then(|i| self.tape().node(i))?;
        (marker.kind == layout::KIND_DROPPED && marker.value != layout::UNKNOWN).then_some(marker.value)
    }
}

impl<'a> IntoIterator for Children<'a> {
    type Item = Result<Attribute<'a>, DecodeError>;
    type IntoIter = Attributes<'a>;

    fn into_iter(self) -> Attributes<'a> {
        self.iter()
    }
}

impl core::fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Children").field("len", &self.count).field("dropped", &self.dropped()).finish()
    }
}

/// An iterator over the attributes of an entry, or over the children of a container. It ends after an error.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| _ = entry.attr("a", &1).attr("b", &2))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let keys: Result<Vec<_>, _> = entry.attributes().map(|found| found.map(|it| it.key.to_string())).collect();
/// assert_eq!(keys?, ["a", "b"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    nodes: Nodes<'a>,
    next: usize,
    end: usize,
    /// The number of remaining children. At the top level, only the nodes determine the end.
    left: u32,
}

impl<'a> Attributes<'a> {
    #[inline(always)]
    pub(super) fn top(nodes: Nodes<'a>) -> Self {
        Self { nodes, next: 0, end: nodes.len(), left: u32::MAX }
    }

    /// Returns the nodes, at the node after the last that was returned.
    pub(super) fn nodes(&self) -> Nodes<'a> {
        self.nodes
    }

    /// Returns the index of the next node.
    pub(super) fn position(&self) -> usize {
        self.next
    }

    /// Returns the index after the last node of the iterator.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Returns the next node, not validated, with its index, and skips its subtree.
    #[inline(always)]
    pub(super) fn step(&mut self) -> Option<Result<(usize, Node), DecodeError>> {
        if self.next >= self.end || self.left == 0 {
            let missing = core::mem::take(&mut self.left);
            return missing_children(missing, self.nodes.tape().offset(self.end));
        }
        let index = self.next;
        let node = self.nodes.read(index)?;
        self.next = index + 1 + node.subtree();
        self.left -= 1;
        Some(Ok((index, node)))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, DecodeError>;

    // Always inlined, so the compiler omits the parts of an attribute that the caller does not use.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (index, node) = match self.step()? {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let attribute = self.nodes.attribute(index, node, self.end);
        if attribute.is_err() {
            self.left = 0;
        }
        Some(attribute)
    }
}

impl core::iter::FusedIterator for Attributes<'_> {}
