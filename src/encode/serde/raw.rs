//! Values in the form of text: JSON and numbers.

use core::fmt;

use crate::encode::container::{ArrayWriter, MapWriter};
use crate::encode::slot::ValueWriter;
use crate::rfc8259::cursor::{Cursor, RawString, Shape};
use crate::rfc8259::number::{self, Exact};
use crate::rfc8259::validate;
use crate::trip::{Places, TripCause};

use super::AsSerde;
use super::key::KeyText;

/// Writes the number in `text`. If no number type has exactly its value, writes the text.
pub(super) fn number(text: &str, out: ValueWriter<'_, '_>) {
    match number::exact(text) {
        Some(Exact::I64(number)) => out.i64(number),
        Some(Exact::U64(number)) => out.u64(number),
        Some(Exact::I128(number)) => out.i128(number),
        Some(Exact::U128(number)) => out.u128(number),
        Some(Exact::F64(number)) => out.f64(number),
        None => out.str(text),
    }
}

/// Returns whether `text` is valid JSON within the length limit.
fn is_json(text: &str) -> bool {
    text.len() <= AsSerde::MAX_RAW_BYTES && validate::is_value(text)
}

/// Writes the JSON value in `text`, or the text if it is not valid JSON.
#[cold]
pub(super) fn json(text: &str, out: ValueWriter<'_, '_>) {
    if out.is_inert() {
        return;
    }
    if is_json(text) {
        value(&mut Cursor::new(text), out);
    } else {
        out.str(text);
    }
}

/// Writes the members of the JSON object in `text`. Returns `false` and writes nothing if `text` is not a JSON
/// object.
#[cold]
pub(super) fn json_members(text: &str, map: &mut MapWriter<'_, '_>) -> bool {
    let mut cursor = Cursor::new(text);
    if cursor.shape() != Shape::Object || !is_json(text) {
        return false;
    }
    members(&mut cursor, map);
    true
}

/// Writes the value at the cursor and moves the cursor after it. The depth limit also bounds the recursion, because a
/// container beyond the limit is skipped.
fn value(cursor: &mut Cursor<'_>, out: ValueWriter<'_, '_>) {
    match cursor.shape() {
        Shape::Object => members(cursor, &mut out.map()),
        Shape::Array => elements(cursor, &mut out.array()),
        shape => leaf(shape, cursor, out),
    }
}

fn members(cursor: &mut Cursor<'_>, map: &mut MapWriter<'_, '_>) {
    cursor.enter();
    while !map.is_full() {
        if !cursor.next_child() {
            return;
        }
        let key = cursor.key();
        if key.is_escaped() {
            escaped_member(key, cursor, map);
        } else {
            value_or_skip(cursor, map.slot(key.raw()));
        }
    }
    map.drop_rest(Some(cursor.skip_rest(true)));
}

fn elements(cursor: &mut Cursor<'_>, array: &mut ArrayWriter<'_, '_>) {
    cursor.enter();
    while !array.is_full() {
        if !cursor.next_child() {
            return;
        }
        value_or_skip(cursor, array.slot());
    }
    array.drop_rest(Some(cursor.skip_rest(false)));
}

fn value_or_skip(cursor: &mut Cursor<'_>, slot: ValueWriter<'_, '_>) {
    if slot.is_inert() { cursor.skip() } else { value(cursor, slot) }
}

/// Writes a member with an escaped key. This is a separate function, so that only such keys use stack space for a
/// copy.
#[inline(never)]
fn escaped_member(key: RawString<'_>, cursor: &mut Cursor<'_>, map: &mut MapWriter<'_, '_>) {
    let key = KeyText::of(format_args!("{}", Unescaped(key)));
    if key.lost() > 0
        && map.wants(key.text())
        && let Some((tape, _)) = map.ledger()
    {
        let first = key.text().len() <= usize::from(tape.limits.max_key_bytes);
        tape.report.record_in_run(TripCause::KeyBytes, Places::ATTRIBUTES, Some(key.lost()), first);
    }
    value_or_skip(cursor, map.slot(key.text()));
}

#[inline(never)]
fn leaf(shape: Shape, cursor: &mut Cursor<'_>, out: ValueWriter<'_, '_>) {
    match shape {
        Shape::String => {
            let text = cursor.string();
            if text.is_escaped() {
                out.text(format_args!("{}", Unescaped(text)))
            } else {
                out.str(text.raw())
            }
        }
        Shape::Number => number(cursor.number(), out),
        Shape::True | Shape::False => {
            cursor.skip();
            out.bool(shape == Shape::True);
        }
        Shape::Null | Shape::Array | Shape::Object => {
            cursor.skip();
            out.null();
        }
    }
}

/// A string with its escapes decoded.
struct Unescaped<'j>(RawString<'j>);

impl fmt::Display for Unescaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.pieces(|piece| f.write_str(piece))
    }
}
