//! The metrics of a log.

use super::{Family, Metrics};
use crate::log::{DropCause, Drops, Latency, Stats};
use crate::severity::Severity;
use crate::trip::TripCause;

/// The values of the label `level`, in the order of [`Stats::levels`].
pub const LEVELS: [&str; 8] = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal", "other"];

/// Returns the value of the label `level` for a severity.
///
/// ```
/// use fusewire::Severity;
/// use fusewire::metrics::level_name;
///
/// assert_eq!(level_name(Severity::from_number(18)), "error"); // ERROR2
/// ```
#[must_use]
pub fn level_name(severity: Severity) -> &'static str {
    let level = usize::from(severity.number()).div_ceil(4);
    LEVELS[level.min(LEVELS.len() - 1)]
}

/// The written entries, by level.
pub static ENTRIES: Family = Family::counter("fusewire_log_entries_total", "Written entries, by level.");
/// The bytes of the written entries, including their frames, by level.
pub static BYTES: Family = Family::counter(
    "log_volume_bytes_total",
    "Bytes of the written entries, including their frames, by level.",
);
/// The written entries without a trace id, by level.
pub static MISSING: Family =
    Family::counter("log_missing_trace_id_total", "Written entries without a trace id, by level.");
static LIKES: Family = Family::counter(
    "fusewire_log_like_entries_total",
    "Written like entries: the difference from an earlier entry.",
);
/// The written entries on which the circuit breaker tripped.
pub static TRIPPED: Family = Family::counter(
    "fusewire_log_tripped_entries_total",
    "Written entries on which the circuit breaker tripped.",
);
/// The trips of the circuit breaker, by cause.
pub static TRIPS: Family =
    Family::counter("fusewire_log_trips_total", "Trips of the circuit breaker, by cause.");
/// The dropped entries, by cause.
pub static DROPPED: Family =
    Family::counter("fusewire_log_dropped_entries_total", "Dropped entries, by cause.");
/// The dropped entries, by level.
pub static DROPPED_BY_LEVEL: Family = Family::counter(
    "fusewire_log_dropped_entries_by_level_total",
    "Dropped entries, by level. The total equals the total by cause.",
);
static SEGMENTS: Family = Family::counter("fusewire_log_segments_made_total", "Created segments.");
static ROTATIONS: Family =
    Family::counter("fusewire_log_rotations_total", "Rotations from one segment to the next.");
static LATE: Family = Family::counter(
    "fusewire_log_late_segments_total",
    "Segments that were not ready when an append needed them.",
);
static FAILED: Family =
    Family::counter("fusewire_log_failed_segments_total", "Failed attempts to create a segment.");
static DELETED: Family = Family::counter(
    "fusewire_log_deleted_segments_total",
    "Segments that the log deleted because of the age limit, the byte budget or a full disk.",
);
static SYNC_ERRORS: Family =
    Family::counter("fusewire_log_sync_errors_total", "Failed attempts to sync a segment to disk.");
static OPERATIONS: Family = Family::counter(
    "fusewire_log_operations_total",
    "Background operations on segments (creation, sync and sealing), by operation.",
);
static OPERATION_SECONDS: Family = Family::counter(
    "fusewire_log_operation_seconds_total",
    "Total duration of the background operations, by operation.",
);
static OPERATION_MAX: Family = Family::gauge(
    "fusewire_log_operation_max_seconds",
    "Duration of the longest background operation, by operation.",
);
static RESIDENT: Family = Family::gauge(
    "fusewire_log_resident_bytes",
    "Upper bound of the memory that the buffers and the mapped pages of the log use.",
);

pub(super) static FAMILIES: [&Family; 18] = [
    &ENTRIES,
    &BYTES,
    &MISSING,
    &LIKES,
    &TRIPPED,
    &TRIPS,
    &DROPPED,
    &DROPPED_BY_LEVEL,
    &SEGMENTS,
    &ROTATIONS,
    &LATE,
    &FAILED,
    &DELETED,
    &SYNC_ERRORS,
    &OPERATIONS,
    &OPERATION_SECONDS,
    &OPERATION_MAX,
    &RESIDENT,
];

impl Metrics {
    /// Adds the metrics of a log.
    ///
    /// Each level and each cause has a sample from the start, even if its value is 0. Prometheus computes the
    /// increase from 0 to 1, but not from a missing sample to 1.
    pub fn log(&mut self, stats: &Stats) -> &mut Self {
        for (level, of) in LEVELS.into_iter().zip(&stats.levels) {
            let level = [("level", level)];
            self.add(&ENTRIES, &level, of.entries);
            self.add(&BYTES, &level, of.bytes);
            self.add(&MISSING, &level, of.missing_trace_ids);
        }
        self.add(&LIKES, &[], stats.like_entries);
        self.add(&TRIPPED, &[], stats.tripped_entries);
        for cause in TripCause::ALL {
            self.add(&TRIPS, &[("cause", cause.name())], stats.trips(cause));
        }
        self.drops(&stats.drops);
        let counters = [
            (&SEGMENTS, stats.segments),
            (&ROTATIONS, stats.rotations),
            (&LATE, stats.late_segments),
            (&FAILED, stats.failed_segments),
            (&DELETED, stats.deleted_segments),
            (&SYNC_ERRORS, stats.sync_errors),
        ];
        for (family, count) in counters {
            self.add(family, &[], count);
        }
        self.operation("make", stats.making);
        self.operation("sync", stats.syncing);
        self.operation("seal", stats.sealing);
        self.add(&RESIDENT, &[], stats.resident_bytes)
    }

    fn drops(&mut self, drops: &Drops) {
        for cause in DropCause::ALL {
            self.add(&DROPPED, &[("cause", cause.name())], drops.by_cause(cause));
        }
        let mut by_level = [0; LEVELS.len()];
        // All severities above 24 share the last counter.
        for number in 0..=25_u8 {
            let level = usize::from(number).div_ceil(4).min(LEVELS.len() - 1);
            by_level[level] += drops.by_severity(Severity::from_number(number));
        }
        for (level, count) in LEVELS.into_iter().zip(by_level) {
            self.add(&DROPPED_BY_LEVEL, &[("level", level)], count);
        }
    }

    fn operation(&mut self, name: &'static str, latency: Latency) {
        let operation = [("operation", name)];
        self.add(&OPERATIONS, &operation, latency.count);
        self.add_float(&OPERATION_SECONDS, &operation, latency.total.as_secs_f64());
        self.add_float(&OPERATION_MAX, &operation, latency.max.as_secs_f64());
    }
}
