//! `fusewire import`: converts lines, and the entries of segments and messages, to segments.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use fusewire::TripCause;
use fusewire::decode::EntryRef;
use fusewire::lines::{ImportReport, Importer};
use fusewire::mixed::{Form, MixedEvent, MixedReader};
use fusewire::owned::OwnedValue;
use fusewire::segment::{FrameKind, FrameRef, LostRange, Resource, SegmentOptions, Series};

use crate::args::{FormatVersion, ImportArgs};
use crate::input::{self, Stream};
use crate::outcome::Outcome;
use crate::output::numbers::{bytes, counted, grouped, spent};
use crate::output::{Terminal, escape, losses, progress, timeless};

/// The size of the first pages, the resource and the trailer of a segment, in bytes.
const SEGMENT_OVERHEAD: u64 = 12 << 10;

/// Runs the command.
pub(crate) fn run(args: &ImportArgs, terminal: &mut Terminal) -> Result<Outcome> {
    if u64::from(args.limits.max_entry_bytes) + SEGMENT_OVERHEAD > args.segment_size {
        bail!(
            "a segment of {} cannot contain an entry of {}; increase --segment-size or decrease --max-entry-bytes",
            bytes(args.segment_size),
            bytes(args.limits.max_entry_bytes.into())
        );
    }
    let start = Instant::now();
    let mut import = Import::new(args);
    let mut outcome = Outcome::Clean;
    for path in &args.paths {
        let result = input::form_of(path).and_then(|_| input::files_of(path)).and_then(|files| {
            for file in files {
                outcome = outcome.max(import.file(&file, terminal)?);
            }
            Ok(())
        });
        // The command continues with the other paths.
        match result {
            Err(error) if args.paths.len() > 1 && !import.has_failed => {
                terminal.flush()?;
                terminal.complain(&error);
                outcome = outcome.max(input::of_error(&error));
            }
            result => {
                // Seals the segments even after a failure, so that the imported entries are readable.
                let finished = import.finish_stream();
                result.and(finished)?;
            }
        }
    }
    import.finish_stream()?;
    if import.files > 0 {
        import.summarise(start.elapsed(), terminal);
    }
    Ok(outcome)
}

/// An import of several files.
struct Import<'a> {
    args: &'a ImportArgs,
    /// The writer of the current stream.
    series: Option<Series>,
    /// The payload of the frame with the resource of the current segment.
    resource: Vec<u8>,
    segments: Vec<PathBuf>,
    /// The name of the first file, and the number of files.
    name: String,
    files: usize,
    report: ImportReport,
    /// The number of entries from segments and messages.
    copied: u64,
    /// Whether the output cannot be written.
    has_failed: bool,
}

impl<'a> Import<'a> {
    fn new(args: &'a ImportArgs) -> Self {
        Self {
            args,
            series: None,
            resource: Vec::new(),
            segments: Vec::new(),
            name: String::new(),
            files: 0,
            report: ImportReport::default(),
            copied: 0,
            has_failed: false,
        }
    }

    /// Imports a file or a stream.
    fn file(&mut self, path: &Path, terminal: &mut Terminal) -> Result<Outcome> {
        let Stream { reader, len, name, .. } = input::open_stream(path)?;
        // The time of a line of text can lack the year.
        let changed = fs::metadata(path)
            .and_then(|file| if file.is_file() { file.modified() } else { Ok(SystemTime::now()) });
        let bar = progress::bar(len);
        let mut reader = MixedReader::for_import(bar.wrap_read(reader), self.args.limits.limits())
            .changed_at(changed.unwrap_or_else(|_| SystemTime::now()));
        if let Some(zone) = &self.args.lines.log_tz {
            reader = reader.line_zone(zone.shared());
        }
        self.finish_stream()?;
        let mut faults = Faults { holes: None, outcome: Outcome::Clean };
        let result = self.read(&mut reader, path, &name, &mut faults, terminal);
        let is_empty = bar.position() == 0;
        bar.finish_and_clear();
        let report = reader.line_report();
        result.with_context(|| match report.lines {
            0 => name.clone(),
            lines => format!("{name}: after line {lines}"),
        })?;
        // Compressed data can contain no lines.
        if is_empty {
            bail!("{name}: the input is empty");
        }
        if self.series.is_none() && self.segments.is_empty() {
            self.begin_stream(self.resource_of(path, &name))?;
        }
        add(&mut self.report, report);
        self.report.bytes += reader.offset();
        self.report.without_time += reader.without_time();
        if self.files == 0 {
            self.name.clone_from(&name);
        }
        self.files += 1;
        faults.finish(&name, terminal)
    }

    /// Reads the entries of an input.
    fn read(
        &mut self,
        reader: &mut MixedReader<impl io::Read>,
        path: &Path,
        name: &str,
        faults: &mut Faults,
        terminal: &mut Terminal,
    ) -> Result<()> {
        let mut expanded = Vec::new();
        self.resource.clear();
        let mut resource = self.resource_of(path, name);
        while let Some(event) = reader.next()? {
            match event {
                MixedEvent::Entry { form, frame, entry } => {
                    // The producer of a segment is not the producer of the lines after it.
                    if form == Form::Line && !self.resource.is_empty() {
                        self.finish_stream()?;
                        self.resource.clear();
                        resource = self.resource_of(path, name);
                    }
                    let is_like = frame.kind == FrameKind::Like;
                    let payload = if is_like { entry.to_bytes(&mut expanded)? } else { frame.payload };
                    self.append(&FrameRef { kind: FrameKind::Entry, payload, ..frame }, &resource)?;
                    self.copied += u64::from(form != Form::Line);
                }
                MixedEvent::Frame { frame, .. } => match frame.kind {
                    FrameKind::Resource if frame.payload != self.resource => {
                        self.finish_stream()?;
                        self.resource.clear();
                        self.resource.extend_from_slice(frame.payload);
                        resource = self.resource_in(&frame);
                    }
                    FrameKind::Loss | FrameKind::Private(_) => self.append(&frame, &resource)?,
                    _ => {}
                },
                MixedEvent::Unreadable { frame, error, .. } => faults.report(
                    name,
                    &format!("offset {}: {}", frame.offset, losses::describe_invalid(&error)),
                    terminal,
                )?,
                MixedEvent::Lost { range } => faults.lost(name, &range, terminal)?,
                MixedEvent::DamagedHeader { error, .. } => {
                    faults.report(name, &error.to_string(), terminal)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn append(&mut self, frame: &FrameRef<'_>, resource: &Resource) -> Result<()> {
        if self.series.is_none() {
            self.begin_stream(resource.clone())?;
        }
        let Some(series) = &mut self.series else { return Ok(()) };
        let appended = match frame.kind {
            FrameKind::Entry => series.append_entry(frame.severity, frame.payload),
            _ => series.append_frame(frame),
        };
        self.has_failed |= appended.is_err();
        appended.map(drop).with_context(|| self.args.to.display().to_string())
    }

    /// Begins a stream of segments.
    fn begin_stream(&mut self, resource: Resource) -> Result<()> {
        self.has_failed = true;
        if self.segments.is_empty() {
            input::prepare_output(&self.args.to)?;
        }
        let mut options = SegmentOptions::new(resource);
        options.size = self.args.segment_size;
        options.file_mode = input::segment_mode();
        options.limits = self.args.limits.limits();
        options.self_contained = self.args.format == FormatVersion::V1_0;
        let series = Series::create(&self.args.to, options);
        self.series = Some(series.with_context(|| self.args.to.display().to_string())?);
        self.has_failed = false;
        Ok(())
    }

    /// Seals the segments of the current stream.
    fn finish_stream(&mut self) -> Result<()> {
        let Some(series) = self.series.take() else { return Ok(()) };
        let finished = series.finish();
        self.has_failed |= finished.is_err();
        self.segments.extend(finished.with_context(|| self.args.to.display().to_string())?);
        Ok(())
    }

    /// Returns the resource of the lines of a file. It describes the origin of the input, not this process.
    fn resource_of(&self, path: &Path, name: &str) -> Resource {
        let resource = self.with_service(Resource::empty());
        if input::is_stdin(path) {
            return resource;
        }
        resource.with("log.file.path", OwnedValue::String(name.to_owned()))
    }

    /// Returns the resource in a frame. The service of the command line has priority.
    fn resource_in(&self, frame: &FrameRef<'_>) -> Resource {
        let entry = EntryRef::new(frame.payload).and_then(|entry| entry.to_owned());
        let mut resource = self.with_service(Resource::empty());
        for attribute in entry.map(|entry| entry.attributes).unwrap_or_default() {
            if attribute.key != SERVICE || self.args.service.is_none() {
                resource = resource.with(&attribute.key, attribute.value);
            }
        }
        resource
    }

    fn with_service(&self, resource: Resource) -> Resource {
        match &self.args.service {
            Some(service) => resource.with(SERVICE, OwnedValue::String(service.clone())),
            None => resource,
        }
    }

    fn summarise(&self, elapsed: Duration, terminal: &mut Terminal) {
        let name = match self.files {
            1 => self.name.clone(),
            files => format!("{} and {}", self.name, counted(files as u64 - 1, "other file", "other files")),
        };
        summarise(&name, self, elapsed, terminal);
    }
}

/// The attribute of a resource with the name of the service.
const SERVICE: &str = "service.name";

/// The faults of an input.
struct Faults {
    /// The first hole of NUL bytes, and all holes.
    holes: Option<(LostRange, losses::Holes)>,
    outcome: Outcome,
}

impl Faults {
    /// Reports a range that is lost. Holes of NUL bytes are reported once.
    fn lost(&mut self, name: &str, range: &LostRange, terminal: &mut Terminal) -> Result<()> {
        if !range.is_loss() {
            return Ok(());
        }
        if let Some((_, holes)) = &mut self.holes
            && holes.add(range)
        {
            return Ok(());
        }
        let mut holes = losses::Holes::default();
        if holes.add(range) {
            self.holes = Some((*range, holes));
        }
        self.report(name, &losses::describe(range), terminal)
    }

    fn report(&mut self, name: &str, message: &str, terminal: &mut Terminal) -> Result<()> {
        self.outcome = Outcome::Lossy;
        Ok(terminal.report(&format!("{name}: {message}"))?)
    }

    /// Reports the other holes, and returns the outcome.
    fn finish(self, name: &str, terminal: &mut Terminal) -> Result<Outcome> {
        if let Some((first, holes)) = self.holes
            && let Some(more) = holes.describe_more(&first)
        {
            terminal.report(&format!("{name}: {more}"))?;
        }
        Ok(self.outcome)
    }
}

/// Adds the counts of lines of a file.
fn add(all: &mut ImportReport, one: &ImportReport) {
    let sums = [
        (&mut all.lines, one.lines),
        (&mut all.json_lines, one.json_lines),
        (&mut all.restored_lines, one.restored_lines),
        (&mut all.text_lines, one.text_lines),
        (&mut all.recognised_lines, one.recognised_lines),
        (&mut all.not_utf8_lines, one.not_utf8_lines),
        (&mut all.pieces, one.pieces),
        (&mut all.empty_lines, one.empty_lines),
        (&mut all.entries, one.entries),
        (&mut all.tripped_entries, one.tripped_entries),
    ];
    for (sum, count) in sums {
        *sum += count;
    }
    for (sum, count) in all.trips.iter_mut().zip(one.trips) {
        *sum += count;
    }
}

fn summarise(name: &str, import: &Import<'_>, elapsed: Duration, terminal: &mut Terminal) {
    let (report, segments) = (&import.report, &import.segments);
    let palette = &terminal.palette;
    let safe = |text: &str| {
        let mut out = String::new();
        escape::push_line(text.as_bytes(), &palette.escape, &mut out);
        out
    };
    let to = safe(&import.args.to.display().to_string());
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
    if report.lines > 0 || import.copied == 0 {
        row("lines", &kinds_of_lines(report));
    }
    if import.copied > 0 {
        row("copied", &format!("{} of segments and messages", counted(import.copied, "entry", "entries")));
    }
    if let Some(text) = timeless::describe(report.without_time) {
        row("no time", &text);
    }
    row("written", &palette.strong.of(counted(report.entries + import.copied, "entry", "entries")));
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
