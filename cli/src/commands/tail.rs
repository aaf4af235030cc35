//! `fusewire tail`: prints the last entries, and follows new ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fusewire::segment::Mode;

use crate::args::{RangeArgs, TailArgs};
use crate::input::{self, selection::Selection};
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::entries::EntryPrinter;
use crate::output::events::EventPrinter;
use crate::output::timeless;

/// The interval between checks for Ctrl-C and for a closed pipe.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs the command.
pub(crate) fn run(args: &TailArgs, terminal: &mut Terminal) -> Result<Outcome> {
    // With --follow, a log can be empty.
    let (paths, unread) = match args.follow {
        true => {
            if args.paths.iter().any(|path| input::is_stdin(path)) {
                bail!("-: --follow reads files and directories, not standard input; use: fusewire cat -");
            }
            for path in args.paths.iter().filter(|path| !path.exists()) {
                terminal.report(&format!("{}: no such file or directory; waiting for it", path.display()))?;
            }
            (args.paths.clone(), Outcome::Clean)
        }
        false => input::usable(&args.paths, terminal)?,
    };
    let zone = args.print.zone.zone();
    let selection = Selection::new(&RangeArgs::default(), args.query.as_deref(), &zone)?;
    let entries = EntryPrinter::new(&args.print, &args.parts, terminal);
    let mut printer = EventPrinter::new(entries, Mode::Recover, &selection, &args.paths);
    printer.note(unread);
    let options = selection.options(&args.access).follow(args.follow).wait_for_paths(args.follow);
    let mut reader = input::open_logs(&paths, options)?;
    reader.seek_to_last(args.lines).context("cannot find the last entries")?;
    let ended = if args.follow { on_interrupt()? } else { Arc::new(AtomicBool::new(true)) };
    loop {
        while let Some(event) = reader.next() {
            printer.print(&event, terminal)?;
            // Processes can append faster than this loop prints. Therefore the loop checks for Ctrl-C.
            if args.follow && ended.load(Ordering::Relaxed) {
                break;
            }
        }
        terminal.flush()?;
        if ended.load(Ordering::Relaxed) {
            timeless::report(reader.without_time(), selection.is_timed(), terminal)?;
            return printer.finish(terminal);
        }
        // Ends if the output is closed and no entries arrive, as in `fusewire tail -f logs | head -1`.
        if !reader.wait(PATIENCE)? && terminal.is_closed() {
            return Ok(Outcome::Clean);
        }
    }
}

/// Returns a flag that Ctrl-C sets. The command then ends without a failure.
pub(super) fn on_interrupt() -> Result<Arc<AtomicBool>> {
    let ended = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&ended);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed)).context("cannot handle Ctrl-C")?;
    Ok(ended)
}
