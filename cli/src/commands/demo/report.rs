//! What the demo says.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::killed::Killed;
use super::readback::Read;
use super::{RUN, SMALL_STACK, Survived, Written};
use crate::output::numbers::{bytes, counted, grouped, spent};
use crate::output::value::{MARK, push_trip};
use crate::output::{Terminal, escape};

/// Writing to a String cannot fail; what it collects is written by `flush`, which can.
macro_rules! say {
    ($terminal:expr, $($part:tt)*) => { _ = writeln!($terminal.out, $($part)*) };
}

pub(super) fn title(terminal: &mut Terminal, directory: &Path) -> io::Result<()> {
    let title = terminal.palette.strong.of("Fusewire: logs with a fuse.");
    say!(
        terminal,
        "{title} Everything below happens now, on this machine, in\n{}\n",
        shown(terminal, directory)
    );
    terminal.flush()
}

pub(super) fn hostile(terminal: &mut Terminal, survived: &[Survived], path: &Path) -> io::Result<()> {
    heading(terminal, 1, "Values that kill loggers");
    say!(
        terminal,
        "   Logged by a thread with a stack of {}, into a mapped segment.\n",
        bytes(SMALL_STACK as u64)
    );
    let dim = terminal.palette.dim.clone();
    let head = format!("   {:<23} {:>8} {:>7}  the entry says", "the value", "kept", "took");
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
    say!(terminal, "\n   See them: {} | less -S\n", command(terminal, "cat", path));
    terminal.flush()
}

pub(super) fn load(terminal: &mut Terminal, written: &[Written], wall: Duration) -> io::Result<()> {
    let entries: u64 = written.iter().map(|thread| thread.entries).sum();
    let total: u64 = written.iter().map(|thread| thread.bytes).sum();
    let segments: usize = written.iter().map(|thread| thread.segments.len()).sum();
    let mut runs: Vec<_> = written.iter().flat_map(|thread| thread.runs.iter().copied()).collect();
    runs.sort_unstable();
    let threads = written.len() as u64;
    heading(terminal, 2, &format!("{} append at once", counted(threads, "thread", "threads")));
    let strong = terminal.palette.strong.clone();
    say!(
        terminal,
        "   {} in {}: {} entries/s, {}/s",
        strong.of(counted(entries, "entry", "entries")),
        spent(wall),
        grouped(per_second(entries, wall)),
        bytes(per_second(total, wall))
    );
    if let Some(median) = runs.get(runs.len() / 2) {
        say!(
            terminal,
            "   {} per append, clock included (median over runs of {RUN});",
            strong.of(format!("{} ns", median.as_nanos() / u128::from(RUN)))
        );
    }
    say!(
        terminal,
        "   {} bytes per entry with its frame; {} made, filled, sealed, synced\n",
        total / entries.max(1),
        counted(segments as u64, "segment", "segments")
    );
    terminal.flush()
}

pub(super) fn read_back(
    terminal: &mut Terminal,
    read: &Read,
    wall: Duration,
    entries: u64,
) -> io::Result<()> {
    heading(terminal, 3, "Everything read back, checksums and all, and compared with what was written");
    let (verdict, paint) = if read.is_complete(entries) {
        ("every entry is there, in order, equal byte for byte".to_owned(), &terminal.palette.good)
    } else {
        let missing = entries.saturating_sub(read.equal + read.different);
        (
            format!("{} different, {missing} missing, {} ranges lost", read.different, read.lost),
            &terminal.palette.bad,
        )
    };
    let verdict = paint.of(verdict);
    say!(
        terminal,
        "   {} of {} in {}, {}/s:\n   {verdict}\n",
        terminal.palette.strong.of(grouped(read.equal)),
        grouped(entries),
        spent(wall),
        bytes(per_second(read.bytes, wall))
    );
    terminal.flush()
}

pub(super) fn killed(terminal: &mut Terminal, killed: &Killed) -> io::Result<()> {
    heading(terminal, 4, "A process is killed with SIGKILL while it appends");
    let verdict = if killed.is_complete() {
        terminal.palette.good.of("none is lost")
    } else {
        terminal.palette.bad.of(format!("{} lost", counted(killed.lost_bytes, "byte", "bytes")))
    };
    let strong = &terminal.palette.strong;
    let (told, found) = (strong.of(grouped(killed.told)), strong.of(grouped(killed.found)));
    say!(terminal, "   at least {told} appends had returned, {found} entries are there: {verdict}\n");
    terminal.flush()
}

pub(super) fn next_steps(terminal: &mut Terminal, directory: &Path, hostile: &Path) -> io::Result<()> {
    heading(terminal, 5, "Try next");
    for (verb, rest) in [("cat", " | head"), ("cat", " -o json | head -3"), ("verify", "")] {
        say!(terminal, "   {}{rest}", command(terminal, verb, directory));
    }
    say!(terminal, "   {}", command(terminal, "info", hostile));
    say!(terminal, "   rm -r {}", shown(terminal, directory));
    terminal.flush()
}

fn heading(terminal: &mut Terminal, number: u8, text: &str) {
    let heading = terminal.palette.strong.of(format!("{number}. {text}"));
    say!(terminal, "{heading}");
}

/// A path as it can be pasted into a shell.
fn shown(terminal: &Terminal, path: &Path) -> String {
    let mut out = String::new();
    escape::push_line(path.display().to_string().as_bytes(), &terminal.palette.escape, &mut out);
    let is_plain = out.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c));
    if is_plain { out } else { format!("'{out}'") }
}

/// The command that runs this very program; it need not be on the PATH.
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
