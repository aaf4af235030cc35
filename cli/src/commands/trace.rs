//! `fusewire trace`: prints the entries of one trace by span.

mod tree;

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use fusewire::decode::{EntryRef, Value};
use fusewire::log::{LogEvent, Source};
use fusewire::query::Query;
use fusewire::segment::Mode;

use crate::args::{EntryFormat, TraceArgs};
use crate::input::{self, selection::Selection};
use crate::outcome::Outcome;
use crate::output::entries::EntryPrinter;
use crate::output::events::EventPrinter;
use crate::output::producer::Producer;
use crate::output::time::Clock;
use crate::output::{Terminal, escape};
use tree::{Logged, Tree};

/// The maximum number of entries in the tree. The limit bounds the memory.
const MOST: usize = 100_000;

/// The keys of the id of the parent span.
const PARENTS: [&str; 5] = ["parent_span_id", "parent_id", "span.parent_id", "parentSpanId", "parentId"];

/// Runs the command.
pub(crate) fn run(args: &TraceArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let (paths, unread) = input::usable(&args.paths, terminal)?;
    let zone = args.print.zone.zone();
    let query = Query::parse(&format!("trace_id == \"{}\"", args.id.replace(['"', '\\'], "?")));
    let selection = Selection::of_query(query.context("trace id")?);
    let entries = EntryPrinter::new(&args.print, terminal);
    let mut printer = EventPrinter::new(entries, Mode::Recover, &selection, &args.paths);
    let mut reader = input::open_logs(&paths, selection.options(&args.access))?;
    let (mut logged, mut producers) = (Vec::new(), HashMap::new());
    let mut left_out = 0_u64;
    while let Some(event) = reader.next() {
        match &event {
            LogEvent::Entry { source, entry, .. } if args.print.output == EntryFormat::Text => {
                if logged.len() < MOST {
                    logged.push(describe(entry, *source, &mut producers, terminal));
                } else {
                    left_out += 1;
                }
            }
            LogEvent::Frame { .. } => {}
            event => printer.print(event, terminal)?,
        }
    }
    if args.print.output != EntryFormat::Text {
        return Ok(printer.outcome().max(unread));
    }
    let found = if logged.is_empty() { Outcome::NoMatch } else { Outcome::Clean };
    if !logged.is_empty() {
        Tree::new(logged).print(left_out, &mut Clock::new(zone), terminal);
    }
    let found = found.max(unread);
    Ok(found.max(if printer.outcome() == Outcome::NoMatch { Outcome::Clean } else { printer.outcome() }))
}

/// Returns the line of an entry in the tree.
fn describe(
    entry: &EntryRef<'_>,
    source: Source<'_>,
    producers: &mut HashMap<PathBuf, String>,
    terminal: &Terminal,
) -> Logged {
    let palette = &terminal.palette;
    let safe = |text: &[u8]| {
        let mut out = String::new();
        escape::push_line(text, &palette.escape, &mut out);
        out
    };
    let service = ["service.name", "service"].iter().find_map(|key| match entry.get(key) {
        Some(Value::String(text)) => Some(safe(text.as_bytes())),
        _ => None,
    });
    let mut process = || {
        let path = source.path();
        if let Some(found) = producers.get(path) {
            return found.clone();
        }
        let found = match source {
            Source::Segment(_) => Producer::of(path).describe(palette),
            // A file of lines has no producer.
            Source::File(_) => safe(path.file_name().unwrap_or_default().as_encoded_bytes()),
        };
        producers.insert(path.to_owned(), found.clone());
        found
    };
    let name = entry
        .get("span.name")
        .or_else(|| entry.get("span").and_then(|span| span.get("name")))
        .or_else(|| {
            let Some(Value::Array(spans)) = entry.get("spans") else { return None };
            spans.iter().filter_map(Result::ok).last().and_then(|span| span.value.get("name"))
        });
    let severity = entry.severity();
    let level = palette.severity(severity).of(format_args!("{severity:<5}"));
    let target = palette.target.of(safe(entry.target().as_bytes()));
    let body = safe(entry.body().as_bytes());
    Logged {
        time: entry.time_unix_nano(),
        span: entry.trace().span_id,
        parent: PARENTS.iter().find_map(|key| id(&entry.get(key)?)),
        name: name.and_then(|name| name.as_str().map(|name| safe(name.as_bytes()))),
        // The service of the entry takes precedence over the producer of an imported log.
        process: service.unwrap_or_else(&mut process),
        text: format!("{level}  {target}  {body}"),
    }
}

fn id(value: &Value<'_>) -> Option<u64> {
    match value {
        Value::String(text) => u64::from_str_radix(text.to_str().ok()?, 16).ok(),
        value => value.as_i128().and_then(|id| id.try_into().ok()),
    }
    .filter(|id| *id != 0)
}
