//! `fusewire trace`: prints the entries of one trace by span.

mod tree;

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use fusewire::decode::{EntryRef, Value};
use fusewire::log::{LogEvent, Source};
use fusewire::query::Query;
use fusewire::segment::Mode;

use crate::args::{EntryFormat, PartArgs, TraceArgs};
use crate::input::{self, selection::Selection, spool};
use crate::outcome::Outcome;
use crate::output::entries::{self, EntryPrinter};
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
    let query = Query::parse(&expression(&args.id)).context("trace id")?;
    let selection = Selection::of_query(query);
    let printed = EntryPrinter::new(&args.print, &PartArgs::default(), terminal);
    let mut printer = EventPrinter::new(printed, Mode::Recover, &selection, &args.paths);
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
        let outcome = printer.finish(terminal)?;
        told(&args.id, &args.paths, printer.printed() > 0, terminal)?;
        return Ok(outcome.max(unread));
    }
    let outcome = printer.finish(terminal)?;
    told(&args.id, &args.paths, !logged.is_empty(), terminal)?;
    let found = if logged.is_empty() { Outcome::NoMatch } else { Outcome::Clean };
    if !logged.is_empty() {
        let (fit, start) = (entries::fit(&args.print, terminal), terminal.out.len());
        Tree::new(logged).print(left_out, &mut Clock::new(zone), terminal);
        if let Some(fit) = fit {
            fit.apply(&mut terminal.out, start);
        }
    }
    let found = found.max(unread);
    Ok(found.max(if outcome == Outcome::NoMatch { Outcome::Clean } else { outcome }))
}

/// Returns the query for a trace id. Some tracers write an id of 64 bits as a decimal number.
fn expression(id: &str) -> String {
    let plain = id.trim().replace(['"', '\\'], "?");
    let is_decimal = (17..=20).contains(&plain.len()) && plain.bytes().all(|byte| byte.is_ascii_digit());
    match plain.parse::<u64>() {
        Ok(number) if is_decimal => format!("trace_id == \"{plain}\" or trace_id == \"{number:032x}\""),
        _ => format!("trace_id == \"{plain}\""),
    }
}

/// If no entry was found, reports the condition and another search.
fn told(id: &str, paths: &[PathBuf], is_found: bool, terminal: &mut Terminal) -> Result<()> {
    if is_found {
        return Ok(());
    }
    let names: Vec<_> = paths.iter().map(|path| spool::name_of(path).display().to_string()).collect();
    let names = names.join(" ");
    let text = id.replace(['"', '\''], "?");
    terminal.report(&format!(
        "{names}: no entry matches {}; to search all values: fusewire query '\"{text}\"' {names}",
        expression(id)
    ))?;
    Ok(())
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
