//! `fusewire import`: converts lines to segments.

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use fusewire::TripCause;
use fusewire::lines::{ImportReport, Importer};
use fusewire::mixed::PlainReader;
use fusewire::owned::OwnedValue;
use fusewire::segment::{Resource, SegmentOptions, Series};

use crate::args::{FormatVersion, ImportArgs};
use crate::input::{self, Stream};
use crate::outcome::Outcome;
use crate::output::numbers::{bytes, counted, grouped, spent};
use crate::output::{Terminal, escape, losses, progress, timeless};

/// The size of the first pages, the resource and the trailer of a segment, in bytes.
const SEGMENT_OVERHEAD: u64 = 12 << 10;

/// Size of the read buffer, in bytes.
const BUFFER: usize = 256 << 10;

/// Runs the command.
pub(crate) fn run(args: &ImportArgs, terminal: &mut Terminal) -> Result<Outcome> {
    if u64::from(args.limits.max_entry_bytes) + SEGMENT_OVERHEAD > args.segment_size {
        bail!(
            "a segment of {} cannot contain an entry of {}; increase --segment-size or decrease --max-entry-bytes",
            bytes(args.segment_size),
            bytes(args.limits.max_entry_bytes.into())
        );
    }
    let Stream { reader, len, name, .. } = input::open_stream(&args.file)?;
    let bar = progress::bar(len);
    let mut reader = BufReader::with_capacity(BUFFER, PlainReader::new(bar.wrap_read(reader)));
    // Compressed data can contain no lines.
    if reader.fill_buf().with_context(|| name.clone())?.is_empty() && !reader.get_ref().is_converted() {
        bail!("{name}: the input is empty");
    }
    input::prepare_output(&args.to)?;

    let start = Instant::now();
    let target = || args.to.display().to_string();
    let mut series = Series::create(&args.to, options(args, &name)).with_context(target)?;
    // The time of a line of text can lack the year.
    let changed = fs::metadata(&args.file)
        .and_then(|file| if file.is_file() { file.modified() } else { Ok(SystemTime::now()) });
    let mut importer = Importer::new().changed_at(changed.unwrap_or_else(|_| SystemTime::now()));
    if let Some(zone) = &args.lines.log_tz {
        importer = importer.zone(zone.shared());
    }
    let result = importer.import(&mut reader, |write| Ok(series.append(write)?.report));
    // Seals the segments even after a failure, so that the imported entries are readable.
    let segments = series.finish().with_context(target);
    bar.finish_and_clear();
    result.with_context(|| format!("{name}: after line {}", importer.report().lines))?;
    summarise(&name, args, importer.report(), &segments?, start.elapsed(), terminal);
    // The lines before the damage are imported.
    let Some(damage) = reader.get_mut().fault() else { return Ok(Outcome::Clean) };
    terminal.report(&format!("{name}: {}", losses::describe(&damage)))?;
    Ok(Outcome::Lossy)
}

/// Returns the options of the segments. The resource describes the origin of the input, not this process.
fn options(args: &ImportArgs, name: &str) -> SegmentOptions {
    let mut resource = Resource::empty();
    if let Some(service) = &args.service {
        resource = resource.with("service.name", OwnedValue::String(service.clone()));
    }
    if !input::is_stdin(&args.file) {
        resource = resource.with("log.file.path", OwnedValue::String(name.to_owned()));
    }
    let mut options = SegmentOptions::new(resource);
    options.size = args.segment_size;
    options.file_mode = input::segment_mode();
    options.limits = args.limits.limits();
    options.self_contained = args.format == FormatVersion::V1_0;
    options
}

fn summarise(
    name: &str,
    args: &ImportArgs,
    report: &ImportReport,
    segments: &[PathBuf],
    elapsed: Duration,
    terminal: &mut Terminal,
) {
    let palette = &terminal.palette;
    let safe = |text: &str| {
        let mut out = String::new();
        escape::push_line(text.as_bytes(), &palette.escape, &mut out);
        out
    };
    let to = safe(&args.to.display().to_string());
    let out = &mut terminal.out;
    let rate = report.bytes as f64 / 1e6 / elapsed.as_secs_f64().max(1e-9);
    // A write to a `String` cannot fail.
    _ = writeln!(out, "{}", palette.strong.of(format!("{} -> {to}", safe(name))));
    let mut row = |title: &str, text: &str| {
        _ = writeln!(out, "  {}{title:<9}{}{text}", palette.dim.on, palette.dim.off);
    };
    let lines = counted(report.lines, "line", "lines");
    // The rate of an input below 1 MB is not meaningful.
    let rate = if report.bytes < 1_000_000 { String::new() } else { format!(", {rate:.0} MB/s") };
    row("read", &format!("{lines}, {} in {}{rate}", bytes(report.bytes), spent(elapsed)));
    row("lines", &kinds_of_lines(report));
    if let Some(text) = timeless::describe(report.without_time) {
        row("no time", &text);
    }
    row("written", &palette.strong.of(counted(report.entries, "entry", "entries")));
    row(
        "fuse",
        &if report.tripped_entries == 0 { "no trips".to_owned() } else { palette.fuse.of(cuts(report)) },
    );
    let size: u64 =
        segments.iter().filter_map(|path| fs::metadata(path).ok()).map(|file| on_disk(&file)).sum();
    let segments = counted(segments.len() as u64, "segment", "segments");
    row("into", &format!("{segments}, {} on disk", bytes(size)));
    row("next", &format!("fusewire cat {to}"));
}

/// Returns the disk space of a file. The seal of a segment frees unused disk space and does not change the length.
fn on_disk(file: &fs::Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::blocks(file) * 512;
    #[cfg(not(unix))]
    file.len()
}

/// Returns the kinds of lines: `9,990 JSON, 10 text (3 not UTF-8, bytes kept), 2 empty`.
fn kinds_of_lines(report: &ImportReport) -> String {
    let restored = match report.restored_lines {
        0 => String::new(),
        lines => format!(" ({} written by Fusewire)", grouped(lines)),
    };
    let mut text =
        format!("{} JSON{restored}, {} text", grouped(report.json_lines), grouped(report.text_lines));
    let mut notes = Vec::new();
    if report.recognised_lines > 0 {
        notes.push(format!("{} in a known format", grouped(report.recognised_lines)));
    }
    if report.not_utf8_lines > 0 {
        notes.push(format!("{} not UTF-8, bytes kept", grouped(report.not_utf8_lines)));
    }
    if report.pieces > 0 {
        notes.push(format!(
            "{} of lines longer than {}",
            counted(report.pieces, "piece", "pieces"),
            bytes(Importer::MAX_LINE as u64)
        ));
    }
    if !notes.is_empty() {
        _ = write!(text, " ({})", notes.join("; "));
    }
    if report.empty_lines > 0 {
        _ = write!(text, ", {} empty", grouped(report.empty_lines));
    }
    text
}

/// Returns the trips: `tripped in 12 entries: depth ×4, width ×8`.
fn cuts(report: &ImportReport) -> String {
    let causes: Vec<_> = TripCause::ALL
        .iter()
        .zip(report.trips)
        .filter(|(_, count)| *count > 0)
        .map(|(cause, count)| format!("{} ×{}", cause.name(), grouped(count)))
        .collect();
    format!("tripped in {}: {}", counted(report.tripped_entries, "entry", "entries"), causes.join(", "))
}
