//! A view of a like entry: its bytes, and the base from which it differs.
//!
//! The view copies nothing. [`expand`] writes the entry as a canonical entry. The work of each function is bounded by the
//! length of the base and of the like entry.

use crate::error::{DecodeError, DecodeFault};
use crate::format::bytes::{u32_at, u64_at};
use crate::format::entry as layout;
use crate::format::like::{self, Base, Cell, Facts, Parts};
use crate::kind::{Kind, NodeFlags};
use crate::text::Text;
use crate::trace::TraceContext;

use super::entry::EntryRef;
use super::like_tape::{LikeTape, content};
pub(crate) use super::paths::Paths;
use super::tape::{Node, Tape};
use super::value::Value;
use super::values::Values;
use super::{fault, out_of_bounds};

/// The part of a like entry that a reader can use without the base.
#[derive(Clone, Copy)]
pub struct LikeHead<'a> {
    bytes: &'a [u8],
    /// The classes, the cells and the texts.
    values: &'a [u8],
}

impl<'a> LikeHead<'a> {
    /// Returns a view of the like entry that consists of all bytes of `bytes`.
    ///
    /// # Errors
    /// The layout is not that of a like entry.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if !bytes.starts_with(&like::PREFIX) {
            return Err(invalid(
                0,
                "prefix",
                u32_at(bytes, 0).unwrap_or(0).into(),
                "the prefix of a like entry",
            ));
        }
        let short = out_of_bounds(0, "like entry", like::TRACE as u64, bytes.len());
        let (offset, len) = (u32_at(bytes, like::DATA_OFFSET), u32_at(bytes, like::DATA_LEN));
        let (Some(offset), Some(len), Some(form)) = (offset, len, bytes.get(like::FORM)) else {
            return Err(short);
        };
        if offset as usize != like::DATA_LEN - like::DATA_OFFSET {
            return Err(invalid(like::DATA_OFFSET, "data offset", offset.into(), "4"));
        }
        if len as usize != bytes.len() - like::FORM {
            return Err(invalid(like::DATA_LEN, "data length", len.into(), "the bytes after it"));
        }
        if form & !like::FORM_TRACE != 0 {
            return Err(invalid(like::FORM, "form", (*form).into(), "0 or 1"));
        }
        if bytes.len() > like::MAX_LEN {
            return Err(invalid(0, "length", bytes.len() as u64, "at most 16 MiB - 32 KiB"));
        }
        let available = bytes.len();
        Self::known(bytes).ok_or(out_of_bounds(like::FORM, "trace", like::TRACE_END as u64, available))
    }

    /// Returns a view of the like entry `bytes`, which [`new`](Self::new) has accepted before. Returns `None` for no bytes.
    #[inline(always)]
    pub(crate) fn known(bytes: &'a [u8]) -> Option<Self> {
        let has_trace = bytes.get(like::FORM)? & like::FORM_TRACE != 0;
        let values = bytes.get(if has_trace { like::TRACE_END } else { like::TRACE }..)?;
        Some(Self { bytes, values })
    }

    /// Returns the classes, the cells and the texts.
    #[inline(always)]
    pub(crate) fn values(&self) -> &'a [u8] {
        self.values
    }

    /// Returns the slot of the frame with the base.
    #[must_use]
    #[inline]
    pub fn base(&self) -> u32 {
        u32_at(self.bytes, like::BASE).unwrap_or(0)
    }

    /// Returns the checksum of the base.
    #[must_use]
    #[inline]
    pub fn base_check(&self) -> u32 {
        u32_at(self.bytes, like::BASE_CHECK).unwrap_or(0)
    }

    /// Returns the time in nanoseconds since the Unix epoch, or 0 if it is not known.
    #[must_use]
    #[inline]
    pub fn time_unix_nano(&self) -> u64 {
        u64_at(self.bytes, like::TIME).unwrap_or(0)
    }

    /// Returns the ids of the trace and the span, or [`TraceContext::NONE`] if there are none.
    #[must_use]
    #[inline]
    pub fn trace(&self) -> TraceContext {
        let flags = self.bytes.get(like::TRACE_FLAGS).copied().unwrap_or(0);
        if self.bytes.get(like::FORM).is_none_or(|form| form & like::FORM_TRACE == 0) {
            return TraceContext { flags, ..TraceContext::NONE };
        }
        let word = |i: usize| u64_at(self.bytes, like::TRACE + 8 * i).unwrap_or(0);
        TraceContext { trace_id: u128::from(word(0)) << 64 | u128::from(word(1)), span_id: word(2), flags }
    }
}

/// Returns the entry `bytes` as a base.
///
/// # Errors
/// The entry is not valid, or it cannot be a base.
pub fn base(bytes: &[u8]) -> Result<Base<'_>, DecodeError> {
    let base =
        Base::new(bytes).ok_or(invalid(0, "base", bytes.len() as u64, "an entry that can be a base"))?;
    EntryRef::new(bytes)?.verify()?;
    Ok(base)
}

/// Returns a view of the like entry with the head `head` and the base `base`.
///
/// # Errors
/// The base is another entry than the base of the like entry, or the cells or the texts of the header are outside the entry.
#[inline]
pub fn view<'a>(head: LikeHead<'a>, base: Base<'a>) -> Result<EntryRef<'a>, DecodeError> {
    view_of(head, base.bytes(), base.facts(), None)
}

/// Returns a view as [`view`] does. `facts` and `paths` are those of the base with the bytes `base`.
///
/// # Errors
/// The errors of [`view`].
#[inline]
pub(crate) fn view_of<'a>(
    head: LikeHead<'a>,
    base: &'a [u8],
    facts: Facts,
    paths: Option<&'a Paths>,
) -> Result<EntryRef<'a>, DecodeError> {
    if head.base_check() != facts.check() {
        let found = facts.check().into();
        return Err(invalid(like::BASE_CHECK, "base check", found, "the checksum of the base"));
    }
    let mut values = Values::new(head.values, facts.leaves())?;
    let first = values.position;
    // The later reads of the body and of the thread name succeed.
    for _ in 0..like::HEADER_LEAVES {
        values.text(&[])?;
    }
    Ok(EntryRef::of_like(base, head.bytes, first, paths))
}

/// Checks a like entry against all rules of the format. The base is valid, so its structure is not checked again.
///
/// # Errors
/// Returns the first fault. Its offset is that in the base if the fault is in a value.
pub(super) fn verify(entry: &EntryRef<'_>) -> Result<(), DecodeError> {
    let Some((body, thread, values)) = entry.like_strings() else { return Ok(()) };
    let tape = LikeTape::new(entry.buffer(), values);
    if is_valid(tape, entry) {
        return Ok(());
    }
    for (name, text) in [("body", body), ("thread", thread)] {
        if !Text::new(text).is_utf8() {
            return Err(fault(like::FORM, name, DecodeFault::NotUtf8));
        }
    }
    let (base, mut values) = (tape.base(), tape.values);
    for (index, node) in base.nodes.iter().enumerate() {
        let node = Node::new(node);
        let content = content(node);
        let (value, text) = match values.next(content) {
            None => continue,
            Some(value) if content == Cell::Length => (value, values.bytes),
            Some(cell) => (content.value(cell, node.value), base.text),
        };
        let offset = base.offset(index);
        match (Tape { text, ..base }).value(index, Node { value, ..node }, base.nodes.len())? {
            Value::String(text) if !text.is_utf8() => {
                return Err(fault(offset, "string", DecodeFault::NotUtf8));
            }
            Value::Bool(_) if value > 1 => {
                return Err(invalid(offset, "bool", value, "0 or 1"));
            }
            _ => {}
        }
    }
    match values.rest() {
        0 => Ok(()),
        rest => Err(invalid(like::DATA_LEN, "texts", rest, "0 bytes after the last text")),
    }
}

/// Returns whether a like entry satisfies all rules, whose nodes are `tape`. `false` means only that the rules must be checked
/// one after the other: the entry has a wide value that differs from that of the base, or a text that is not ASCII.
fn is_valid(tape: LikeTape<'_>, entry: &EntryRef<'_>) -> bool {
    let (mut values, mut is_known) = (tape.values, true);
    for node in tape.base().nodes {
        let node = Node::new(node);
        let content = content(node);
        if content == Cell::None {
            continue;
        }
        let Some(number) = values.number() else { continue };
        if content == Cell::Length {
            is_known &= !node.flags.contains(NodeFlags::WIDE);
            values.skip_text(number);
        } else {
            is_known &= node.kind != Kind::Bool as u8 || content.value(number, node.value) <= 1;
        }
    }
    let texts = entry.like_texts();
    is_known && values.ends() && texts.is_ascii()
}

/// The fields of the strings of the header.
const STRINGS: [usize; 3] = [layout::TARGET, layout::BODY, layout::THREAD];
/// The bytes of a string in addition to its text: padding, length, NUL.
const STRING_OVERHEAD: usize = 3 + 4 + 1;

/// Returns a length that is sufficient for [`expand`], in bytes.
pub(super) fn expanded_bound(entry: &EntryRef<'_>) -> usize {
    entry.buffer().len() + entry.like().len() + STRINGS.len() * STRING_OVERHEAD
}

/// Writes a like entry into `out` as a canonical entry that does not depend on a base. Returns its length in bytes.
///
/// The order of keys, strings and spans in the text is that of the base.
///
/// # Errors
/// A value is outside the like entry, or `out` is too small. The bytes of `out` then have no meaning.
pub(super) fn expand(entry: &EntryRef<'_>, out: &mut [u8]) -> Result<usize, DecodeError> {
    let available = out.len();
    let nodes = u32_at(entry.buffer(), layout::NODE_COUNT).unwrap_or(0);
    let Some((front, text)) = out.split_at_mut_checked(layout::text_start(nodes as usize)) else {
        return Err(out_of_bounds(0, "buffer", layout::text_start(nodes as usize) as u64, available));
    };
    let len = write(entry, front, text)?;
    if len <= available { Ok(len) } else { Err(out_of_bounds(0, "buffer", len as u64, available)) }
}

/// Returns the length of a like entry as a canonical entry in bytes.
///
/// # Errors
/// A value is outside the like entry.
pub(super) fn expanded_len(entry: &EntryRef<'_>) -> Result<usize, DecodeError> {
    write(entry, &mut [], &mut [])
}

/// Writes the parts of the expanded entry before its text into `front`, and the text into `text`. Omits the bytes for which
/// there is no space. Returns the length of the expanded entry.
#[inline]
fn write(entry: &EntryRef<'_>, front: &mut [u8], text: &mut [u8]) -> Result<usize, DecodeError> {
    let found = (|| Some((Parts::of(entry.buffer())?, entry.like_head()?, entry.like_strings()?)))();
    let Some((parts, head, (body, thread, values))) = found else {
        return Err(invalid(0, "base", entry.buffer().len() as u64, "an entry that can be a base"));
    };
    let text_start = layout::text_start(parts.nodes.len());
    put(front, 0, parts.bytes.get(..text_start).unwrap_or_default());
    let trace = head.trace();
    put(front, layout::TRACE_FLAGS, &[trace.flags]);
    put(front, layout::TIME, &head.time_unix_nano().to_le_bytes());
    put(front, layout::TRACE, &trace.trace_id.rotate_left(64).to_le_bytes());
    put(front, layout::TRACE + 16, &trace.span_id.to_le_bytes());
    let strings = Strings::of(&parts, [entry.target().as_bytes(), body, thread]);
    let len = match write_runs(&parts, values, strings, front, text)? {
        Some(len) => len,
        None => write_each(&parts, values, strings, front, text)?,
    };
    put(front, text_start - 4, &u32::try_from(len).unwrap_or(0).to_le_bytes());
    Ok(text_start + len)
}

/// Writes the nodes and the text of the expanded entry. Copies the text of the base in runs: a run ends before a value that
/// differs, and before a string of the header. Returns the length of the text, or `None` if the keys and the spans of the base
/// are not in the order of the nodes.
fn write_runs<'a>(
    parts: &Parts<'a>,
    mut values: Values<'a>,
    mut strings: Strings<'a>,
    front: &mut [u8],
    text: &mut [u8],
) -> Result<Option<usize>, DecodeError> {
    let (header, nodes) = front.split_at_mut(layout::NODES.min(front.len()));
    let mut nodes = nodes.as_chunks_mut().0.iter_mut();
    let mut run = Run { base: parts.text, start: 0, end: 0, text: Expanded { text, len: 0 } };
    for old in parts.nodes {
        let old = like::Node::new(old);
        while old.text_offset().is_some_and(|offset| strings.is_before(offset)) {
            run.flush();
            strings.write(header, &mut run.text);
            run.skip_to(strings.end());
        }
        let (key, key_len) = old.key_span();
        let Some(key) = run.add(key, key_len) else { return Ok(None) };
        let value = match (old.cell(), values.number_of(old.cell())) {
            (Cell::Length, number) => {
                let (at, len) = old.value_span();
                let found = match number {
                    None => run.add(at, len).map(|at| (at, len)),
                    Some(number) => {
                        let bytes = values.take(number)?;
                        run.replace(at, len, bytes).map(|at| (at, bytes.len()))
                    }
                };
                let Some((at, len)) = found else { return Ok(None) };
                layout::span(at, u32::try_from(len).unwrap_or(0))
            }
            (_, None) => old.value,
            (content, Some(cell)) => content.value(cell, old.value),
        };
        if let Some(node) = nodes.next() {
            *node = old.moved(if key_len == 0 { 0 } else { key }, value);
        }
    }
    run.flush();
    while strings.is_before(u32::MAX) {
        strings.write(header, &mut run.text);
    }
    Ok(Some(run.text.len))
}

/// Writes the nodes and the text of the expanded entry, one key and one span after the other. Returns the length of the text.
#[cold]
fn write_each<'a>(
    parts: &Parts<'a>,
    mut values: Values<'a>,
    mut strings: Strings<'a>,
    front: &mut [u8],
    text: &mut [u8],
) -> Result<usize, DecodeError> {
    let mut text = Expanded { text, len: 0 };
    for (i, old) in parts.nodes.iter().enumerate() {
        let old = like::Node::new(old);
        while old.text_offset().is_some_and(|offset| strings.is_before(offset)) {
            strings.write(front, &mut text);
        }
        let new = layout::NODES + i * layout::NODE_LEN;
        let key = old.key(parts.text).unwrap_or_default();
        let key_offset = if key.is_empty() { 0 } else { text.push(key) };
        let value = match old.cell() {
            Cell::Length => {
                let bytes = values.text(old.span(parts.text).unwrap_or_default())?;
                layout::span(text.push(bytes), u32::try_from(bytes.len()).unwrap_or(0))
            }
            content => values.number_of(content).map_or(old.value, |cell| content.value(cell, old.value)),
        };
        put(front, new, &old.moved(key_offset, value));
    }
    while strings.is_before(u32::MAX) {
        strings.write(front, &mut text);
    }
    Ok(text.len)
}

/// The part of the text of a base that is copied to an expanded entry as a whole.
struct Run<'a, 'b> {
    /// The text of the base.
    base: &'a [u8],
    /// The part from `start` to `end` is the run.
    start: usize,
    end: usize,
    /// The text of the expanded entry before the run.
    text: Expanded<'b>,
}

impl Run<'_, '_> {
    /// Writes the run, and begins another run at its end.
    #[inline(always)]
    fn flush(&mut self) {
        if self.start < self.end {
            self.text.push(self.base.get(self.start..self.end).unwrap_or_default());
            self.start = self.end;
        }
    }

    /// Begins a run at `at`, if this is after the end of the run that was written last.
    #[inline(always)]
    fn skip_to(&mut self, at: usize) {
        self.start = self.end.max(at);
        self.end = self.start;
    }

    /// Adds `len` bytes at the offset `at` of the base to the run. Returns their offset in the expanded text, or `None` if they
    /// are before the end of the run.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "an expanded entry has at most 16 MiB")]
    fn add(&mut self, at: usize, len: usize) -> Option<u32> {
        if at != self.end && len != 0 {
            if at < self.end {
                return None;
            }
            self.flush();
            self.skip_to(at);
        }
        let new = self.text.len + (self.end - self.start);
        self.end += len;
        Some(new as u32)
    }

    /// Ends the run, and writes `bytes` in place of the `len` bytes at the offset `at` of the base. Returns their offset, or
    /// `None` if the bytes of the base are before the end of the run.
    #[inline(always)]
    fn replace(&mut self, at: usize, len: usize, bytes: &[u8]) -> Option<u32> {
        if at < self.end && len != 0 {
            return None;
        }
        self.flush();
        if len != 0 {
            self.skip_to(at + len);
        }
        Some(self.text.push(bytes))
    }
}

/// Copies `bytes` to `out` at the offset `at`, if there is space.
#[inline(always)]
fn put(out: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(at..).and_then(|out| out.get_mut(..bytes.len())) {
        place.copy_from_slice(bytes);
    }
}

/// The text of an expanded entry.
struct Expanded<'b> {
    text: &'b mut [u8],
    len: usize,
}

impl Expanded<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "an expanded entry has at most 16 MiB")]
    fn len(&self) -> u32 {
        self.len as u32
    }

    /// Appends `bytes`. Returns their offset.
    #[inline(always)]
    fn push(&mut self, bytes: &[u8]) -> u32 {
        let at = self.len();
        put(self.text, self.len, bytes);
        self.len += bytes.len();
        at
    }

    /// Appends a FlatBuffers string. Returns its offset.
    fn push_string(&mut self, text: &[u8]) -> u32 {
        let padding = self.len.wrapping_neg() % 4;
        self.push(&[0; 3][..padding]);
        let at = self.push(&u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
        self.push(text);
        self.push(&[0]);
        at
    }
}

/// The strings of the header of an expanded entry.
#[derive(Clone, Copy)]
struct Strings<'a> {
    /// The bytes of the base.
    base: &'a [u8],
    /// The position in the base, the field and the text of each string, by position.
    strings: [(usize, usize, &'a [u8]); 3],
    next: usize,
    /// The position in the base and the offset in the text of the last empty string.
    empty: Option<(usize, u32)>,
    text_start: usize,
}

impl<'a> Strings<'a> {
    /// Returns the strings of the header, target, body and thread name, in the order in which they are in the base.
    fn of(base: &Parts<'a>, texts: [&'a [u8]; 3]) -> Self {
        let position = |field: usize| field + u32_at(base.bytes, field).unwrap_or(0) as usize;
        let mut strings = [0, 1, 2].map(|i| (position(STRINGS[i]), STRINGS[i], texts[i]));
        strings.sort_unstable_by_key(|(position, field, _)| (*position, *field));
        let text_start = layout::text_start(base.nodes.len());
        Self { base: base.bytes, strings, next: 0, empty: None, text_start }
    }

    /// Returns the offset in the text of the base after the string that was written last.
    fn end(&self) -> usize {
        let written = self.next.checked_sub(1).and_then(|last| self.strings.get(last));
        written.map_or(0, |(position, ..)| {
            let len = u32_at(self.base, *position).unwrap_or(0) as usize;
            (position + 4 + len + 1).saturating_sub(self.text_start)
        })
    }

    /// Returns whether the next string is before `offset` in the text of the base.
    #[inline(always)]
    fn is_before(&self, offset: u32) -> bool {
        self.strings
            .get(self.next)
            .is_some_and(|(position, ..)| *position < self.text_start + offset as usize)
    }

    /// Writes the next string. Fields that share an empty string in the base also share it in the expanded entry.
    #[expect(clippy::cast_possible_truncation, reason = "an expanded entry has at most 16 MiB")]
    fn write(&mut self, front: &mut [u8], text: &mut Expanded<'_>) {
        let Some((position, field, bytes)) = self.strings.get(self.next) else { return };
        self.next += 1;
        let shared = self.empty.filter(|(empty, _)| empty == position && bytes.is_empty());
        let at = shared.map_or_else(|| text.push_string(bytes), |(_, at)| at);
        if bytes.is_empty() {
            self.empty = Some((*position, at));
        }
        let offset = (self.text_start - field) as u32 + at;
        put(front, *field, &offset.to_le_bytes());
    }
}

#[cold]
fn invalid(offset: usize, field: &'static str, found: u64, expected: &'static str) -> DecodeError {
    fault(offset, field, DecodeFault::Invalid { found, expected })
}
