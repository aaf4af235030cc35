//! Open containers: maps, arrays, and the attributes themselves.

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
    /// Its node.
    pub(crate) index: usize,
    pub(crate) flags: NodeFlags,
}

impl Container<'_, '_> {
    fn is_full(&self) -> bool {
        self.tape.is_full(&self.counts)
    }
}

/// Writes what is only known when a container ends: how many children it kept and how many nodes they are.
pub(super) fn close(tape: &mut Tape<'_>, counts: &Counts, index: usize, flags: NodeFlags) {
    let dropped = counts.dropped();
    if tape.error.is_some() {
        return;
    }
    if dropped > 0 {
        let marker = node(0, 0, layout::KIND_DROPPED, NodeFlags::NONE, dropped);
        tape.out.push(marker, &[], &[]);
        let flags = flags.with(NodeFlags::CHILDREN_DROPPED);
        let flags_at = layout::NODES + index * layout::NODE_LEN + layout::NODE_FLAGS;
        tape.out.patch_head(flags_at, &[flags.bits()]);
    } else {
        tape.give_back(layout::NODE_LEN);
    }
    let subtree = (tape.nodes() - index - 1) as u64;
    let value_at = layout::NODES + index * layout::NODE_LEN + layout::NODE_VALUE;
    let value = u64::from(counts.kept) | subtree << 32;
    tape.out.patch_head(value_at, &value.to_le_bytes());
}

impl Drop for Container<'_, '_> {
    fn drop(&mut self) {
        close(self.tape, &self.counts, self.index, self.flags);
    }
}

/// Where a map's children go: a container of its own, or the entry's attributes.
enum Level<'a, 'b> {
    Open(Container<'a, 'b>),
    Top { tape: &'a mut Tape<'b>, counts: &'a mut Counts, filter: Option<&'b super::KeyFilter> },
    Inert,
}

/// Writes the entries of a map, in the order they shall have. Keys may repeat: all are kept.
///
/// The map ends when the writer is dropped or [`end`](Self::end)ed.
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

    /// Writes one entry. Over the width limit (A2), `value` is not visited, only counted.
    #[inline(always)]
    pub fn entry<V: LogValue + ?Sized>(&mut self, key: &str, value: &V) -> &mut Self {
        let slot = self.slot(key);
        if !slot.is_inert() {
            value.log_value(slot);
        }
        self
    }

    /// [`entry`](Self::entry), for macros that write to entries and maps alike.
    #[doc(hidden)]
    #[inline(always)]
    pub fn __attribute<V: LogValue + ?Sized>(&mut self, key: &str, value: &V) {
        self.entry(key, value);
    }

    /// Writes one entry with a key that need not be text: see [`LogKey`] for how it becomes text.
    #[inline]
    pub fn keyed<K: LogKey + ?Sized, V: LogValue + ?Sized>(&mut self, key: &K, value: &V) -> &mut Self {
        key.with_key(|key| {
            self.entry(key, value);
        });
        self
    }

    /// Copies the attributes of `fragment` to the end of this map: see [`EntryWriter::append`](super::EntryWriter::append).
    /// In a map of its own, an attribute that would be too deep there is counted as dropped.
    #[inline]
    pub fn append(&mut self, fragment: &Fragment) -> &mut Self {
        match &mut self.level {
            Level::Open(Container { tape, counts, scope, .. }) => fragment.copy_to(tape, counts, scope, None),
            Level::Top { tape, counts, filter } => fragment.copy_to(tape, counts, &Scope::ROOT, *filter),
            Level::Inert => {}
        }
        self
    }

    /// The place of one entry's value.
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

    /// Whether every further entry would be dropped. A producer that stops here says what it leaves out with
    /// [`drop_rest`](Self::drop_rest).
    #[must_use]
    pub fn is_full(&self) -> bool {
        match &self.level {
            Level::Open(container) => container.is_full(),
            Level::Top { tape, counts, .. } => tape.is_full(counts),
            Level::Inert => true,
        }
    }

    /// Counts `entries` that are not offered because the map is full; `None` where nobody knows how many there are.
    pub fn drop_rest(&mut self, entries: Option<u64>) {
        match &mut self.level {
            Level::Open(container) => {
                container.tape.drop_unoffered(&mut container.counts, &container.scope, entries)
            }
            Level::Top { tape, counts, .. } => tape.drop_unoffered(counts, &Scope::ROOT, entries),
            Level::Inert => {}
        }
    }

    /// The place of one entry's value, where the map is the attributes or is inert.
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

    /// Whether `key` is wanted here, if there is room.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn wants(&self, key: &str) -> bool {
        match &self.level {
            Level::Top { filter: Some(filter), .. } => filter.contains(key),
            _ => true,
        }
    }

    /// Whether only some keys are wanted: how many of those not yet seen are, nobody knows.
    #[cfg(feature = "serde")]
    pub(super) fn is_filtered(&self) -> bool {
        matches!(&self.level, Level::Top { filter: Some(_), .. })
    }

    /// Whether what is written here is kept.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.level, Level::Inert)
    }

    /// What of this map is counted.
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

/// Writes the elements of an array.
///
/// The array ends when the writer is dropped or [`end`](Self::end)ed.
pub struct ArrayWriter<'a, 'b> {
    container: Option<Container<'a, 'b>>,
}

impl<'a, 'b> ArrayWriter<'a, 'b> {
    #[inline(always)]
    pub(crate) fn new(container: Option<Container<'a, 'b>>) -> Self {
        Self { container }
    }

    /// Writes one element. Over the width limit (A2), `value` is not visited, only counted.
    #[inline(always)]
    pub fn push<V: LogValue + ?Sized>(&mut self, value: &V) -> &mut Self {
        let slot = self.slot();
        if !slot.is_inert() {
            value.log_value(slot);
        }
        self
    }

    /// Writes one element: a map of what is in `fragment`.
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

    /// Writes the elements of a slice; those over the limits are counted without being visited.
    #[inline]
    pub fn extend_from_slice<V: LogValue>(&mut self, values: &[V]) -> &mut Self {
        self.extend(values.iter())
    }

    /// Writes the elements of an iterator that knows its length; those over the limits are counted, not visited.
    pub fn extend<V: LogValue>(&mut self, mut values: impl ExactSizeIterator<Item = V>) -> &mut Self {
        while !self.is_full() {
            let Some(value) = values.next() else { return self };
            self.push(&value);
        }
        self.drop_rest(Some(values.len() as u64));
        self
    }

    /// The place of one element.
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

    /// Whether every further element would be dropped. A producer that stops here says what it leaves out with
    /// [`drop_rest`](Self::drop_rest).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.container.as_ref().is_none_or(Container::is_full)
    }

    /// Counts `elements` that are not offered because the array is full; `None` where nobody knows how many.
    pub fn drop_rest(&mut self, elements: Option<u64>) {
        if let Some(container) = &mut self.container {
            container.tape.drop_unoffered(&mut container.counts, &container.scope, elements);
        }
    }

    /// Whether what is written here is kept.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn is_open(&self) -> bool {
        self.container.is_some()
    }

    /// What of this array is counted.
    #[cfg(any(feature = "json", feature = "serde"))]
    pub(super) fn ledger(&mut self) -> Option<(&mut Tape<'b>, &mut Counts)> {
        self.container.as_mut().map(|open| (&mut *open.tape, &mut open.counts))
    }

    /// Ends the array.
    pub fn end(self) {}
}
