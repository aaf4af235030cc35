//! An entry contains each field that `tracing_subscriber::fmt().json()` prints for the same event.
#![cfg(feature = "tracing")]

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex};

use crate::common::logs;
use fusewire::bridge::tracing::{Layer, Scope};
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedValue};
use serde_json::Value;
use tracing::{debug, error, info, info_span, trace, warn};
use tracing_subscriber::prelude::*;

/// The printed bytes, which all clones share.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "for its Debug")]
struct Order {
    id: u32,
    items: Vec<&'static str>,
}

#[derive(Debug)]
struct Failed(std::num::ParseIntError);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no amount")
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Runs the program that both layers observe.
fn work() {
    trace!("nothing but a message");
    info!(target: "shop::cart", status = 200, "with {} and {named}", "arguments", named = 7);
    warn!(message = "as a field", a = -1_i64, b = u64::MAX, c = 1.5_f64, d = true, e = "text \"quoted\"\n");
    debug!(i = i128::MIN, u = u128::MAX, small = -5_i128, f32 = 0.1_f32, nan = f64::NAN);
    info!(order = ?Order { id: 7, items: vec!["a", "b"] }, shown = %"displayed", r#type = "keyword", dotted.name = 1);
    info!(status = tracing::field::Empty, absent = None::<u8>, present = Some(3_u8), "some are absent");
    let failed = Failed("x".parse::<u8>().unwrap_err());
    error!(error = &failed as &(dyn std::error::Error + 'static), "failed");
    let outer = info_span!("request", method = "GET", path = %"/orders/7", status = tracing::field::Empty);
    outer.in_scope(|| {
        info!("in one span");
        outer.record("status", 200_u16);
        let inner = tracing::debug_span!("query", rows = 3_u64, table = ?"orders");
        let _inner = inner.enter();
        info!(slow = false, "in two spans");
        std::thread::scope(|scope| {
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            let thread = std::thread::Builder::new().name("worker".to_owned());
            let work = move || tracing::dispatcher::with_default(&dispatch, || info!("on another thread"));
            thread.spawn_scoped(scope, work).unwrap().join().unwrap();
        });
    });
}

/// Runs the program with both layers. Returns the JSON line and the entry of each event.
fn both(layer: impl FnOnce(Layer) -> Layer) -> Vec<(Value, Entry)> {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let printed = Printed::default();
    let json = {
        let printed = printed.clone();
        tracing_subscriber::fmt::layer()
            .json()
            .with_thread_names(true)
            .with_file(true)
            .with_line_number(true)
            .with_writer(move || printed.clone())
    };
    let layer = layer(Layer::new(log.clone()).with_file(true).with_line_number(true));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(json).with(layer), work);
    drop(log);
    let text = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let entries = logs::read(directory.path()).entries;
    assert_eq!((lines.len(), entries.len()), (10, 10));
    lines.into_iter().zip(entries).collect()
}

/// Returns whether a value is equal to its JSON. In JSON, formatted values and 128-bit integers are text, and NaN is
/// null.
fn same(json: &Value, value: &OwnedValue) -> bool {
    match (json, value) {
        (Value::Null, OwnedValue::Float(number)) => number.is_nan(),
        (Value::Bool(json), OwnedValue::Bool(value)) => json == value,
        (Value::Number(json), OwnedValue::Int(value)) => json.to_string() == value.to_string(),
        (Value::Number(json), OwnedValue::Uint(value)) => json.to_string() == value.to_string(),
        (Value::Number(json), OwnedValue::Float(value)) => json.as_f64() == Some(*value),
        (Value::String(json), OwnedValue::Int(value)) => *json == value.to_string(),
        (Value::String(json), OwnedValue::Uint(value)) => *json == value.to_string(),
        (Value::String(json), OwnedValue::String(value)) => json == value,
        (Value::Array(json), OwnedValue::Array { values, .. }) => {
            json.len() == values.len() && json.iter().zip(values).all(|(json, item)| same(json, &item.value))
        }
        (Value::Object(json), OwnedValue::Map { entries, .. }) => {
            let found = |key: &str| entries.iter().find(|entry| entry.key == key);
            json.len() == entries.len()
                && json.iter().all(|(key, json)| found(key).is_some_and(|entry| same(json, &entry.value)))
        }
        _ => false,
    }
}

fn attribute<'e>(entry: &'e Entry, key: &str) -> Option<&'e OwnedValue> {
    entry.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| &attribute.value)
}

#[test]
fn an_entry_says_what_the_line_says() {
    for (line, entry) in both(|layer| layer) {
        let line = line.as_object().unwrap();
        let mut said = 0;
        for (key, json) in line {
            let is_same = match (key.as_str(), json.as_str()) {
                ("timestamp", Some(_)) => entry.time_unix_nano > 1_600_000_000_000_000_000,
                ("level", level) => entry.severity.name() == level,
                ("target", target) => Some(&*entry.target) == target,
                ("threadName", name) => Some(&*entry.thread) == name,
                ("filename", _) => attribute(&entry, "code.file.path").is_some_and(|value| same(json, value)),
                ("line_number", _) => {
                    attribute(&entry, "code.line.number").is_some_and(|value| same(json, value))
                }
                // The current span is the last span.
                ("span", _) => match attribute(&entry, "spans") {
                    Some(OwnedValue::Array { values, .. }) => {
                        values.last().is_some_and(|span| same(json, &span.value))
                    }
                    _ => false,
                },
                ("spans", _) => attribute(&entry, "spans").is_some_and(|spans| same(json, spans)),
                ("fields", _) => {
                    let fields = json.as_object().unwrap();
                    said += fields.len() - usize::from(fields.contains_key("message"));
                    fields.iter().all(|(key, json)| match key.as_str() {
                        "message" => json.as_str() == Some(&entry.body),
                        // The entry contains the sources of the error, which the JSON omits.
                        "error" => {
                            let text =
                                OwnedValue::String("no amount: invalid digit found in string".to_owned());
                            json == "no amount" && attribute(&entry, "error") == Some(&text)
                        }
                        key => attribute(&entry, key).is_some_and(|value| same(json, value)),
                    })
                }
                (key, _) => panic!("{key}: {json}"),
            };
            assert!(is_same, "{key}: {json} is not in {entry:?}");
        }
        // The entry has no other attributes, except the file, the line and the spans.
        let more = 2 + usize::from(line.contains_key("spans"));
        assert_eq!(entry.attributes.len(), said + more, "{entry:?}");
    }
}

/// A line of the JSON becomes an entry with the same attributes, so one question has the same answer for both.
#[cfg(feature = "json")]
#[test]
fn an_imported_line_is_like_the_entry() {
    use fusewire::decode::EntryRef;
    use fusewire::mixed::{MixedEvent, MixedReader};

    for (line, entry) in both(|layer| layer) {
        let text = line.to_string();
        let mut reader = MixedReader::new(text.as_bytes());
        let Some(MixedEvent::Entry { entry: imported, .. }) = reader.next().unwrap() else {
            panic!("{line}")
        };
        let imported = EntryRef::to_owned(&imported).unwrap();
        assert_eq!(
            (imported.severity, &imported.target, &imported.thread, &imported.body),
            (entry.severity, &entry.target, &entry.thread, &entry.body)
        );
        let names = |entry: &Entry| {
            let mut names: Vec<String> =
                entry.attributes.iter().map(|attribute| attribute.key.to_string()).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(&imported), names(&entry), "{line}");
    }
}

#[test]
fn the_current_span_alone_is_what_the_line_says_of_it() {
    for (line, entry) in both(|layer| layer.with_scope(Scope::Current)) {
        assert_eq!(attribute(&entry, "spans"), None);
        match (line.get("span"), attribute(&entry, "span")) {
            (None, None) => {}
            (Some(json), Some(span)) => assert!(same(json, span), "{json} is not {span:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn spans_are_left_out_where_told() {
    for (_, entry) in both(|layer| layer.with_scope(Scope::None)) {
        assert_eq!((attribute(&entry, "spans"), attribute(&entry, "span")), (None, None));
    }
}

/// The JSON contains the spans of the thread, even if the event names another parent.
#[test]
fn an_event_is_in_the_span_that_it_names() {
    let directory = tempfile::tempdir().unwrap();
    let layer = Layer::new(Log::options(directory.path()).open().unwrap());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let outer = info_span!("outer");
        let _outer = outer.enter();
        let _inner = info_span!("inner").entered();
        info!(parent: None, "in none");
        info!(parent: &outer, "in the outer one");
    });
    let entries = logs::read(directory.path()).entries;
    assert_eq!(attribute(&entries[0], "spans"), None);
    let spans = attribute(&entries[1], "spans").unwrap();
    assert!(same(&serde_json::json!([{ "name": "outer" }]), spans), "{spans:?}");
}
