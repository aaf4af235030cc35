//! The place of one value.

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

/// Writes one value where it belongs, and is spent by that. A writer that is dropped unused writes nothing: the
/// value is absent.
///
/// Nothing here returns an error: what the fuse does to a value is in the entry and in its
/// [`TripReport`](crate::TripReport), and what ends the entry comes from
/// [`EntryWriter::finish`](super::EntryWriter::finish).
#[must_use = "a slot that is not written omits the value"]
pub struct ValueWriter<'a, 'b> {
    target: Option<Target<'a, 'b>>,
}

/// Where a live value goes. A writer without one swallows its value: its container is full, cut or filtered out.
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

    /// A writer whose value is not wanted.
    pub(crate) const fn inert() -> Self {
        Self { target: None }
    }

    /// Whether what is written here is thrown away: a producer of a costly value may skip it.
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

    /// A value of 16 bytes. It is written whole or not at all: no budget cuts it.
    #[cold]
    fn wide(self, kind: Kind, bytes: [u8; layout::WIDE_LEN]) {
        let Some(Target { tape, counts, scope, key }) = self.target else { return };
        if !tape.limits.allowed_kinds.contains(kind) {
            tape.refuse(kind.name(), key, counts, scope);
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

    /// Nothing.
    #[inline(always)]
    pub fn null(self) {
        self.scalar(Kind::Null, 0);
    }

    /// True or false.
    #[inline(always)]
    pub fn bool(self, value: bool) {
        self.scalar(Kind::Bool, u64::from(value));
    }

    /// A signed integer.
    #[inline(always)]
    pub fn i64(self, value: i64) {
        self.scalar(Kind::Int, value as u64);
    }

    /// An unsigned integer.
    #[inline(always)]
    pub fn u64(self, value: u64) {
        self.scalar(Kind::Uint, value);
    }

    /// A signed integer of up to 128 bits; takes 16 bytes more where it does not fit 64.
    #[inline(always)]
    pub fn i128(self, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.i64(value),
            Err(_) => self.wide(Kind::Int, value.to_le_bytes()),
        }
    }

    /// An unsigned integer of up to 128 bits; takes 16 bytes more where it does not fit 64.
    #[inline(always)]
    pub fn u128(self, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.u64(value),
            Err(_) => self.wide(Kind::Uint, value.to_le_bytes()),
        }
    }

    /// A double; NaN keeps its bits.
    #[inline(always)]
    pub fn f64(self, value: f64) {
        self.scalar(Kind::Float, value.to_bits());
    }

    /// Text, cut at [`Limits::max_string_bytes`](crate::Limits::max_string_bytes) between two characters.
    #[inline(always)]
    pub fn str(self, text: &str) {
        self.span(Kind::String, NodeFlags::NONE, text.as_bytes());
    }

    /// Bytes, cut at [`Limits::max_string_bytes`](crate::Limits::max_string_bytes).
    #[inline(always)]
    pub fn bytes(self, bytes: &[u8]) {
        self.span(Kind::Bytes, NodeFlags::NONE, bytes);
    }

    /// An instant. One without an offset, between 1677 and 2262, fits its node; others take 16 bytes more.
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

    /// A span of time in nanoseconds, negative or not; takes 16 bytes more where it does not fit 64 bits (292 years).
    #[inline(always)]
    pub fn duration_nanos(self, nanos: i128) {
        match i64::try_from(nanos) {
            Ok(nanos) => self.scalar(Kind::Duration, nanos as u64),
            Err(_) => self.wide(Kind::Duration, nanos.to_le_bytes()),
        }
    }

    /// Formatted text, stopped at [`Limits::max_formatted_bytes`](crate::Limits::max_formatted_bytes) by an error
    /// from its formatter (A6). The code that formats runs once; where it recurses, it recurses on the caller's stack.
    pub fn fmt(self, args: fmt::Arguments<'_>) {
        let Some(Target { tape, counts, scope, key }) = self.target else { return };
        if !tape.limits.allowed_kinds.contains(formatted::KIND) {
            tape.refuse(formatted::KIND.name(), key, counts, scope);
            return;
        }
        if let Some(text) = args.as_str() {
            // Whether there is such a text depends on how far the compiler optimises: both roads give the same.
            let budget = tape.limits.max_formatted_bytes.min(tape.limits.max_string_bytes) as usize;
            if text.len() <= budget {
                tape.span(formatted::KIND, NodeFlags::FORMATTED, key, text.as_bytes(), counts, scope);
                return;
            }
        }
        let Some((key_at, key_len, key_flags)) = tape.begin_node(key.text(), counts) else { return };
        let at = tape.out.tail_len();
        let (len, flags) = formatted::format(tape, args, tape.limits.max_formatted_bytes, Places::ATTRIBUTES);
        let node = node(key_at, key_len, formatted::KIND as u8, flags.with(key_flags), span(at, len));
        tape.out.push(node, &[], &[]);
        counts.kept += 1;
    }

    /// Text that comes in pieces, from code that is not foreign: cut as [`str`](Self::str) cuts.
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
        tape.out.push(node, &[], &[]);
        counts.kept += 1;
    }

    /// A map, whose entries are written through the returned writer. Too deep (A1), it is cut: the writer swallows
    /// what it is given and says [`is_full`](MapWriter::is_full) at once.
    #[inline(always)]
    pub fn map(self) -> MapWriter<'a, 'b> {
        MapWriter::new(self.open(Kind::Map))
    }

    /// An array, whose elements are written through the returned writer; cut where too deep, as a map is.
    #[inline(always)]
    pub fn array(self) -> ArrayWriter<'a, 'b> {
        ArrayWriter::new(self.open(Kind::Array))
    }

    /// A value that may not be written (A3): what happens is [`Limits::on_type`](crate::Limits::on_type).
    pub fn refuse(self, type_name: &'static str) {
        if let Some(Target { tape, counts, scope, key }) = self.target {
            tape.refuse(type_name, key, counts, scope);
        }
    }

    /// The same place again, for a producer that may fail or has more to say of the value.
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

    /// The number that the value's node will have.
    #[cfg(feature = "json")]
    pub(super) fn next_node(&self) -> usize {
        self.target.as_ref().map_or(0, |target| target.tape.nodes())
    }

    /// Adds flags to the value's node, where it has been written.
    #[cfg(feature = "json")]
    #[cold]
    pub(super) fn add_flags(self, node: usize, flags: NodeFlags) {
        let Some(Target { tape, .. }) = self.target else { return };
        let at = layout::NODES + node * layout::NODE_LEN + layout::NODE_FLAGS;
        if let Some(found) = tape.out.head_byte(at) {
            tape.out.patch_head(at, &[NodeFlags::from_bits(found).with(flags).bits()]);
        }
    }

    /// Children that the container has been offered so far.
    #[cfg(feature = "serde")]
    #[inline(always)]
    pub(super) fn offered(&self) -> u32 {
        self.target.as_ref().map_or(0, |target| target.counts.offered())
    }

    /// Records that the value could not say itself. Where it has written nothing since `offered`, it is dropped.
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

    /// A value that nests too deep without being a container: it is cut as one (A1).
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

/// A container deeper than the limit (A1).
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
