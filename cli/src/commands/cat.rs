//! `fusewire cat`: prints entries.

use std::path::PathBuf;

use anyhow::Result;
use fusewire::log::LogEvent;
use fusewire::segment::Mode;

use super::stream;
use crate::args::CatArgs;
use crate::fields::report_unknown;
use crate::input::{self, Form, selection::Selection};
use crate::outcome::{Outcome, is_closed_pipe};
use crate::output::Terminal;
use crate::output::entries::EntryPrinter;
use crate::output::events::EventPrinter;
use crate::output::timeless;

/// Runs the command.
pub(crate) fn run(args: &CatArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let zone = args.print.zone.zone();
    let selection = Selection::new(&args.range, args.query.as_deref(), &zone)?;
    let mode = if args.strict { Mode::Strict } else { Mode::Recover };
    let mut printer = EventPrinter::new(
        EntryPrinter::new(&args.print, &args.parts, terminal),
        mode,
        &selection,
        &args.paths,
    );
    if args.reverse {
        terminal.print_backwards()?;
    }
    let mut logs = Vec::new();
    for path in &args.paths {
        let result = match input::form_of(path) {
            Ok(Form::Log) => {
                logs.push(path.clone());
                Ok(())
            }
            // Prints the logs that precede the stream on the command line first.
            Ok(Form::Stream) => {
                print_logs(&mut logs, args, &selection, &mut printer, terminal).and_then(|()| {
                    stream::print(path, &selection, stream::Terms::of(args), &mut printer, terminal)
                })
            }
            Err(error) => Err(error),
        };
        carry_on(result, args.paths.len(), mode, &mut printer, terminal)?;
    }
    let result = print_logs(&mut logs, args, &selection, &mut printer, terminal);
    carry_on(result, args.paths.len(), mode, &mut printer, terminal)?;
    printer.finish(terminal)
}

/// Reports the error of a path, and continues with the other paths. In strict mode, or if the output pipe is closed, returns
/// the error.
fn carry_on(
    result: Result<()>,
    named: usize,
    mode: Mode,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    match result {
        Err(error) if mode != Mode::Strict && !is_closed_pipe(&error) => {
            terminal.flush()?;
            terminal.complain(&error);
            printer.note(if named == 1 { Outcome::Failed } else { input::of_error(&error) });
            Ok(())
        }
        result => result,
    }
}

/// Prints the entries of `paths`, merged by time, and empties `paths`.
fn print_logs(
    paths: &mut Vec<PathBuf>,
    args: &CatArgs,
    selection: &Selection,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    let paths = std::mem::take(paths);
    if paths.is_empty() {
        return Ok(());
    }
    let mut reader = input::open_logs(&paths, selection.options(&args.access))?;
    let most = args.lines.unwrap_or(u64::MAX);
    if let Some(newest) = args.lines.filter(|_| args.reverse) {
        reader.seek_to_last(newest.saturating_sub(printer.printed()))?;
    }
    // The damage of a file can follow its newest entries.
    while (args.reverse || printer.printed() < most)
        && let Some(event) = reader.next()
    {
        // A process can append entries after the search for the newest ones.
        if printer.printed() < most || !matches!(event, LogEvent::Entry { .. }) {
            printer.print(&event, terminal)?;
        }
    }
    timeless::report(reader.without_time(), selection.is_timed(), terminal)?;
    let mut fields = printer.unseen().to_vec();
    if printer.printed() == 0 {
        fields.extend(selection.fields());
    }
    report_unknown(fields, &paths, selection, &args.access, terminal)
}
