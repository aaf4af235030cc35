//! `fusewire recover`: copies intact entries to new segments.

use std::fmt::Write;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use fusewire::segment::{self, FrameKind, RecoverReport, Resource, Segment, SegmentOptions, SegmentWriter};

use crate::args::RecoverArgs;
use crate::input;
use crate::outcome::Outcome;
use crate::output::numbers::{bytes, counted};
use crate::output::{Terminal, escape, losses};

/// Runs the command. Each segment is copied into one of the same name.
pub(crate) fn run(args: &RecoverArgs, terminal: &mut Terminal) -> Result<Outcome> {
    let files = input::segment_files(&args.path)?;
    input::prepare_output(&args.to)?;
    let mut outcome = Outcome::Clean;
    let (mut entries, mut lost) = (0, 0);
    for file in &files {
        let segment = input::open_segment(file, args.access)?;
        let name = file.file_name().unwrap_or(file.as_os_str());
        let report = copy(&segment, file, &args.to.join(name))?;
        if report.lost_bytes() > 0 {
            outcome = Outcome::Lossy;
        }
        for range in &report.lost {
            terminal.report(&format!("{}: {}", file.display(), losses::describe(range)))?;
        }
        entries += report.entries;
        lost += report.lost_bytes();
        print(&input::short_name(file, &args.path), &report, terminal);
        terminal.flush()?;
    }
    let verdict = if lost == 0 {
        terminal.palette.good.of("no bytes lost")
    } else {
        terminal.palette.bad.of(format!("{} lost", counted(lost, "byte", "bytes")))
    };
    let segments = counted(files.len() as u64, "segment", "segments");
    // Writing to a String cannot fail.
    _ = write!(terminal.out, "{segments}, {} recovered into ", counted(entries, "entry", "entries"));
    escape::push_line(args.to.display().to_string().as_bytes(), &terminal.palette.escape, &mut terminal.out);
    _ = writeln!(terminal.out, ": {verdict}");
    Ok(outcome)
}

fn copy(segment: &Segment, from: &Path, to: &Path) -> Result<RecoverReport> {
    let about = || to.display().to_string();
    let mut writer = SegmentWriter::create(to, &options(segment)).with_context(about)?;
    // The new segment begins with the resource already; a second one later in the file is a change of it, and kept.
    let mut is_first_resource = segment.resource().is_some();
    let report = segment::recover(segment, |frame| {
        if frame.kind == FrameKind::Resource && std::mem::take(&mut is_first_resource) {
            return Ok(());
        }
        writer.append_frame(frame.kind, frame.severity, frame.payload).map(drop).map_err(io::Error::other)
    })
    .map_err(|error| anyhow!(error).context(from.display().to_string()))?;
    writer.seal().with_context(about)?;
    Ok(report)
}

/// The same size, resource and place in the stream as the damaged segment has, as far as they can be read.
fn options(segment: &Segment) -> SegmentOptions {
    let mut resource = Resource::empty();
    let attributes = segment.resource().and_then(|resource| resource.to_owned().ok()).unwrap_or_default();
    for attribute in attributes.attributes {
        resource = resource.with(&attribute.key, attribute.value);
    }
    let mut options = SegmentOptions::new(resource);
    options.size = segment.as_bytes().len() as u64;
    if let Ok(header) = segment.header() {
        options.size = options.size.max(header.size);
        options.stream_id = header.stream_id;
        options.sequence = header.sequence;
        options.previous_id = header.previous_id;
        options.previous_end = header.previous_end;
    }
    options
}

fn print(name: &str, report: &RecoverReport, terminal: &mut Terminal) {
    let out = &mut terminal.out;
    escape::push_line(name.as_bytes(), &terminal.palette.escape, out);
    let entries = counted(report.entries, "entry", "entries");
    _ = writeln!(out, "  {entries}, {} kept", bytes(report.kept_bytes));
}
