//! Counts of entries by target, level and cause, in bounded memory, and their metrics.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use fusewire::TripCause;
use fusewire::decode::EntryRef;
use fusewire::log::{Listing, LogEvent, Source};
use fusewire::memory::MemStats;
use fusewire::metrics::{Family, LEVELS, Metrics, families, level_name, of_entries};

use crate::call_site::lossy;
use crate::output::escape::label;
use crate::output::losses;
use crate::output::producer::{Producer, state};

/// Maximum number of separate targets. Entries of further targets have the target `other`, because each label uses memory of
/// Prometheus.
const TARGETS: usize = 200;

/// Maximum number of processes with a stored sample of the memory.
const PROCESSES: usize = 64;

/// The maximum number of causes of dropped entries; further causes have the cause `other`.
const CAUSES: usize = 64;

/// Maximum number of bytes of a name in a label.
const LABEL: usize = 100;

static TRIPPED_BY_TARGET: Family = Family::counter(
    "fusewire_log_tripped_entries_by_target_total",
    "Entries on which the circuit breaker tripped, by target.",
);
static LOST: Family =
    Family::counter("fusewire_log_lost_bytes_total", "Bytes that are lost because of damage.");
static UNREADABLE: Family =
    Family::gauge("fusewire_log_unreadable_files", "Files and directories that cannot be read.");
static FILES: Family = Family::gauge("fusewire_log_files", "Files of the log, by state.");
static DISK: Family =
    Family::gauge("fusewire_log_disk_bytes", "Disk space that the files of the log use, in bytes.");
static LAST: Family = Family::gauge(
    "fusewire_log_last_entry_timestamp_seconds",
    "Time of the latest entry, in seconds since the Unix epoch.",
);
static CAUGHT_UP: Family = Family::gauge(
    "fusewire_log_caught_up",
    "1 if every entry in the directory is counted, 0 during the first pass over the log.",
);

/// The metrics of this command that the library does not define.
const OWN: [&Family; 7] = [&TRIPPED_BY_TARGET, &LOST, &UNREADABLE, &FILES, &DISK, &LAST, &CAUGHT_UP];

/// The counts of a log.
#[derive(Default)]
pub(crate) struct Counts {
    /// Counts by target and level.
    by_target: BTreeMap<String, Target>,
    tripped: u64,
    trips: BTreeMap<&'static str, u64>,
    dropped_by_cause: BTreeMap<String, u64>,
    dropped_by_level: BTreeMap<&'static str, u64>,
    lost: u64,
    last: u64,
    /// The service, the process id and the latest sample of each process, by stream.
    memory: HashMap<[u8; 16], (String, String, MemStats)>,
    /// Whether the first pass over the log is complete.
    pub(crate) is_caught_up: bool,
}

#[derive(Clone, Copy, Default)]
struct Target {
    levels: [Tally; LEVELS.len()],
    tripped: u64,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    entries: u64,
    bytes: u64,
    missing: u64,
}

/// Numbers and sizes of the files.
#[derive(Default)]
pub(crate) struct Files {
    by_state: BTreeMap<&'static str, u64>,
    disk_bytes: u64,
    unreadable: u64,
}

impl Files {
    /// Counts a directory or a file that cannot be read.
    pub(super) fn add_unreadable(&mut self) {
        self.unreadable += 1;
    }

    pub(super) fn add(&mut self, listing: &Listing, is_meant: impl Fn(&Path) -> bool) {
        for segment in listing.segments.iter().filter(|segment| is_meant(&segment.path)) {
            *self.by_state.entry(state(segment)).or_default() += 1;
            self.disk_bytes += segment.disk_bytes;
        }
        for file in listing.files.iter().filter(|file| is_meant(&file.path)) {
            *self.by_state.entry("file").or_default() += 1;
            self.disk_bytes += file.disk_bytes;
        }
        self.unreadable += listing.unreadable.iter().filter(|(path, _)| is_meant(path)).count() as u64;
    }
}

impl Counts {
    /// Counts an event.
    pub(super) fn take(&mut self, event: &LogEvent<'_>) {
        match event {
            LogEvent::Entry { source, frame, entry } => self.entry(*source, frame.len_on_disk(), entry),
            LogEvent::Frame { frame, .. } => {
                if let Some(Ok(record)) = frame.loss_record() {
                    self.loss(&record);
                }
            }
            LogEvent::Lost { range, .. } if range.is_damage() => {
                self.lost = self.lost.saturating_add(range.len())
            }
            _ => {}
        }
    }

    fn entry(&mut self, source: Source<'_>, bytes: u64, entry: &EntryRef<'_>) {
        self.last = self.last.max(entry.time_unix_nano());
        let name = lossy(entry.target().as_bytes(), LABEL);
        let name = label(&name);
        let known = self.by_target.contains_key(name.as_ref());
        let name = if known || self.by_target.len() < TARGETS { name.as_ref() } else { "other" };
        if !self.by_target.contains_key(name) {
            self.by_target.insert(name.to_owned(), Target::default());
        }
        let Some(target) = self.by_target.get_mut(name) else { return };
        let level = LEVELS.iter().position(|level| *level == level_name(entry.severity())).unwrap_or(0);
        let tally = &mut target.levels[level];
        tally.entries += 1;
        tally.bytes += bytes;
        tally.missing += u64::from(entry.trace().trace_id == 0);
        if entry.is_tripped() {
            target.tripped += 1;
            self.tripped += 1;
            for trip in entry.trips() {
                *self.trips.entry(trip.cause.name()).or_default() += u64::from(trip.count);
            }
        }
        if let Some(sample) = MemStats::from_entry(entry)
            && let Source::Segment(segment) = source
        {
            self.sample(segment.stream_id, &segment.path, sample);
        }
    }

    fn sample(&mut self, stream: [u8; 16], path: &Path, sample: MemStats) {
        match self.memory.get_mut(&stream) {
            Some(known) => known.2 = sample,
            None => {
                if self.memory.len() >= PROCESSES {
                    let oldest =
                        self.memory.iter().min_by_key(|(_, known)| known.2.time_unix_nano).map(|(id, _)| *id);
                    oldest.into_iter().for_each(|oldest| _ = self.memory.remove(&oldest));
                }
                let producer = Producer::of(path);
                let service = producer.service.unwrap_or_default();
                let service = label(&lossy(service.as_bytes(), LABEL)).into_owned();
                let pid = producer.pid.map(|pid| pid.to_string()).unwrap_or_default();
                self.memory.insert(stream, (service, pid, sample));
            }
        }
    }

    fn loss(&mut self, record: &EntryRef<'_>) {
        for (cause, count) in losses::told(record, "causes") {
            let name = lossy(cause.as_bytes(), LABEL);
            let name = label(&name);
            let known = self.dropped_by_cause.contains_key(name.as_ref());
            let name = if known || self.dropped_by_cause.len() < CAUSES { name.as_ref() } else { "other" };
            let sum = self.dropped_by_cause.entry(name.to_owned()).or_default();
            *sum = sum.saturating_add(count);
        }
        for (severity, count) in losses::told(record, "dropped") {
            // For example, `ERROR2` counts as an error.
            let name = severity.trim_end_matches(|c: char| c.is_ascii_digit());
            let level = LEVELS.iter().find(|level| level.eq_ignore_ascii_case(name)).copied();
            let sum = self.dropped_by_level.entry(level.unwrap_or("other")).or_default();
            *sum = sum.saturating_add(count);
        }
    }

    /// Returns the counts and the data of the files as metrics.
    pub(crate) fn to_metrics(&self, files: &Files) -> Metrics {
        let mut metrics = Metrics::new();
        for (name, target) in &self.by_target {
            for (level, tally) in LEVELS.into_iter().zip(target.levels).filter(|(_, tally)| tally.entries > 0)
            {
                let labels = [("level", level), ("target", name.as_str())];
                metrics.add(&of_entries::ENTRIES, &labels, tally.entries);
                metrics.add(&of_entries::BYTES, &labels, tally.bytes);
                metrics.add(&of_entries::MISSING, &labels, tally.missing);
            }
            metrics.add(&TRIPPED_BY_TARGET, &[("target", name)], target.tripped);
        }
        metrics.add(&of_entries::TRIPPED, &[], self.tripped);
        for cause in TripCause::ALL {
            let count = self.trips.get(cause.name()).copied().unwrap_or(0);
            metrics.add(&of_entries::TRIPS, &[("cause", cause.name())], count);
        }
        for (cause, count) in &self.dropped_by_cause {
            metrics.add(&of_entries::DROPPED, &[("cause", cause)], *count);
        }
        for (level, count) in &self.dropped_by_level {
            metrics.add(&of_entries::DROPPED_BY_LEVEL, &[("level", level)], *count);
        }
        metrics.add(&LOST, &[], self.lost);
        for (state, count) in &files.by_state {
            metrics.add(&FILES, &[("state", state)], *count);
        }
        metrics.add(&DISK, &[], files.disk_bytes).add(&UNREADABLE, &[], files.unreadable);
        if self.last > 0 {
            metrics.add_float(&LAST, &[], self.last as f64 / 1e9);
        }
        metrics.add(&CAUGHT_UP, &[], self.is_caught_up.into());
        let mut processes: Vec<_> = self.memory.values().collect();
        processes.sort_by_key(|process| (process.0.clone(), process.1.clone()));
        for (service, pid, sample) in processes {
            metrics.label("service", service).label("pid", pid).memory(sample);
        }
        metrics
    }
}

/// Returns all families of metrics that the command can print.
pub(crate) fn all() -> impl Iterator<Item = &'static Family> {
    families().chain(OWN)
}
