//! `fusewire verify`: verifies every byte of segments.

use std::fmt::Write;

use anyhow::{Context, Result};
use fusewire::segment::{self, State, VerifyReport};

use crate::args::VerifyArgs;
use crate::input;
use crate::outcome::Outcome;
use crate::output::numbers::{bytes, counted, grouped};
use crate::output::{Terminal, escape, losses};

/// The sums over all files.
#[derive(Default)]
struct Total {
    segments: u64,
    failed: u64,
    damaged: u64,
    entries: u64,
    frame_bytes: u64,
    lost_bytes: u64,
}

/// Runs the command.
pub(crate) fn run(args: &VerifyArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let mut total = Total::default();
    let mut outcome = Outcome::Clean;
    for file in input::segment_files(&args.path)? {
        let opened = input::open_segment(&file, args.access);
        if opened.is_err() && input::is_deleted(&file, &args.path) {
            continue;
        }
        total.segments += 1;
        let verified =
            opened.and_then(|segment| segment::verify(&segment).with_context(|| file.display().to_string()));
        match verified {
            Ok(report) => {
                total.entries += report.entries;
                total.frame_bytes += report.frame_bytes;
                total.lost_bytes += report.lost_bytes();
                total.damaged += u64::from(!report.is_clean());
                outcome = outcome.max(if report.is_clean() { Outcome::Clean } else { Outcome::Lossy });
                print(&input::short_name(&file, &args.path), &report, terminal);
            }
            // An unreadable file must not hide the others.
            Err(error) => {
                total.failed += 1;
                terminal.flush()?;
                terminal.complain(&error);
                outcome = Outcome::Failed;
            }
        }
        terminal.flush()?;
    }
    summarise(&total, terminal);
    Ok(outcome)
}

fn print(name: &str, report: &VerifyReport, terminal: &mut Terminal) {
    let palette = &terminal.palette;
    let out = &mut terminal.out;
    // Writing to a String cannot fail; the same below.
    _ = if report.is_clean() {
        write!(out, "{}       ", palette.good.of("ok"))
    } else {
        write!(out, "{}  ", palette.bad.of("DAMAGED"))
    };
    escape::push_line(name.as_bytes(), &palette.escape, out);
    _ = write!(out, "  {}, {}", counted(report.entries, "entry", "entries"), bytes(report.frame_bytes));
    if report.state == State::Open {
        out.push_str(", not sealed");
    }
    if report.tripped_entries > 0 {
        let tripped = counted(report.tripped_entries, "entry", "entries");
        _ = write!(out, ", {}", palette.fuse.of(format!("circuit breaker tripped in {tripped}")));
    }
    out.push('\n');
    if let Some(error) = report.header {
        _ = writeln!(out, "         {error}");
    }
    for defect in &report.defects {
        _ = writeln!(out, "         {defect}");
    }
    for range in &report.lost {
        let line = losses::describe(range);
        _ = writeln!(
            out,
            "         {}",
            if range.is_loss() { palette.bad.of(line) } else { palette.dim.of(line) }
        );
    }
    for (offset, error) in &report.invalid {
        _ = writeln!(out, "         offset {offset}: the frame is intact, but its entry is invalid: {error}");
    }
    if let Some(trailer) = report.trailer.filter(|_| report.miscounted()) {
        let sealed = counted(trailer.entries, "entry", "entries");
        _ = writeln!(out, "         the trailer counts {sealed}, found {}", grouped(report.entries));
    }
}

fn summarise(total: &Total, terminal: &mut Terminal) {
    let verdict = if total.damaged + total.failed == 0 {
        terminal.palette.good.of("all intact")
    } else {
        let mut parts = Vec::new();
        if total.damaged > 0 {
            parts.push(format!("{} damaged", total.damaged));
            parts.push(format!("{} lost", counted(total.lost_bytes, "byte", "bytes")));
        }
        if total.failed > 0 {
            parts.push(format!("{} unreadable", total.failed));
        }
        terminal.palette.bad.of(parts.join(", "))
    };
    _ = writeln!(
        terminal.out,
        "{}, {}, {}: {verdict}",
        counted(total.segments, "segment", "segments"),
        counted(total.entries, "entry", "entries"),
        bytes(total.frame_bytes)
    );
}
