//! OpenTelemetry's JSON encoding of logs: one line holds many records.
//!
//! Source: OpenTelemetry Protocol, "JSON Protobuf Encoding"; the collector's file exporter.

use crate::encode::{MapWriter, ValueWriter};

use super::base64;
use super::cursor::{Cursor, Shape};

/// A log record with what it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Record<'j> {
    pub(super) record: Cursor<'j>,
    /// The resource's attributes, a list of keys and values.
    pub(super) resource: Option<Cursor<'j>>,
    /// The scope that logged it.
    pub(super) scope: Option<Cursor<'j>>,
}

/// Whether the object at `line` is such a line.
pub(super) fn is_logs(line: Cursor<'_>) -> bool {
    line.member("resourceLogs").is_some_and(|mut logs| logs.shape() == Shape::Array)
}

/// Hands every record of the line to `each`; returns how many.
pub(super) fn for_each<'j, E>(
    line: Cursor<'j>,
    mut each: impl FnMut(Record<'j>) -> Result<(), E>,
) -> Result<u64, E> {
    let mut records = 0;
    for_elements(line.member("resourceLogs"), &mut |logs| {
        let resource = logs.member("resource").and_then(|resource| resource.member("attributes"));
        for_elements(logs.member("scopeLogs"), &mut |logs| {
            let scope = logs.member("scope");
            for_elements(logs.member("logRecords"), &mut |record| {
                records += 1;
                each(Record { record, resource, scope })
            })
        })
    })?;
    Ok(records)
}

fn for_elements<'j, E>(
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

/// Writes a list of `{"key": ..., "value": ...}` as entries of `map`.
pub(super) fn write_list(list: Option<Cursor<'_>>, map: &mut MapWriter<'_, '_>) {
    let mut scratch = String::new();
    let mut left = 0;
    let result: Result<(), ()> = for_elements(list, &mut |item| {
        if map.is_full() {
            left += 1;
            return Ok(());
        }
        let key = item.member("key").filter(|key| (*key).clone().shape() == Shape::String);
        let key = key.map_or("", |mut key| key.string().decode(&mut scratch));
        write_any(item.member("value"), map.slot(key));
        Ok(())
    });
    debug_assert!(result.is_ok());
    map.drop_rest(Some(left));
}

/// Writes an `AnyValue`: `{"stringValue": ...}` and its like. Recursion ends where the fuse cuts.
pub(super) fn write_any(value: Option<Cursor<'_>>, out: ValueWriter<'_, '_>) {
    let Some(mut value) = value.filter(|value| (*value).clone().shape() == Shape::Object) else {
        return out.null();
    };
    value.enter();
    if !value.next_child() {
        return out.null();
    }
    let mut scratch = String::new();
    let kind = value.key();
    let mut kind_scratch = String::new();
    match kind.decode(&mut kind_scratch) {
        "intValue" if value.shape() == Shape::String => {
            let text = value.string().decode(&mut scratch);
            text.parse().map_or_else(|_| (), |number: i64| out.i64(number));
        }
        "bytesValue" if value.shape() == Shape::String => {
            let mut bytes = Vec::new();
            let text = value.string().decode(&mut scratch);
            match base64::read(text, &mut bytes) {
                Some(()) => out.bytes(&bytes),
                None => out.str(text),
            }
        }
        "arrayValue" => {
            let mut array = out.array();
            let mut left = 0;
            let result: Result<(), ()> = for_elements(value.member("values"), &mut |item| {
                if array.is_full() {
                    left += 1;
                } else {
                    write_any(Some(item), array.slot());
                }
                Ok(())
            });
            debug_assert!(result.is_ok());
            array.drop_rest(Some(left));
        }
        "kvlistValue" => write_list(value.member("values"), &mut out.map()),
        _ => super::import::write_value(&mut value, out, &mut [], &mut scratch),
    }
}
