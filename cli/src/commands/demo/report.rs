//! The printed text of the demo.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::appending::{RUN, Written};
use super::killed::Killed;
use super::readback::Found;
use super::sizes::Sizes;
use super::{SMALL_STACK, Survived};
use crate::output::numbers::{bytes, counted, grouped, spent};
use crate::output::value::{MARK, push_trip};
use crate::output::{Terminal, escape};

/// Appends a line to the output buffer. This operation cannot fail.
macro_rules! say {
    ($terminal:expr, $($part:tt)*) => { _ = writeln!($terminal.out, $($part)*) };
}

pub(super) fn title(terminal: &mut Terminal, directory: &Path) -> io::Result<()> {
    let title = terminal.palette.strong.of("Fusewire demo.");
    say!(
        terminal,
        "{title} All numbers are measured on this machine. Log directory:\n{}\n",
        shown(terminal, directory)
    );
    terminal.flush()
}

pub(super) fn hostile(terminal: &mut Terminal, survived: &[Survived], directory: &Path) -> io::Result<()> {
    heading(terminal, 1, "Hostile values");
    say!(
        terminal,
        "   A thread with a stack of {} logs each value. The circuit breaker bounds each entry.\n",
        bytes(SMALL_STACK as u64)
    );
    let dim = terminal.palette.dim.clone();
    let head = format!("   {:<23} {:>8} {:>7}  trips in the entry", "value", "size", "time");
    say!(terminal, "{}", dim.of(head));
    for value in survived {
        let mut says = String::new();
        for trip in value.report.iter() {
            says.push_str(if says.is_empty() { "" } else { ", " });
            push_trip(&trip, &mut says);
        }
        say!(
            terminal,
            "   {:<23} {:>8} {:>7}  {}",
            value.what,
            bytes(value.bytes),
            spent(value.elapsed),
            terminal.palette.fuse.of(format!("{MARK} {says}")),
        );
    }
    let count = survived.len();
    say!(terminal, "\n   Print them: {} | head -{count} | less -S\n", command(terminal, "cat", directory));
    terminal.flush()
}

pub(super) fn load(terminal: &mut Terminal, written: &Written, sizes: &Sizes) -> io::Result<()> {
    let Written { threads, entries, bytes: total, elapsed, runs, synced, stats } = written;
    let threads = counted(u64::from(*threads), "thread appends", "threads append at once");
    heading(terminal, 2, &format!("{threads} to one log"));
    let strong = terminal.palette.strong.clone();
    say!(
        terminal,
        "   {} in {}: {} entries/s, {}/s",
        strong.of(counted(*entries, "entry", "entries")),
        spent(*elapsed),
        grouped(per_second(*entries, *elapsed)),
        bytes(per_second(*total, *elapsed))
    );
    if let Some(median) = runs.get(runs.len() / 2) {
        say!(
            terminal,
            "   {} per append (median over runs of {RUN}, including the clock)",
            strong.of(format!("{} ns", median.as_nanos() / u128::from(RUN)))
        );
    }
    let late = match stats.late_segments {
        0 => "all preallocated in time".to_owned(),
        late => format!("{} not preallocated in time", grouped(late)),
    };
    say!(
        terminal,
        "   {} bytes per entry with its frame; {}, {late}",
        total / (*entries).max(1),
        counted(stats.rotations + 1, "segment", "segments")
    );
    say!(
        terminal,
        "   mean size: {} bytes as a JSON line, {} bytes in format 1.0, {} bytes in format 1.1",
        sizes.json,
        sizes.full,
        strong.of(sizes.like.to_string())
    );
    say!(
        terminal,
        "   entries survive SIGKILL at once, and a power cut after a flush of {}\n",
        spent(*synced)
    );
    terminal.flush()
}

pub(super) fn read_back(terminal: &mut Terminal, found: &Found, entries: u64) -> io::Result<()> {
    heading(terminal, 3, "All entries are read back, verified and compared");
    let there = found.entries();
    let (verdict, paint) = if there == entries && found.is_sound() {
        let verdict = "every entry is present once, in the order of its thread, and identical";
        (verdict.to_owned(), &terminal.palette.good)
    } else {
        let missing = entries.saturating_sub(there + found.different);
        (
            format!("{} different, {missing} missing, {} losses reported", found.different, found.lost),
            &terminal.palette.bad,
        )
    };
    let verdict = paint.of(verdict);
    say!(
        terminal,
        "   {} of {} in {}, {}/s:\n   {verdict}\n",
        terminal.palette.strong.of(grouped(there)),
        grouped(entries),
        spent(found.elapsed),
        bytes(per_second(found.bytes, found.elapsed))
    );
    terminal.flush()
}

pub(super) fn killed(terminal: &mut Terminal, killed: &Killed) -> io::Result<()> {
    heading(terminal, 4, "Another process is killed with SIGKILL while it appends");
    let verdict = if killed.is_complete() {
        terminal.palette.good.of("no entry is lost")
    } else {
        let missing = counted(killed.missing, "entry", "entries");
        terminal.palette.bad.of(format!("{missing} lost, or the log contains other data"))
    };
    let strong = &terminal.palette.strong;
    let (told, found) = (strong.of(grouped(killed.told)), strong.of(grouped(killed.found)));
    say!(
        terminal,
        "   {} reported {told} completed appends;\n   the log contains {found} entries: {verdict}\n",
        counted(u64::from(killed.threads), "thread", "threads")
    );
    terminal.flush()
}

pub(super) fn next_steps(terminal: &mut Terminal, directory: &Path) -> io::Result<()> {
    heading(terminal, 5, "Next commands");
    for (verb, rest) in [
        ("ls", ""),
        ("tail", " -n 5"),
        ("cat", " --since 1m --output json | head -3"),
        ("verify", " | tail -1"),
    ] {
        say!(terminal, "   {}{rest}", command(terminal, verb, directory));
    }
    say!(terminal, "   rm -r {}", shown(terminal, directory));
    terminal.flush()
}

fn heading(terminal: &mut Terminal, number: u8, text: &str) {
    let heading = terminal.palette.strong.of(format!("{number}. {text}"));
    say!(terminal, "{heading}");
}

/// Returns a path, quoted for a shell.
fn shown(terminal: &Terminal, path: &Path) -> String {
    let mut out = String::new();
    escape::push_line(path.display().to_string().as_bytes(), &terminal.palette.escape, &mut out);
    let is_plain = out.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c));
    if is_plain { out } else { format!("'{out}'") }
}

/// Returns a command line that runs this program, even if it is not on the PATH.
fn command(terminal: &Terminal, verb: &str, path: &Path) -> String {
    format!("{} {verb} {}", program(terminal), shown(terminal, path))
}

fn program(terminal: &Terminal) -> String {
    match std::env::args_os().next() {
        Some(own) => shown(terminal, Path::new(&own)),
        None => "fusewire".to_owned(),
    }
}

fn per_second(count: u64, elapsed: Duration) -> u64 {
    #[expect(clippy::cast_possible_truncation, reason = "a rate to show; saturates")]
    let rate = (count as f64 / elapsed.as_secs_f64().max(1e-9)) as u64;
    rate
}
