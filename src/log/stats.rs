//! What a log has done so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::severity::Severity;
use crate::trip::{TripCause, TripReport};

use super::drops::Drops;

const CAUSES: usize = TripCause::ALL.len();
/// No severity, the six ranges of four, and all numbers beyond.
const LEVELS: usize = 8;

/// What a log has done since it was opened. The numbers are read one after the other while others count on: each is
/// right, their sum may be of slightly different moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Entries written.
    pub entries: u64,
    /// Bytes of their frames, headers and padding included.
    pub bytes: u64,
    /// Entries written without a trace id.
    pub missing_trace_ids: u64,
    /// The same three by level, see [`level`](Self::level): unspecified, trace, debug, info, warn, error, fatal, and numbers
    /// beyond 24.
    pub levels: [LevelStats; LEVELS],
    /// Entries in which the fuse tripped.
    pub tripped_entries: u64,
    /// How often each cause of a fuse trip occurred, by [`TripCause`] as a number.
    pub trips: [u64; CAUSES],
    /// Entries not written.
    pub drops: Drops,
    /// Segments made.
    pub segments: u64,
    /// Times that the log went on from one segment to the next.
    pub rotations: u64,
    /// Segments that an append had to wait for, since none was ready.
    pub late_segments: u64,
    /// Times that a segment could not be made.
    pub failed_segments: u64,
    /// Segments deleted to keep to the age, the byte budget, or the disk.
    pub deleted_segments: u64,
    /// Times that the disk failed to take bytes.
    pub sync_errors: u64,
    /// Making a segment.
    pub making: Latency,
    /// Writing to disk.
    pub syncing: Latency,
    /// Completing a segment.
    pub sealing: Latency,
    /// Bytes of memory that the log takes now, at most: buffers, and pages of segments as far as it knows.
    pub resident_bytes: u64,
}

impl Stats {
    /// How often `cause` tripped.
    #[must_use]
    pub fn trips(&self, cause: TripCause) -> u64 {
        self.trips[cause as usize]
    }

    /// What was written at the level of `severity`: at `ERROR`, `ERROR2`, `ERROR3` and `ERROR4` together for any of them.
    #[must_use]
    pub fn level(&self, severity: Severity) -> &LevelStats {
        &self.levels[level(severity)]
    }
}

/// What was written at one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LevelStats {
    /// Entries written.
    pub entries: u64,
    /// Bytes of their frames, headers and padding included.
    pub bytes: u64,
    /// Those of the entries that name no trace.
    pub missing_trace_ids: u64,
}

/// Which level a severity is of: its place in [`Stats::levels`].
#[inline]
fn level(severity: Severity) -> usize {
    usize::from(severity.number()).div_ceil(4).min(LEVELS - 1)
}

/// How often something was done, and how long it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// How often.
    pub count: u64,
    /// How long, all together.
    pub total: Duration,
    /// How long at most.
    pub max: Duration,
}

/// Counters of which each belongs to one buffer, so that the thread that has the buffer counts without a contended write.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct BufferCounters {
    levels: [LevelCounters; LEVELS],
    tripped: AtomicU64,
    trips: [AtomicU64; CAUSES],
}

/// The counters behind [`LevelStats`].
#[derive(Default)]
struct LevelCounters {
    entries: AtomicU64,
    bytes: AtomicU64,
    missing_trace_ids: AtomicU64,
}

impl BufferCounters {
    /// Counts an entry. Only for the one who has the buffer.
    #[inline]
    pub(super) fn add(&self, bytes: usize, severity: Severity, has_trace: bool, report: &TripReport) {
        // Not read-modify-write: there is one writer at a time, and the buffer's hand-over orders them.
        let bump = |counter: &AtomicU64, by: u64| {
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
        };
        let counters = &self.levels[level(severity)];
        bump(&counters.entries, 1);
        bump(&counters.bytes, bytes as u64);
        if !has_trace {
            bump(&counters.missing_trace_ids, 1);
        }
        if !report.is_clean() {
            bump(&self.tripped, 1);
            for trip in report.iter() {
                bump(&self.trips[trip.cause as usize], trip.count.into());
            }
        }
    }

    pub(super) fn add_to(&self, stats: &mut Stats) {
        for (sum, counters) in stats.levels.iter_mut().zip(&self.levels) {
            let entries = counters.entries.load(Ordering::Relaxed);
            let bytes = counters.bytes.load(Ordering::Relaxed);
            let missing = counters.missing_trace_ids.load(Ordering::Relaxed);
            sum.entries += entries;
            sum.bytes += bytes;
            sum.missing_trace_ids += missing;
            // Sums of the very numbers that the levels show.
            stats.entries += entries;
            stats.bytes += bytes;
            stats.missing_trace_ids += missing;
        }
        stats.tripped_entries += self.tripped.load(Ordering::Relaxed);
        for (sum, counter) in stats.trips.iter_mut().zip(&self.trips) {
            *sum += counter.load(Ordering::Relaxed);
        }
    }

    pub(super) fn reset(&self) {
        let of_levels = self.levels.iter().flat_map(|of| [&of.entries, &of.bytes, &of.missing_trace_ids]);
        let counters = of_levels.chain([&self.tripped]).chain(&self.trips);
        counters.for_each(|counter| counter.store(0, Ordering::Relaxed));
    }
}

/// The counter behind [`Latency`].
#[derive(Default)]
pub(super) struct Timer {
    count: AtomicU64,
    total: AtomicU64,
    max: AtomicU64,
}

impl Timer {
    /// Counts what began at `start` and ends now.
    pub(super) fn record(&self, start: Instant) {
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(nanos, Ordering::Relaxed);
        self.max.fetch_max(nanos, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Latency {
        Latency {
            count: self.count.load(Ordering::Relaxed),
            total: Duration::from_nanos(self.total.load(Ordering::Relaxed)),
            max: Duration::from_nanos(self.max.load(Ordering::Relaxed)),
        }
    }
}

/// Counters of what is done rarely.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) segments: AtomicU64,
    pub(super) rotations: AtomicU64,
    pub(super) late_segments: AtomicU64,
    pub(super) failed_segments: AtomicU64,
    pub(super) deleted_segments: AtomicU64,
    pub(super) sync_errors: AtomicU64,
    pub(super) making: Timer,
    pub(super) syncing: Timer,
    pub(super) sealing: Timer,
}

impl Counters {
    pub(super) fn add_to(&self, stats: &mut Stats) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        stats.segments = read(&self.segments);
        stats.rotations = read(&self.rotations);
        stats.late_segments = read(&self.late_segments);
        stats.failed_segments = read(&self.failed_segments);
        stats.deleted_segments = read(&self.deleted_segments);
        stats.sync_errors = read(&self.sync_errors);
        stats.making = self.making.read();
        stats.syncing = self.syncing.read();
        stats.sealing = self.sealing.read();
    }
}
