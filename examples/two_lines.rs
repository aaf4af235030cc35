//! The two-line migration: `cargo run --release --example two_lines --features tracing`.
//!
//! The example runs the same program with `tracing_subscriber::fmt().json()` and with Fusewire. For one event, it prints the JSON
//! line, the entry as JSON, and the path of each field of the line in the entry. It verifies every field of all events, and fails
//! if a field is missing or different.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fusewire::decode::EntryRef;
use fusewire::json::write_entry;
use fusewire::log::{Log, LogEvent, LogReader};
use serde_json::Value;
use tracing::{Dispatch, debug, info, info_span, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

/// BEFORE: a common set-up of a service. Here the lines go to a buffer.
fn before(lines: Buffer) -> Dispatch {
    tracing_subscriber::fmt().json().with_thread_names(true).with_writer(move || lines.clone()).into()
}

/// AFTER: these two lines replace it. In a service, the second line is `let _guard =
/// fusewire::bridge::tracing::init(log)?;`.
fn after(directory: &Path) -> std::io::Result<Dispatch> {
    let log = Log::options(directory).open()?;
    // INFO is the default level of `fmt()`.
    Ok(tracing_subscriber::registry()
        .with(fusewire::bridge::tracing::Layer::new(log))
        .with(LevelFilter::INFO)
        .into())
}

/// The program, independent of the subscriber.
fn work() {
    info!(version = "1.4.2", workers = 8, "started");
    let request = info_span!("request", method = "POST", path = %"/orders", user = 7_u64, status = tracing::field::Empty);
    request.in_scope(|| {
        debug!("too verbose to be logged");
        let query = info_span!("query", table = "orders", rows = 3);
        query.in_scope(|| {
            request.record("status", 503_u16);
            warn!(attempt = 2, wait_s = 0.25, cached = false, order = ?("A-20931", 77), cause = %"timed out", "retrying {}", "payment");
        });
    });
    info!("stopped");
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().map_err(|_| std::io::Error::other("a writer panicked"))?.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns each entry as a JSON line.
fn entries(directory: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut lines = Vec::new();
    let mut reader = LogReader::options().open(&[directory.to_owned()])?;
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            lines.push(line(&entry)?);
        }
    }
    Ok(lines)
}

fn line(entry: &EntryRef<'_>) -> Result<String, std::fmt::Error> {
    let mut line = String::new();
    write_entry(entry, &mut line)?;
    Ok(line)
}

/// Returns the fields of a line of `fmt().json()`: the path in the line, the value, and the path in the entry.
fn fields(line: &Value) -> Vec<(String, &Value, String)> {
    let mut found = Vec::new();
    for (key, value) in line.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("fields", Value::Object(fields)) => found.extend(fields.iter().map(|(key, value)| {
                let place = if key == "message" { "/body".into() } else { format!("/attributes/{key}") };
                (format!("fields.{key}"), value, place)
            })),
            ("spans", Value::Array(spans)) => {
                for (n, span) in spans.iter().enumerate() {
                    found.extend(span.as_object().into_iter().flatten().map(|(key, value)| {
                        (format!("spans[{n}].{key}"), value, format!("/attributes/spans/{n}/{key}"))
                    }));
                }
            }
            // `span` is a copy of the last span.
            ("span", _) => {}
            (key, _) => {
                let place = match key {
                    "timestamp" => "/time".into(),
                    "level" => "/severity".into(),
                    "threadName" => "/thread".into(),
                    key => format!("/{key}"),
                };
                found.push((key.into(), value, place));
            }
        }
    }
    found
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir().join(format!("fusewire-two-lines-{}", std::process::id()));
    let lines = Buffer::default();
    tracing::dispatcher::with_default(&before(lines.clone()), work);
    tracing::dispatcher::with_default(&after(&directory)?, work);
    let before = String::from_utf8(lines.0.lock().map_err(|_| "a writer panicked")?.clone())?;
    let after = entries(&directory)?;
    std::fs::remove_dir_all(&directory)?;
    let before: Vec<_> = before.lines().collect();
    println!("{} lines before, {} entries after. One of them:", before.len(), after.len());
    if before.len() != after.len() {
        return Err("the numbers of lines and entries differ".into());
    }
    for (line, entry) in before.iter().zip(&after) {
        let shown = line.contains("retrying");
        if shown {
            println!("\nBEFORE {line}\nAFTER  {entry}\n");
        }
        let (line, entry) = (serde_json::from_str(line)?, serde_json::from_str(entry)?);
        compare(&line, &entry, shown)?;
    }
    println!("\nevery entry contains all fields of its line");
    Ok(())
}

/// Compares each field of a line with its entry.
fn compare(line: &Value, entry: &Value, shown: bool) -> Result<(), String> {
    for (field, value, place) in fields(line) {
        let found =
            entry.pointer(&place).ok_or_else(|| format!("{field}: missing in the entry at {place}"))?;
        // The time stamps differ, because the program runs twice.
        if value != found && field != "timestamp" {
            return Err(format!("{field}: expected {value}, found {found} at {place}"));
        }
        if shown {
            println!("  {field:<18} {:<28} {place}", value.to_string());
        }
    }
    Ok(())
}
