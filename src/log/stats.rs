//! Statistics of a log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::segment::shared::Placed;
use crate::severity::Severity;
use crate::trip::{TripCause, TripReport};

use super::drops::Drops;

const CAUSES: usize = TripCause::ALL.len();
/// The number of levels: unspecified, six ranges of four severity numbers, and all numbers above 24.
const LEVELS: usize = 8;

/// Statistics of a log since it was opened.
///
/// The counters are read one after the other while other threads count. Each counter is exact, but two counters may
/// be from slightly different moments.
///
/// ```
/// use fusewire::log::Log;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.append(|entry| entry.set_body("paid"));
/// let stats = log.stats();
/// assert_eq!((stats.entries, stats.missing_trace_ids, stats.drops.total()), (1, 1, 0));
/// assert!(stats.segments >= 1 && stats.resident_bytes > 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The number of entries written.
    pub entries: u64,
    /// The number of bytes of their frames, including headers and padding.
    pub bytes: u64,
    /// The number of entries written without a trace id.
    pub missing_trace_ids: u64,
    /// The three counters above by level, see [`level`](Self::level): unspecified, trace, debug, info, warn, error,
    /// fatal, and numbers above 24.
    pub levels: [LevelStats; LEVELS],
    /// The number of entries written as like entries, see [`LogOptions::self_contained`](super::LogOptions::self_contained).
    pub like_entries: u64,
    /// The number of entries in which the circuit breaker tripped.
    pub tripped_entries: u64,
    /// The number of trips by cause. The index is the number of the [`TripCause`].
    pub trips: [u64; CAUSES],
    /// The number of dropped entries, by severity and cause.
    pub drops: Drops,
    /// The number of segments created.
    pub segments: u64,
    /// The number of rotations from one segment to the next.
    pub rotations: u64,
    /// The number of segments that an append waited for because no segment was ready.
    pub late_segments: u64,
    /// The number of times that the creation of a segment failed.
    pub failed_segments: u64,
    /// The number of segments deleted because of their age, the byte budget or a full disk.
    pub deleted_segments: u64,
    /// The number of times that a write to disk failed.
    pub sync_errors: u64,
    /// The durations of the creation of segments.
    pub making: Latency,
    /// The durations of the writes to disk.
    pub syncing: Latency,
    /// The durations of the sealing of segments.
    pub sealing: Latency,
    /// The upper bound of the memory that the log uses now, in bytes: its buffers, and the pages of segments that it
    /// has mapped.
    pub resident_bytes: u64,
}

impl Stats {
    /// Returns the number of trips with the cause `cause`.
    #[must_use]
    pub fn trips(&self, cause: TripCause) -> u64 {
        self.trips[cause as usize]
    }

    /// Returns the counters of the level of `severity`. `ERROR`, `ERROR2`, `ERROR3` and `ERROR4` have one level.
    #[must_use]
    pub fn level(&self, severity: Severity) -> &LevelStats {
        &self.levels[level(severity)]
    }
}

/// The counters of one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LevelStats {
    /// The number of entries written.
    pub entries: u64,
    /// The number of bytes of their frames, including headers and padding.
    pub bytes: u64,
    /// The number of entries without a trace id.
    pub missing_trace_ids: u64,
}

/// Returns the index in [`Stats::levels`] of the level of `severity`.
#[inline]
fn level(severity: Severity) -> usize {
    usize::from(severity.number()).div_ceil(4).min(LEVELS - 1)
}

/// The number and the duration of operations of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// The number of operations.
    pub count: u64,
    /// The sum of their durations.
    pub total: Duration,
    /// The longest duration.
    pub max: Duration,
}

/// The counters of one buffer. Only the thread that holds the buffer writes to them, so counting causes no
/// contention.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct BufferCounters {
    levels: [LevelCounters; LEVELS],
    likes: AtomicU64,
    tripped: AtomicU64,
    trips: [AtomicU64; CAUSES],
}

/// The atomic counters for [`LevelStats`].
#[derive(Default)]
struct LevelCounters {
    entries: AtomicU64,
    bytes: AtomicU64,
    missing_trace_ids: AtomicU64,
}

impl BufferCounters {
    /// Counts an entry. Only the thread that holds the buffer may call this.
    #[inline]
    pub(super) fn add(&self, placed: &Placed, severity: Severity, has_trace: bool, report: &TripReport) {
        // A load and a store suffice: the counters have one writer at a time, and the transfer of the buffer orders
        // the writers.
        let bump = |counter: &AtomicU64, by: u64| {
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
        };
        let counters = &self.levels[level(severity)];
        bump(&counters.entries, 1);
        bump(&counters.bytes, placed.len as u64);
        if !has_trace {
            bump(&counters.missing_trace_ids, 1);
        }
        if placed.is_like {
            bump(&self.likes, 1);
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
            // The totals are sums of the loaded values, so that they agree with the levels.
            stats.entries += entries;
            stats.bytes += bytes;
            stats.missing_trace_ids += missing;
        }
        stats.like_entries += self.likes.load(Ordering::Relaxed);
        stats.tripped_entries += self.tripped.load(Ordering::Relaxed);
        for (sum, counter) in stats.trips.iter_mut().zip(&self.trips) {
            *sum += counter.load(Ordering::Relaxed);
        }
    }

    pub(super) fn reset(&self) {
        let of_levels = self.levels.iter().flat_map(|of| [&of.entries, &of.bytes, &of.missing_trace_ids]);
        let counters = of_levels.chain([&self.likes, &self.tripped]).chain(&self.trips);
        counters.for_each(|counter| counter.store(0, Ordering::Relaxed));
    }
}

/// The atomic counters for [`Latency`].
#[derive(Default)]
pub(super) struct Timer {
    count: AtomicU64,
    total: AtomicU64,
    max: AtomicU64,
}

impl Timer {
    /// Counts an operation that began at `start` and ends now.
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

/// Counters of rare events.
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
