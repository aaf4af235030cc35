//! `fusewire postmortem`: explains why a process died.

use std::collections::HashSet;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::args::{OutputFormat, PostmortemArgs};
use crate::input;
use crate::outcome::Outcome;
use crate::output::time::Clock;
use crate::output::{Terminal, escape};
use crate::postmortem::text::Printer;
use crate::postmortem::{self, Options, page};

/// The width of the output if standard output is not a terminal, in columns.
const COLUMNS: usize = 120;

/// Runs the command.
pub(crate) fn run(args: &PostmortemArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let (paths, unread) = input::usable(&args.paths, terminal)?;
    let zone = args.zone.zone();
    let options = Options {
        paths: &paths,
        pid: args.pid,
        window: args.window,
        recent: args.recent,
        keep: args.entries.into(),
        kern_log: args.kern_log.as_deref(),
        zone: &zone,
        access: &args.access,
    };
    let examined = postmortem::examine(&options)?;
    match args.output {
        OutputFormat::Json => {
            let start = terminal.out.len();
            terminal.out.push_str(&serde_json::to_string(&examined.report)?);
            escape::secure_json(&mut terminal.out, start);
            terminal.out.push('\n');
        }
        OutputFormat::Text => {
            let mut clock = Clock::new(zone.clone());
            let columns = terminal.columns().unwrap_or(COLUMNS);
            let (out, palette) = (&mut terminal.out, &terminal.palette);
            Printer { report: &examined.report, clock: &mut clock, palette, columns, out }.print();
        }
    }
    if let Some(path) = &args.html {
        write(path, &page::write(&examined.report, &mut Clock::new(zone)))
            .with_context(|| path.display().to_string())?;
    }
    let mut outcome = unread.max(if examined.is_damaged { Outcome::Lossy } else { Outcome::Clean });
    // Both lists can contain the same file.
    let mut lines = examined.complaints;
    for (path, error) in &examined.unreadable {
        lines.push(format!("{}: {error}", path.display()));
        outcome = outcome.max(Outcome::of_unreadable(path, &args.paths, error));
    }
    let mut seen = HashSet::new();
    for line in lines.iter().filter(|line| seen.insert(line.as_str())) {
        terminal.report(line)?;
    }
    Ok(outcome)
}

/// Writes a complete file or no file.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A page contains log text. The permissions are those of any new file: 0666 without the bits of the umask.
    let mode = std::fs::Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".fusewire-").suffix(".html").permissions(mode);
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)?;
    Ok(())
}
