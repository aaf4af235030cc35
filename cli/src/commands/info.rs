//! `fusewire info`: shows the properties of segments and other log files.

mod summary;

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use fusewire::log::{FileInfo, Owner, SegmentInfo};
use fusewire::mixed::WithoutTime;
use fusewire::segment::{Event, Mode, Segment, State, Trailer};

use crate::args::InfoArgs;
use crate::input;
use crate::outcome::Outcome;
use crate::output::numbers::{bytes, grouped, lasted};
use crate::output::producer::state;
use crate::output::time::Clock;
use crate::output::value::push_scalar;
use crate::output::{Terminal, escape, losses, timeless};
use summary::Found;

/// Runs the command.
pub(crate) fn run(args: &InfoArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let zone = args.zone.zone();
    let range = args.range.range(&zone)?;
    input::expect_log(&args.path)?;
    let found = Found::read(&args.path, range, &args.access)?;
    if range.is_bounded() && found.entries == 0 {
        return Ok(Outcome::NoMatch);
    }
    let mut clock = Clock::new(zone);
    if !args.path.is_dir() {
        if input::is_other_log(&args.path, found.segment.is_some()) {
            print_file(&args.path, &found, &mut clock, terminal)?;
            let outcome = if found.lost_bytes > 0 { Outcome::Lossy } else { Outcome::Clean };
            return Ok(outcome.max(report_damage(&found, terminal)?));
        }
        print(&args.path, found.segment.as_ref(), &mut clock, terminal)?;
        return Ok(Outcome::Clean);
    }
    let about = || args.path.display().to_string();
    let mut listing = args.access.lines.list(&args.path).with_context(about)?;
    if range.is_bounded() {
        listing.segments.retain(|segment| segment.times.is_some_and(|times| range.overlaps(times)));
        listing.files.retain(|file| times_of(file).is_some_and(|times| range.overlaps(times)));
    }
    summary::print(&args.path, &listing, &found, range, &mut clock, terminal);
    let mut outcome = report_damage(&found, terminal)?;
    for info in &listing.segments {
        terminal.out.push('\n');
        // The command continues with the other segments.
        if let Err(error) = print(&info.path, Some(info), &mut clock, terminal)
            && !input::is_deleted(&info.path, &args.path)
        {
            terminal.flush()?;
            terminal.complain(&error);
            outcome = Outcome::Lossy;
        }
        terminal.flush_if_full()?;
    }
    for file in &listing.files {
        terminal.out.push('\n');
        print_listed(file, &found, &mut clock, terminal);
        terminal.flush_if_full()?;
    }
    for (path, error) in &listing.unreadable {
        terminal.report(&format!("{}: {error}", path.display()))?;
        outcome = Outcome::Lossy;
    }
    Ok(outcome)
}

/// Reports the damage of compressed files.
fn report_damage(found: &Found, terminal: &mut Terminal) -> Result<Outcome> {
    for (path, range) in &found.damaged {
        terminal.report(&format!("{}: {}", path.display(), losses::describe(range)))?;
    }
    Ok(if found.damaged.is_empty() { Outcome::Clean } else { Outcome::Lossy })
}

/// Returns the state of a segment with its meaning.
fn describe_state(info: Option<&SegmentInfo>, segment: &Segment) -> &'static str {
    let Some(info) = info else { return "unknown" };
    match state(info) {
        "live" if info.owner == Owner::Unknown => "not sealed; the state of its process is unknown",
        "live" => "live: its process is running",
        "ready" => "ready: preallocated by a running process",
        "empty" => "empty: preallocated, and unused when its process ended",
        "crashed" if segment.state() == State::Sealed => "sealed, but its trailer is damaged",
        "crashed" => "crashed: its process ended before it sealed the segment",
        state => state,
    }
}

fn print(path: &Path, info: Option<&SegmentInfo>, clock: &mut Clock, terminal: &mut Terminal) -> Result<()> {
    let about = || path.display().to_string();
    let segment = input::open_segment(path)?;
    let header = segment.header().with_context(about)?;
    let mut name = String::new();
    let shown = input::spool::name_of(path).display().to_string();
    escape::push_line(shown.as_bytes(), &terminal.palette.escape, &mut name);
    // A write to a `String` cannot fail.
    _ = writeln!(terminal.out, "{}", terminal.palette.strong.of(name));

    let (major, minor) = header.version;
    line(terminal, "format", format_args!("{major}.{minor}, schema {:016x}", header.schema_fingerprint));
    let summary = match segment.trailer() {
        Some(trailer) => trailer,
        None => counted(&segment).with_context(about)?,
    };
    line(terminal, "state", format_args!("{}", describe_state(info, &segment)));
    line(terminal, "entries", format_args!("{}", grouped(summary.entries)));
    let used = summary.data_end.saturating_sub(header.data_start);
    line(terminal, "size", format_args!("{} of {} used", bytes(used), bytes(header.size)));
    let durable = segment.durable_up_to().min(summary.data_end).saturating_sub(header.data_start);
    let durable =
        if durable >= used { "all data".to_owned() } else { format!("{} of the data", bytes(durable)) };
    line(terminal, "on disk", format_args!("{durable} survives a power cut"));
    line(terminal, "created", format_args!("{}", clock.describe(header.created_unix_nano)));
    if summary.min_time != 0 {
        line(terminal, "from", format_args!("{}", clock.describe(summary.min_time)));
        let span = lasted(summary.max_time.saturating_sub(summary.min_time));
        line(terminal, "to", format_args!("{}  ({span} later)", clock.describe(summary.max_time)));
    }
    line(terminal, "segment", format_args!("{}", uuid(header.segment_id)));
    line(
        terminal,
        "stream",
        format_args!("{}, segment number {}", uuid(header.stream_id), grouped(header.sequence)),
    );
    if header.previous_id != [0; 16] {
        // A preallocated segment does not contain the end of the previous one.
        let end = header.previous_end;
        let ends = if end == 0 { String::new() } else { format!(", ends at offset {end}") };
        line(terminal, "previous", format_args!("{}{ends}", uuid(header.previous_id)));
    }
    print_resource(&segment, terminal);
    Ok(())
}

/// Prints the properties of a file that is not a segment.
fn print_file(path: &Path, found: &Found, clock: &mut Clock, terminal: &mut Terminal) -> Result<()> {
    let about = || path.display().to_string();
    let len = std::fs::metadata(path).with_context(about)?.len();
    let contents = Contents {
        entries: found.entries,
        times: found.times,
        lost_bytes: found.lost_bytes,
        without_time: found.without_time,
    };
    print_contents(path, len, contents, found, clock, terminal);
    Ok(())
}

/// Prints the properties of a listed file.
fn print_listed(file: &FileInfo, found: &Found, clock: &mut Clock, terminal: &mut Terminal) {
    let contents = file.contents.unwrap_or_default();
    let contents = Contents {
        entries: contents.entries,
        times: contents.times,
        lost_bytes: contents.lost_bytes,
        without_time: contents.without_time,
    };
    print_contents(&file.path, file.len, contents, found, clock, terminal);
}

fn times_of(file: &FileInfo) -> Option<(u64, u64)> {
    file.contents.and_then(|contents| contents.times)
}

/// The contents of a file of lines or frames.
struct Contents {
    entries: u64,
    times: Option<(u64, u64)>,
    lost_bytes: u64,
    without_time: WithoutTime,
}

/// Prints the entries, times and lost bytes of a file of lines or frames.
fn print_contents(
    path: &Path,
    len: u64,
    contents: Contents,
    found: &Found,
    clock: &mut Clock,
    terminal: &mut Terminal,
) {
    let Contents { entries, times, lost_bytes, without_time } = contents;
    let mut name = String::new();
    escape::push_line(
        input::spool::name_of(path).display().to_string().as_bytes(),
        &terminal.palette.escape,
        &mut name,
    );
    _ = writeln!(terminal.out, "{}", terminal.palette.strong.of(name));
    match found.formats(path) {
        Some(formats) => line(terminal, "format", format_args!("{formats}")),
        None => line(terminal, "format", format_args!("lines, frames, or both")),
    }
    line(terminal, "entries", format_args!("{}", grouped(entries)));
    line(terminal, "size", format_args!("{}", bytes(len)));
    if let Some((from, to)) = times {
        line(terminal, "from", format_args!("{}", clock.describe(from)));
        line(terminal, "to", format_args!("{}  ({} later)", clock.describe(to), lasted(to - from)));
    }
    if let Some(text) = timeless::describe(without_time) {
        line(terminal, "no time", format_args!("{text}"));
    }
    if lost_bytes > 0 {
        let lost = terminal.palette.bad.of(format!("{} bytes", grouped(lost_bytes)));
        line(terminal, "lost", format_args!("{lost}"));
    }
}

/// Counts the values of the trailer for a segment that has no trailer.
fn counted(segment: &Segment) -> Result<Trailer> {
    let mut summary = Trailer::default();
    for event in segment.events(Mode::Recover)? {
        let frame = match event {
            Ok(Event::Entry(frame, entry)) => {
                summary.entries += 1;
                let time = entry.time_unix_nano();
                if time != 0 {
                    summary.min_time = if summary.min_time == 0 { time } else { summary.min_time.min(time) };
                    summary.max_time = summary.max_time.max(time);
                }
                frame
            }
            Ok(Event::Frame(frame) | Event::Unreadable(frame, _)) => frame,
            _ => continue,
        };
        summary.data_end = frame.offset + frame.len_on_disk();
    }
    Ok(summary)
}

fn print_resource(segment: &Segment, terminal: &mut Terminal) {
    let Some(resource) = segment.resource() else {
        return line(terminal, "resource", format_args!("missing or damaged"));
    };
    let mut title = "resource";
    for attribute in resource.attributes() {
        let Ok(attribute) = attribute else {
            return line(terminal, title, format_args!("damaged"));
        };
        let mut text = String::new();
        escape::push_key(attribute.key.as_bytes(), &terminal.palette.escape, &mut text);
        text.push('=');
        push_scalar(attribute.value, &terminal.palette, &mut text);
        line(terminal, title, format_args!("{text}"));
        title = "";
    }
}

pub(super) fn line(terminal: &mut Terminal, title: &str, text: std::fmt::Arguments<'_>) {
    let dim = &terminal.palette.dim;
    _ = writeln!(terminal.out, "  {}{title:<9}{}{text}", dim.on, dim.off);
}

/// Returns 16 bytes in the notation of a UUID.
fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
