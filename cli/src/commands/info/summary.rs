//! The summary of a directory.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fusewire::decode::{EntryRef, Value};
use fusewire::log::{Listing, LogEvent, SegmentInfo, Source};
use fusewire::mixed::WithoutTime;
use fusewire::segment::{LostRange, LostReason, Mode};

use super::line;
use crate::args::AccessArgs;
use crate::commands::ls::{by_stream, entries, states};
use crate::input::{selection::Selection, time_point::Range};
use crate::output::numbers::{bytes, counted, grouped, lasted};
use crate::output::producer::Producer;
use crate::output::time::Clock;
use crate::output::{Terminal, escape, losses};

/// The maximum number of listed processes.
const NAMED: usize = 8;

/// The attribute with the format of a line of text.
const FORMAT: &str = "fusewire.import.format";

/// The contents of a path.
#[derive(Default)]
pub(super) struct Found {
    /// The number of entries in the range.
    pub(super) entries: u64,
    /// The earliest and the latest time of these entries.
    pub(super) times: Option<(u64, u64)>,
    /// The number of dropped entries, from the loss records in the range.
    dropped: u64,
    /// The number of lost bytes.
    pub(super) lost_bytes: u64,
    /// The damage of compressed files.
    pub(super) damaged: Vec<(PathBuf, LostRange)>,
    /// The number of entries by file and format. The format of a line of JSON and of a frame is empty.
    formats: BTreeMap<PathBuf, BTreeMap<String, u64>>,
    /// The numbers of entries from lines without a time, including entries outside the range.
    pub(super) without_time: WithoutTime,
    /// The first segment with an event in the range.
    pub(super) segment: Option<SegmentInfo>,
}

impl Found {
    /// Reads `path`.
    pub(super) fn read(path: &Path, range: Range, access: &AccessArgs) -> Result<Self> {
        let mut found = Self::default();
        // In this mode, the reader reads only the frame headers and the times of entries.
        let options = Selection::of_range(range).options(access).mode(Mode::Trust);
        let mut reader = options.open(&[path.to_owned()]).with_context(|| path.display().to_string())?;
        while let Some(event) = reader.next() {
            found.add(&event, range);
        }
        found.without_time = reader.without_time();
        Ok(found)
    }

    fn add(&mut self, event: &LogEvent<'_>, range: Range) {
        let (LogEvent::Entry { source, .. }
        | LogEvent::Frame { source, .. }
        | LogEvent::Unreadable { source, .. }
        | LogEvent::Lost { source, .. }
        | LogEvent::DamagedHeader { source, .. }) = event
        else {
            return;
        };
        if self.segment.is_none() {
            self.segment = source.segment().cloned();
        }
        match event {
            LogEvent::Entry { source, entry, .. } => {
                self.entries += 1;
                if let Source::File(file) = source {
                    self.count_format(&file.path, entry);
                }
                let time = entry.time_unix_nano();
                if time != 0 {
                    let (from, to) = self.times.unwrap_or((time, time));
                    self.times = Some((from.min(time), to.max(time)));
                }
            }
            LogEvent::Frame { frame, .. } => {
                self.dropped = self.dropped.saturating_add(losses::count(frame, range))
            }
            LogEvent::Lost { source, range } if range.is_damage() => {
                self.lost_bytes += range.len();
                if matches!(range.reason, LostReason::Packed(..)) {
                    self.damaged.push((source.path().to_owned(), *range));
                }
            }
            _ => {}
        }
    }
}

impl Found {
    fn count_format(&mut self, path: &Path, entry: &EntryRef<'_>) {
        let format = match entry.get(FORMAT) {
            Some(Value::String(format)) => format.to_str_lossy(),
            _ => Cow::Borrowed(""),
        };
        if !self.formats.contains_key(path) {
            self.formats.insert(path.to_owned(), BTreeMap::new());
        }
        let Some(counts) = self.formats.get_mut(path) else { return };
        match counts.get_mut(&*format) {
            Some(count) => *count += 1,
            None => _ = counts.insert(format.into_owned(), 1),
        }
    }

    /// Returns the formats of the lines of a file with their shares of the entries: `syslog 98 %, text 2 %`. Returns `None`
    /// if no line is text.
    pub(super) fn formats(&self, path: &Path) -> Option<String> {
        let counts = self.formats.get(path)?;
        if counts.keys().all(String::is_empty) {
            return None;
        }
        let total: u64 = counts.values().sum();
        let mut sorted: Vec<_> = counts.iter().collect();
        sorted.sort_by_key(|(_, count)| Reverse(**count));
        let share = |(format, count): (&String, &u64)| {
            let name = if format.is_empty() { "JSON or frames" } else { format };
            let share = *count as f64 * 100.0 / total as f64;
            // A share is 100 % only if all entries have the format.
            let share = if *count < total { share.clamp(0.1, 99.9) } else { share };
            let digits = usize::from(share.fract() != 0.0 && !(1.0..=99.0).contains(&share));
            format!("{name} {share:.digits$} %")
        };
        Some(sorted.into_iter().map(share).collect::<Vec<_>>().join(", "))
    }
}

/// Prints the summary.
pub(super) fn print(
    directory: &Path,
    listing: &Listing,
    found: &Found,
    range: Range,
    clock: &mut Clock,
    terminal: &mut Terminal,
) {
    let mut name = String::new();
    escape::push_line(directory.as_os_str().as_encoded_bytes(), &terminal.palette.escape, &mut name);
    let name = terminal.palette.strong.of(name);
    terminal.out.push_str(&name);
    terminal.out.push('\n');

    let segments = listing.segments.len() as u64;
    if segments > 0 {
        line(terminal, "segments", format_args!("{} ({})", grouped(segments), states(listing)));
    }
    if !listing.files.is_empty() {
        line(terminal, "files", format_args!("{} (lines or frames)", grouped(listing.files.len() as u64)));
    }
    let disk: u64 = listing.segments.iter().map(|segment| segment.disk_bytes).sum();
    let of_files: u64 = listing.files.iter().map(|file| file.disk_bytes).sum();
    line(terminal, "size", format_args!("{} on disk", bytes(disk + of_files)));
    print_processes(listing, terminal);
    if range.is_bounded() {
        line(terminal, "entries", format_args!("{} in the range", grouped(found.entries)));
    } else {
        line(terminal, "entries", format_args!("{}", grouped(entries(listing))));
    }
    if let Some((from, to)) = found.times {
        line(terminal, "from", format_args!("{}", clock.describe(from)));
        line(terminal, "to", format_args!("{}  ({} later)", clock.describe(to), lasted(to - from)));
    }
    let dropped = match found.dropped {
        0 => "no entries".to_owned(),
        count => terminal.palette.bad.of(counted(count, "entry", "entries")),
    };
    line(terminal, "dropped", format_args!("{dropped}"));
}

fn print_processes(listing: &Listing, terminal: &mut Terminal) {
    let streams = by_stream(listing);
    let mut title = "written";
    for first in streams.iter().take(NAMED).filter_map(|stream| stream.first()) {
        let producer = Producer::of(&first.path).describe(&terminal.palette);
        line(terminal, title, format_args!("by {producer}"));
        title = "";
    }
    if let Some(more) = streams.len().checked_sub(NAMED).filter(|more| *more > 0) {
        line(
            terminal,
            title,
            format_args!("and {}", counted(more as u64, "other process", "other processes")),
        );
    }
}
