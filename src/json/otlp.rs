//! The JSON encoding of logs of OpenTelemetry. One line contains many records.
//!
//! Sources: OpenTelemetry Protocol, "JSON Protobuf Encoding"; the file exporter of the collector.

use crate::encode::{EntryWriter, MapWriter};
use crate::names::Part;
use crate::severity::Severity;

use super::cursor::{Cursor, Shape};
use super::header::Header;
use super::object::{MAX_LEVELS, Scratch, write_value};
use super::otlp_value::{
    for_elements, has_only, is, is_kind, is_list, only_member, write_any, write_items, write_list,
};

/// The maximum size in bytes of the shared data of a line, summed over its records: 1 GiB. Shared data is written
/// into each entry. Without this limit, the work for a hostile line grows with the square of its length. A line that
/// exceeds the limit is imported as an ordinary object.
const MAX_SHARED: u64 = 1 << 30;

/// The names of the members of a line. The specification requires the first form. Some programs write the names of the
/// protocol, in snake case.
struct Names {
    resource_logs: &'static str,
    scope_logs: &'static str,
    log_records: &'static str,
    schema_url: &'static str,
}

const CAMEL: Names = Names {
    resource_logs: "resourceLogs",
    scope_logs: "scopeLogs",
    log_records: "logRecords",
    schema_url: "schemaUrl",
};
const SNAKE: Names = Names {
    resource_logs: "resource_logs",
    scope_logs: "scope_logs",
    log_records: "log_records",
    schema_url: "schema_url",
};

/// Returns the names that the line uses.
fn names(line: Cursor<'_>) -> &'static Names {
    if line.member(SNAKE.resource_logs).is_some() { &SNAKE } else { &CAMEL }
}

/// A log record with its scope and its resource.
#[derive(Clone, Copy)]
pub(crate) struct Record<'j> {
    pub(crate) record: Cursor<'j>,
    /// The element of `resourceLogs` that contains the record.
    pub(crate) resource_logs: Cursor<'j>,
    /// The element of `scopeLogs` that contains the record.
    pub(crate) scope_logs: Cursor<'j>,
}

/// Returns whether the object at `line` has this encoding and can be imported completely: every object has only the
/// members of the specification, and contains at least one record.
pub(crate) fn is_logs(line: Cursor<'_>) -> bool {
    let mut shared = 0_u64;
    if !has_only(line, &[CAMEL.resource_logs]) && !has_only(line, &[SNAKE.resource_logs]) {
        return false;
    }
    let names = names(line);
    all(line.member(names.resource_logs), &mut |logs| {
        let (mut bytes, mut records) = (logs.len(), 0);
        has_only(logs, &["resource", names.scope_logs, names.schema_url])
            && logs.member("resource").is_none_or(|resource| is(resource, Shape::Object))
            && all(logs.member(names.scope_logs), &mut |logs| {
                has_only(logs, &["scope", names.log_records, names.schema_url])
                    && logs.member("scope").is_none_or(|scope| is(scope, Shape::Object))
                    && all(logs.member(names.log_records), &mut |record| {
                        records += 1;
                        bytes = bytes.saturating_sub(record.len());
                        is(record, Shape::Object)
                    })
            })
            && {
                shared = shared.saturating_add(records * bytes as u64);
                shared <= MAX_SHARED
            }
    })
}

/// Returns whether `array` is an array of at least one element, and `test` returns `true` for all elements.
fn all<'j>(array: Option<Cursor<'j>>, test: &mut dyn FnMut(Cursor<'j>) -> bool) -> bool {
    let Some(array) = array.filter(|array| is(*array, Shape::Array)) else { return false };
    let mut any = false;
    let result = for_elements(Some(array), &mut |element| {
        any = true;
        if test(element) { Ok(()) } else { Err(()) }
    });
    any && result.is_ok()
}

/// Calls `each` for every record of the line.
pub(crate) fn for_each<'j, E>(
    line: Cursor<'j>,
    mut each: impl FnMut(Record<'j>) -> Result<(), E>,
) -> Result<(), E> {
    let names = names(line);
    for_elements(line.member(names.resource_logs), &mut |resource_logs| {
        for_elements(resource_logs.member(names.scope_logs), &mut |scope_logs| {
            for_elements(scope_logs.member(names.log_records), &mut |record| {
                each(Record { record, resource_logs, scope_logs })
            })
        })
    })
}

/// Writes a record: its fields and attributes, then its scope and its resource.
pub(crate) fn write_record(record: Record<'_>, entry: &mut EntryWriter<'_>, scratch: &mut Scratch) {
    let mut header = Header::of(record.record, scratch.zone.as_ref());
    let [key_scratch, keys @ ..] = &mut scratch.keys;
    // The number is more exact than the text, so the number has priority in either order of the members.
    let number = severity_number(record.record);
    let mut cursor = record.record;
    cursor.enter();
    while cursor.next_child() {
        let name = cursor.key();
        let key = name.decode(key_scratch);
        match key {
            "attributes" if is_list(cursor) => write_items(cursor, &mut entry.attributes(), MAX_LEVELS),
            "body" => {
                let text = only_member(cursor).filter(|(kind, _)| is_kind(*kind, "stringValue"));
                if !text
                    .is_some_and(|(_, text)| header.take(Part::Body, name, text, entry, &mut scratch.value))
                {
                    write_any(cursor, entry.attributes().slot(key), MAX_LEVELS);
                }
            }
            "severityText" | "severity_text" if number.is_some() => {
                if !is_name_of(number, cursor) {
                    write_value(
                        &mut cursor,
                        entry.attributes().slot(key),
                        keys,
                        &mut scratch.value,
                        MAX_LEVELS,
                    );
                    continue;
                }
            }
            _ => {
                let part = if key == "flags" { Some(Part::TraceFlags) } else { header.part(key) };
                if !part.is_some_and(|part| header.take(part, name, cursor, entry, &mut scratch.value)) {
                    write_value(
                        &mut cursor,
                        entry.attributes().slot(key),
                        keys,
                        &mut scratch.value,
                        MAX_LEVELS,
                    );
                    continue;
                }
            }
        }
        cursor.skip();
    }
    let scope = record.scope_logs.member("scope");
    let mut attributes = entry.attributes();
    if let Some(scope) = scope {
        write_shared("scope", scope, &mut attributes, key_scratch);
    }
    write_schema("scope", record.scope_logs, &mut attributes, key_scratch);
    if let Some(resource) = record.resource_logs.member("resource") {
        write_shared("resource", resource, &mut attributes, key_scratch);
    }
    write_schema("resource", record.resource_logs, &mut attributes, key_scratch);
    drop(attributes);
    if let Some(mut name) =
        scope.and_then(|scope| scope.member("name")).filter(|name| is(*name, Shape::String))
    {
        entry.set_target(name.string().decode(&mut scratch.value));
    }
    entry.set_trace(header.trace);
}

/// Writes a scope or a resource. Its attributes become a map named `prefix`; its other members become
/// `prefix.member`. The first `name` of a scope is the target of the entry.
fn write_shared(prefix: &str, mut shared: Cursor<'_>, attributes: &mut MapWriter<'_, '_>, name: &mut String) {
    let mut scratch = String::new();
    let (mut has_name, mut has_list) = (prefix != "scope", false);
    shared.enter();
    while shared.next_child() {
        let key = shared.key();
        if !has_name && key.is("name") && is(shared, Shape::String) {
            has_name = true;
        } else if !has_list && key.is("attributes") {
            has_list = true;
            write_list(shared, attributes.slot(prefix), MAX_LEVELS);
        } else {
            name.clear();
            name.push_str(prefix);
            name.push('.');
            name.push_str(key.decode(&mut scratch));
            let mut value = shared;
            write_value(&mut value, attributes.slot(name), &mut [], &mut scratch, MAX_LEVELS);
        }
        shared.skip();
    }
}

fn write_schema(prefix: &str, logs: Cursor<'_>, attributes: &mut MapWriter<'_, '_>, name: &mut String) {
    let url = [&CAMEL, &SNAKE].map(|names| (names.schema_url, logs.member(names.schema_url)));
    for (key, url) in url {
        let Some(mut url) = url else { continue };
        name.clear();
        name.push_str(prefix);
        name.push('.');
        name.push_str(key);
        write_value(&mut url, attributes.slot(name), &mut [], &mut String::new(), MAX_LEVELS);
    }
}

/// Returns the severity number of a record, if it is valid.
fn severity_number(record: Cursor<'_>) -> Option<u8> {
    let number = record.member("severityNumber").or_else(|| record.member("severity_number"));
    let number = number.filter(|number| is(*number, Shape::Number))?.number();
    number.parse().ok().filter(|number| (1..=24).contains(number))
}

/// Returns whether `text` is the name of the severity `number`.
fn is_name_of(number: Option<u8>, mut text: Cursor<'_>) -> bool {
    let name = number.and_then(|number| Severity::from_number(number).name());
    text.shape() == Shape::String && name == Some(text.string().decode(&mut String::new()))
}
