//! OpenTelemetry's JSON encoding of logs: one line holds many records.
//!
//! Source: OpenTelemetry Protocol, "JSON Protobuf Encoding"; the collector's file exporter.

use crate::encode::{EntryWriter, MapWriter, ValueWriter};
use crate::severity::Severity;

use super::base64;
use super::cursor::{Cursor, Shape};
use super::header::Header;
use super::object::{Scratch, write_value};
use super::recognise::{self, Part};

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
        _ => write_value(&mut value, out, &mut [], &mut scratch),
    }
}

/// A record of OpenTelemetry's encoding: its own fields, its attributes, then its resource and scope.
pub(super) fn write_record(record: Record<'_>, entry: &mut EntryWriter<'_>, scratch: &mut Scratch) {
    let mut header = Header::default();
    let [key_scratch, keys @ ..] = &mut scratch.keys;
    let mut cursor = record.record;
    cursor.enter();
    while cursor.next_child() {
        let key = cursor.key().decode(key_scratch);
        match key {
            "attributes" => write_list(Some(cursor), &mut entry.attributes()),
            "body" => {
                let text = cursor.member("stringValue");
                if !text.is_some_and(|text| header.take(Part::Body, key, text, entry, &mut scratch.value)) {
                    write_any(Some(cursor), entry.attributes().slot(key));
                }
            }
            _ => {
                let part = recognise::part(key).filter(|part| *part != Part::Nested);
                // The number says more than the text, whichever comes first.
                let is_spare = key == "severityText" && record.record.member("severityNumber").is_some();
                let told = part.is_some_and(|part| {
                    !is_spare && header.take(part, key, cursor, entry, &mut scratch.value)
                });
                let says_the_same = is_spare && is_canonical_text(cursor, record.record);
                if !told && !says_the_same {
                    write_value(&mut cursor, entry.attributes().slot(key), keys, &mut scratch.value);
                    continue;
                }
            }
        }
        cursor.skip();
    }
    if let Some(mut name) = record.scope.and_then(|scope| scope.member("name"))
        && name.shape() == Shape::String
    {
        entry.set_target(name.string().decode(&mut scratch.value));
    }
    if let Some(list) = record.resource {
        let mut attributes = entry.attributes();
        write_list(Some(list), &mut attributes.slot("resource").map());
    }
    entry.set_trace(header.trace);
}

/// Whether the text of the severity at `text` is the name of the record's severity number.
fn is_canonical_text(mut text: Cursor<'_>, record: Cursor<'_>) -> bool {
    let mut scratch = String::new();
    let number = record.member("severityNumber").and_then(|mut number| number.number().parse().ok());
    let name = number.and_then(|number| Severity::from_number(number).name());
    text.shape() == Shape::String && name == Some(text.string().decode(&mut scratch))
}
