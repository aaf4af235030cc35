//! The nodes of an entry: their values and their order.

use crate::error::{DecodeError, DecodeFault};
use crate::format::bytes::{i16_at, u32_at, u64_at};
use crate::format::entry as layout;
use crate::kind::{self, Kind, NodeFlags, UnknownValue};
use crate::text::Text;
use crate::time::Timestamp;

use super::value::Value;
use super::values::{Position, Values};
#[cfg(feature = "json")]
use super::walk::Walk;
use super::{fault, out_of_bounds};

/// The nodes of an entry, and the text to which they point.
///
/// A tape of a full entry has no values. A tape of a like entry has no nodes, and its text is the whole base. The methods
/// with the parameter `ANY` support both forms if `ANY` is true, and full entries only if it is false. The code for full
/// entries then contains nothing for like entries.
#[derive(Clone, Copy)]
pub(crate) struct Tape<'a> {
    pub(super) nodes: &'a [[u8; layout::NODE_LEN]],
    pub(super) text: &'a [u8],
    /// The offset of the nodes in the entry or in the base, for errors.
    pub(super) start: usize,
    /// The values of a like entry: classes, cells and texts.
    pub(super) values: &'a [u8],
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
    pub(super) fn new(bytes: &[u8; layout::NODE_LEN]) -> Self {
        Self::of_word(u128::from_le_bytes(*bytes))
    }

    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "each part is cut out by its width")]
    fn of_word(word: u128) -> Self {
        Self {
            key_offset: word as u32,
            key_length: (word >> (8 * layout::NODE_KEY_LEN)) as u16,
            kind: (word >> (8 * layout::NODE_KIND)) as u8,
            flags: NodeFlags::from_bits((word >> (8 * layout::NODE_FLAGS)) as u8),
            value: (word >> (8 * layout::NODE_VALUE)) as u64,
        }
    }

    /// Returns the bytes of the node as a number.
    fn word(self) -> u128 {
        let shape = u64::from(self.key_length) << (8 * layout::NODE_KEY_LEN)
            | u64::from(self.kind) << (8 * layout::NODE_KIND)
            | u64::from(self.flags.bits()) << (8 * layout::NODE_FLAGS);
        u128::from(self.value) << (8 * layout::NODE_VALUE) | u128::from(shape | u64::from(self.key_offset))
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

    /// Returns whether the tape has nodes: it is then the tape of a full entry, and the parameter `ANY` of the methods can be
    /// false.
    #[inline(always)]
    pub(super) fn has_nodes(&self) -> bool {
        !self.nodes.is_empty()
    }

    /// Returns the node at `index` with its value. In a like entry, the node must not be before `position`.
    #[inline(always)]
    pub(super) fn read<const ANY: bool>(&self, position: &mut Position, index: usize) -> Option<Node> {
        // The two forms meet in one number, not in the parts of the node. The position is no argument by reference, so it
        // can stay in registers.
        let word = match self.nodes.get(index) {
            Some(bytes) => u128::from_le_bytes(*bytes),
            None if ANY => {
                let found;
                (*position, found) = self.like_node(*position, index);
                found?
            }
            None => return None,
        };
        Some(Node::of_word(word))
    }

    /// Returns the node at `index` of a like entry, and the position after it.
    #[cold]
    #[inline(never)]
    fn like_node(&self, position: Position, index: usize) -> (Position, Option<u128>) {
        if self.values.is_empty() {
            return (position, None);
        }
        let mut values = Values { bytes: self.values, position };
        let node = values.resolve(index, self.text);
        (values.position, node.map(Node::word))
    }

    /// Returns the offset of the node at `index` in the entry.
    pub(super) fn offset(&self, index: usize) -> usize {
        self.start + index * layout::NODE_LEN
    }

    #[inline(always)]
    fn slice<const ANY: bool>(
        &self,
        index: usize,
        field: &'static str,
        offset: u32,
        length: u32,
    ) -> Result<&'a [u8], DecodeError> {
        let start = offset as usize;
        match self.text.get(start..).and_then(|text| text.get(..length as usize)) {
            Some(bytes) => Ok(bytes),
            None if ANY => self.slice_of_values(index, field, offset, length),
            None => Err(self.span_outside(index, field, offset, length)),
        }
    }

    /// Returns the bytes of a span after the end of the text.
    #[cold]
    #[inline(never)]
    fn slice_of_values(
        &self,
        index: usize,
        field: &'static str,
        offset: u32,
        length: u32,
    ) -> Result<&'a [u8], DecodeError> {
        let start = (offset as usize).checked_sub(self.text.len());
        let bytes = start.and_then(|start| self.values.get(start..)?.get(..length as usize));
        bytes.ok_or_else(|| self.span_outside(index, field, offset, length))
    }

    #[cold]
    fn span_outside(&self, index: usize, field: &'static str, offset: u32, length: u32) -> DecodeError {
        out_of_bounds(self.offset(index), field, u64::from(offset) + u64::from(length), self.text.len())
    }

    /// Returns the key of a node.
    #[inline(always)]
    pub(super) fn key(&self, index: usize, node: Node) -> Result<Text<'a>, DecodeError> {
        self.slice::<false>(index, "key", node.key_offset, node.key_length.into()).map(Text::new)
    }

    /// Returns the node at `index` as an attribute. Its subtree must end at or before `end`. `position` is that of the node
    /// after it.
    #[inline(always)]
    pub(super) fn attribute<const ANY: bool>(
        &self,
        position: Position,
        index: usize,
        node: Node,
        end: usize,
    ) -> Result<Attribute<'a>, DecodeError> {
        let key = self.key(index, node)?;
        Ok(Attribute { key, value: self.value::<ANY>(position, index, node, end)?, flags: node.flags })
    }

    /// Returns the text of a node of the kind string.
    #[inline(always)]
    pub(super) fn text<const ANY: bool>(&self, index: usize, node: Node) -> Result<Text<'a>, DecodeError> {
        self.slice::<ANY>(index, "string", node.low(), node.high()).map(Text::new)
    }

    /// Returns the value of the node at `index`. Its subtree must end at or before `end`. `position` is that of the node
    /// after it.
    #[inline(always)]
    pub(super) fn value<const ANY: bool>(
        &self,
        position: Position,
        index: usize,
        node: Node,
        end: usize,
    ) -> Result<Value<'a>, DecodeError> {
        if node.flags.contains(NodeFlags::WIDE) {
            return self.wide(index, node);
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
            Kind::String => Value::String(self.text::<ANY>(index, node)?),
            Kind::Bytes => Value::Bytes(self.slice::<ANY>(index, "bytes", node.low(), node.high())?),
            Kind::Timestamp => Value::Timestamp(Timestamp::from_unix_nanos(node.value.cast_signed())),
            Kind::Duration => Value::Duration(node.value.cast_signed().into()),
            Kind::Array => Value::Array(self.children::<ANY>(position, index, node, end)?),
            Kind::Map => Value::Map(self.children::<ANY>(position, index, node, end)?),
        })
    }

    /// Returns a value of 16 bytes.
    #[cold]
    fn wide(&self, index: usize, node: Node) -> Result<Value<'a>, DecodeError> {
        let Some(kind) = Kind::from_number(node.kind) else {
            return Ok(Value::Unknown(UnknownValue { kind: node.kind, value: node.value }));
        };
        let invalid =
            |found, expected| fault(self.offset(index), "node", DecodeFault::Invalid { found, expected });
        let bytes = self.slice::<true>(index, "wide value", node.low(), node.high())?;
        let Some(bytes) = bytes.as_array::<{ layout::WIDE_LEN }>() else {
            return Err(invalid(node.high().into(), "16 bytes"));
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

    /// Returns an error if children are missing when an iterator ends at `end`. At the top level, the number of children
    /// is unknown. The iterator is no argument, so it can stay in registers.
    #[cold]
    fn missing<T>(&self, missing: u32, end: usize) -> Option<Result<T, DecodeError>> {
        let at_top = missing > u32::MAX / 2;
        if missing == 0 || at_top {
            return None;
        }
        let expected = "0 missing children";
        let found = missing.into();
        Some(Err(fault(self.offset(end), "container", DecodeFault::Invalid { found, expected })))
    }

    #[inline(always)]
    pub(super) fn children<const ANY: bool>(
        &self,
        position: Position,
        index: usize,
        node: Node,
        end: usize,
    ) -> Result<Children<'a>, DecodeError> {
        let end = self.end_of_subtree(index, node, end)?;
        // Only in a like entry, a tape without nodes has a container.
        if ANY && self.nodes.is_empty() {
            return Ok(self.like_children(position, end, node.low()));
        }
        let lost = node.flags.contains(NodeFlags::CHILDREN_DROPPED);
        let form = if lost { Form::Truncated } else { Form::Whole };
        let (nodes, text, start) = (self.nodes.as_flattened(), self.text, self.start as u64);
        Ok(Children { nodes, text, start, first: index + 1, end, count: node.low(), form })
    }

    #[cold]
    #[inline(never)]
    fn like_children(&self, position: Position, end: usize, count: u32) -> Children<'a> {
        let (first, start) = (position.node(), position.pack());
        Children { nodes: self.values, text: self.text, start, first, end, count, form: Form::Like }
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
    // The fields have two uses, so a value has the same length in both forms of entries.
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
        let (tape, position) = self.tape();
        Attributes { tape, position, next: self.first, end: self.end, left: self.count }
    }

    /// Returns the tape and the position of the first child.
    #[inline(always)]
    fn tape(&self) -> (Tape<'a>, Position) {
        if self.form == Form::Like {
            return self.like_tape();
        }
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        (Tape { nodes: self.nodes.as_chunks().0, text: self.text, start, values: &[] }, Position::NONE)
    }

    #[cold]
    #[inline(never)]
    fn like_tape(&self) -> (Tape<'a>, Position) {
        let tape = Tape { nodes: &[], text: self.text, start: layout::NODES, values: self.nodes };
        (tape, Position::unpack(self.first, self.start))
    }

    /// Returns a walk over all values below the container. The children have depth 0.
    #[cfg(feature = "json")]
    pub(crate) fn walk(&self, is_array: bool) -> Walk<'a> {
        let (tape, position) = self.tape();
        Walk::below(tape, position, self.first..self.end, self.count, is_array)
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
        let (tape, _) = self.tape();
        let marker = self.end.checked_sub(1).filter(|last| *last >= self.first).and_then(|i| tape.node(i))?;
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
    tape: Tape<'a>,
    position: Position,
    next: usize,
    end: usize,
    /// The number of remaining children. At the top level, only the nodes determine the end.
    left: u32,
}

impl<'a> Attributes<'a> {
    /// Returns an iterator over the attributes of an entry with `nodes` nodes. In a like entry, the first node is at
    /// `position`.
    #[inline(always)]
    pub(super) fn over(tape: Tape<'a>, position: Position, nodes: usize) -> Self {
        Self { tape, position, next: 0, end: nodes, left: u32::MAX }
    }

    /// Returns the tape over which the iterator runs.
    pub(super) fn tape(&self) -> Tape<'a> {
        self.tape
    }

    /// Returns the position of the iterator.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Returns the index after the last node of the iterator.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Returns the next attribute.
    #[inline(always)]
    fn attribute<const ANY: bool>(&mut self) -> Option<Result<Attribute<'a>, DecodeError>> {
        let (index, node) = match self.step::<ANY>()? {
            Ok(found) => found,
            Err(error) => return Some(Err(error)),
        };
        let attribute = self.tape.attribute::<ANY>(self.position, index, node, self.end);
        if attribute.is_err() {
            self.left = 0;
        }
        Some(attribute)
    }

    /// Returns the next node, not validated, with its index, and skips its subtree.
    #[inline(always)]
    pub(super) fn step<const ANY: bool>(&mut self) -> Option<Result<(usize, Node), DecodeError>> {
        if self.next >= self.end || self.left == 0 {
            let missing = core::mem::take(&mut self.left);
            return self.tape.missing(missing, self.end);
        }
        let index = self.next;
        let node = self.tape.read::<ANY>(&mut self.position, index)?;
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
        self.attribute::<true>()
    }

    // Chooses the form of the entry once.
    #[inline(always)]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let mut state = init;
        if self.tape.has_nodes() {
            while let Some(attribute) = self.attribute::<false>() {
                state = f(state, attribute);
            }
        } else {
            while let Some(attribute) = self.attribute::<true>() {
                state = f(state, attribute);
            }
        }
        state
    }
}

impl core::iter::FusedIterator for Attributes<'_> {}
