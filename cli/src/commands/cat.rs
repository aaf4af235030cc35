//! `fusewire cat`: prints entries.

mod lines;
mod stream;

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use fusewire::error::DecodeError;
use fusewire::segment::{Event, LostRange, Mode, Segment};

use crate::args::{AccessArgs, CatArgs};
use crate::input;
use crate::outcome::{Outcome, is_closed_pipe};
use crate::output::Terminal;
use crate::output::entries::EntryPrinter;
use crate::output::losses;

/// Runs the command.
pub(crate) fn run(args: &CatArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let mut printer = EntryPrinter::new(args.output, args.zone.zone(), terminal);
    let mode = if args.strict { Mode::Strict } else { Mode::Recover };
    let mut outcome = Outcome::Clean;
    for path in &args.paths {
        outcome = outcome.max(match print_path(path, mode, args.access, &mut printer, terminal) {
            // One path that cannot be read must not hide what the others hold.
            Err(error) if mode == Mode::Recover && !is_closed_pipe(&error) => {
                terminal.flush()?;
                terminal.complain(&error);
                Outcome::Failed
            }
            result => result?,
        });
    }
    Ok(outcome)
}

fn print_path(
    path: &Path,
    mode: Mode,
    access: AccessArgs,
    printer: &mut EntryPrinter,
    terminal: &mut Terminal,
) -> Result<Outcome> {
    if input::is_stream(path)? {
        return stream::print(path, mode, printer, terminal);
    }
    let mut outcome = Outcome::Clean;
    for file in input::segment_files(path)? {
        let segment = input::open_segment(&file, access)?;
        outcome = outcome.max(print_segment(&segment, &file, mode, printer, terminal)?);
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
    let mut events = segment.events(mode).with_context(name)?.peekable();
    if let Err(error) = segment.header() {
        // Entries may be found all the same; where there is nothing at all, this is the wrong file.
        if events.peek().is_none() {
            return Err(anyhow!(error).context(name()));
        }
        terminal.report(&format!("{}: {error}", path.display()))?;
        outcome = Outcome::Lossy;
    }
    for event in events {
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
