//! `fusewire info`: what segments are.

mod summary;

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use fusewire::segment::{Event, Mode, Segment, State, Trailer};

use crate::args::InfoArgs;
use crate::input;
use crate::outcome::Outcome;
use crate::output::numbers::{bytes, grouped};
use crate::output::time::{Clock, push_duration};
use crate::output::value::push_scalar;
use crate::output::{Terminal, escape};

/// Runs the command.
pub(crate) fn run(args: &InfoArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let mut clock = Clock::new(args.zone.zone());
    let files = input::segment_files(&args.path)?;
    if args.path.is_dir() {
        summary::print(&args.path, &mut clock, terminal)?;
    }
    for (at, file) in files.iter().enumerate() {
        if at > 0 || args.path.is_dir() {
            terminal.out.push('\n');
        }
        let segment = input::open_segment(file, args.access)?;
        print(file, &segment, &mut clock, terminal).with_context(|| file.display().to_string())?;
        terminal.flush_if_full()?;
    }
    Ok(Outcome::Clean)
}

fn print(path: &Path, segment: &Segment, clock: &mut Clock, terminal: &mut Terminal) -> Result<()> {
    let header = segment.header()?;
    let mut name = String::new();
    escape::push_line(path.display().to_string().as_bytes(), &terminal.palette.escape, &mut name);
    // Writing to a String cannot fail.
    _ = writeln!(terminal.out, "{}", terminal.palette.strong.of(name));

    let (major, minor) = header.version;
    line(terminal, "format", format_args!("{major}.{minor}, schema {:016x}", header.schema_fingerprint));
    let (state, summary) = match segment.trailer() {
        Some(trailer) => ("sealed", trailer),
        None if segment.state() == State::Sealed => ("sealed, but its trailer is damaged", counted(segment)?),
        None => ("not sealed: its writer is at work, or died", counted(segment)?),
    };
    line(terminal, "state", format_args!("{state}"));
    line(terminal, "entries", format_args!("{}", grouped(summary.entries)));
    let used = summary.data_end.saturating_sub(header.data_start);
    line(terminal, "size", format_args!("{} of {} used", bytes(used), bytes(header.size)));
    let durable = segment.durable_up_to().min(summary.data_end).saturating_sub(header.data_start);
    let durable = if durable >= used { "all of it".to_owned() } else { format!("{} of it", bytes(durable)) };
    line(terminal, "on disk", format_args!("{durable} survives a power cut"));
    line(terminal, "made", format_args!("{}", clock.describe(header.created_unix_nano)));
    if summary.min_time != 0 {
        line(terminal, "from", format_args!("{}", clock.describe(summary.min_time)));
        let mut span = String::new();
        push_duration(i128::from(summary.max_time) - i128::from(summary.min_time), &mut span);
        line(terminal, "to", format_args!("{}  ({span} later)", clock.describe(summary.max_time)));
    }
    line(terminal, "segment", format_args!("{}", uuid(header.segment_id)));
    line(
        terminal,
        "stream",
        format_args!("{}, number {} in it", uuid(header.stream_id), grouped(header.sequence)),
    );
    if header.previous_id != [0; 16] {
        line(
            terminal,
            "previous",
            format_args!("{}, ends at byte {}", uuid(header.previous_id), header.previous_end),
        );
    }
    print_resource(segment, terminal);
    Ok(())
}

/// What the trailer would say, where there is none.
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

/// The usual spelling of 16 bytes.
fn uuid(bytes: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
