//! `fusewire cat`: prints entries.

mod lines;
mod stream;

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use fusewire::error::DecodeError;
use fusewire::segment::{Event, LostRange, Mode, Segment};

use crate::args::CatArgs;
use crate::input;
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::entries::EntryPrinter;
use crate::output::losses;

/// Runs the command.
pub(crate) fn run(args: &CatArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let mut printer = EntryPrinter::new(args.output, args.zone.zone(), terminal);
    let mode = if args.strict { Mode::Strict } else { Mode::Recover };
    let mut outcome = Outcome::Clean;
    for path in &args.paths {
        if input::is_stdin(path) {
            outcome = outcome.max(stream::print(path, mode, &mut printer, terminal)?);
            continue;
        }
        for file in input::segment_files(path)? {
            let segment = input::open_segment(&file, args.access)?;
            outcome = outcome.max(print_segment(&segment, &file, mode, &mut printer, terminal)?);
        }
    }
    Ok(outcome)
}

/// Prints the entries of one segment, and reports what is lost between them.
fn print_segment(
    segment: &Segment,
    path: &Path,
    mode: Mode,
    printer: &mut EntryPrinter,
    terminal: &mut Terminal,
) -> Result<Outcome> {
    let name = || path.display().to_string();
    let mut outcome = Outcome::Clean;
    match segment.header() {
        Err(error) if mode == Mode::Recover && !losses::is_refusal(&error) => {
            terminal.report(&format!("{}: {error}", path.display()))?;
            outcome = Outcome::Lossy;
        }
        _ => {}
    }
    for event in segment.events(mode).with_context(name)? {
        match event {
            Ok(Event::Entry(frame, entry)) => {
                if let Err(error) = printer.print(&entry, terminal) {
                    unreadable(frame.offset, &error, path, mode, terminal)?;
                    outcome = Outcome::Lossy;
                }
                terminal.flush_if_full()?;
            }
            Ok(Event::Unreadable(frame, error)) => {
                unreadable(frame.offset, &error, path, mode, terminal)?;
                outcome = Outcome::Lossy;
            }
            Ok(Event::Lost(range)) => outcome = outcome.max(lost(&range, path, terminal)?),
            Err(range) => return Err(anyhow!(losses::fault(&range)).context(name())),
            Ok(_) => {}
        }
    }
    Ok(outcome)
}

fn lost(range: &LostRange, path: &Path, terminal: &mut Terminal) -> Result<Outcome> {
    if !range.is_loss() {
        return Ok(Outcome::Clean);
    }
    terminal.report(&format!("{}: {}", path.display(), losses::describe(range)))?;
    Ok(Outcome::Lossy)
}

/// A frame that arrived whole and holds no entry.
fn unreadable(
    offset: u64,
    error: &DecodeError,
    path: &Path,
    mode: Mode,
    terminal: &mut Terminal,
) -> Result<()> {
    let message = format!("byte {offset}: the frame is intact, the entry in it is not: {error}");
    if mode == Mode::Strict {
        return Err(anyhow!(message).context(path.display().to_string()));
    }
    terminal.report(&format!("{}: {message}", path.display()))?;
    Ok(())
}
