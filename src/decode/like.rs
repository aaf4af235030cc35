//! A view of a like entry: its bytes, and the base from which it differs.
//!
//! The view copies nothing. [`LikeRef::expand`] writes the entry as a canonical entry. The work of each function is
//! bounded by the length of the base and of the like entry.

use crate::error::{DecodeError, DecodeFault};
use crate::format::bytes::{u32_at, u64_at};
use crate::format::entry as layout;
use crate::format::like::{self, Base, Cell, Parts};
use crate::severity::Severity;
use crate::text::Text;
use crate::time::OFFSET_UNKNOWN;
use crate::trace::TraceContext;

use super::entry::EntryRef;
use super::tape::{Attributes, Tape};
use super::value::Value;
use super::values::Values;
use super::walk::Walk;
use super::{fault, out_of_bounds, path};

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
        let start = if *form & like::FORM_TRACE != 0 { like::TRACE + like::TRACE_LEN } else { like::TRACE };
        match bytes.get(start..) {
            Some(values) => Ok(Self { bytes, values }),
            None => Err(out_of_bounds(like::FORM, "trace", start as u64, bytes.len())),
        }
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

/// A view of a like entry and its base.
#[derive(Clone, Copy)]
pub struct LikeRef<'a> {
    head: LikeHead<'a>,
    base: Base<'a>,
    /// The body and the thread name.
    body: &'a [u8],
    thread: &'a [u8],
    /// The values, at the first node.
    values: Values<'a>,
}

impl<'a> LikeRef<'a> {
    /// Returns a view of the like entry with the head `head` and the base `base`.
    ///
    /// # Errors
    /// The base is another entry than the base of the like entry, or the cells are outside the entry.
    #[inline]
    pub fn new(head: LikeHead<'a>, base: Base<'a>) -> Result<Self, DecodeError> {
        if head.base_check() != base.check() {
            let found = base.check().into();
            return Err(invalid(like::BASE_CHECK, "base check", found, "the checksum of the base"));
        }
        let mut values = Values::new(head.values, base.leaves())?;
        let body = values.text(base.parts.string(layout::BODY).unwrap_or_default())?;
        let thread = values.text(base.parts.string(layout::THREAD).unwrap_or_default())?;
        Ok(Self { head, base, body, thread, values })
    }

    /// Returns the part that does not depend on the base.
    #[must_use]
    pub fn head(&self) -> LikeHead<'a> {
        self.head
    }

    /// Returns the severity.
    #[must_use]
    #[inline]
    pub fn severity(&self) -> Severity {
        Severity::from_number(self.scalars()[0])
    }

    /// Returns the zone offset of the clock of the producer in minutes east of UTC, if known.
    #[must_use]
    #[inline]
    pub fn utc_offset_minutes(&self) -> Option<i16> {
        let [_, _, low, high] = self.scalars();
        Some(i16::from_le_bytes([low, high])).filter(|minutes| *minutes != OFFSET_UNKNOWN)
    }

    #[inline(always)]
    fn scalars(&self) -> [u8; 4] {
        self.base.parts.scalars().unwrap_or_default()
    }

    /// Returns the target.
    #[must_use]
    #[inline]
    pub fn target(&self) -> Text<'a> {
        Text::new(self.base.parts.string(layout::TARGET).unwrap_or_default())
    }

    /// Returns the body.
    #[must_use]
    #[inline]
    pub fn body(&self) -> Text<'a> {
        Text::new(self.body)
    }

    /// Returns the thread name.
    #[must_use]
    #[inline]
    pub fn thread(&self) -> Text<'a> {
        Text::new(self.thread)
    }

    #[inline(always)]
    fn tape(&self) -> Tape<'a> {
        let Parts { nodes, text, .. } = self.base.parts;
        Tape { nodes, text, start: layout::NODES, values: self.values }
    }

    /// Returns an iterator over the attributes, in order.
    #[must_use]
    #[inline]
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::top(self.tape())
    }

    /// Returns an iterator over all values with their depth, containers before their children.
    #[must_use]
    #[inline(always)]
    pub fn walk(&self) -> Walk<'a> {
        Walk::new(self.tape())
    }

    /// Returns the value at `path`, as [`EntryRef::get`] does.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Value<'a>> {
        path::find(self.attributes(), path)
    }

    /// Checks the entry against all rules of the format. The base must be valid.
    ///
    /// # Errors
    /// Returns the first fault. Its offset is that in the base if the fault is in a value.
    pub fn verify(&self) -> Result<(), DecodeError> {
        for (name, text) in [("body", self.body), ("thread", self.thread)] {
            if !Text::new(text).is_utf8() {
                return Err(fault(like::FORM, name, DecodeFault::NotUtf8));
            }
        }
        // The structure is that of the base.
        let mut tape = self.tape();
        for index in 0..tape.nodes.len() {
            let Some(node) = tape.read(index) else { break };
            match tape.value(index, node, tape.nodes.len())? {
                Value::String(text) if !text.is_utf8() => {
                    return Err(fault(tape.offset(index), "string", DecodeFault::NotUtf8));
                }
                Value::Bool(_) if node.value > 1 => {
                    return Err(invalid(tape.offset(index), "bool", node.value, "0 or 1"));
                }
                _ => {}
            }
        }
        let rest = tape.values.rest();
        if rest == 0 {
            Ok(())
        } else {
            Err(invalid(like::DATA_LEN, "texts", rest, "0 bytes after the last text"))
        }
    }
}

/// The fields of the strings of the header.
const STRINGS: [usize; 3] = [layout::TARGET, layout::BODY, layout::THREAD];
/// The bytes of a string in addition to its text: padding, length, NUL.
const STRING_OVERHEAD: usize = 3 + 4 + 1;

impl LikeRef<'_> {
    /// Returns a length that is sufficient for [`expand`](Self::expand), in bytes.
    #[must_use]
    pub fn expanded_bound(&self) -> usize {
        self.base.parts.bytes.len() + self.head.values.len() + STRINGS.len() * STRING_OVERHEAD
    }

    /// Writes the entry into `out` as a canonical entry that does not depend on a base. Returns its length in bytes.
    ///
    /// The order of keys, strings and spans in the text is that of the base.
    ///
    /// # Errors
    /// A value is outside the like entry, or `out` has fewer than [`expanded_bound`](Self::expanded_bound) bytes. The
    /// bytes of `out` then have no meaning.
    pub fn expand(&self, out: &mut [u8]) -> Result<usize, DecodeError> {
        let (parts, bound) = (self.base.parts, self.expanded_bound());
        if out.len() < bound {
            return Err(out_of_bounds(0, "buffer", bound as u64, out.len()));
        }
        let text_start = layout::text_start(parts.nodes.len());
        let (front, text) = out.split_at_mut(text_start);
        front.copy_from_slice(&parts.bytes[..text_start]);
        let trace = self.head.trace();
        front[layout::TRACE_FLAGS] = trace.flags;
        front[layout::TIME..layout::TRACE].copy_from_slice(&self.head.time_unix_nano().to_le_bytes());
        front[layout::TRACE..][..16].copy_from_slice(&trace.trace_id.rotate_left(64).to_le_bytes());
        front[layout::TRACE + 16..][..8].copy_from_slice(&trace.span_id.to_le_bytes());
        let mut text = Expanded { text, len: 0 };
        let mut strings = self.strings();
        let mut values = self.values;
        for (i, old) in parts.nodes.iter().enumerate() {
            let old = like::Node::new(old);
            while old.text_offset().is_some_and(|offset| strings.is_before(offset)) {
                strings.write(front, &mut text);
            }
            let new = &mut front[layout::NODES + i * layout::NODE_LEN..][..layout::NODE_LEN];
            let key = old.key(parts.text).unwrap_or_default();
            let key_offset = if key.is_empty() { 0 } else { text.push(key) };
            new[..layout::NODE_KEY_LEN].copy_from_slice(&key_offset.to_le_bytes());
            let value = match old.cell() {
                Cell::None => continue,
                Cell::Length => {
                    let bytes = values.text(old.span(parts.text).unwrap_or_default())?;
                    layout::span(text.push(bytes), u32::try_from(bytes.len()).unwrap_or(0))
                }
                content => match values.number() {
                    Some(cell) => content.value(cell, old.value),
                    None => continue,
                },
            };
            new[layout::NODE_VALUE..].copy_from_slice(&value.to_le_bytes());
        }
        while strings.is_before(u32::MAX) {
            strings.write(front, &mut text);
        }
        front[text_start - 4..].copy_from_slice(&text.len().to_le_bytes());
        Ok(text_start + text.len)
    }

    /// Returns the strings of the header in the order in which they are in the base.
    fn strings(&self) -> Strings<'_> {
        let bytes = self.base.parts.bytes;
        let position = |field: usize| field + u32_at(bytes, field).unwrap_or(0) as usize;
        let texts = [self.target().as_bytes(), self.body, self.thread];
        let mut strings = [0, 1, 2].map(|i| (position(STRINGS[i]), STRINGS[i], texts[i]));
        strings.sort_unstable_by_key(|(position, field, _)| (*position, *field));
        let text_start = layout::text_start(self.base.parts.nodes.len());
        Strings { strings, next: 0, empty: None, text_start }
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

    /// Appends `bytes`. Returns their offset. The bound of the length of the entry covers all bytes.
    #[inline(always)]
    fn push(&mut self, bytes: &[u8]) -> u32 {
        let at = self.len();
        if let Some(place) = self.text.get_mut(self.len..).and_then(|text| text.get_mut(..bytes.len())) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
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
struct Strings<'a> {
    /// The position in the base, the field and the text of each string, by position.
    strings: [(usize, usize, &'a [u8]); 3],
    next: usize,
    /// The position in the base and the offset in the text of the last empty string.
    empty: Option<(usize, u32)>,
    text_start: usize,
}

impl Strings<'_> {
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
        front[*field..*field + 4].copy_from_slice(&offset.to_le_bytes());
    }
}

#[cold]
fn invalid(offset: usize, field: &'static str, found: u64, expected: &'static str) -> DecodeError {
    fault(offset, field, DecodeFault::Invalid { found, expected })
}
