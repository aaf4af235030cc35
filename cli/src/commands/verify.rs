//! `fusewire verify`: verifies every byte of segments.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::{io, slice};

use anyhow::Result;
use fusewire::Timestamp;
use fusewire::segment::{
    FileReport, IndexDefect, LostRange, LostReason, Remains, SegmentHeader, State, VerifyReport, verify_file,
};

use crate::args::VerifyArgs;
use crate::input::{self, streams::Streams};
use crate::outcome::Outcome;
use crate::output::colour::Paint;
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
    gaps: u64,
    wrong_ends: u64,
}

impl Total {
    fn add(&mut self, report: &VerifyReport, is_clean: bool) {
        self.entries += report.entries;
        self.frame_bytes += report.frame_bytes;
        self.lost_bytes = self.lost_bytes.saturating_add(report.lost_bytes());
        self.damaged += u64::from(!is_clean);
    }
}

/// The ends of the sealed segments, and the ends that the segments after them contain.
#[derive(Default)]
struct Ends {
    /// The file and the end of its frames, by the id of the segment.
    found: BTreeMap<[u8; 16], (PathBuf, u64)>,
    /// A file, and the id and the end of the previous segment in its header.
    expected: Vec<(PathBuf, [u8; 16], u64)>,
}

impl Ends {
    /// Adds the segment `path`, if it is sealed.
    fn add(&mut self, path: &Path, header: &SegmentHeader, report: &VerifyReport) {
        let Some(trailer) = report.trailer else { return };
        self.found.insert(header.segment_id, (path.to_owned(), trailer.data_end));
        if header.previous_end != 0 {
            self.expected.push((path.to_owned(), header.previous_id, header.previous_end));
        }
    }

    /// Returns a description of each end of a previous segment that differs from the end of this segment. A previous segment
    /// that is missing or not sealed is not compared.
    fn wrong(&self) -> impl Iterator<Item = String> {
        self.expected.iter().filter_map(|(path, previous, end)| {
            let (file, found) = self.found.get(previous)?;
            (end != found).then(|| {
                format!(
                    "{}: offset 128: bad end of the previous segment: expected {found} from {}, found {end}",
                    path.display(),
                    file.display()
                )
            })
        })
    }
}

/// Runs the command.
pub(crate) fn run(args: &VerifyArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let mut total = Total::default();
    let mut outcome = Outcome::Clean;
    let (mut streams, mut ends) = (Streams::default(), Ends::default());
    for file in input::segment_files(&args.path)? {
        let verified = verify_file(&file, args.access.copy);
        if verified.is_err() && input::is_deleted(&file, &args.path) {
            continue;
        }
        total.segments += 1;
        streams.add(&file, verified.as_ref().ok().and_then(|verified| verified.header.as_ref().ok()));
        // The command continues with the other files after an error.
        let is_only = file == args.path;
        match verified {
            Ok(FileReport { header, segment: Ok(report), index, .. }) => {
                if let Ok(header) = &header {
                    ends.add(&file, header, &report);
                }
                let index = index_lines(index);
                let is_clean = report.is_clean() && index.is_empty();
                total.add(&report, is_clean);
                outcome = outcome.max(if is_clean { Outcome::Clean } else { Outcome::Lossy });
                let source = args.verbose.then(|| File::open(&file).ok()).flatten();
                print(&input::short_name(&file, &args.path), &report, is_clean, source.as_ref(), terminal);
                let index_name = input::short_name(&file.with_extension("fwi"), &args.path);
                for line in index {
                    terminal.out.push_str("         ");
                    escape::push_line(index_name.as_bytes(), &terminal.palette.escape, &mut terminal.out);
                    _ = writeln!(terminal.out, ": {line}");
                }
            }
            Ok(FileReport { segment: Err(error), .. }) => {
                total.failed += 1;
                terminal.report(&format!("{}: {error}", file.display()))?;
                outcome = outcome.max(if is_only { Outcome::Failed } else { Outcome::Lossy });
            }
            Err(error) => {
                total.failed += 1;
                terminal.report(&Outcome::message_of_unreadable(&file, &error))?;
                outcome = outcome.max(Outcome::of_unreadable(&file, slice::from_ref(&args.path), &error));
            }
        }
        terminal.flush()?;
    }
    for gap in streams.gaps() {
        total.gaps += 1;
        outcome = outcome.max(Outcome::Lossy);
        terminal.report(&format!("{}: {gap}", args.path.display()))?;
    }
    for wrong in ends.wrong() {
        total.wrong_ends += 1;
        outcome = outcome.max(Outcome::Lossy);
        terminal.report(&wrong)?;
    }
    summarise(&total, terminal);
    Ok(outcome)
}

/// Returns a line for each defect of an index.
fn index_lines(verified: io::Result<Option<Vec<IndexDefect>>>) -> Vec<String> {
    match verified {
        Ok(defects) => defects.unwrap_or_default().iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Prints a report. `source` is the file whose lost entries are printed, if they are.
fn print(name: &str, report: &VerifyReport, is_clean: bool, source: Option<&File>, terminal: &mut Terminal) {
    let palette = &terminal.palette;
    let out = &mut terminal.out;
    // A write to a `String` cannot fail.
    _ = if is_clean {
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
        if let Some(source) = source.filter(|_| matches!(range.reason, LostReason::Base(_))) {
            print_remains(source, range, &palette.escape, out);
        }
    }
    for (offset, error) in &report.invalid {
        _ = writeln!(out, "         offset {offset}: {}", losses::describe_invalid(error));
    }
    if let Some(trailer) = report.trailer.filter(|_| report.miscounted()) {
        let sealed = counted(trailer.entries, "entry", "entries");
        _ = writeln!(out, "         the trailer counts {sealed}, found {}", grouped(report.entries));
    }
}

/// The maximum number of bytes of numbers that are printed for one entry.
const NUMBERS: usize = 64;

/// Prints the readable part of an entry whose base is lost.
fn print_remains(source: &File, range: &LostRange, paint: &Paint, out: &mut String) {
    let mut frame = vec![0; usize::try_from(range.len()).unwrap_or(0)];
    if source.read_exact_at(&mut frame, range.start).is_err() {
        return;
    }
    let Some(remains) = Remains::of_frame(&frame) else { return };
    out.push_str("           ");
    if let Some(time) = i64::try_from(remains.time_unix_nano).ok().filter(|time| *time != 0) {
        _ = write!(out, "{} ", Timestamp::from_unix_nanos(time));
    }
    _ = write!(out, "{}", remains.severity);
    let trace = remains.trace;
    if trace.trace_id != 0 {
        _ = write!(out, " trace:{:032x}", trace.trace_id);
    }
    if trace.span_id != 0 {
        _ = write!(out, " span:{:016x}", trace.span_id);
    }
    out.push_str(", values without keys: 0x");
    for byte in remains.numbers.iter().take(NUMBERS) {
        _ = write!(out, "{byte:02x}");
    }
    if remains.numbers.len() > NUMBERS {
        out.push('…');
    }
    if !remains.texts.is_empty() {
        out.push(' ');
        escape::push_value(remains.texts.as_bytes(), paint, out);
    }
    out.push('\n');
}

fn summarise(total: &Total, terminal: &mut Terminal) {
    let verdict = if total.damaged + total.failed + total.gaps + total.wrong_ends == 0 {
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
        if total.gaps > 0 {
            let what = ["gap in the numbers of the segments", "gaps in the numbers of the segments"];
            parts.push(counted(total.gaps, what[0], what[1]));
        }
        if total.wrong_ends > 0 {
            let what = ["wrong end of a previous segment", "wrong ends of previous segments"];
            parts.push(counted(total.wrong_ends, what[0], what[1]));
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
