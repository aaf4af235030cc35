//! What a directory of segments holds, all together.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};
use fusewire::decode::{EntryRef, Value};
use fusewire::log::{LogEvent, LogReader, list};
use fusewire::segment::{FrameKind, Mode};

use super::line;
use crate::commands::ls::segments_by_state;
use crate::output::numbers::{bytes, counted};
use crate::output::time::{Clock, push_duration};
use crate::output::{Terminal, escape};

/// Prints the summary.
pub(super) fn print(directory: &Path, clock: &mut Clock, terminal: &mut Terminal) -> Result<()> {
    let about = || directory.display().to_string();
    let listing = list(directory).with_context(about)?;
    let mut name = String::new();
    escape::push_line(directory.as_os_str().as_encoded_bytes(), &terminal.palette.escape, &mut name);
    let name = terminal.palette.strong.of(name);
    terminal.out.push_str(&name);
    terminal.out.push('\n');

    let processes: HashSet<_> = listing.segments.iter().map(|segment| segment.stream_id).collect();
    line(terminal, "segments", format_args!("{}", segments_by_state(&listing)));
    line(terminal, "written", format_args!("by {}", counted(processes.len() as u64, "process", "processes")));
    let entries = listing.segments.iter().filter_map(|segment| segment.entries).sum();
    let disk = listing.segments.iter().map(|segment| segment.disk_bytes).sum();
    line(terminal, "entries", format_args!("{}", counted(entries, "entry", "entries")));
    line(terminal, "size", format_args!("{} on disk", bytes(disk)));
    let times = || listing.segments.iter().filter_map(|segment| segment.times);
    if let (Some(from), Some(to)) = (times().map(|times| times.0).min(), times().map(|times| times.1).max()) {
        line(terminal, "from", format_args!("{}", clock.describe(from)));
        let mut span = String::new();
        push_duration(i128::from(to) - i128::from(from), &mut span);
        line(terminal, "to", format_args!("{}  ({span} later)", clock.describe(to)));
    }
    let dropped = dropped(directory).with_context(about)?;
    let dropped = counted(dropped, "entry was", "entries were");
    line(terminal, "losses", format_args!("{dropped} not written, as the log itself says"));
    Ok(())
}

/// Entries that were not written, as the loss records in the log say.
fn dropped(directory: &Path) -> Result<u64> {
    let mut dropped = 0;
    // Frames are passed over by their headers: nothing but the records is looked at.
    let mut reader = LogReader::options().mode(Mode::Trust).open(&[directory.to_owned()])?;
    while let Some(event) = reader.next() {
        if let LogEvent::Frame { frame, .. } = event
            && frame.kind == FrameKind::Loss
            && let Ok(record) = EntryRef::new(frame.payload)
        {
            dropped += match record.get("count") {
                Some(Value::Uint(count)) => count,
                _ => 0,
            };
        }
    }
    Ok(dropped)
}
