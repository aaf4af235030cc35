//! `fusewire recover`: copies intact entries to new segments.

use std::fmt::Write;
use std::io;
use std::path::Path;

use anyhow::{Context, Error, Result, anyhow};
use fusewire::error::SegmentError;
use fusewire::log::is_segment_name;
use fusewire::segment::{
    self, AppendError, FrameKind, FrameRef, Mode, RecoverReport, Resource, Segment, SegmentOptions,
    SegmentWriter,
};

use crate::args::{FormatVersion, RecoverArgs};
use crate::input::spool::name_of;
use crate::input::{self, streams::Streams};
use crate::outcome::Outcome;
use crate::output::numbers::{bytes, counted};
use crate::output::{Terminal, escape, losses};

/// Minimum size, maximum size and unit of the size of a segment, in bytes.
const SIZES: (u64, u64, u64) = (16 << 10, 1 << 30, 4 << 10);

/// The sums over all files.
#[derive(Default)]
struct Total {
    segments: u64,
    entries: u64,
    lost_bytes: u64,
    unreadable: u64,
    damaged_headers: u64,
    failed: u64,
    partial: u64,
    gaps: u64,
}

/// Runs the command. Copies each segment to a new segment with the same name.
pub(crate) fn run(args: &RecoverArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let files = input::segment_files(&args.path)?;
    input::prepare_output(&args.to)?;
    let mut total = Total::default();
    let mut streams = Streams::default();
    for file in &files {
        let opened = input::open_segment(file);
        if opened.is_err() && input::is_deleted(file, &args.path) {
            continue;
        }
        total.segments += 1;
        let header = opened.as_ref().ok().and_then(|segment| segment.header().ok());
        streams.add(file, header.as_ref());
        match opened.and_then(|segment| readable(segment, file)) {
            Ok(segment) => recover(&segment, file, args, &mut total, terminal)?,
            Err(error) if *file == args.path => return Err(error),
            // The command continues with the other files.
            Err(error) => {
                total.unreadable += 1;
                terminal.flush()?;
                terminal.complain(&error);
            }
        }
        terminal.flush()?;
    }
    for gap in streams.gaps() {
        total.gaps += 1;
        terminal.report(&format!("{}: {gap}", args.path.display()))?;
    }
    summarise(&total, &args.to, terminal);
    let is_lossy = total.lost_bytes + total.unreadable + total.damaged_headers + total.gaps > 0;
    Ok(match (total.failed + total.partial > 0, is_lossy) {
        (true, _) => Outcome::Failed,
        (false, true) => Outcome::Lossy,
        (false, false) => Outcome::Clean,
    })
}

/// Returns `segment`, or an error if the segment contains no frame or has an unsupported version.
fn readable(segment: Segment, file: &Path) -> Result<Segment> {
    let about = || file.display().to_string();
    match segment.header() {
        Err(error @ (SegmentError::Version { .. } | SegmentError::Incompatible { .. })) => {
            return Err(error).with_context(about);
        }
        Err(error) if segment.events(Mode::Recover).with_context(about)?.next().is_none() => {
            let len = counted(segment.as_bytes().len() as u64, "byte", "bytes");
            let zeros =
                if segment.as_bytes().iter().all(|byte| *byte == 0) { ", all bytes are zero" } else { "" };
            return Err(anyhow!("{error}; no frame in {len}{zeros}")).with_context(about);
        }
        _ => {}
    }
    Ok(segment)
}

fn recover(
    segment: &Segment,
    file: &Path,
    args: &RecoverArgs,
    total: &mut Total,
    terminal: &mut Terminal,
) -> Result<()> {
    if let Err(error) = segment.header() {
        total.damaged_headers += 1;
        terminal.report(&format!("{}: {error}", file.display()))?;
    }
    let named = name_of(file);
    let mut name = named.file_name().unwrap_or(named.as_os_str()).to_owned();
    // A stream has no name of a segment.
    if !is_segment_name(name.as_ref()) {
        name.push(".fws");
    }
    let report = match copy(segment, file, &args.to.join(name), args.format) {
        Ok(report) => report,
        Err(Failure { error, kept }) => {
            match kept {
                Some(entries) => {
                    total.partial += 1;
                    total.entries += entries;
                }
                None => total.failed += 1,
            }
            terminal.flush()?;
            terminal.complain(&error);
            return Ok(());
        }
    };
    for range in &report.lost {
        terminal.report(&format!("{}: {}", file.display(), losses::describe(range)))?;
    }
    total.entries += report.entries;
    total.lost_bytes = total.lost_bytes.saturating_add(report.lost_bytes());
    print(&input::short_name(file, &args.path), &report, terminal);
    Ok(())
}

fn summarise(total: &Total, to: &Path, terminal: &mut Terminal) {
    let mut parts = Vec::new();
    for (number, what) in [
        (total.lost_bytes, ["byte lost", "bytes lost"]),
        (total.unreadable, ["segment unreadable", "segments unreadable"]),
        (total.damaged_headers, ["header damaged", "headers damaged"]),
        (total.gaps, ["gap in the numbers of the segments", "gaps in the numbers of the segments"]),
        (total.partial, ["segment recovered in part", "segments recovered in part"]),
        (total.failed, ["segment not recovered", "segments not recovered"]),
    ] {
        if number > 0 {
            parts.push(counted(number, what[0], what[1]));
        }
    }
    let verdict = match parts.is_empty() {
        true => terminal.palette.good.of("no bytes lost".to_owned()),
        false => terminal.palette.bad.of(parts.join(", ")),
    };
    let segments = counted(total.segments, "segment", "segments");
    // A write to a `String` cannot fail.
    _ = write!(terminal.out, "{segments}, {} recovered into ", counted(total.entries, "entry", "entries"));
    escape::push_line(to.display().to_string().as_bytes(), &terminal.palette.escape, &mut terminal.out);
    _ = writeln!(terminal.out, ": {verdict}");
}

/// A recovery of a segment that failed.
struct Failure {
    error: Error,
    /// The number of entries in the new segment, if it exists.
    kept: Option<u64>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, kept: None }
    }
}

fn copy(segment: &Segment, from: &Path, to: &Path, format: FormatVersion) -> Result<RecoverReport, Failure> {
    let about = || to.display().to_string();
    let mut options = options(segment);
    options.self_contained = format == FormatVersion::V1_0;
    // The new segment contains full entries, which need more space than like entries.
    let grows = !segment.header().is_ok_and(|header| header.incompat == 0);
    let mut writer = SegmentWriter::create(to, &options).with_context(about)?;
    // The new segment already contains the first resource. A later resource is a change and is copied.
    let mut is_first_resource = segment.resource().is_some();
    let copied = segment::recover(segment, |frame| {
        if frame.kind == FrameKind::Resource && std::mem::take(&mut is_first_resource) {
            return Ok(());
        }
        append(&mut writer, frame, grows)
    });
    // Seals the segment even after a failure, so that the copied entries are readable.
    let entries = writer.entries();
    let sealed = writer.seal().map_err(|error| format!("{}: {error}", to.display()));
    let copied = copied.map_err(|error| format!("{}: {error}", from.display()));
    copied.and_then(|report| sealed.map(|_| report)).map_err(|error| {
        let entries_in = counted(entries, "entry", "entries");
        Failure { error: anyhow!("{error}; {} contains {entries_in}", to.display()), kept: Some(entries) }
    })
}

/// Appends `frame`. If the segment is full and `grows`, extends it by at least a quarter, up to 1 GiB.
fn append(writer: &mut SegmentWriter, frame: &FrameRef<'_>, grows: bool) -> io::Result<()> {
    let mut appended = writer.append_frame(frame.kind, frame.severity, frame.payload);
    if let Err(AppendError::Full { needed, .. }) = appended
        && grows
    {
        let (size, (_, most, _)) = (writer.header().size, SIZES);
        writer.grow((size + needed.max(size / 4)).min(most))?;
        appended = writer.append_frame(frame.kind, frame.severity, frame.payload);
    }
    appended.map(drop).map_err(io::Error::other)
}

/// Returns options with the size, the resource and the position in the stream of the damaged segment, if these are readable.
fn options(segment: &Segment) -> SegmentOptions {
    let mut resource = Resource::empty();
    let attributes = segment.resource().and_then(|resource| resource.to_owned().ok()).unwrap_or_default();
    for attribute in attributes.attributes {
        resource = resource.with(&attribute.key, attribute.value);
    }
    let mut options = SegmentOptions::new(resource);
    options.file_mode = input::segment_mode();
    let mut size = segment.as_bytes().len() as u64;
    if let Ok(header) = segment.header() {
        size = size.max(header.size);
        options.stream_id = header.stream_id;
        options.sequence = header.sequence;
        options.previous_id = header.previous_id;
        options.previous_end = header.previous_end;
    }
    let (least, most, unit) = SIZES;
    options.size = size.clamp(least, most).next_multiple_of(unit);
    options
}

fn print(name: &str, report: &RecoverReport, terminal: &mut Terminal) {
    let out = &mut terminal.out;
    escape::push_line(name.as_bytes(), &terminal.palette.escape, out);
    let entries = counted(report.entries, "entry", "entries");
    _ = writeln!(out, "  {entries}, {} kept", bytes(report.kept_bytes));
}
