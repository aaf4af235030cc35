//! `fusewire tail`: the last entries, and those that come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use fusewire::log::LogReader;
use fusewire::segment::Mode;

use super::cat;
use crate::args::TailArgs;
use crate::input::{self, time_point::Range};
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::entries::EntryPrinter;
use crate::output::events::EventPrinter;

/// How long to wait before looking whether somebody wants an end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs the command.
pub(crate) fn run(args: &TailArgs, terminal: &mut Terminal) -> Result<Outcome> {
    for path in &args.paths {
        // A directory may be empty, or not be there yet, if it is to be followed.
        if !args.follow || path.is_file() {
            input::segment_files(path)?;
        }
    }
    let range = Range::default();
    let entries = EntryPrinter::new(args.output, args.zone.zone(), range, terminal);
    let mut printer = EventPrinter::new(entries, Mode::Recover);
    let mut reader = cat::open(&args.paths, range, args.access.copy)?;
    reader.seek_to_last(args.lines).context("the last entries")?;
    let ended = if args.follow { on_interrupt()? } else { Arc::new(AtomicBool::new(true)) };
    loop {
        print_all(&mut reader, &mut printer, terminal)?;
        // Looked at before the last look at the log: what came before the interrupt is shown.
        if ended.load(Ordering::Relaxed) {
            return Ok(printer.outcome());
        }
        reader.wait(PATIENCE)?;
    }
}

/// Prints what there is now.
fn print_all(reader: &mut LogReader, printer: &mut EventPrinter, terminal: &mut Terminal) -> Result<()> {
    while let Some(event) = reader.next() {
        printer.print(&event, terminal)?;
    }
    terminal.flush()?;
    Ok(())
}

/// A flag that Ctrl-C sets: following has no other end, and this one is no failure.
fn on_interrupt() -> Result<Arc<AtomicBool>> {
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("listening for Ctrl-C")?;
    Ok(ended)
}
