//! Standard input and files of any name: segments one after the other, frames one after the other, or lines of text.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use fusewire::error::SegmentError;
use fusewire::message::{self, MessageError};
use fusewire::segment::{Event, FrameFault, Mode, Segment, SegmentHeader};

use crate::input::{self, chunk::Chunk};
use crate::outcome::Outcome;
use crate::output::Terminal;
use crate::output::events::EventPrinter;

/// Bytes that tell what follows.
const LOOK_AHEAD: usize = 2 * 4096;

/// Prints the entries of whatever `path` gives.
pub(super) fn print(
    path: &Path,
    mode: Mode,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    let stream = input::open_stream(path)?;
    let mut chunk = Chunk::new(stream.reader);
    chunk.fill_some()?;
    if chunk.bytes().is_empty() {
        bail!("{}: is empty", stream.name);
    }
    // Text has no NUL; a segment has one in its signature's page, and a frame in its header.
    if !chunk.bytes().contains(&0) {
        return super::lines::print(chunk, &stream.name, printer.entries(), terminal);
    }
    chunk.fill_to(LOOK_AHEAD)?;
    // What begins as neither is taken for a segment whose first page is damaged: that is read past.
    let begins_as_frame = matches!(
        message::read(chunk.bytes()),
        Ok(_)
            | Err(MessageError::Kind(_)
                | MessageError::Entry(_)
                | MessageError::Frame(FrameFault::Truncated { .. }))
    );
    match header(&chunk) {
        Err(SegmentError::NotASegment) if begins_as_frame => frames(chunk, &stream.name, printer, terminal),
        _ => segments(chunk, Path::new(&stream.name), mode, printer, terminal),
    }
}

/// Segments, each as long as its header says. One is in memory at a time.
fn segments(
    mut chunk: Chunk,
    name: &Path,
    mode: Mode,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    while !chunk.bytes().is_empty() {
        // Without an intact header nobody knows where the segment ends: the rest is taken for it.
        let len =
            header(&chunk).map_or(usize::MAX, |header| usize::try_from(header.size).unwrap_or(usize::MAX));
        chunk.fill_to(len)?;
        let segment = Segment::from_vec(chunk.take(len));
        print_segment(&segment, name, mode, printer, terminal)?;
        chunk.fill_to(LOOK_AHEAD)?;
    }
    Ok(())
}

/// Prints the entries of one segment, and reports what is lost between them.
fn print_segment(
    segment: &Segment,
    path: &Path,
    mode: Mode,
    printer: &mut EventPrinter,
    terminal: &mut Terminal,
) -> Result<()> {
    let name = || path.display().to_string();
    let mut events = segment.events(mode).with_context(name)?.peekable();
    if let Err(error) = segment.header() {
        // Entries may be found all the same; where there is nothing at all, this is no segment.
        if events.peek().is_none() {
            return Err(anyhow!(error).context(name()));
        }
        printer.fault(path, &error.to_string(), terminal)?;
    }
    for event in events {
        match event {
            Ok(Event::Entry(frame, entry)) => printer.entry(&frame, &entry, path, terminal)?,
            Ok(Event::Frame(frame)) => printer.frame(&frame, path, terminal)?,
            Ok(Event::Unreadable(frame, error)) => printer.unreadable(&frame, &error, path, terminal)?,
            Ok(Event::Lost(range)) | Err(range) => printer.lost(&range, path, terminal)?,
            Ok(_) => {}
        }
    }
    Ok(())
}

/// The header of the segment that the bytes begin with.
fn header(chunk: &Chunk) -> Result<SegmentHeader, SegmentError> {
    let bytes = chunk.bytes();
    Segment::from_vec(bytes[..bytes.len().min(LOOK_AHEAD)].to_vec()).header()
}

/// Frames that stand alone.
fn frames(mut chunk: Chunk, name: &str, printer: &mut EventPrinter, terminal: &mut Terminal) -> Result<()> {
    let mut offset = 0;
    loop {
        let needed = match message::read(chunk.bytes()) {
            _ if chunk.bytes().is_empty() => 1,
            Ok((entry, rest)) => {
                let consumed = chunk.bytes().len() - rest.len();
                printer
                    .entries()
                    .print(&entry, terminal)
                    .map_err(|error| anyhow!("{name}: byte {offset}: {error}"))?;
                terminal.flush_if_full()?;
                chunk.consume(consumed);
                offset += consumed as u64;
                continue;
            }
            Err(MessageError::Frame(FrameFault::Truncated { needed, .. })) => {
                usize::try_from(needed).unwrap_or(usize::MAX)
            }
            Err(error) => bail!("{name}: byte {offset}: {error}"),
        };
        // Whoever sends the frames may take a while to send the next one.
        terminal.flush()?;
        let had = chunk.bytes().len();
        chunk.fill_to(needed)?;
        match chunk.bytes().len() {
            0 => return Ok(()),
            now if now < needed => {
                terminal.report(&format!(
                    "{name}: byte {offset}: lost {now} bytes: the last frame is not complete"
                ))?;
                printer.note(Outcome::Lossy);
                return Ok(());
            }
            now if now == had => bail!("{name}: byte {offset}: a frame that does not end"),
            _ => {}
        }
    }
}
