//! The single pass over the log that collects the data of a post-mortem.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Result;
use fusewire::decode::{EntryRef, Value};
use fusewire::log::{LogEvent, Source};
use fusewire::memory::{MemStats, TARGET};
use fusewire::segment::LostReason;
use fusewire::{Limits, Severity};

use super::processes::{Known, name_of};
use super::report::{Lines, Place, Process, Volume};
use super::sites::Counter;
use super::threads::LastWords;
use super::timeline::Memory;

use crate::args::AccessArgs;
use crate::input;
use crate::input::selection::Selection;
use crate::input::time_point::Range;
use crate::output::losses;

/// Maximum number of incomplete appends with a place in the report. Further appends are only counted.
const UNFINISHED: usize = 16;

/// The parameters of the pass.
pub(super) struct Asked<'a> {
    pub(super) paths: &'a [PathBuf],
    /// Start of the window and time of its last entry, in nanoseconds since the Unix epoch.
    pub(super) window: (u64, u64),
    /// Start of the time in which call sites are counted.
    pub(super) recent_since: u64,
    /// Number of last entries for each thread.
    pub(super) keep: usize,
    pub(super) access: &'a AccessArgs,
}

/// The result of the pass.
pub(super) struct Gathered {
    pub(super) volume: Volume,
    pub(super) sites: Counter,
    pub(super) memory: Memory,
    pub(super) threads: LastWords,
    /// Times of the lines in files.
    pub(super) lines: Lines,
    /// Messages about damage and unreadable files.
    pub(super) complaints: Vec<String>,
    /// Whether the log has damage. The number of lost bytes can be 0.
    pub(super) is_damaged: bool,
}

/// A counted line. Its length is known when the next line begins.
struct Line {
    offset: u64,
    time: u64,
    severity: Severity,
    /// Call site of the line, if call sites are counted at its time.
    site: Option<Option<usize>>,
}

struct Pass<'a> {
    asked: &'a Asked<'a>,
    /// Stream whose entries are counted, in addition to the entries of files. `None` selects all streams.
    stream: Option<[u8; 16]>,
    process: Option<&'a mut Process>,
    gathered: Gathered,
    lines: HashMap<PathBuf, Line>,
    /// The last entry: its file, its offset and its length in bytes.
    commit: (PathBuf, (u64, u64)),
    dropped: BTreeMap<String, u64>,
}

/// Reads the log and completes the data of `subject`.
pub(super) fn gather(asked: &Asked<'_>, subject: Option<&mut Known>) -> Result<Gathered> {
    let range = Range { since: Some(asked.window.0), until: asked.window.1.checked_add(1) };
    // With the write limits, the entries of lines contain the trips of an import. The report names their call sites.
    let options = Selection::of_range(range).options(asked.access).line_limits(Limits::DEFAULT);
    let mut reader = input::open_logs(asked.paths, options)?;
    let mut pass = Pass {
        asked,
        stream: subject.as_ref().map(|known| known.stream_id),
        process: subject.map(|known| &mut known.process),
        gathered: Gathered {
            volume: Volume::new(asked.window),
            sites: Counter::default(),
            memory: Memory::default(),
            threads: LastWords::new(asked.keep),
            lines: Lines::default(),
            complaints: Vec::new(),
            is_damaged: false,
        },
        lines: HashMap::new(),
        commit: Default::default(),
        dropped: BTreeMap::new(),
    };
    while let Some(event) = reader.next() {
        pass.take(&event);
    }
    Ok(pass.end())
}

impl Pass<'_> {
    fn take(&mut self, event: &LogEvent<'_>) {
        match event {
            LogEvent::Entry { source, frame, entry } if self.is_meant(*source) => {
                self.entry(*source, frame.offset, frame.len_on_disk(), entry);
            }
            LogEvent::Frame { source, frame } if self.is_meant(*source) => {
                if let Some(Ok(record)) = frame.loss_record() {
                    self.loss(&record);
                }
            }
            LogEvent::Lost { source, range } if range.reason == LostReason::Uncommitted => {
                if self.is_meant(*source)
                    && let Some(process) = &mut self.process
                {
                    process.unfinished_count += 1;
                    if process.unfinished.len() < UNFINISHED {
                        let file = name_of(source.path());
                        process.unfinished.push(Place { file, offset: range.start, bytes: range.len() });
                    }
                }
            }
            LogEvent::Lost { source, range } if range.is_damage() => {
                if self.is_meant(*source)
                    && let Some(process) = &mut self.process
                {
                    process.lost_bytes += range.len();
                }
                self.gathered.is_damaged = true;
                let (path, start, end) = (source.path().display(), range.start, range.end);
                // Truncated compressed data has no lost bytes with an offset.
                let lost = if start == end {
                    losses::fault(range)
                } else {
                    format!("lost bytes {start}..{end}: {}", range.reason)
                };
                self.complain(format!("{path}: {lost}"));
            }
            LogEvent::UnreadableFile { path, error } => {
                self.complain(format!("{}: {error}", path.display()));
            }
            LogEvent::DamagedHeader { source, error } => {
                self.complain(format!("{}: {error}", source.path().display()));
            }
            _ => {}
        }
    }

    /// Stores the first 20 messages. The report contains the number of all lost bytes.
    fn complain(&mut self, what: String) {
        if self.gathered.complaints.len() < 20 {
            self.gathered.complaints.push(what);
        }
    }

    fn is_meant(&self, source: Source<'_>) -> bool {
        match (source, self.stream) {
            (Source::Segment(segment), Some(stream)) => segment.stream_id == stream,
            _ => true,
        }
    }

    fn entry(&mut self, source: Source<'_>, offset: u64, len: u64, entry: &EntryRef<'_>) {
        let time = entry.time_unix_nano();
        let gathered = &mut self.gathered;
        if let Source::Segment(segment) = source {
            self.commit.1 = (offset, len);
            if self.commit.0 != segment.path {
                self.commit.0.clone_from(&segment.path);
            }
        }
        if entry.target().as_bytes() == TARGET.as_bytes() {
            if let Some(sample) = MemStats::from_entry(entry) {
                gathered.memory.add(&sample);
            }
            return;
        }
        let tripped = entry.is_tripped();
        // A line of a file can be much longer than its entry, so its bytes are counted later.
        let bytes = if matches!(source, Source::File(_)) { 0 } else { len };
        gathered.volume.add(time, entry.severity(), bytes, tripped);
        let is_recent = time >= self.asked.recent_since;
        let site = is_recent.then(|| gathered.sites.add(entry, bytes, tripped));
        gathered.threads.add(entry);
        if let Source::File(file) = source {
            gathered.lines.add(time);
            let line = Line { offset, time, severity: entry.severity(), site };
            match self.lines.get_mut(&file.path) {
                Some(before) => {
                    let before = std::mem::replace(before, line);
                    self.measured(&before, offset);
                }
                None => _ = self.lines.insert(file.path.clone(), line),
            }
        }
    }

    /// Counts the bytes of a line. `end` is the start of the next line.
    fn measured(&mut self, line: &Line, end: u64) {
        let bytes = end.saturating_sub(line.offset);
        self.gathered.volume.add_bytes(line.time, line.severity, bytes);
        if let Some(site) = line.site {
            self.gathered.sites.add_bytes(site, bytes);
        }
    }

    fn loss(&mut self, record: &EntryRef<'_>) {
        if let Some(Value::Uint(count)) = record.get("count") {
            self.gathered.volume.add_dropped(record.time_unix_nano(), count);
        }
        for (cause, count) in losses::told(record, "causes") {
            let sum = self.dropped.entry(cause).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    fn end(mut self) -> Gathered {
        for (path, line) in std::mem::take(&mut self.lines) {
            // Only the file contains the end of the last line. If the file is no longer readable, the line counts 0 bytes.
            let len = line_len(&path, line.offset).unwrap_or(0);
            self.measured(&line, line.offset + len);
        }
        if let Some(process) = self.process {
            let (path, (offset, bytes)) = &self.commit;
            let place = Place { file: name_of(path), offset: *offset, bytes: *bytes };
            process.last_commit = (*bytes > 0).then_some(place);
            process.dropped = self.dropped.into_iter().collect();
        }
        self.gathered
    }
}

/// Returns the length in bytes of the line at `offset`.
fn line_len(path: &Path, offset: u64) -> io::Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let (mut reader, mut len) = (BufReader::new(file), 0);
    loop {
        let bytes = reader.fill_buf()?;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let read = end.map_or(bytes.len(), |end| end + 1);
        reader.consume(read);
        len += read as u64;
        if end.is_some() || read == 0 {
            return Ok(len);
        }
    }
}
