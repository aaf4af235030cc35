//! `fusewire query`: prints the entries that match an expression.

mod context;

use std::path::Path;

use anyhow::{Result, bail};
use fusewire::log::{LogEvent, LogReader};
use fusewire::query::Field;
use fusewire::segment::Mode;

use super::{count, stream};
use crate::args::QueryArgs;
use crate::fields::report_unknown;
use crate::input::{self, selection::Selection};
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::entries::EntryPrinter;
use crate::output::events::EventPrinter;
use crate::output::{markdown, timeless};
use context::Around;

/// The description of the query language.
const SYNTAX: &str = include_str!("../../QUERY.md");

/// Runs the command.
pub(crate) fn run(args: &QueryArgs, terminal: &mut Terminal) -> Result<Outcome> {
    if args.help_syntax {
        let heading = terminal.palette.strong.clone();
        markdown::push_text(&mut terminal.out, SYNTAX, &heading);
        return Ok(Outcome::Clean);
    }
    if let Some(level) = &args.level {
        bail!("expected the level in the expression, found -l; use: fusewire query 'level == {level}' PATH");
    }
    let result = search(args, terminal);
    if !matches!(result, Ok(Outcome::Clean | Outcome::Lossy))
        && let Some(query) = &args.query
    {
        hint(query, args, terminal)?;
    }
    result
}

/// Reports a likely mistake in a query without matches.
fn hint(query: &str, args: &QueryArgs, terminal: &mut Terminal) -> Result<()> {
    // If the user forgets the expression, the path becomes the query.
    if Path::new(query).exists() {
        let swapped = match args.paths.as_slice() {
            [path] if !path.exists() => format!(": fusewire query '{}' {query}", path.display()),
            _ => ": fusewire query EXPR PATH".to_owned(),
        };
        terminal.report(&format!(
            "the query `{query}` is also a path; expected an expression and a path{swapped}"
        ))?;
    }
    // Other search tools have this form.
    if let Some((field, value)) = query.trim().split_once(':')
        && !value.is_empty()
        && field.parse::<Field>().is_ok()
        && !query.contains(char::is_whitespace)
    {
        terminal.report(&format!(
            "the query `{query}` is a text; to compare a field, use '{field} == {value}'"
        ))?;
    }
    Ok(())
}

fn search(args: &QueryArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let (streams, logs): (Vec<_>, Vec<_>) =
        args.paths.iter().cloned().partition(|path| input::is_stream(path).unwrap_or(false));
    let (paths, unread) = match logs.is_empty() {
        true => (Vec::new(), Outcome::Clean),
        false => input::usable(&logs, terminal)?,
    };
    let zone = args.print.zone.zone();
    let selection = Selection::new(&args.range, args.query.as_deref(), &zone)?;
    if args.count {
        let counted = count::print(&paths, &args.paths, &selection, &args.access, terminal)?;
        if counted == Outcome::NoMatch {
            report_unknown(selection.fields(), &paths, &selection, &args.access, terminal)?;
        }
        return Ok(counted.max(unread));
    }
    let entries = EntryPrinter::new(&args.print, &args.parts, terminal);
    let mut printer = EventPrinter::new(entries, Mode::Recover, &selection, &args.paths);
    printer.note(unread);
    let most = args.lines.unwrap_or(u64::MAX);
    if args.reverse {
        terminal.print_backwards()?;
    }
    if args.context > 0 {
        let options = Selection::of_range(selection.range).options(&args.access);
        let mut reader = input::open_logs(&paths, options)?;
        Around::new(args.context, &selection).print(&mut reader, most, &mut printer, terminal)?;
        timeless::report(reader.without_time(), selection.is_timed(), terminal)?;
    } else if !paths.is_empty() {
        let mut reader = input::open_logs(&paths, selection.options(&args.access))?;
        if args.reverse
            && let Some(newest) = args.lines
        {
            reader.seek_to_last(newest)?;
        }
        print(&mut reader, most, args.reverse, &mut printer, terminal)?;
        timeless::report(reader.without_time(), selection.is_timed(), terminal)?;
    }
    for path in streams {
        let terms = stream::Terms { lines: args.lines, access: &args.access, losses: false };
        stream::print(&path, &selection, terms, &mut printer, terminal)?;
    }
    let mut fields = printer.unseen().to_vec();
    if printer.printed() == 0 {
        fields.extend(selection.fields());
    }
    report_unknown(fields, &paths, &selection, &args.access, terminal)?;
    printer.finish(terminal)
}

/// Prints at most `most` entries. If `is_to_end` is set, reads to the end, because the damage of a file can follow its newest
/// entries.
fn print(
    reader: &mut LogReader,
    most: u64,
    is_to_end: bool,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    while (is_to_end || printer.printed() < most)
        && let Some(event) = reader.next()
    {
        match event {
            // Only `cat` prints loss records.
            LogEvent::Frame { .. } => {}
            LogEvent::Entry { .. } if printer.printed() >= most => {}
            event => printer.print(&event, terminal)?,
        }
    }
    Ok(())
}
