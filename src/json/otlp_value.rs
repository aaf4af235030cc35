//! The values of the JSON encoding of OpenTelemetry: `AnyValue`, and lists of keys and values.

use crate::encode::{MapWriter, ValueWriter};

use super::base64;
use super::cursor::{Cursor, RawString, Shape};
use super::object::write_value;

/// Returns whether the value at the cursor has this shape.
pub(super) fn is(mut value: Cursor<'_>, shape: Shape) -> bool {
    value.shape() == shape
}

/// Returns whether `value` is an object whose members are all in `known`, each at most once.
pub(super) fn has_only(mut value: Cursor<'_>, known: &[&str]) -> bool {
    if value.shape() != Shape::Object {
        return false;
    }
    value.enter();
    let mut seen = 0_u32;
    while value.next_child() {
        let key = value.key();
        let Some(index) = known.iter().position(|known| key.is(known)) else { return false };
        if seen & 1 << index != 0 {
            return false;
        }
        seen |= 1 << index;
        value.skip();
    }
    true
}

/// Calls `each` for every element of `array`. Does nothing if `array` is not an array.
pub(super) fn for_elements<'j, E>(
    array: Option<Cursor<'j>>,
    each: &mut dyn FnMut(Cursor<'j>) -> Result<(), E>,
) -> Result<(), E> {
    let Some(mut cursor) = array else { return Ok(()) };
    if cursor.shape() != Shape::Array {
        return Ok(());
    }
    cursor.enter();
    while cursor.next_child() {
        each(cursor)?;
        cursor.skip();
    }
    Ok(())
}

/// Writes a list of `{"key": ..., "value": ...}` as a map. Writes any other value unchanged.
pub(super) fn write_list(mut list: Cursor<'_>, out: ValueWriter<'_, '_>, levels: u8) {
    if levels == 0 || !is_list(list) {
        return write_value(&mut list, out, &mut [], &mut String::new(), levels);
    }
    write_items(list, &mut out.map(), levels - 1);
}

/// Returns whether `list` is an array whose elements have a string as key, and no members except the key and the
/// value.
pub(super) fn is_list(list: Cursor<'_>) -> bool {
    let is_item = |item: Cursor<'_>| {
        has_only(item, &["key", "value"]) && item.member("key").is_some_and(|key| is(key, Shape::String))
    };
    is(list, Shape::Array)
        && for_elements(Some(list), &mut |item| if is_item(item) { Ok(()) } else { Err(()) }).is_ok()
}

/// Writes the elements of a list of keys and values. Each value has at most `levels` levels.
pub(super) fn write_items(mut list: Cursor<'_>, map: &mut MapWriter<'_, '_>, levels: u8) {
    let mut scratch = String::new();
    list.enter();
    while !map.is_full() {
        if !list.next_child() {
            return;
        }
        let key = list.member("key").map_or("", |mut key| key.string().decode(&mut scratch));
        let out = map.slot(key);
        match list.member("value") {
            Some(value) => write_any(value, out, levels),
            None => out.null(),
        }
        list.skip();
    }
    map.drop_rest(Some(list.skip_rest(false)));
}

/// Returns the key and the value of the only member of the object at `value`.
pub(super) fn only_member<'j>(mut value: Cursor<'j>) -> Option<(RawString<'j>, Cursor<'j>)> {
    if value.shape() != Shape::Object {
        return None;
    }
    value.enter();
    let member = value.next_child().then(|| (value.key(), value))?;
    value.skip();
    (!value.next_child()).then_some(member)
}

/// Writes an `AnyValue` of at most `levels` levels, for example `{"stringValue": ...}`. Writes any other value unchanged. The
/// recursion ends at the depth limit.
pub(super) fn write_any(mut value: Cursor<'_>, out: ValueWriter<'_, '_>, levels: u8) {
    let mut scratch = String::new();
    if is_empty_object(value) {
        return out.null();
    }
    let Some((kind, mut inner)) = only_member(value) else {
        return write_value(&mut value, out, &mut [], &mut scratch, levels);
    };
    let shape = inner.shape();
    match shape {
        Shape::String if is_kind(kind, "intValue") => {
            let text = inner.string().decode(&mut scratch);
            match text.parse() {
                Ok(number) => out.i64(number),
                Err(_) => out.str(text),
            }
        }
        Shape::String if is_kind(kind, "bytesValue") => {
            let mut bytes = Vec::new();
            let text = inner.string().decode(&mut scratch);
            match base64::read(text, &mut bytes) {
                Some(()) => out.bytes(&bytes),
                None => out.str(text),
            }
        }
        Shape::String if is_kind(kind, "doubleValue") => {
            let text = inner.string().decode(&mut scratch);
            match text {
                "NaN" => out.f64(f64::NAN),
                "Infinity" => out.f64(f64::INFINITY),
                "-Infinity" => out.f64(f64::NEG_INFINITY),
                _ => out.str(text),
            }
        }
        Shape::Object if levels > 0 && is_kind(kind, "arrayValue") && has_list(inner) => {
            let mut array = out.array();
            let Some(mut list) = inner.member("values") else { return };
            list.enter();
            while !array.is_full() {
                if !list.next_child() {
                    return;
                }
                write_any(list, array.slot(), levels - 1);
                list.skip();
            }
            array.drop_rest(Some(list.skip_rest(false)));
        }
        Shape::Object if is_kind(kind, "kvlistValue") && has_only(inner, &["values"]) => {
            match inner.member("values") {
                Some(list) => write_list(list, out, levels),
                None => drop(out.map()),
            }
        }
        _ if ["stringValue", "boolValue", "intValue", "doubleValue"]
            .iter()
            .any(|known| is_kind(kind, known)) =>
        {
            write_value(&mut inner, out, &mut [], &mut scratch, levels);
        }
        _ => write_value(&mut value, out, &mut [], &mut scratch, levels),
    }
}

/// Returns whether the kind of an `AnyValue` is `known`, in camel case or in snake case.
pub(super) fn is_kind(kind: RawString<'_>, known: &str) -> bool {
    kind.is(known)
        || kind.raw().strip_suffix("_value").is_some_and(|name| known.strip_suffix("Value") == Some(name))
}

/// Returns whether the object at `value` is empty or contains only an array of values.
fn has_list(value: Cursor<'_>) -> bool {
    has_only(value, &["values"]) && value.member("values").is_none_or(|list| is(list, Shape::Array))
}

fn is_empty_object(mut value: Cursor<'_>) -> bool {
    value.shape() == Shape::Object && {
        value.enter();
        !value.next_child()
    }
}
