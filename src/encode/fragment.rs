//! Attributes encoded once and copied into many entries.

use core::cell::Cell;

use crate::error::EncodeError;
use crate::format::bytes::{u16_at, u32_at};
use crate::format::entry as layout;
use crate::kind::{self, NodeFlags};
use crate::limits::Limits;
use crate::trip::{Places, TripCause, TripReport};

use super::container::MapWriter;
use super::scope::{Counts, Scope};
use super::tape::Tape;
use super::{KeyFilter, encode_into};

/// Attributes that are encoded once and copied into many entries, for example the attributes of a request, a span or
/// a service. A fragment never changes, and does not borrow the values from which it was made.
///
/// ```
/// use fusewire::Limits;
/// use fusewire::encode::{Fragment, encode};
///
/// let request = Fragment::encode(&Limits::default(), |attributes| {
///     attributes.entry("request_id", "7f3a").entry("user", &7);
/// })?;
/// let mut buffer = [0; 1024];
/// let entry = encode(&mut buffer, &Limits::default(), |entry| {
///     entry.set_body("paid");
///     entry.append(&request).attr("amount", &129.95);
/// })?;
/// # let entry = fusewire::decode::EntryRef::new(entry.into_bytes()).unwrap();
/// # assert_eq!(entry.get("user").and_then(|user| user.as_i128()), Some(7));
/// # assert_eq!(entry.attributes().count(), 3);
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Fragment {
    nodes: Box<[Node]>,
    /// The keys and values of `nodes`, in the order of the nodes.
    text: Box<[u8]>,
    /// The number of top-level attributes.
    children: u32,
    /// The greatest child depth of the containers, as [`depth`] returns it.
    depth: u8,
    /// The number of dropped top-level attributes; `u64::MAX` if unknown.
    dropped: u64,
    report: TripReport,
}

thread_local! {
    /// A buffer in which this thread encodes fragments. It is empty during an encoding.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The maximum capacity of a buffer that a thread keeps.
const KEPT_CAPACITY: usize = Limits::DEFAULT.max_entry_bytes as usize;

/// A node with offsets relative to the text of the fragment, and a mask of these offsets.
#[derive(Clone, Copy, Debug)]
struct Node {
    bytes: [u8; layout::NODE_LEN],
    /// All bits of each word that is an offset into the text: the offset of the key and the offset of a span.
    moves: [u32; WORDS],
}

const WORDS: usize = layout::NODE_LEN / 4;
const VALUE_WORD: usize = layout::NODE_VALUE / 4;
const _: () = assert!(layout::NODE_LEN.is_multiple_of(4) && layout::NODE_VALUE.is_multiple_of(4));

impl Node {
    fn new(bytes: [u8; layout::NODE_LEN]) -> Self {
        let mut node = Self { bytes, moves: [0; WORDS] };
        let kind = bytes[layout::NODE_KIND];
        let is_wide = NodeFlags::from_bits(bytes[layout::NODE_FLAGS]).contains(NodeFlags::WIDE);
        let is_span = is_wide || kind::is_span(kind);
        let all_if = |moves| if moves { u32::MAX } else { 0 };
        (node.moves[0], node.moves[VALUE_WORD]) = (all_if(node.key().1 > 0), all_if(is_span));
        node
    }

    /// Returns the bytes of the node for a text that begins `by` bytes later, modulo 2^32.
    #[inline(always)]
    fn moved(&self, by: u32) -> [u8; layout::NODE_LEN] {
        let mut moved = self.bytes;
        let (words, _) = moved.as_chunks_mut();
        // The words are independent, so the compiler can use vector instructions.
        for (word, moves) in words.iter_mut().zip(self.moves) {
            *word = u32::from_le_bytes(*word).wrapping_add(moves & by).to_le_bytes();
        }
        moved
    }

    /// Returns the offset of the key in the text, and its length.
    fn key(&self) -> (usize, usize) {
        let at = u32_at(&self.bytes, 0).unwrap_or(0) as usize;
        (at, u16_at(&self.bytes, layout::NODE_KEY_LEN).unwrap_or(0).into())
    }

    /// Returns the low and the high half of the value.
    fn value(&self) -> (usize, usize) {
        let half = |at| u32_at(&self.bytes, at).unwrap_or(0) as usize;
        (half(layout::NODE_VALUE), half(layout::NODE_VALUE + 4))
    }

    /// Returns the number of nodes of the subtree, including this node.
    fn subtree(&self) -> usize {
        1 + if self.is_container() { self.value().1 } else { 0 }
    }

    fn is_container(&self) -> bool {
        kind::is_container(self.bytes[layout::NODE_KIND])
    }

    /// Returns the end of the text that this node uses.
    fn text_end(&self) -> usize {
        let (key, value) = (self.key(), self.value());
        let span = if self.moves[VALUE_WORD] == 0 { 0 } else { value.0 + value.1 };
        (key.0 + key.1).max(span)
    }
}

impl Fragment {
    /// Encodes the attributes that `write` writes, under `limits`.
    ///
    /// # Errors
    /// Returns [`EncodeError::SerializeBlocked`] or [`EncodeError::TooWide`] if `limits` refuse a value or a
    /// container.
    pub fn encode(limits: &Limits, write: impl FnOnce(&mut MapWriter<'_, '_>)) -> Result<Self, EncodeError> {
        let mut bytes = SCRATCH.try_with(Cell::take).unwrap_or_default();
        bytes.clear();
        bytes.reserve(limits.clamped().max_entry_bytes as usize);
        let (_, report) = encode_into(&mut bytes, limits, |entry| write(&mut entry.attributes()))?;
        let fragment = Self::of_entry(&bytes, report);
        if bytes.capacity() <= KEPT_CAPACITY {
            let _ = SCRATCH.try_with(|scratch| scratch.set(bytes));
        }
        Ok(fragment)
    }

    /// Creates a fragment from the attributes of an entry that this crate has encoded.
    fn of_entry(entry: &[u8], report: TripReport) -> Self {
        let count = u32_at(entry, layout::NODE_COUNT).unwrap_or(0) as usize;
        let start = layout::text_start(count);
        let nodes = entry.get(layout::NODES..start - 4).unwrap_or(&[]).as_chunks().0;
        let nodes: Box<[Node]> = nodes.iter().copied().map(Node::new).collect();
        // After the text of the nodes, the text contains only the empty string of the header.
        let end = nodes.iter().map(Node::text_end).max().unwrap_or(0);
        let dropped = match u32_at(entry, layout::DROPPED_ATTRIBUTES) {
            Some(u32::MAX) | None => layout::UNKNOWN,
            Some(dropped) => dropped.into(),
        };
        let text = entry.get(start..start + end).unwrap_or(&[]).into();
        let depth = depth(&nodes);
        let mut fragment = Self { nodes, text, children: 0, depth, dropped, report };
        fragment.children = u32::try_from(fragment.subtrees().count()).unwrap_or(u32::MAX);
        fragment
    }

    /// Returns whether the fragment has no attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the number of top-level attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.children as usize
    }

    /// Returns the trips during the encoding of the fragment. Each entry with the fragment also contains these trips.
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::encode::Fragment;
    ///
    /// let limits = Limits { max_string_bytes: 4, ..Limits::default() };
    /// let fragment = Fragment::encode(&limits, |attributes| _ = attributes.entry("name", "Alexandra"))?;
    /// assert!(!fragment.report().is_clean());
    /// # Ok::<(), fusewire::error::EncodeError>(())
    /// ```
    #[must_use]
    pub fn report(&self) -> TripReport {
        self.report
    }

    /// Returns a fragment with the attributes of this fragment, followed by the attributes of `other`.
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::encode::Fragment;
    ///
    /// let limits = Limits::default();
    /// let service = Fragment::encode(&limits, |map| _ = map.entry("service", "cart").entry("zone", "a"))?;
    /// let request = Fragment::encode(&limits, |map| _ = map.entry("zone", "b"))?;
    /// assert_eq!(service.with(&request).len(), 3);
    /// assert_eq!(service.replaced_by(&request).len(), 2);
    /// # Ok::<(), fusewire::error::EncodeError>(())
    /// ```
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        let by = distance(0, self.text.len());
        let behind = other.nodes.iter().map(|node| Node::new(node.moved(by)));
        let mut report = self.report;
        report.merge(&other.report);
        Self {
            nodes: self.nodes.iter().copied().chain(behind).collect(),
            text: [&*self.text, &other.text].concat().into(),
            children: self.children.saturating_add(other.children),
            depth: self.depth.max(other.depth),
            dropped: self.dropped.saturating_add(other.dropped),
            report,
        }
    }

    /// Returns a fragment with the attributes of this fragment whose keys are not in `other`, followed by the
    /// attributes of `other`.
    #[must_use]
    pub fn replaced_by(&self, other: &Self) -> Self {
        self.replaced_behind(0, other)
    }

    /// Replaces attributes as [`replaced_by`](Self::replaced_by) does, but keeps the first `first` attributes.
    pub(crate) fn replaced_behind(&self, first: usize, other: &Self) -> Self {
        let names = |found: &str| other.runs().any(|(nodes, ..)| other.key_of(nodes) == Some(found));
        let mut kept_nodes = Vec::with_capacity(self.nodes.len() + other.nodes.len());
        let mut kept_text = Vec::with_capacity(self.text.len() + other.text.len());
        let (mut children, mut report) = (other.children, self.report);
        report.merge(&other.report);
        for (at, (nodes, text, start)) in self.runs().enumerate() {
            if at >= first && self.key_of(nodes).is_some_and(names) {
                continue;
            }
            let by = distance(start, kept_text.len());
            kept_nodes.extend(nodes.iter().map(|node| Node::new(node.moved(by))));
            kept_text.extend_from_slice(text);
            children = children.saturating_add(1);
        }
        let depth = depth(&kept_nodes).max(other.depth);
        let by = distance(0, kept_text.len());
        kept_nodes.extend(other.nodes.iter().map(|node| Node::new(node.moved(by))));
        kept_text.extend_from_slice(&other.text);
        let dropped = self.dropped.saturating_add(other.dropped);
        Self { nodes: kept_nodes.into(), text: kept_text.into(), children, depth, dropped, report }
    }

    /// Returns an iterator over the nodes of each top-level attribute.
    fn subtrees(&self) -> impl Iterator<Item = &[Node]> {
        let mut rest = &*self.nodes;
        core::iter::from_fn(move || {
            let len = rest.first()?.subtree();
            rest.split_off(..len.min(rest.len()))
        })
    }

    /// Returns an iterator over the top-level attributes: the nodes, their text, and the offset of that text in the
    /// fragment.
    fn runs(&self) -> impl Iterator<Item = (&[Node], &[u8], usize)> {
        let mut text_at = 0;
        self.subtrees().map(move |nodes| {
            // Text is written in the order of the nodes, so the text of an attribute is contiguous.
            let end = nodes.iter().map(Node::text_end).max().unwrap_or(0).max(text_at);
            let start = core::mem::replace(&mut text_at, end);
            (nodes, self.text.get(start..end).unwrap_or(&[]), start)
        })
    }

    /// Copies the attributes to the end of the container in `scope`.
    #[inline]
    pub(super) fn copy_to(
        &self,
        tape: &mut Tape<'_>,
        counts: &mut Counts,
        scope: &Scope<'_>,
        filter: Option<&KeyFilter>,
    ) {
        let room = self.nodes.len() * layout::NODE_LEN + self.text.len();
        let is_wide = counts.kept.saturating_add(self.children) > u32::from(tape.limits.max_width);
        let is_deep = scope.parent.is_some() && self.depth > tape.limits.max_depth - scope.child_depth;
        if filter.is_none() && !is_wide && !is_deep && tape.take(room) {
            copy(&self.nodes, &self.text, 0, tape);
            counts.kept += self.children;
        } else {
            self.copy_what_fits(tape, counts, scope, filter);
        }
        if self.dropped > 0 {
            counts.drop((self.dropped != layout::UNKNOWN).then_some(self.dropped));
        }
        tape.report.merge(&self.report);
    }

    /// Copies the attributes as a map to the end of the array in `scope`, and returns `true`. Copies nothing and
    /// returns `false` if a limit applies to any of them.
    #[cfg(feature = "tracing")]
    #[inline]
    pub(super) fn copy_as_element(
        &self,
        tape: &mut Tape<'_>,
        counts: &mut Counts,
        scope: &Scope<'_>,
    ) -> bool {
        let Limits { max_width, max_depth, allowed_kinds, .. } = tape.limits;
        let room = (1 + self.nodes.len()) * layout::NODE_LEN + self.text.len();
        let is_plain = self.dropped == 0
            && counts.kept.max(self.children.saturating_sub(1)) < u32::from(max_width)
            && self.depth.saturating_add(scope.child_depth) < max_depth
            && allowed_kinds.contains(kind::Kind::Map)
            && tape.take(room);
        if is_plain {
            let value = u64::from(self.children) | (self.nodes.len() as u64) << 32;
            tape.out.push_head(super::tape::node(0, 0, kind::Kind::Map as u8, NodeFlags::NONE, value));
            copy(&self.nodes, &self.text, 0, tape);
            counts.kept += 1;
            tape.report.merge(&self.report);
        }
        is_plain
    }

    /// Copies the attributes one by one, and counts those that do not fit.
    #[cold]
    fn copy_what_fits(
        &self,
        tape: &mut Tape<'_>,
        counts: &mut Counts,
        scope: &Scope<'_>,
        filter: Option<&KeyFilter>,
    ) {
        for (nodes, text, start) in self.runs() {
            let key = self.key_of(nodes).unwrap_or("");
            if filter.is_some_and(|filter| !filter.contains(key)) || !tape.admit_child(counts, scope) {
                continue;
            }
            if scope.parent.is_some() && depth(nodes) > tape.limits.max_depth - scope.child_depth {
                tape.report.record(TripCause::Depth, Places::ATTRIBUTES, Some(1));
                counts.drop(Some(1));
            } else if tape.take(nodes.len() * layout::NODE_LEN + text.len()) {
                copy(nodes, text, start, tape);
                counts.kept += 1;
            } else {
                tape.drop_for_budget(counts);
            }
        }
    }

    fn key_of(&self, nodes: &[Node]) -> Option<&str> {
        let (at, len) = nodes.first()?.key();
        core::str::from_utf8(self.text.get(at..at + len)?).ok()
    }
}

/// Returns the greatest child depth of the containers in `nodes`, or 0 if there is no container.
fn depth(nodes: &[Node]) -> u8 {
    // The ends of the open containers, innermost last.
    let mut ends: Vec<usize> = Vec::new();
    let mut deepest = 0;
    for (at, node) in nodes.iter().enumerate() {
        while ends.last().is_some_and(|end| *end <= at) {
            ends.pop();
        }
        deepest = deepest.max(ends.len() + usize::from(node.is_container()));
        if node.is_container() {
            ends.push(at + node.subtree());
        }
    }
    u8::try_from(deepest).unwrap_or(u8::MAX)
}

/// Returns the distance from `from` to `to` modulo 2^32. A negative distance wraps around.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "modulo 2^32")]
fn distance(from: usize, to: usize) -> u32 {
    to.wrapping_sub(from) as u32
}

/// Copies nodes whose text begins at offset `start` of the text of their fragment.
#[inline(always)]
fn copy(nodes: &[Node], text: &[u8], start: usize, tape: &mut Tape<'_>) {
    let by = distance(start, tape.out.tail_len());
    tape.out.push_tail(text);
    for node in nodes {
        tape.out.push_head(node.moved(by));
    }
}
