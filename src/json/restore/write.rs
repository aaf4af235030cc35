//! The writer of the attributes of a written line to a new entry.

use crate::encode::{ArrayWriter, MapWriter, ValueWriter};
use crate::json::base64;
use crate::kind::NodeFlags;

use super::exact::Number;
use super::values::{Found, Item, Next, Values};

/// Writes the values up to the end of the container. The recursion ends at the depth limit; a loop skips a container
/// beyond it.
pub(super) fn write_map(
    values: &mut Values<'_>,
    map: &mut MapWriter<'_, '_>,
    keys: &mut [String],
    value: &mut String,
) {
    let mut own = String::new();
    let (key_scratch, keys) = keys.split_first_mut().unwrap_or((&mut own, &mut []));
    while let Some(Next::Value(found)) = values.next() {
        let key = found.key.map_or("", |key| key.decode(key_scratch));
        write_value(values, &found, map.slot(key), keys, value);
    }
}

fn write_array(
    values: &mut Values<'_>,
    array: &mut ArrayWriter<'_, '_>,
    keys: &mut [String],
    value: &mut String,
) {
    while let Some(Next::Value(found)) = values.next() {
        write_value(values, &found, array.slot(), keys, value);
    }
}

fn write_value(
    values: &mut Values<'_>,
    found: &Found<'_>,
    slot: ValueWriter<'_, '_>,
    keys: &mut [String],
    value: &mut String,
) {
    let is_container = matches!(found.item, Item::Map | Item::Array);
    if slot.is_inert() {
        if is_container {
            values.skip();
        }
        return;
    }
    let dropped = (found.note.dropped != u64::MAX).then_some(found.note.dropped);
    // The end of a container sets the flag for dropped children, if the value becomes a container.
    let flags = NodeFlags::from_bits(found.note.flags.bits() & !NodeFlags::CHILDREN_DROPPED.bits());
    slot.restored(flags, |slot| match found.item {
        Item::Map => {
            let mut map = slot.map();
            write_map(values, &mut map, keys, value);
            map.restore_dropped(dropped);
        }
        Item::Array => {
            let mut array = slot.array();
            write_array(values, &mut array, keys, value);
            array.restore_dropped(dropped);
        }
        leaf => write_leaf(leaf, slot, value),
    });
}

#[inline(never)]
fn write_leaf(item: Item<'_>, out: ValueWriter<'_, '_>, scratch: &mut String) {
    match item {
        Item::Null => out.null(),
        Item::Bool(value) => out.bool(value),
        Item::Number(Number::Float(value)) => out.f64(value),
        Item::Number(Number::Unsigned(value)) => out.u128(value),
        Item::Number(Number::Signed(value)) => match u64::try_from(value) {
            Ok(value) if value > i64::MAX as u64 => out.u64(value),
            _ => out.i128(value),
        },
        Item::String(text) => out.str(text.decode(scratch)),
        Item::Bytes(digits) => {
            let mut bytes = core::mem::take(scratch).into_bytes();
            bytes.clear();
            if base64::read(digits, &mut bytes).is_some() {
                out.bytes(&bytes);
            }
            bytes.clear();
            *scratch = String::from_utf8(bytes).unwrap_or_default();
        }
        Item::Timestamp(time) => out.timestamp(time),
        Item::Duration(nanos) => out.duration_nanos(nanos),
        Item::Later(kind, value) => {
            // Only the number of the kind and the value of the node are known.
            let mut map = out.map();
            let mut parts = map.slot("$kind").array();
            parts.push(&kind).push(&value);
        }
        Item::Map | Item::Array => {}
    }
}
