//! Writers of open containers: maps, arrays, and the attributes of an entry.

use crate::format::entry as layout;
use crate::kind::NodeFlags;

use super::fragment::Fragment;
use super::key::LogKey;
use super::scope::{Counts, Key, Scope};
use super::slot::ValueWriter;
use super::tape::{Tape, node};
use super::value::LogValue;

/// A container whose node is written and whose children are being written.
pub(crate) struct Container<'a, 'b> {
    pub(crate) tape: &'a mut Tape<'b>,
    pub(crate) scope: Scope<'a>,
    pub(crate) counts: Counts,
    /// The index of its node.
    pub(crate) index: usize,
    pub(crate) flags: NodeFlags,
}

impl Container<'_, '_> {
    fn is_full(&self) -> bool {
        self.tape.is_full(&self.counts)
    }
}

/// Completes the node of a container with the number of kept children and the number of nodes in its subtree.
#[inline(always)]
pub(super) fn close(tape: &mut Tape<'_>, counts: &Counts, index: usize, flags: NodeFlags) {
    if tape.error.is_some() || counts.dropped() > 0 {
        close_short(tape, counts, index, flags);
    } else {
        tape.out.give_back(layout::NODE_LEN);
        complete(tape, counts, index);
    }
}

#[inline(always)]
fn complete(tape: &mut Tape<'_>, counts: &Counts, index: usize) {
    let subtree = (tape.nodes() - index - 1) as u64;
    let value_at = layout::NODES + index * layout::NODE_LEN + layout::NODE_VALUE;
    let value = u64::from(counts.kept) | subtree << 32;
    if tape.follows() && tape.follow_close(index, value) {
        return;
    }
    tape.out.patch_head(value_at, &value.to_le_bytes());
}

/// Completes the node of a container with dropped children. Does nothing if the entry has failed.
#[cold]
#[inline(never)]
fn close_short(tape: &mut Tape<'_>, counts: &Counts, index: usize, flags: NodeFlags) {
    if tape.error.is_some() {
        return;
    }
    tape.leave();
    let marker = node(0, 0, layout::KIND_DROPPED, NodeFlags::NONE, counts.dropped());
    tape.out.push(marker, &[], &[]);
    let flags = flags.with(NodeFlags::CHILDREN_DROPPED);
    let flags_at = layout::NODES + index * layout::NODE_LEN + layout::NODE_FLAGS;
    tape.out.patch_head(flags_at, &[flags.bits()]);
    complete(tape, counts, index);
}

impl Drop for Container<'_, '_> {
    #[inline(always)]
    fn drop(&mut self) {
        close(self.tape, &self.counts, self.index, self.flags);
    }
}

/// The container into which a map writer writes: a nested map, or the attributes of the entry.
enum Level<'a, 'b> {
    Open(Container<'a, 'b>),
    Top { tape: &'a mut Tape<'b>, counts: &'a mut Counts, filter: Option<&'b super::KeyFilter> },
    Inert,
}

/// A writer of the entries of a map, in the order of the calls. The map keeps all entries with the same key.
///
/// The map ends at the call of [`end`](Self::end) or when the writer is dropped.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
///
/// let mut buffer = [0; 1024];
/// let bytes = encode(&mut buffer, &Default::default(), |entry| {
///     let mut attributes = entry.attributes();
///     let mut request = attributes.slot("request").map();
///     request.entry("path", "/checkout").keyed(&404, "not found");
/// })?
/// .into_bytes();
/// let entry = EntryRef::new(bytes).unwrap();
/// assert!(entry.get("request.404").is_some_and(|value| value.as_str() == Some("not found")));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
pub struct MapWriter<'a, 'b> {
    level: Level<'a, 'b>,
}

impl<'a, 'b> MapWriter<'a, 'b> {
    #[inline(always)]
    pub(crate) fn new(container: Option<Container<'a, 'b>>) -> Self {
        Self { level: container.map_or(Level::Inert, Level::Open) }
    }

    #[inline(always)]
    pub(crate) fn top(
        tape: &'a mut Tape<'b>,
        counts: &'a mut Counts,
        filter: Option<&'b super::KeyFilter>,
    ) -> Self {
        Self { level: Level::Top { tape, counts, filter } }
    }

    /// Writes one map entry. If the map exceeds the width limit, the encoder counts `value` as dropped and does not
    /// visit it.
    #[inline(always)]
    pub fn entry<V: LogValue + ?Sized>(&mut self, key: &str, value: &V) -> &mut Self {
        let slot = self.slot(key);
        if !slot.is_inert() {
            value.log_value(slot);
        }
        self
    }

    /// Writes one map entry with a key of any type that implements [`LogKey`].
    ///
    /// ```
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| {
    ///     entry.attributes().slot("shards").map().keyed(&7, "ready").keyed(&8, "busy");
    /// })?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// assert_eq!(entry.get("shards.8").and_then(|state| state.as_str()), Some("busy"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn keyed<K: LogKey + ?Sized, V: LogValue + ?Sized>(&mut self, key: &K, value: &V) -> &mut Self {
        key.with_key(|key| {
            self.entry(key, value);
        });
        self
    }

    /// Copies the attributes of `fragment` to the end of this map, as
    /// [`EntryWriter::append`](super::EntryWriter::append) does. In a nested map, an attribute that exceeds the depth
    /// limit is counted as dropped.
    #[inline]
    pub fn append(&mut self, fragment: &Fragment) -> &mut Self {
        match &mut self.level {
            Level::Open(Container { tape, counts, scope, .. }) => fragment.copy_to(tape, counts, scope, None),
            Level::Top { tape, counts, filter } => fragment.copy_to(tape, counts, &Scope::ROOT, *filter),
            Level::Inert => {}
        }
        self
    }

    /// Returns a writer for the value of one map entry.
    #[inline(always)]
    pub fn slot<'s>(&'s mut self, key: &'s str) -> ValueWriter<'s, 'b> {
        match &mut self.level {
            Level::Open(Container { tape, scope, counts, .. }) => {
                if tape.admit_child(counts, scope) {
                    return ValueWriter::new(tape, counts, scope, Key::Name(key));
                }
            }
            Level::Top { tape, counts, filter } => {
                if filter.is_none_or(|filter| filter.contains(key)) && tape.admit_child(counts, &Scope::ROOT)
                {
                    return ValueWriter::new(tape, counts, &Scope::ROOT, Key::Name(key));
                }
            }
            Level::Inert => {}
        }
        ValueWriter::inert()
    }

    /// Returns whether the map cannot take another map entry. A producer that then stops reports the omitted map
    /// entries with [`drop_rest`](Self::drop_rest).
    #[must_use]
    pub fn is_full(&self) -> bool {
        match &self.level {
            Level::Open(container) => container.is_full(),
            Level::Top { tape, counts, .. } => tape.is_full(counts),
            Level::Inert => true,
        }
    }

    /// Counts `entries`, the number of map entries that the producer omits because the map is full. `None` means an
    /// unknown number.
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let limits = Limits { max_width: 2, ..Limits::default() };
    /// let names = ["a", "b", "c", "d"];
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &limits, |entry| {
    ///     let mut attributes = entry.attributes();
    ///     let mut users = attributes.slot("users").map();
    ///     for (n, name) in names.iter().enumerate() {
    ///         if users.is_full() {
    ///             users.drop_rest(Some((names.len() - n) as u64));
    ///             break;
    ///         }
    ///         users.entry(name, &n);
    ///     }
    /// })?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// assert_eq!(entry.trips().next().and_then(|trip| trip.lost), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drop_rest(&mut self, entries: Option<u64>) {
        match &mut self.level {
            Level::Open(container) => {
                container.tape.drop_unoffered(&mut container.counts, &container.scope, entries)
            }
            Level::Top { tape, counts, .. } => tape.drop_unoffered(counts, &Scope::ROOT, entries),
            Level::Inert => {}
        }
    }

    /// Returns a writer for the value of one attribute. The writer is inert if this map is not the attributes of the
    /// entry.
    #[cfg(feature = "serde")]
    pub(super) fn into_slot(self, key: &'a str) -> ValueWriter<'a, 'b> {
        if let Level::Top { tape, counts, filter } = self.level
            && filter.is_none_or(|filter| filter.contains(key))
            && tape.admit_child(counts, &Scope::ROOT)
        {
            return ValueWriter::new(tape, counts, &Scope::ROOT, Key::Name(key));
        }
        ValueWriter::inert()
    }

    /// Returns the parts of this map, or `None` if it ignores its entries.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn parts(
        &mut self,
    ) -> Option<(&mut Tape<'b>, &mut Counts, &Scope<'_>, Option<&'b super::KeyFilter>)> {
        match &mut self.level {
            Level::Open(Container { tape, counts, scope, .. }) => Some((tape, counts, scope, None)),
            Level::Top { tape, counts, filter } => Some((tape, counts, &Scope::ROOT, *filter)),
            Level::Inert => None,
        }
    }

    /// Returns whether the filter, if there is one, selects `key`.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn wants(&self, key: &str) -> bool {
        match &self.level {
            Level::Top { filter: Some(filter), .. } => filter.contains(key),
            _ => true,
        }
    }

    /// Returns whether a filter selects keys. The number of omitted entries is then unknown.
    #[cfg(feature = "serde")]
    pub(super) fn is_filtered(&self) -> bool {
        matches!(&self.level, Level::Top { filter: Some(_), .. })
    }

    /// Returns whether the map exists. An inert writer ignores its entries.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.level, Level::Inert)
    }

    /// Returns the tape and the counts of this map.
    #[cfg(any(feature = "json", feature = "serde"))]
    pub(super) fn ledger(&mut self) -> Option<(&mut Tape<'b>, &mut Counts)> {
        match &mut self.level {
            Level::Open(Container { tape, counts, .. }) => Some((tape, counts)),
            Level::Top { tape, counts, .. } => Some((tape, counts)),
            Level::Inert => None,
        }
    }

    /// Ends the map.
    pub fn end(self) {}
}

/// A writer of the elements of an array.
///
/// The array ends at the call of [`end`](Self::end) or when the writer is dropped.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| {
///     let mut attributes = entry.attributes();
///     let mut steps = attributes.slot("steps").array();
///     steps.push("parse").push("charge");
///     steps.slot().map().entry("name", "ship");
/// })?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// assert_eq!(entry.get("steps[2].name").and_then(|name| name.as_str()), Some("ship"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ArrayWriter<'a, 'b> {
    container: Option<Container<'a, 'b>>,
}

impl<'a, 'b> ArrayWriter<'a, 'b> {
    #[inline(always)]
    pub(crate) fn new(container: Option<Container<'a, 'b>>) -> Self {
        Self { container }
    }

    /// Writes one element. If the array exceeds the width limit, the encoder counts `value` as dropped and does not
    /// visit it.
    #[inline(always)]
    pub fn push<V: LogValue + ?Sized>(&mut self, value: &V) -> &mut Self {
        let slot = self.slot();
        if !slot.is_inert() {
            value.log_value(slot);
        }
        self
    }

    /// Writes one element: a map with the attributes of `fragment`.
    #[cfg(feature = "tracing")]
    #[inline]
    pub(crate) fn push_map_of(&mut self, fragment: &Fragment) {
        if let Some(Container { tape, scope, counts, .. }) = &mut self.container
            && fragment.copy_as_element(tape, counts, scope)
        {
            return;
        }
        self.slot().map().append(fragment);
    }

    /// Writes the elements of a slice. The encoder counts elements beyond the limits as
    /// dropped and does not visit them.
    #[inline]
    pub fn extend_from_slice<V: LogValue>(&mut self, values: &[V]) -> &mut Self {
        self.extend(values.iter())
    }

    /// Writes the elements of an iterator of known length. The encoder counts elements beyond the limits as dropped
    /// and does not visit them.
    ///
    /// ```
    /// use fusewire::Limits;
    /// use fusewire::decode::{EntryRef, Value};
    /// use fusewire::encode::encode;
    ///
    /// let limits = Limits { max_width: 3, ..Limits::default() };
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &limits, |entry| {
    ///     entry.attributes().slot("squares").array().extend((0..10_u32).map(|n| n * n));
    /// })?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// let Some(Value::Array(squares)) = entry.get("squares") else { panic!("squares is an array") };
    /// assert_eq!((squares.len(), squares.dropped()), (3, Some(7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn extend<V: LogValue>(&mut self, mut values: impl ExactSizeIterator<Item = V>) -> &mut Self {
        while !self.is_full() {
            let Some(value) = values.next() else { return self };
            self.push(&value);
        }
        self.drop_rest(Some(values.len() as u64));
        self
    }

    /// Returns a writer for one element.
    #[inline(always)]
    pub fn slot(&mut self) -> ValueWriter<'_, 'b> {
        if let Some(Container { tape, scope, counts, .. }) = &mut self.container
            && tape.admit_child(counts, scope)
        {
            let index = Key::Index(counts.offered());
            return ValueWriter::new(tape, counts, scope, index);
        }
        ValueWriter::inert()
    }

    /// Returns whether the array cannot take another element. A producer that then stops reports the omitted elements
    /// with [`drop_rest`](Self::drop_rest).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.container.as_ref().is_none_or(Container::is_full)
    }

    /// Counts `elements`, the number of elements that the producer omits because the array is full. `None` means an
    /// unknown number.
    pub fn drop_rest(&mut self, elements: Option<u64>) {
        if let Some(container) = &mut self.container {
            container.tape.drop_unoffered(&mut container.counts, &container.scope, elements);
        }
    }

    /// Returns whether the array exists. An inert writer ignores its elements.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        self.container.is_some()
    }

    /// Returns the tape and the counts of this array.
    #[cfg(any(feature = "json", feature = "serde"))]
    pub(super) fn ledger(&mut self) -> Option<(&mut Tape<'b>, &mut Counts)> {
        self.container.as_mut().map(|open| (&mut *open.tape, &mut open.counts))
    }

    /// Ends the array.
    pub fn end(self) {}
}
