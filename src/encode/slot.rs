//! The writer of one value.

use core::fmt;

use crate::format::entry as layout;
use crate::kind::{Kind, NodeFlags};
use crate::limits::OnDepth;
use crate::time::{OFFSET_UNKNOWN, Timestamp};
use crate::trip::{Places, TripCause};

use super::container::{ArrayWriter, Container, MapWriter};
use super::formatted;
use super::scope::{Counts, Key, Scope};
use super::tape::{Tape, node, span};

/// A writer of one value. Each method writes the value and consumes the writer. If no method is called, the entry
/// does not contain the value.
///
/// The methods return no error. The entry and its [`TripReport`](crate::TripReport) record the trips of the circuit
/// breaker. [`EntryWriter::finish`](super::EntryWriter::finish) returns an error that ends the entry.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| {
///     let mut attributes = entry.attributes();
///     attributes.slot("attempt").u64(3);
///     attributes.slot("id").fmt(format_args!("order-{}", 7));
///     attributes.slot("payload").bytes(b"\x00\xff");
/// })?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// assert_eq!(entry.get("id").and_then(|id| id.as_str()), Some("order-7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a slot that is not written omits the value"]
pub struct ValueWriter<'a, 'b> {
    target: Option<Target<'a, 'b>>,
}

/// The destination of the value. A writer without a destination ignores its value: the container is full or was cut,
/// or the filter rejects the key.
struct Target<'a, 'b> {
    tape: &'a mut Tape<'b>,
    counts: &'a mut Counts,
    scope: &'a Scope<'a>,
    key: Key<'a>,
}

impl<'a, 'b> ValueWriter<'a, 'b> {
    #[inline(always)]
    pub(crate) fn new(
        tape: &'a mut Tape<'b>,
        counts: &'a mut Counts,
        scope: &'a Scope<'a>,
        key: Key<'a>,
    ) -> Self {
        Self { target: Some(Target { tape, counts, scope, key }) }
    }

    /// Returns a writer that ignores its value.
    pub(crate) const fn inert() -> Self {
        Self { target: None }
    }

    /// Returns whether the writer ignores its value. The caller can then skip the computation of the value.
    #[must_use]
    pub fn is_inert(&self) -> bool {
        self.target.is_none()
    }

    #[inline(always)]
    fn scalar(self, kind: Kind, value: u64) {
        if let Some(Target { tape, counts, scope, key }) = self.target {
            tape.scalar(kind, key, value, counts, scope);
        }
    }

    #[inline(always)]
    fn span(self, kind: Kind, flags: NodeFlags, bytes: &[u8]) {
        if let Some(Target { tape, counts, scope, key }) = self.target {
            tape.span(kind, flags, key, bytes, counts, scope);
        }
    }

    /// Writes a scalar as [`u64`](Self::u64) does, in a separate function.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn scalar_apart(self, kind: Kind, value: u64) {
        if let Some(Target { tape, counts, scope, key }) = self.target {
            match key {
                Key::Name(name) => scalar_named(tape, counts, scope, name, value, kind),
                Key::Index(_) => tape.scalar(kind, key, value, counts, scope),
            }
        }
    }

    /// Writes text as [`str`](Self::str) does, in a separate function.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn str_apart(self, text: &str) {
        if let Some(Target { tape, counts, scope, key }) = self.target {
            match key {
                Key::Name(name) => text_named(tape, counts, scope, name, text),
                Key::Index(_) => {
                    tape.span(Kind::String, NodeFlags::NONE, key, text.as_bytes(), counts, scope);
                }
            }
        }
    }

    /// Writes a value of 16 bytes. It is written whole or not at all.
    #[cold]
    fn wide(self, kind: Kind, bytes: [u8; layout::WIDE_LEN]) {
        let Some(Target { tape, counts, scope, key }) = self.target else { return };
        if !tape.limits.allowed_kinds.contains(kind) {
            tape.refuse(kind.name(), key, counts, scope);
            return;
        }
        if tape.follow_wide(kind, key.text(), &bytes) {
            counts.kept += 1;
            return;
        }
        if !tape.take(layout::WIDE_LEN) {
            tape.drop_for_budget(counts);
            return;
        }
        let Some((at, key_len, flags)) = tape.begin_node(key.text(), counts) else {
            tape.give_back(layout::WIDE_LEN);
            return;
        };
        let value = span(tape.out.tail_len(), layout::WIDE_LEN);
        tape.out.push(node(at, key_len, kind as u8, flags.with(NodeFlags::WIDE), value), &bytes, &[]);
        counts.kept += 1;
    }

    /// Writes a null.
    #[inline(always)]
    pub fn null(self) {
        self.scalar(Kind::Null, 0);
    }

    /// Writes a boolean.
    #[inline(always)]
    pub fn bool(self, value: bool) {
        self.scalar(Kind::Bool, u64::from(value));
    }

    /// Writes a signed integer.
    #[inline(always)]
    pub fn i64(self, value: i64) {
        self.scalar(Kind::Int, value as u64);
    }

    /// Writes an unsigned integer.
    #[inline(always)]
    pub fn u64(self, value: u64) {
        self.scalar(Kind::Uint, value);
    }

    /// Writes a signed integer of up to 128 bits. An integer that does not fit in 64 bits takes 16 more bytes.
    #[inline(always)]
    pub fn i128(self, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.i64(value),
            Err(_) => self.wide(Kind::Int, value.to_le_bytes()),
        }
    }

    /// Writes an unsigned integer of up to 128 bits. An integer that does not fit in 64 bits takes 16 more bytes.
    #[inline(always)]
    pub fn u128(self, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.u64(value),
            Err(_) => self.wide(Kind::Uint, value.to_le_bytes()),
        }
    }

    /// Writes a double. The entry contains the bits of a NaN unchanged.
    #[inline(always)]
    pub fn f64(self, value: f64) {
        self.scalar(Kind::Float, value.to_bits());
    }

    /// Writes text. It is cut between two characters at
    /// [`Limits::max_string_bytes`](crate::Limits::max_string_bytes).
    #[inline(always)]
    pub fn str(self, text: &str) {
        self.span(Kind::String, NodeFlags::NONE, text.as_bytes());
    }

    /// Writes bytes. They are cut at [`Limits::max_string_bytes`](crate::Limits::max_string_bytes).
    #[inline(always)]
    pub fn bytes(self, bytes: &[u8]) {
        self.span(Kind::Bytes, NodeFlags::NONE, bytes);
    }

    /// Writes an instant. An instant without an offset, in the years 1677 to 2262, fits in its node. All other
    /// instants take 16 more bytes.
    #[inline(always)]
    pub fn timestamp(self, time: Timestamp) {
        match (time.utc_offset_minutes(), i64::try_from(time.unix_nanos())) {
            (None, Ok(nanos)) => self.scalar(Kind::Timestamp, nanos as u64),
            (offset, _) => {
                let mut bytes = [0; layout::WIDE_LEN];
                bytes[..8].copy_from_slice(&time.unix_seconds().to_le_bytes());
                bytes[8..12].copy_from_slice(&time.subsec_nanos().to_le_bytes());
                bytes[12..14].copy_from_slice(&offset.unwrap_or(OFFSET_UNKNOWN).to_le_bytes());
                self.wide(Kind::Timestamp, bytes);
            }
        }
    }

    /// Writes a span of time in nanoseconds. A duration that does not fit in 64 bits (292 years) takes 16 more
    /// bytes.
    ///
    /// ```
    /// use fusewire::decode::{EntryRef, Value};
    /// use fusewire::encode::encode;
    ///
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| {
    ///     entry.attributes().slot("took").duration_nanos(-1_500);
    /// })?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// assert!(matches!(entry.get("took"), Some(Value::Duration(-1_500))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn duration_nanos(self, nanos: i128) {
        match i64::try_from(nanos) {
            Ok(nanos) => self.scalar(Kind::Duration, nanos as u64),
            Err(_) => self.wide(Kind::Duration, nanos.to_le_bytes()),
        }
    }

    /// Writes formatted text. After [`Limits::max_formatted_bytes`](crate::Limits::max_formatted_bytes), the
    /// formatter returns an error to stop the formatting code. That code runs once, on the stack of the caller.
    pub fn fmt(self, args: fmt::Arguments<'_>) {
        let Some(Target { tape, counts, scope, key }) = self.target else { return };
        if !tape.limits.allowed_kinds.contains(formatted::KIND) {
            tape.refuse(formatted::KIND.name(), key, counts, scope);
            return;
        }
        if let Some(text) = args.as_str() {
            // The result of `as_str` depends on compiler optimizations. Both branches write the same value.
            let budget = tape.limits.max_formatted_bytes.min(tape.limits.max_string_bytes) as usize;
            if text.len() <= budget {
                tape.span(formatted::KIND, NodeFlags::FORMATTED, key, text.as_bytes(), counts, scope);
                return;
            }
        }
        if tape.follows() && tape.follow_format(key.text(), args, counts) {
            return;
        }
        let Some((key_at, key_len, key_flags)) = tape.begin_node(key.text(), counts) else { return };
        let at = tape.out.tail_len();
        let (len, flags) = formatted::format(tape, args, tape.limits.max_formatted_bytes, Places::ATTRIBUTES);
        let node = node(key_at, key_len, formatted::KIND as u8, flags.with(key_flags), span(at, len));
        tape.out.push_head(node);
        counts.kept += 1;
    }

    /// Writes text of this crate that comes in pieces. It is cut as [`str`](Self::str) cuts.
    #[cfg(feature = "serde")]
    pub(super) fn text(self, args: fmt::Arguments<'_>) {
        let Some(Target { tape, counts, scope, key }) = self.target else { return };
        if !tape.limits.allowed_kinds.contains(Kind::String) {
            tape.refuse(Kind::String.name(), key, counts, scope);
            return;
        }
        let Some((key_at, key_len, key_flags)) = tape.begin_node(key.text(), counts) else { return };
        let at = tape.out.tail_len();
        let (len, flags) = formatted::pieces(tape, args);
        let node = node(key_at, key_len, Kind::String as u8, flags.with(key_flags), span(at, len));
        tape.out.push_head(node);
        counts.kept += 1;
    }

    /// Begins a map and returns the writer of its entries. If the map exceeds the depth limit, it is cut: the
    /// returned writer ignores its entries, and [`is_full`](MapWriter::is_full) returns `true`.
    #[inline(always)]
    pub fn map(self) -> MapWriter<'a, 'b> {
        MapWriter::new(self.open(Kind::Map))
    }

    /// Begins an array and returns the writer of its elements. The encoder cuts an array that exceeds the depth
    /// limit, as it cuts a map.
    #[inline(always)]
    pub fn array(self) -> ArrayWriter<'a, 'b> {
        ArrayWriter::new(self.open(Kind::Array))
    }

    /// Refuses a value that an entry must not contain. [`Limits::on_type`](crate::Limits::on_type) defines the
    /// reaction.
    pub fn refuse(self, type_name: &'static str) {
        if let Some(Target { tape, counts, scope, key }) = self.target {
            tape.refuse(type_name, key, counts, scope);
        }
    }

    /// Returns a writer for the same value, for a producer that may fail or that adds flags later.
    #[cfg(any(feature = "json", feature = "serde"))]
    #[inline(always)]
    pub(super) fn reborrow(&mut self) -> ValueWriter<'_, 'b> {
        let target = self.target.as_mut().map(|Target { tape, counts, scope, key }| Target {
            tape,
            counts,
            scope,
            key: *key,
        });
        ValueWriter { target }
    }

    /// Returns the index of the next node, which will be the node of the value.
    #[cfg(feature = "json")]
    pub(super) fn next_node(&self) -> usize {
        self.target.as_ref().map_or(0, |target| target.tape.nodes())
    }

    /// Adds flags to the node of the value, if it has been written.
    #[cfg(feature = "json")]
    #[cold]
    pub(super) fn add_flags(self, node: usize, flags: NodeFlags) {
        let Some(Target { tape, .. }) = self.target else { return };
        tape.leave();
        let at = layout::NODES + node * layout::NODE_LEN + layout::NODE_FLAGS;
        if let Some(found) = tape.out.head_byte(at) {
            tape.out.patch_head(at, &[NodeFlags::from_bits(found).with(flags).bits()]);
        }
    }

    /// Returns the number of children that the container has been offered.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn offered(&self) -> u32 {
        self.target.as_ref().map_or(0, |target| target.counts.offered())
    }

    /// Records that the serialization of the value failed. If nothing was written since `offered`, counts the value
    /// as dropped.
    #[cfg(feature = "serde")]
    #[cold]
    pub(super) fn fail(self, offered: u32) {
        let Some(Target { tape, counts, .. }) = self.target else { return };
        if tape.error.is_some() {
            return;
        }
        if counts.offered() == offered {
            counts.drop(Some(1));
        }
        tape.report.record(TripCause::ValueError, Places::ATTRIBUTES, None);
    }

    /// Cuts a value that is nested too deep but is not a container, as at the depth limit.
    #[cfg(feature = "serde")]
    #[cold]
    pub(super) fn cut(self) {
        if let Some(Target { tape, counts, key, .. }) = self.target {
            cut_depth(tape, counts, key);
        }
    }

    #[inline(always)]
    pub(super) fn open(self, kind: Kind) -> Option<Container<'a, 'b>> {
        let Target { tape, counts, scope, key } = self.target?;
        if scope.child_depth >= tape.limits.max_depth {
            cut_depth(tape, counts, key);
            return None;
        }
        if !tape.limits.allowed_kinds.contains(kind) {
            tape.refuse(kind.name(), key, counts, scope);
            return None;
        }
        let index = tape.nodes();
        let flags = tape.open(kind, key, counts)?;
        let scope = Scope { parent: Some(scope), key, child_depth: scope.child_depth + 1 };
        Some(Container { tape, scope, counts: Counts::default(), index, flags })
    }
}

#[cfg(feature = "serde")]
#[inline(never)]
fn scalar_named(
    tape: &mut Tape<'_>,
    counts: &mut Counts,
    scope: &Scope<'_>,
    name: &str,
    value: u64,
    kind: Kind,
) {
    tape.scalar(kind, Key::Name(name), value, counts, scope);
}

#[cfg(feature = "serde")]
#[inline(never)]
fn text_named(tape: &mut Tape<'_>, counts: &mut Counts, scope: &Scope<'_>, name: &str, text: &str) {
    tape.span(Kind::String, NodeFlags::NONE, Key::Name(name), text.as_bytes(), counts, scope);
}

/// Replaces or omits a container that exceeds the depth limit.
#[cold]
#[inline(never)]
pub(super) fn cut_depth(tape: &mut Tape<'_>, counts: &mut Counts, key: Key<'_>) {
    if tape.error.is_some() {
        return;
    }
    match tape.limits.on_depth {
        OnDepth::Omit => counts.drop(Some(1)),
        OnDepth::Null => {
            let Some((at, key_len, flags)) = tape.begin_node(key.text(), counts) else { return };
            tape.out.push(node(at, key_len, Kind::Null as u8, flags.with(NodeFlags::DEPTH_CUT), 0), &[], &[]);
            counts.kept += 1;
        }
    }
    tape.report.record(TripCause::Depth, Places::ATTRIBUTES, Some(1));
}
