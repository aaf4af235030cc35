//! The nodes and the text of an entry during encoding, and the circuit breaker.

use crate::error::EncodeError;
use crate::format::bytes::{FNV_BASIS, fnv1a64};
use crate::format::entry as layout;
use crate::kind::{Kind, NodeFlags};
use crate::limits::{Limits, OnLongKey, OnType, OnWidth};
use crate::map::buffer::{GapBuffer, STRING_OVERHEAD};
use crate::trip::{Places, TripCause, TripReport};

use super::direct::LikeWriter;
use super::scope::{Counts, Key, Scope};
use super::writer::{UNSET, u32_bytes};

/// The bytes of the budget of an entry that are reserved for `finish`: the trips with their padding and length, and
/// one empty string for the header fields that were not set.
const RESERVED: usize = 7 + 4 + TRIPS_MAX + 3 + 5;
const TRIPS_MAX: usize = TripCause::ALL.len() * layout::TRIP_LEN;
const _: () = assert!(layout::text_start(0) + RESERVED + 512 <= Limits::MIN_ENTRY_BYTES as usize);

/// The space for nodes before the text, if the buffer is large enough. An entry with at most this number of nodes
/// moves its text once, at the end.
const GAP: usize = 16 * layout::NODE_LEN;

/// The nodes and the text of one entry, and the state of the circuit breaker. The budget of `out` is the remaining
/// budget of the entry. It is 0 after the entry has failed.
pub(crate) struct Tape<'b> {
    pub(crate) out: GapBuffer<'b>,
    pub(crate) limits: Limits,
    pub(crate) report: LazyReport,
    pub(crate) error: Option<EncodeError>,
    /// The offsets of the strings of the header in the text, or [`UNSET`].
    pub(super) target: u32,
    pub(super) body: u32,
    pub(super) thread: u32,
    /// The like entry, while the attempt to write one goes on. Nothing is written to `out` in this time.
    pub(super) like: Option<LikeWriter<'b>>,
}

impl<'b> Tape<'b> {
    #[inline(always)]
    pub(crate) fn new(make: impl FnOnce(usize, usize, usize) -> GapBuffer<'b>, limits: &Limits) -> Self {
        let limits = limits.clamped();
        let budget = limits.max_entry_bytes as usize - layout::text_start(0) - RESERVED;
        Self {
            out: make(layout::NODES, GAP, budget),
            limits,
            report: LazyReport(None),
            error: None,
            target: UNSET,
            body: UNSET,
            thread: UNSET,
            like: None,
        }
    }

    /// Returns the number of nodes written.
    #[inline(always)]
    pub(crate) fn nodes(&self) -> usize {
        if let Some(like) = &self.like {
            return like.next;
        }
        (self.out.head_len() - layout::NODES) / layout::NODE_LEN
    }

    /// Returns whether the container has the maximum number of children.
    #[inline(always)]
    fn is_wide(&self, counts: &Counts) -> bool {
        counts.kept >= u32::from(self.limits.max_width)
    }

    /// Returns whether the container can take no more children, because of its width or of the budget of the entry.
    #[inline(always)]
    pub(crate) fn is_full(&self, counts: &Counts) -> bool {
        self.is_wide(counts) || self.left() < layout::NODE_LEN
    }

    /// Ends the entry with `error`. The first error is kept.
    pub(crate) fn fail(&mut self, error: EncodeError) {
        self.error.get_or_insert(error);
        self.out.exhaust();
    }

    /// Returns whether the container can take another child. If not, counts the child as dropped.
    #[inline(always)]
    pub(crate) fn admit_child(&mut self, counts: &mut Counts, scope: &Scope<'_>) -> bool {
        if !self.is_wide(counts) {
            return true;
        }
        self.drop_children(counts, scope, Some(1));
        false
    }

    /// Records children that exceed the width limit. Counts one trip for each container.
    #[cold]
    #[inline(never)]
    pub(crate) fn drop_children(&mut self, counts: &mut Counts, scope: &Scope<'_>, children: Option<u64>) {
        if children == Some(0) {
            return;
        }
        if self.limits.on_width == OnWidth::Reject {
            self.fail(EncodeError::TooWide { path: scope.own_path(), max_width: self.limits.max_width });
        }
        counts.drop(children);
        self.report.record_in_run(TripCause::Width, Places::ATTRIBUTES, children, !counts.too_wide);
        counts.too_wide = true;
    }

    /// Counts children that the producer omitted because the container was full, under the limit that was reached.
    pub(crate) fn drop_unoffered(&mut self, counts: &mut Counts, scope: &Scope<'_>, children: Option<u64>) {
        if self.is_wide(counts) {
            self.drop_children(counts, scope, children);
        } else if children != Some(0) && self.error.is_none() {
            counts.drop(children);
            self.report.record(TripCause::EntryBytes, Places::ATTRIBUTES, children);
        }
    }

    /// Counts a value that exceeds the budget of the entry.
    #[cold]
    pub(crate) fn drop_for_budget(&mut self, counts: &mut Counts) {
        if self.error.is_none() {
            counts.drop(Some(1));
            self.report.record(TripCause::EntryBytes, Places::ATTRIBUTES, Some(1));
        }
    }

    /// Writes a value that fits its node.
    #[inline(always)]
    pub(crate) fn scalar(
        &mut self,
        kind: Kind,
        key: Key<'_>,
        value: u64,
        counts: &mut Counts,
        scope: &Scope<'_>,
    ) {
        let name = key.text();
        let is_plain = self.is_plain(kind, name);
        if !(is_plain && self.plain(kind, name, NodeFlags::NONE, &[], |_| value, 0, counts)) {
            let (name, index) = key.parts();
            self.guarded_scalar(kind, name, index, value, counts, scope);
        }
    }

    // The key is passed in registers: a reference to it would force the key of every value into memory.
    #[cold]
    #[inline(never)]
    fn guarded_scalar(
        &mut self,
        kind: Kind,
        name: &str,
        index: Option<u32>,
        value: u64,
        counts: &mut Counts,
        scope: &Scope<'_>,
    ) {
        if self.follow_scalar(kind, name, value) {
            counts.kept += 1;
            return;
        }
        self.guarded(kind, Key::of(name, index), NodeFlags::NONE, &[], Some(value), counts, scope);
    }

    /// Writes a value that is a span of `bytes`.
    #[inline(always)]
    pub(crate) fn span(
        &mut self,
        kind: Kind,
        flags: NodeFlags,
        key: Key<'_>,
        bytes: &[u8],
        counts: &mut Counts,
        scope: &Scope<'_>,
    ) {
        let name = key.text();
        let is_plain = bytes.len() <= self.limits.max_string_bytes as usize && self.is_plain(kind, name);
        if !(is_plain && self.plain(kind, name, flags, bytes, |at| span(at, bytes.len()), 0, counts)) {
            let (name, index) = key.parts();
            self.guarded_span(kind, flags, name, index, bytes, counts, scope);
        }
    }

    #[cold]
    #[inline(never)]
    #[expect(clippy::too_many_arguments, reason = "the parts of one node")]
    fn guarded_span(
        &mut self,
        kind: Kind,
        flags: NodeFlags,
        name: &str,
        index: Option<u32>,
        bytes: &[u8],
        counts: &mut Counts,
        scope: &Scope<'_>,
    ) {
        if self.follow_span(kind, flags, name, bytes) {
            counts.kept += 1;
            return;
        }
        self.guarded(kind, Key::of(name, index), flags, bytes, None, counts, scope);
    }

    /// Returns whether no limit applies to the kind and the key.
    #[inline(always)]
    pub(super) fn is_plain(&self, kind: Kind, name: &str) -> bool {
        // No limit is less than this minimum. For a literal, the compiler evaluates the comparison.
        let is_short = name.len() <= usize::from(Limits::MIN_KEY_BYTES);
        (is_short || name.len() <= usize::from(self.limits.max_key_bytes))
            && self.limits.allowed_kinds.contains(kind)
    }

    /// Writes a node whose kind and key no limit applies to, and takes `reserve` more bytes from the budget. Does
    /// nothing and returns `false` if the budget or the space is too small for a write without further checks.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "the parts of one node")]
    fn plain(
        &mut self,
        kind: Kind,
        name: &str,
        flags: NodeFlags,
        bytes: &[u8],
        value: impl FnOnce(usize) -> u64,
        reserve: usize,
        counts: &mut Counts,
    ) -> bool {
        let at = self.out.tail_len();
        let node = node(at, name.len(), kind as u8, flags, value(at + name.len()));
        let is_written = self.out.try_push(node, name.as_bytes(), bytes, reserve);
        if is_written {
            counts.kept += 1;
        }
        is_written
    }

    /// Writes the node of a container whose children follow; `close` completes the node. Also takes the space of a
    /// second node, which contains the number of dropped children. `close` returns this space if no child was
    /// dropped.
    #[inline(always)]
    pub(crate) fn open(&mut self, kind: Kind, key: Key<'_>, counts: &mut Counts) -> Option<NodeFlags> {
        let name = key.text();
        if self.is_plain(kind, name)
            && self.plain(kind, name, NodeFlags::NONE, &[], |_| 0, layout::NODE_LEN, counts)
        {
            return Some(NodeFlags::NONE);
        }
        self.open_guarded(kind, name, counts)
    }

    #[cold]
    #[inline(never)]
    fn open_guarded(&mut self, kind: Kind, name: &str, counts: &mut Counts) -> Option<NodeFlags> {
        if self.follow_open(kind, name) {
            counts.kept += 1;
            return Some(NodeFlags::NONE);
        }
        if !self.take(layout::NODE_LEN) {
            self.drop_for_budget(counts);
            return None;
        }
        let Some((at, key_len, flags)) = self.begin_node(name, counts) else {
            self.give_back(layout::NODE_LEN);
            return None;
        };
        self.out.push(node(at, key_len, kind as u8, flags, 0), &[], &[]);
        counts.kept += 1;
        Some(flags)
    }

    /// Writes a value to which a limit applies: a part of it is cut, replaced or refused.
    #[cold]
    #[inline(never)]
    #[expect(clippy::too_many_arguments, reason = "the parts of one node")]
    fn guarded(
        &mut self,
        kind: Kind,
        key: Key<'_>,
        flags: NodeFlags,
        bytes: &[u8],
        value: Option<u64>,
        counts: &mut Counts,
        scope: &Scope<'_>,
    ) {
        if !self.limits.allowed_kinds.contains(kind) {
            self.refuse(kind.name(), key, counts, scope);
            return;
        }
        let Some((at, key_len, key_flags)) = self.begin_node(key.text(), counts) else { return };
        let (kept, cut) = self.cut_to_budget(kind, bytes, Places::ATTRIBUTES);
        let value = value.unwrap_or_else(|| span(self.out.tail_len(), kept.len()));
        self.take(kept.len());
        self.out.push(node(at, key_len, kind as u8, flags.with(key_flags).with(cut), value), kept, &[]);
        counts.kept += 1;
    }

    /// Takes the bytes of a node from the budget and writes its key, cut or hashed if it is too long. Returns the
    /// offset of the key, its length and its flags. If the entry is full, counts the value as dropped and returns
    /// `None`.
    pub(crate) fn begin_node(
        &mut self,
        name: &str,
        counts: &mut Counts,
    ) -> Option<(usize, usize, NodeFlags)> {
        let max = usize::from(self.limits.max_key_bytes);
        let key = ShortKey::new(name, max, self.limits.on_long_key);
        let (text, flags) = key.parts();
        if !self.take(layout::NODE_LEN + text.len()) {
            self.drop_for_budget(counts);
            return None;
        }
        if flags != NodeFlags::NONE {
            let lost = name.len() - if flags == NodeFlags::KEY_CUT { text.len() } else { 0 };
            self.report.record(TripCause::KeyBytes, Places::ATTRIBUTES, Some(lost as u64));
        }
        let at = self.out.tail_len();
        self.out.push_tail(text.as_bytes());
        Some((at, text.len(), flags))
    }

    /// Returns the first bytes that the budgets of the string and of the entry allow. A string is cut between two
    /// characters.
    pub(crate) fn cut_to_budget<'s>(
        &mut self,
        kind: Kind,
        bytes: &'s [u8],
        place: Places,
    ) -> (&'s [u8], NodeFlags) {
        let string_budget = self.limits.max_string_bytes as usize;
        let budget = string_budget.min(self.left());
        if bytes.len() <= budget {
            return (bytes, NodeFlags::NONE);
        }
        let kept = if kind == Kind::String { floor_char(bytes, budget) } else { &bytes[..budget] };
        if budget == string_budget {
            self.report.record(TripCause::StringBytes, place, Some((bytes.len() - kept.len()) as u64));
        } else {
            self.report.record(TripCause::EntryBytes, place, Some(0));
        }
        (kept, NodeFlags::VALUE_CUT)
    }

    /// Takes `bytes` from the budget. Takes nothing and returns `false` if the budget is too small.
    #[inline(always)]
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        if self.like.is_some() {
            // The caller writes to the tape.
            self.leave();
        }
        self.out.take(bytes)
    }

    /// Appends the padding and the length of a string whose text and NUL follow, and takes [`STRING_OVERHEAD`] bytes from
    /// the budget. Returns the offset of the string in the text, or `None` if the budget is too small.
    #[inline(always)]
    pub(super) fn open_string(&mut self) -> Option<usize> {
        if !self.take(STRING_OVERHEAD) {
            return None;
        }
        let len = self.out.tail_len();
        let padding = len.wrapping_neg() % 4;
        self.out.push_tail(&[0; 7][..padding + 4]);
        Some(len + padding)
    }

    /// Completes a string of `len` bytes at the offset `at` of the text.
    #[inline(always)]
    pub(super) fn close_string(&mut self, at: usize, len: usize) {
        self.out.push_tail(&[0]);
        self.out.patch_tail(at, u32_bytes(len));
    }

    /// Returns unused bytes to the budget.
    #[inline(always)]
    pub(crate) fn give_back(&mut self, bytes: usize) {
        if self.error.is_none() {
            self.out.give_back(bytes);
        }
    }

    /// Returns the remaining budget of the entry in bytes.
    #[inline(always)]
    pub(crate) fn left(&self) -> usize {
        self.out.left()
    }

    /// Handles a value of a refused type.
    #[cold]
    #[inline(never)]
    pub(crate) fn refuse(
        &mut self,
        type_name: &'static str,
        key: Key<'_>,
        counts: &mut Counts,
        scope: &Scope<'_>,
    ) {
        match self.limits.on_type {
            OnType::Reject => self.fail(EncodeError::SerializeBlocked { path: scope.path(key), type_name }),
            OnType::Omit => {
                counts.drop(Some(1));
                self.report.record(TripCause::Type, Places::ATTRIBUTES, Some(1));
            }
            OnType::Replace => {
                let Some((at, key_len, key_flags)) = self.begin_node(key.text(), counts) else { return };
                self.report.record(TripCause::Type, Places::ATTRIBUTES, Some(1));
                let (kept, cut) = self.cut_to_budget(Kind::String, type_name.as_bytes(), Places::ATTRIBUTES);
                let flags = NodeFlags::TYPE_REPLACED.with(key_flags).with(cut);
                let value = span(self.out.tail_len(), kept.len());
                self.take(kept.len());
                self.out.push(node(at, key_len, Kind::String as u8, flags, value), kept, &[]);
                counts.kept += 1;
            }
        }
    }
}

/// The report of an entry. The report exists only after the first trip, because an entry without trips need not
/// initialise it.
pub(crate) struct LazyReport(Option<TripReport>);

static CLEAN: TripReport = TripReport::CLEAN;

impl LazyReport {
    /// Returns the report.
    pub(crate) fn get(&self) -> &TripReport {
        self.0.as_ref().unwrap_or(&CLEAN)
    }

    /// Returns whether the circuit breaker did not trip.
    #[inline(always)]
    pub(crate) fn is_clean(&self) -> bool {
        self.0.is_none()
    }

    /// Adds one trip. See [`TripReport::record`].
    #[cold]
    pub(crate) fn record(&mut self, cause: TripCause, place: Places, lost: Option<u64>) {
        self.0.get_or_insert_default().record(cause, place, lost);
    }

    /// Adds a loss to a run of losses. See [`TripReport::record_in_run`].
    #[cold]
    pub(crate) fn record_in_run(&mut self, cause: TripCause, place: Places, lost: Option<u64>, first: bool) {
        self.0.get_or_insert_default().record_in_run(cause, place, lost, first);
    }

    /// Adds the trips of another report.
    #[inline]
    pub(crate) fn merge(&mut self, other: &TripReport) {
        if !other.is_clean() {
            self.0.get_or_insert_default().merge(other);
        }
    }
}

/// Returns the bytes of a node.
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "offsets are under MAX_ENTRY_BYTES = 2^24, keys under 2^16"
)]
pub(crate) fn node(
    key_at: usize,
    key_len: usize,
    kind: u8,
    flags: NodeFlags,
    value: u64,
) -> [u8; layout::NODE_LEN] {
    let key_at = if key_len == 0 { 0 } else { key_at as u32 };
    let low = u64::from(key_at)
        | (key_len as u64) << (8 * layout::NODE_KEY_LEN)
        | u64::from(kind) << (8 * layout::NODE_KIND)
        | u64::from(flags.bits()) << (8 * layout::NODE_FLAGS);
    (u128::from(low) | u128::from(value) << (8 * layout::NODE_VALUE)).to_le_bytes()
}

/// Returns a span as the value of a node.
#[inline(always)]
#[expect(clippy::cast_possible_truncation, reason = "offsets and lengths are under MAX_ENTRY_BYTES = 2^24")]
pub(crate) fn span(at: usize, len: usize) -> u64 {
    layout::span(at as u32, len as u32)
}

/// Returns the longest beginning of `bytes` that has at most `budget` bytes and does not end inside a character.
fn floor_char(bytes: &[u8], budget: usize) -> &[u8] {
    let mut end = budget.min(bytes.len());
    // A character has at most three continuation bytes (10xxxxxx).
    while end > 0 && budget - end < 4 && bytes.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end -= 1;
    }
    &bytes[..end]
}

/// The form in which a key is written.
enum ShortKey<'k> {
    Whole(&'k str),
    Cut(&'k str),
    Hashed([u8; HASHED_LEN]),
}

const HASH_PREFIX: &[u8; 8] = b"fnv1a64:";
const HASHED_LEN: usize = HASH_PREFIX.len() + 16;
const _: () = assert!(HASHED_LEN <= Limits::MIN_KEY_BYTES as usize);

impl<'k> ShortKey<'k> {
    #[inline]
    fn new(name: &'k str, max: usize, response: OnLongKey) -> Self {
        if name.len() <= max {
            return Self::Whole(name);
        }
        match response {
            OnLongKey::Cut => Self::Cut(&name[..name.floor_char_boundary(max)]),
            OnLongKey::Hash => {
                let mut text = [0; HASHED_LEN];
                text[..HASH_PREFIX.len()].copy_from_slice(HASH_PREFIX);
                let hash = key_hash(name.as_bytes());
                for (i, digit) in text[HASH_PREFIX.len()..].iter_mut().enumerate() {
                    *digit = b"0123456789abcdef"[(hash >> (60 - 4 * i) & 0xF) as usize];
                }
                Self::Hashed(text)
            }
        }
    }

    fn parts(&self) -> (&str, NodeFlags) {
        match self {
            Self::Whole(name) => (name, NodeFlags::NONE),
            Self::Cut(name) => (name, NodeFlags::KEY_CUT),
            Self::Hashed(text) => (core::str::from_utf8(text).unwrap_or(""), NodeFlags::KEY_HASHED),
        }
    }
}

/// Returns the FNV-1a hash of the first 64 KiB and of the length, so the time for a longer key is bounded.
fn key_hash(key: &[u8]) -> u64 {
    const HASHED_BYTES: usize = 64 << 10;
    let head = fnv1a64(FNV_BASIS, &key[..key.len().min(HASHED_BYTES)]);
    if key.len() > HASHED_BYTES { fnv1a64(head, &(key.len() as u64).to_le_bytes()) } else { head }
}
