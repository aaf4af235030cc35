//! `fusewire ls`: lists segments and other log files.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fusewire::log::{Listing, Owner, SegmentInfo};

use crate::args::{LineArgs, LsArgs, OutputFormat};
use crate::input::{self, spool::name_of};
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::colour::Paint;
use crate::output::numbers::{bytes, counted, grouped, total};
use crate::output::producer::{End, Producer, state, stream_name};
use crate::output::time::Clock;
use crate::output::{escape, losses};

/// Runs the command.
pub(crate) fn run(args: &LsArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let mut clock = Clock::new(args.zone.zone());
    let mut outcome = Outcome::Clean;
    for (at, path) in args.paths.iter().enumerate() {
        let listing = match listing(path, &args.lines) {
            Ok(listing) => listing,
            // The command continues with the other paths.
            Err(error) => {
                terminal.flush()?;
                terminal.complain(&error);
                outcome = Outcome::Failed;
                continue;
            }
        };
        match args.output {
            OutputFormat::Json => json(&listing, terminal),
            OutputFormat::Text => {
                if at > 0 {
                    terminal.out.push('\n');
                }
                if args.paths.len() > 1 {
                    let name = printable(&name_of(path), terminal);
                    _ = writeln!(terminal.out, "{}", terminal.palette.strong.of(name));
                }
                table(&listing, args.files, &mut clock, terminal);
            }
        }
        for file in &listing.files {
            if let Some(range) = file.contents.and_then(|contents| contents.damage) {
                terminal.report(&format!("{}: {}", file.path.display(), losses::describe(&range)))?;
                outcome = outcome.max(Outcome::Lossy);
            }
        }
        for (path, error) in &listing.unreadable {
            terminal.report(&format!("{}: {error}", path.display()))?;
            outcome = outcome.max(Outcome::Lossy);
        }
        terminal.flush_if_full()?;
    }
    Ok(outcome)
}

/// Returns the listing of a directory or of a file, or an error if the directory contains no log files.
fn listing(path: &Path, lines: &LineArgs) -> Result<Listing> {
    let listing = lines.list(path).with_context(|| path.display().to_string())?;
    if listing.segments.is_empty() && listing.unreadable.is_empty() && listing.files.is_empty() {
        bail!(input::nothing_in(path));
    }
    Ok(listing)
}

fn paint<'a>(state: &str, terminal: &'a Terminal) -> &'a Paint {
    match state {
        "sealed" => &terminal.palette.dim,
        "live" | "ready" => &terminal.palette.good,
        "crashed" => &terminal.palette.fuse,
        "empty" => &terminal.palette.dim,
        _ => &terminal.palette.bad,
    }
}

fn printable(path: &Path, terminal: &Terminal) -> String {
    let mut name = String::new();
    escape::push_line(path.as_os_str().as_encoded_bytes(), &terminal.palette.escape, &mut name);
    name
}

/// Groups segments by process, in the order in which the processes started.
pub(crate) fn by_stream(listing: &Listing) -> Vec<Vec<&SegmentInfo>> {
    let mut groups: Vec<Vec<&SegmentInfo>> = Vec::new();
    let mut places = HashMap::new();
    let (intact, damaged): (Vec<_>, Vec<_>) =
        listing.segments.iter().partition(|segment| segment.header.is_ok());
    // The file name of a damaged segment contains only a part of the stream id.
    let name = |segment: &SegmentInfo| stream_name(segment.stream_id);
    for segment in intact.into_iter().chain(damaged) {
        let place = *places.entry(name(segment)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(segment);
    }
    for group in &mut groups {
        group.sort_by_key(|segment| segment.sequence);
    }
    groups
}

/// Prints a table of 80 columns.
fn table(listing: &Listing, files: bool, clock: &mut Clock, terminal: &mut Terminal) {
    let (first, last) = ("#", "ON DISK");
    let titles = if files {
        format!("{first:>5}  {:<8}{:>11}{last:>10}  {}", "STATE", "ENTRIES", "FILE")
    } else {
        format!("{first:>5}  {:<8}{:>11}  {:<19}  {:<19}{last:>10}", "STATE", "ENTRIES", "FROM", "TO")
    };
    // A write to a `String` cannot fail.
    _ = writeln!(terminal.out, "{}", terminal.palette.dim.of(titles));
    for group in by_stream(listing) {
        let Some(first) = group.first() else { continue };
        let producer = terminal.palette.strong.of(Producer::of(&first.path).describe(&terminal.palette));
        _ = write!(terminal.out, "{producer}, stream {}", stream_name(first.stream_id));
        let end = End::of(group.iter().copied());
        let colour = if end == End::Died { &terminal.palette.bad } else { &terminal.palette.good };
        match end {
            // The states in the rows of the table already contain this information.
            End::Alive | End::Unknown => terminal.out.push('\n'),
            End::Stopped | End::Died => _ = writeln!(terminal.out, ", {}", colour.of(end.name())),
        }
        for segment in group {
            let state = state(segment);
            let row = Row {
                number: segment.sequence.to_string(),
                state: paint(state, terminal).of(format_args!("{state:<8}")),
                entries: segment.entries,
                times: segment.times,
                disk_bytes: segment.disk_bytes,
            };
            row.print(files.then_some(&segment.path), clock, terminal);
        }
    }
    for file in &listing.files {
        let name = printable(Path::new(name_of(&file.path).file_name().unwrap_or_default()), terminal);
        _ = writeln!(terminal.out, "{}, lines or frames", terminal.palette.strong.of(name));
        let contents = file.contents.unwrap_or_default();
        let is_whole = contents.lost_bytes == 0 && contents.damage.is_none();
        let (state, paint) =
            if is_whole { ("file", &terminal.palette.dim) } else { ("damaged", &terminal.palette.bad) };
        let row = Row {
            number: String::new(),
            state: paint.of(format_args!("{state:<8}")),
            entries: file.contents.map(|contents| contents.entries),
            times: contents.times,
            disk_bytes: file.disk_bytes,
        };
        row.print(files.then_some(&file.path), clock, terminal);
    }
    totals(listing, terminal);
}

/// A row of the table.
struct Row {
    number: String,
    /// The state in colour, padded to the width of its column.
    state: String,
    entries: Option<u64>,
    times: Option<(u64, u64)>,
    disk_bytes: u64,
}

impl Row {
    /// Prints the row. If `file` is given, its name replaces the times.
    fn print(&self, file: Option<&PathBuf>, clock: &mut Clock, terminal: &mut Terminal) {
        let entries = self.entries.map_or_else(|| "?".to_owned(), grouped);
        let size = bytes(self.disk_bytes);
        _ = write!(terminal.out, "{:>5}  {}{entries:>11}", self.number, self.state);
        if let Some(file) = file {
            let name = printable(Path::new(name_of(file).file_name().unwrap_or_default()), terminal);
            _ = writeln!(terminal.out, "{size:>10}  {name}");
            return;
        }
        let mut moment = |nanos: Option<u64>| {
            let mut text = String::new();
            clock.write(nanos.unwrap_or(0), &mut text);
            // Removes the fraction of the second.
            text.truncate(19);
            text
        };
        let (from, to) = (moment(self.times.map(|times| times.0)), moment(self.times.map(|times| times.1)));
        _ = writeln!(terminal.out, "  {from:<19}  {to:<19}{size:>10}");
    }
}

/// Returns the number of segments by state: `2 sealed, 1 live`.
pub(crate) fn states(listing: &Listing) -> String {
    let mut states: Vec<(&str, u64)> = Vec::new();
    for segment in &listing.segments {
        let state = state(segment);
        match states.iter_mut().find(|(name, _)| *name == state) {
            Some((_, count)) => *count += 1,
            None => states.push((state, 1)),
        }
    }
    let states: Vec<_> = states.iter().map(|(name, count)| format!("{count} {name}")).collect();
    states.join(", ")
}

fn totals(listing: &Listing, terminal: &mut Terminal) {
    let disk: u64 = listing.segments.iter().map(|segment| segment.disk_bytes).sum();
    let of_files: u64 = listing.files.iter().map(|file| file.disk_bytes).sum();
    let mut what = Vec::new();
    if !listing.segments.is_empty() {
        let segments = counted(listing.segments.len() as u64, "segment", "segments");
        what.push(format!("{segments}: {}", states(listing)));
    }
    if !listing.files.is_empty() {
        what.push(counted(listing.files.len() as u64, "file of lines or frames", "files of lines or frames"));
    }
    _ = writeln!(
        terminal.out,
        "{}; {}, {}",
        what.join("; "),
        counted(entries(listing), "entry", "entries"),
        bytes(disk + of_files)
    );
}

/// Returns the known number of entries of all segments and files.
pub(crate) fn entries(listing: &Listing) -> u64 {
    let of_files = listing.files.iter().filter_map(|file| file.contents).map(|contents| contents.entries);
    total(listing.segments.iter().filter_map(|segment| segment.entries).chain(of_files))
}

/// Prints one JSON object per line.
fn json(listing: &Listing, terminal: &mut Terminal) {
    let mut producers: HashMap<[u8; 16], Producer> = HashMap::new();
    let ends: HashMap<[u8; 16], End> = by_stream(listing)
        .into_iter()
        .filter_map(|group| Some((group.first()?.stream_id, End::of(group))))
        .collect();
    for segment in &listing.segments {
        let producer =
            producers.entry(segment.stream_id).or_insert_with(|| Producer::of(&segment.path)).clone();
        let line = serde_json::json!({
            "file": name_of(&segment.path).to_string_lossy(),
            "state": state(segment),
            "owner": match segment.owner {
                Owner::Alive => "alive",
                Owner::Gone => "gone",
                Owner::Unknown => "unknown",
            },
            "end": ends.get(&segment.stream_id).copied().unwrap_or_default().name(),
            "service": producer.service,
            "host": producer.host,
            "pid": producer.pid,
            "stream": format!("{:032x}", u128::from_be_bytes(segment.stream_id)),
            "sequence": segment.sequence,
            "ordinal": segment.header.as_ref().ok().map(|header| header.ordinal).filter(|ordinal| *ordinal != 0),
            "created_unix_nano": segment.created_unix_nano,
            "entries": segment.entries,
            "min_unix_nano": segment.times.map(|times| times.0),
            "max_unix_nano": segment.times.map(|times| times.1),
            "bytes": segment.len,
            "disk_bytes": segment.disk_bytes,
        });
        json_line(&line, terminal);
    }
    for file in &listing.files {
        let contents = file.contents.unwrap_or_default();
        let line = serde_json::json!({
            "file": name_of(&file.path).to_string_lossy(),
            "state": "file",
            "entries": file.contents.map(|contents| contents.entries),
            "min_unix_nano": contents.times.map(|times| times.0),
            "max_unix_nano": contents.times.map(|times| times.1),
            "lost_bytes": contents.lost_bytes,
            "bytes": file.len,
            "disk_bytes": file.disk_bytes,
        });
        json_line(&line, terminal);
    }
}

fn json_line(line: &serde_json::Value, terminal: &mut Terminal) {
    let start = terminal.out.len();
    _ = write!(terminal.out, "{line}");
    escape::secure_json(&mut terminal.out, start);
    terminal.out.push('\n');
}
