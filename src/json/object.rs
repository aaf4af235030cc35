//! The conversion of the members of an object to the header and the attributes of an entry.

use crate::encode::{ArrayWriter, EntryWriter, MapWriter, ValueWriter};
use crate::limits::Limits;
use crate::names;
use crate::zone::Zone;

use super::cursor::{Cursor, Shape};
use super::header::Header;
use super::tracing;

/// The number of levels whose keys have reusable memory. The depth limit permits no more levels.
const LEVELS: usize = Limits::MAX_DEPTH as usize + 2;
/// The number of levels of an attribute. A deeper container becomes a string with its JSON text, so that it can be searched
/// and no part of it is lost.
pub(super) const MAX_LEVELS: u8 = Limits::MAX_DEPTH;

/// Reusable memory for decoded text.
pub(crate) struct Scratch {
    pub(super) keys: [String; LEVELS],
    pub(super) value: String,
    /// The zone of times without an offset. Without a zone, these times are in UTC.
    pub(crate) zone: Option<Zone>,
    /// Whether the last object contains a time that is not understood, and no other time.
    pub(crate) has_other_time: bool,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            keys: core::array::from_fn(|_| String::new()),
            value: String::new(),
            zone: None,
            has_other_time: false,
        }
    }
}

/// Writes the object at the cursor.
pub(crate) fn write<'j>(mut cursor: Cursor<'j>, entry: &mut EntryWriter<'_>, scratch: &'j mut Scratch) {
    let (object, mut is_event) = (cursor, None);
    let mut header = Header::of(cursor, scratch.zone.as_ref());
    let [key_scratch, nested_scratch, keys @ ..] = &mut scratch.keys;
    cursor.enter();
    while cursor.next_child() {
        let name = cursor.key();
        let key = name.decode(key_scratch);
        if tracing::is_member(key)
            && *is_event.get_or_insert_with(|| tracing::is_event(object))
            && tracing::write(key, object, &mut cursor, entry, &mut header, (&mut *keys, &mut scratch.value))
        {
            continue;
        }
        if names::is_parent(key) && cursor.shape() == Shape::Object {
            write_nested(key, &mut cursor, entry, &mut header, nested_scratch, keys, &mut scratch.value);
            continue;
        }
        if let Some(part) = header.part(key)
            && header.take(part, name, cursor, entry, &mut scratch.value)
        {
            cursor.skip();
            continue;
        }
        let mut attributes = entry.attributes();
        write_member(&mut cursor, attributes.slot(key), nested_scratch, keys, &mut scratch.value);
    }
    entry.set_trace(header.trace);
    scratch.has_other_time = header.has_other_time();
}

/// Writes the value at the cursor to `slot` and moves after it. Skips the value if `slot` is inert.
fn write_member(
    cursor: &mut Cursor<'_>,
    slot: ValueWriter<'_, '_>,
    key: &mut String,
    keys: &mut [String],
    value: &mut String,
) {
    if slot.is_inert() {
        cursor.skip();
        return;
    }
    // `key` is for the keys of this object, `keys` for the levels below.
    match cursor.shape() {
        Shape::Object => write_map(cursor, &mut slot.map(), key, keys, value, MAX_LEVELS - 1),
        _ => write_value(cursor, slot, keys, value, MAX_LEVELS),
    }
}

/// Writes an object whose members may be parts of the header. The other members become a map with the same name. If
/// there are none, the map is omitted.
fn write_nested<'j>(
    parent: &str,
    cursor: &mut Cursor<'j>,
    entry: &mut EntryWriter<'_>,
    header: &mut Header<'j>,
    key_scratch: &mut String,
    keys: &mut [String],
    value: &mut String,
) {
    let mut members = *cursor;
    let (mut taken, mut left) = (0_u64, 0_u64);
    members.enter();
    let mut index = 0_u32;
    while members.next_child() {
        let name = members.key();
        let part = names::nested(parent, name.decode(key_scratch)).and_then(|name| header.part_of(name));
        let told = part.is_some_and(|part| header.take(part, name, members, entry, value));
        if told && index < u64::BITS {
            taken |= 1 << index;
        } else {
            left += 1;
        }
        index += 1;
        members.skip();
    }
    if left == 0 && taken != 0 {
        *cursor = members;
        return;
    }
    let mut attributes = entry.attributes();
    let slot = attributes.slot(parent);
    if slot.is_inert() {
        *cursor = members;
        return;
    }
    let mut map = slot.map();
    cursor.enter();
    let mut index = 0_u32;
    while cursor.next_child() {
        let key = cursor.key().decode(key_scratch);
        if index < u64::BITS && taken >> index & 1 == 1 {
            cursor.skip();
        } else {
            write_value(cursor, map.slot(key), keys, value, MAX_LEVELS - 1);
        }
        index += 1;
    }
}

fn write_map(
    cursor: &mut Cursor<'_>,
    map: &mut MapWriter<'_, '_>,
    key_scratch: &mut String,
    keys: &mut [String],
    value: &mut String,
    levels: u8,
) {
    cursor.enter();
    while !map.is_full() {
        if !cursor.next_child() {
            return;
        }
        let key = cursor.key().decode(key_scratch);
        write_value(cursor, map.slot(key), keys, value, levels);
    }
    map.drop_rest(Some(cursor.skip_rest(true)));
}

/// Writes the value at the cursor, of at most `levels` levels, and moves after it. The recursion ends at the depth limit: a
/// container beyond it is skipped. Leaves are written by a separate function, so that each level of the recursion uses
/// little stack.
pub(super) fn write_value(
    cursor: &mut Cursor<'_>,
    out: ValueWriter<'_, '_>,
    keys: &mut [String],
    value: &mut String,
    levels: u8,
) {
    match cursor.shape() {
        Shape::Object if levels > 0 => {
            let mut own = String::new();
            let (key, keys) =
                keys.split_first_mut().map_or((&mut own, &mut [][..]), |(key, keys)| (key, keys));
            write_map(cursor, &mut out.map(), key, keys, value, levels - 1);
        }
        Shape::Array if levels > 0 => write_array(cursor, &mut out.array(), keys, value, levels - 1),
        shape => write_leaf(shape, cursor, out, value),
    }
}

fn write_array(
    cursor: &mut Cursor<'_>,
    array: &mut ArrayWriter<'_, '_>,
    keys: &mut [String],
    value: &mut String,
    levels: u8,
) {
    cursor.enter();
    while !array.is_full() {
        if !cursor.next_child() {
            return;
        }
        write_value(cursor, array.slot(), keys, value, levels);
    }
    array.drop_rest(Some(cursor.skip_rest(false)));
}

#[inline(never)]
fn write_leaf(shape: Shape, cursor: &mut Cursor<'_>, out: ValueWriter<'_, '_>, value: &mut String) {
    match shape {
        Shape::String => out.str(cursor.string().decode(value)),
        Shape::Number => write_number(cursor.number(), out),
        Shape::True | Shape::False => {
            cursor.skip();
            out.bool(shape == Shape::True);
        }
        Shape::Null => {
            cursor.skip();
            out.null();
        }
        // A container below the last level.
        Shape::Array | Shape::Object => out.str(cursor.raw()),
    }
}

/// Writes integers of up to 128 bits exactly, and other numbers as the nearest double. Writes the text of the number
/// if it is a wider integer, if its nearest double is an infinity, or if its nearest double is zero and the number is
/// not.
pub(super) fn write_number(text: &str, out: ValueWriter<'_, '_>) {
    let is_integer = !text.contains(['.', 'e', 'E']);
    if is_integer && text != "-0" {
        if let Ok(number) = text.parse() {
            return out.i64(number);
        }
        if let Ok(number) = text.parse() {
            return out.u64(number);
        }
        if let Ok(number) = text.parse() {
            return out.i128(number);
        }
        if let Ok(number) = text.parse() {
            return out.u128(number);
        }
        return match not_finite(text) {
            Some(number) => out.f64(number),
            None => out.str(text),
        };
    }
    match text.parse() {
        Ok(number) if f64::is_finite(number) && (number != 0.0 || is_zero(text)) => out.f64(number),
        _ => out.str(text),
    }
}

/// Returns the number with this name. JSON has no such numbers, but many programs write them.
fn not_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn is_zero(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap_or("");
    !mantissa.contains(|c| matches!(c, '1'..='9'))
}
