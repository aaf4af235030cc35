//! The lines of `tracing_subscriber::fmt().json()`. They become the entries that the layer of this crate writes for the same
//! events: the fields are attributes, and the ids of the spans are ids of the entry.

use crate::encode::EntryWriter;
use crate::names::Part;

use super::cursor::{Cursor, Shape};
use super::header::Header;
use super::object::{MAX_LEVELS, write_value};
use super::otlp_value::{for_elements, is};

/// Returns whether a member of a line can need the conversion.
pub(super) fn is_member(key: &str) -> bool {
    matches!(key, "fields" | "span" | "spans" | "filename" | "line_number")
}

/// Returns whether the object has the form of tracing-subscriber.
#[cold]
pub(super) fn is_event(object: Cursor<'_>) -> bool {
    let has = |key, shape| object.member(key).is_some_and(|value| is(value, shape));
    has("level", Shape::String)
        && has("target", Shape::String)
        && (has("fields", Shape::Object) || has("spans", Shape::Array))
}

/// Writes the member `key` of the line at `object` and moves after it. Returns `false` if it is an ordinary member.
#[cold]
pub(super) fn write<'j>(
    key: &str,
    object: Cursor<'j>,
    cursor: &mut Cursor<'j>,
    entry: &mut EntryWriter<'_>,
    header: &mut Header<'j>,
    scratch: (&mut [String], &mut String),
) -> bool {
    let (keys, value) = scratch;
    match (key, cursor.shape()) {
        ("fields", Shape::Object) => write_fields(cursor, entry, header, keys, value),
        ("filename", Shape::String) => {
            write_value(cursor, entry.attributes().slot("code.file.path"), keys, value, MAX_LEVELS);
        }
        ("line_number", Shape::Number) => {
            write_value(cursor, entry.attributes().slot("code.line.number"), keys, value, MAX_LEVELS);
        }
        ("span", Shape::Object) => {
            take_ids(*cursor, true, header, entry, value);
            let mut last = None;
            let _ = for_elements(object.member("spans"), &mut |mut span| {
                last = Some(span.raw());
                Ok::<(), ()>(())
            });
            let mut span = *cursor;
            if last != Some(span.raw()) {
                return false;
            }
            // The last element of `spans` is the current span.
            *cursor = span;
        }
        ("spans", Shape::Array) => {
            let mut spans = Vec::new();
            let _ = for_elements(Some(*cursor), &mut |span| {
                spans.push(span);
                Ok::<(), ()>(())
            });
            // The ids of an inner span have priority.
            for span in spans.into_iter().rev() {
                take_ids(span, false, header, entry, value);
            }
            return false;
        }
        _ => return false,
    }
    true
}

/// Writes the fields of an event.
fn write_fields<'j>(
    cursor: &mut Cursor<'j>,
    entry: &mut EntryWriter<'_>,
    header: &mut Header<'j>,
    keys: &mut [String],
    value: &mut String,
) {
    let mut scratch = String::new();
    cursor.enter();
    while cursor.next_child() {
        let name = cursor.key();
        let key = name.decode(&mut scratch);
        let part = if key == "message" { Some(Part::Body) } else { id(key) };
        if part.is_some_and(|part| header.take(part, name, *cursor, entry, value)) {
            cursor.skip();
            continue;
        }
        let mut attributes = entry.attributes();
        let slot = attributes.slot(key);
        if slot.is_inert() {
            cursor.skip();
        } else {
            write_value(cursor, slot, keys, value, MAX_LEVELS);
        }
    }
}

/// Takes the ids from the fields of a span. The field `id` of the current span can also be a span id.
fn take_ids<'j>(
    mut span: Cursor<'j>,
    is_current: bool,
    header: &mut Header<'j>,
    entry: &mut EntryWriter<'_>,
    value: &mut String,
) {
    if !is(span, Shape::Object) {
        return;
    }
    span.enter();
    while span.next_child() {
        let name = span.key();
        let part = if is_current && name.is("id") { Some(Part::SpanId) } else { id(name.raw()) };
        if let Some(part) = part {
            header.take(part, name, span, entry, value);
        }
        span.skip();
    }
}

/// Returns the id to which the name of a field refers.
fn id(key: &str) -> Option<Part> {
    match key {
        "trace_id" => Some(Part::TraceId),
        "span_id" => Some(Part::SpanId),
        _ => None,
    }
}
