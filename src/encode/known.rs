//! Entries of a call site: the target, the keys and often the body are constants, and the types of the values are known
//! when the program is compiled.
//!
//! The limits for width, keys and kinds apply to the whole call site, so one check covers all values. One comparison
//! reserves the space for all keys and values, except strings of more than 64 bytes. Each value then needs no
//! further check, except the length of a string. The entry has the same bytes as with [`EntryWriter::attr`]: a value to
//! which a limit could apply ends the reservation, and [`EntryWriter::attr`] writes it.

use core::fmt;
use std::borrow::Cow;

use crate::format::entry as layout;
use crate::kind::{Kind, KindSet, NodeFlags};
use crate::limits::Limits;
use crate::map::buffer::{Run, SHORT_TEXT, STRING_OVERHEAD};

use super::row::{ROW, Row, staged};
use super::tape::{node, span};
#[cfg(all(unix, not(loom)))]
use super::thread_name;
use super::value::LogValue;
use super::writer::{EntryWriter, to_u32};

/// The number and the lengths of the keys of a call site.
#[derive(Clone, Copy)]
pub struct Keys {
    /// The number of keys.
    count: usize,
    /// The sum of their lengths in bytes.
    bytes: usize,
    /// The length of the longest key in bytes.
    longest: usize,
}

impl Keys {
    /// Returns the number and the lengths of `keys`.
    #[must_use]
    pub const fn of(keys: &[&str]) -> Self {
        let mut of = Self { count: keys.len(), bytes: 0, longest: 0 };
        let mut i = 0;
        while i < keys.len() {
            let len = keys[i].len();
            of.bytes += len;
            if len > of.longest {
                of.longest = len;
            }
            i += 1;
        }
        of
    }

    /// Returns the number of keys.
    #[must_use]
    pub const fn count(self) -> usize {
        self.count
    }
}

/// Returns `kinds` with the kinds of all values that are [`Static`].
const fn with_known(kinds: KindSet) -> KindSet {
    let kinds = kinds.with(Kind::Null).with(Kind::Bool).with(Kind::Int);
    kinds.with(Kind::Uint).with(Kind::Float).with(Kind::String)
}

/// The writer of the thread name, the target, the body and the attributes of one call site, in this order.
pub struct KnownWriter<'w, 'b> {
    entry: &'w mut EntryWriter<'b>,
    /// The space for the parts that were not written, if it is reserved.
    run: Option<Run<'b, { layout::NODE_LEN }>>,
    /// The keys that were not written.
    keys: Keys,
    /// The number of bytes for the strings of the header, if the body is constant and was not written.
    header: usize,
    max_string_bytes: usize,
    /// The address of the call site.
    site: usize,
    /// The values that have been written, if a like entry is being written whose base has the keys of the call site.
    row: Option<&'b mut Row>,
    /// All keys of the call site.
    all: Keys,
    /// Whether the types of the values that were written are known.
    are_known: bool,
}

/// The maximum number of bytes of a thread name in the reserved space. All names in the cache are shorter.
const THREAD_NAME: usize = 64;

impl<'w, 'b> KnownWriter<'w, 'b> {
    /// Creates a writer for an entry of the call site with the address `site`, with `target`, with the body `body` if it needs no formatting, and with
    /// attributes with `keys`. If a limit could apply to the header, the reservation begins after the body.
    #[inline(always)]
    pub fn new(
        entry: &'w mut EntryWriter<'b>,
        site: usize,
        target: &str,
        body: Option<&str>,
        keys: Keys,
    ) -> Self {
        let Limits { max_string_bytes, max_key_bytes, .. } = entry.tape.limits;
        let max_string_bytes = max_string_bytes as usize;
        let row = entry.tape.row_of_site(site, keys.count);
        let is_of_site = row.is_some();
        let mut writer = Self {
            entry,
            run: None,
            keys,
            header: 0,
            max_string_bytes,
            site,
            row,
            all: keys,
            are_known: true,
        };
        if is_of_site {
            return writer;
        }
        if let Some(body) = body
            && is_short(target.len(), max_key_bytes)
            && (body.len() <= SHORT_TEXT || body.len() <= max_string_bytes)
        {
            writer.header = THREAD_NAME + 3 * STRING_OVERHEAD + target.len() + body.len();
            writer.begin();
        }
        writer
    }

    /// Writes the thread name, the target and the body.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    pub fn header(&mut self, target: &str, body: fmt::Arguments<'_>) {
        if self.row.is_some() {
            let (entry, text) = (&mut *self.entry, body.as_str());
            let is_written = thread_name::with(|name| {
                name.is_some_and(|name| entry.follow_header_of_site(name, target.len(), text))
            });
            if is_written {
                if text.is_none() {
                    self.entry.set_body_fmt(body);
                    if !self.entry.tape.follows() {
                        self.row = None;
                    }
                }
                return;
            }
            self.row = None;
        }
        self.thread();
        self.target(target);
        self.body(body);
    }

    /// Writes the thread name.
    #[cfg(all(unix, not(loom)))]
    #[inline(always)]
    fn thread(&mut self) {
        let is_written = self.run.as_mut().is_some_and(|run| {
            let max_key_bytes = self.entry.tape.limits.max_key_bytes;
            thread_name::with(|name| {
                let Some(name) = name else { return false };
                if !name.is_empty() {
                    let at = if is_short(name.len(), max_key_bytes) {
                        run.push_string(name, to_u32(name.len()), THREAD_NAME)
                    } else {
                        None
                    };
                    let Some(at) = at else { return false };
                    self.entry.tape.thread = to_u32(at);
                }
                true
            })
        });
        if !is_written {
            self.leave();
            thread_name::write(self.entry);
        }
    }

    /// Writes the target.
    #[inline(always)]
    fn target(&mut self, target: &str) {
        if let Some(run) = &mut self.run
            && let Some(at) = run.push_string(target.as_bytes(), to_u32(target.len()), target.len())
        {
            self.entry.tape.target = to_u32(at);
            return;
        }
        self.leave();
        self.entry.set_target(target);
    }

    /// Writes the body.
    #[inline(always)]
    fn body(&mut self, body: fmt::Arguments<'_>) {
        self.header = 0;
        if let Some(run) = &mut self.run
            && let Some(text) = body.as_str()
            && let Some(at) = run.push_string(text.as_bytes(), to_u32(text.len()), text.len())
        {
            self.entry.tape.body = to_u32(at);
            return;
        }
        self.leave();
        self.entry.set_body_fmt(body);
        self.begin();
    }

    /// Reserves space for the parts that were not written, unless a limit could apply to one of them.
    #[inline(always)]
    fn begin(&mut self) {
        let Keys { count, bytes, longest } = self.keys;
        if count == 0 {
            return;
        }
        let EntryWriter { tape, top, filter, .. } = &mut *self.entry;
        let Limits { max_width, max_key_bytes, allowed_kinds, .. } = tape.limits;
        let is_narrow = top.kept as usize + count <= usize::from(max_width);
        if filter.is_none()
            && is_short(longest, max_key_bytes)
            && is_narrow
            && with_known(allowed_kinds) == allowed_kinds
            && self.max_string_bytes >= SHORT_TEXT
        {
            self.run = tape.out.reserve(count, bytes + self.header);
        }
    }

    /// Ends the reservation.
    #[inline(always)]
    fn leave(&mut self) {
        restore(self.entry, self.run.take());
    }

    /// Writes a value of a known kind.
    #[inline(always)]
    fn known<V: Static + ?Sized>(&mut self, key: &str, value: &V) {
        if let Some(run) = &mut self.run {
            let at = run.tail_len();
            let of = |kind: Kind, value: u64| node(at, key.len(), kind as u8, NodeFlags::NONE, value);
            let is_written = match value.part() {
                Part::Scalar(kind, value) => run.push(of(kind, value), key.as_bytes(), &[], 0),
                Part::Text(text) => {
                    let value = span(at + key.len(), text.len());
                    // A reservation exists only if the limit is at least the length of a short text.
                    let max = self.max_string_bytes;
                    run.push(of(Kind::String, value), key.as_bytes(), text.as_bytes(), max)
                }
            };
            if is_written {
                self.pass(key);
                return;
            }
        }
        if self.run.is_none() && self.stage(value.part()) {
            self.pass(key);
            return;
        }
        // The arguments are moved, so that this writer can be in registers.
        general(self.entry, self.run.take(), key, value);
        self.pass(key);
    }

    /// Stores a value in the row. If there is no row, or if the value must be written in another way, returns `false`. There is
    /// no row then.
    #[inline(always)]
    fn stage(&mut self, part: Part<'_>) -> bool {
        let index = self.all.count - self.keys.count;
        let Some(row) = &mut self.row else { return false };
        let Some(place) = row.get_mut(index) else { return false };
        match part {
            Part::Scalar(kind, value) => *place = staged(kind, value),
            Part::Text(text) => match self.entry.stage(index, text) {
                Some(value) => *place = staged(Kind::String, value),
                None => {
                    self.write_row();
                    return false;
                }
            },
        }
        true
    }

    /// Writes the values of the row, if there is one.
    #[inline(always)]
    fn write_row(&mut self) {
        if let Some(row) = self.row.take() {
            let count = self.all.count - self.keys.count;
            self.entry.write_row(&row[..count.min(ROW)], self.all.bytes - self.keys.bytes);
        }
    }

    /// Writes a value of another type.
    #[inline(always)]
    fn other<V: LogValue + ?Sized>(&mut self, key: &str, value: &V) {
        self.are_known = false;
        self.write_row();
        self.pass(key);
        let is_reserved = self.run.is_some();
        self.leave();
        self.entry.attr(key, value);
        if is_reserved {
            self.begin();
        }
    }

    /// Removes a written key from the keys.
    #[inline(always)]
    fn pass(&mut self, key: &str) {
        self.keys.count = self.keys.count.saturating_sub(1);
        self.keys.bytes = self.keys.bytes.saturating_sub(key.len());
    }

    /// Completes the attributes.
    #[inline(always)]
    pub fn end(mut self) {
        self.leave();
        if self.row.is_some() {
            self.write_row();
        } else if self.entry.tape.follows() && self.are_known {
            self.entry.tape.set_of_site(self.site, self.all.count);
        }
    }
}

/// Returns whether the limit for keys does not apply to a string of `len` bytes.
#[inline(always)]
fn is_short(len: usize, max_key_bytes: u16) -> bool {
    // No limit is less than this minimum. For a constant, the compiler evaluates the comparison.
    len <= usize::from(Limits::MIN_KEY_BYTES) || len <= usize::from(max_key_bytes)
}

/// Returns the bytes to the entry.
#[inline(always)]
fn restore<'b>(entry: &mut EntryWriter<'b>, run: Option<Run<'b, { layout::NODE_LEN }>>) {
    if let Some(run) = run {
        entry.top.kept += to_u32(entry.tape.out.take_back(run) / layout::NODE_LEN);
    }
}

/// Writes a value to which a limit may apply.
#[cold]
#[inline(never)]
fn general<'b, V: LogValue + ?Sized>(
    entry: &mut EntryWriter<'b>,
    run: Option<Run<'b, { layout::NODE_LEN }>>,
    key: &str,
    value: &V,
) {
    restore(entry, run);
    entry.attr(key, value);
}

/// The parts of a value that has no children.
pub enum Part<'v> {
    /// A value that fits its node.
    Scalar(Kind, u64),
    /// A string.
    Text(&'v str),
}

/// A value without children that fits its node or is a string. For each of these types, [`part`](Self::part) contains the
/// value that [`LogValue`] writes.
pub trait Static: LogValue {
    /// Returns the kind and the value.
    fn part(&self) -> Part<'_>;
}

macro_rules! scalars {
    ($($kind:ident($as:ty): $($type:ty),*;)*) => {$($(
        impl Static for $type {
            #[inline(always)]
            fn part(&self) -> Part<'_> {
                Part::Scalar(Kind::$kind, <$as>::from(*self) as u64)
            }
        }
    )*)*};
}
scalars! {
    Bool(bool): bool;
    Int(i64): i8, i16, i32, i64;
    Uint(u64): u8, u16, u32, u64;
}

// Rust supports no platform with pointers of more than 64 bits.
impl Static for isize {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        Part::Scalar(Kind::Int, *self as i64 as u64)
    }
}

impl Static for usize {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        Part::Scalar(Kind::Uint, *self as u64)
    }
}

impl Static for f32 {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        Part::Scalar(Kind::Float, f64::from(*self).to_bits())
    }
}

impl Static for f64 {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        Part::Scalar(Kind::Float, self.to_bits())
    }
}

impl Static for str {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

impl Static for String {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

impl Static for Cow<'_, str> {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

impl<V: Static> Static for Option<V> {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        self.as_ref().map_or(Part::Scalar(Kind::Null, 0), V::part)
    }
}

impl<V: Static + ?Sized> Static for &V {
    #[inline(always)]
    fn part(&self) -> Part<'_> {
        V::part(self)
    }
}

/// A value in the macro. The method `write` of [`Known`] applies to a type that is [`Static`], because it needs fewer
/// references than the method of [`Other`].
pub struct Probe<'v, V: ?Sized>(pub &'v V);

/// The values of types that are [`Static`].
pub trait Known {
    /// Writes the value.
    fn write(&self, to: &mut KnownWriter<'_, '_>, key: &str);
}

impl<V: Static + ?Sized> Known for &Probe<'_, V> {
    #[inline(always)]
    fn write(&self, to: &mut KnownWriter<'_, '_>, key: &str) {
        to.known(key, self.0);
    }
}

/// All other values.
pub trait Other<V: ?Sized> {
    /// Writes the value.
    fn write(&self, to: &mut KnownWriter<'_, '_>, key: &str)
    where
        V: LogValue;
}

impl<V: ?Sized> Other<V> for Probe<'_, V> {
    #[inline(always)]
    fn write(&self, to: &mut KnownWriter<'_, '_>, key: &str)
    where
        V: LogValue,
    {
        to.other(key, self.0);
    }
}
