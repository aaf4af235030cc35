//! The statistics of the arms of a router.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::log::DropCause;
use crate::trip::TripReport;

use super::config::Arm;
use super::histogram::{Counts, Histogram};
use super::shadow::ShadowStats;

/// The number of sets of counters that the threads share.
pub(super) const SHARDS: usize = 16;
/// One of this number of entries is timed: two reads of the clock take a fifth of the time of an append.
pub(super) const TIMED: u64 = 8;
/// The arms are checked after this number of entries of a shard.
const JUDGED: u64 = 256;

/// The statistics of a router.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouteStats {
    /// The statistics of the log.
    pub binary: ArmStats,
    /// The statistics of the sink.
    pub json: ArmStats,
    /// The number of entries that neither arm wrote. The [`Stats`](crate::log::Stats) of the log contain the
    /// causes.
    pub dropped: u64,
    /// The disabled arm and the bound that it exceeded.
    pub rolled_back: Option<RollBack>,
    /// The statistics of the comparison of both forms.
    pub shadow: ShadowStats,
    /// The error in the file of rules. The last valid rules are in force.
    pub config_error: Option<String>,
}

impl RouteStats {
    /// Returns the statistics of one arm.
    #[must_use]
    pub fn arm(&self, arm: Arm) -> &ArmStats {
        match arm {
            Arm::Binary => &self.binary,
            Arm::Json => &self.json,
        }
    }
}

/// The statistics of one arm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArmStats {
    /// The number of entries that the arm wrote.
    pub entries: u64,
    /// The number of written entries that were assigned to the other arm, which failed.
    pub taken_over: u64,
    /// The number of bytes in the written frames or lines.
    pub bytes: u64,
    /// The number of entries that were assigned to the arm and failed, by cause in the order of
    /// [`DropCause::ALL`]. Errors of the sink count as [`DropCause::Full`].
    pub errors: [u64; DropCause::ALL.len()],
    /// The number of trips of the circuit breaker in the written entries.
    pub trips: u64,
    /// The latency of the entries that were assigned to the arm, from the beginning of the append to the end
    /// of the write. Entries that the other arm took over are included. One of eight entries is timed.
    pub latency: Percentiles,
}

impl ArmStats {
    /// Returns the number of entries that were assigned to the arm and failed.
    #[must_use]
    pub fn errors_total(&self) -> u64 {
        self.errors.iter().sum()
    }
}

/// Percentiles of durations. Each percentile is at most 12.5 % too high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Percentiles {
    /// The number of timed entries.
    pub timed: u64,
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The 99.9th percentile.
    pub p999: Duration,
}

impl From<&Counts> for Percentiles {
    fn from(counts: &Counts) -> Self {
        let [p50, p99, p999] = [500, 990, 999].map(|per_mille| counts.per_mille(per_mille));
        Self { timed: counts.total(), p50, p99, p999 }
    }
}

/// The event that an arm exceeded a bound. All later entries go to the other arm.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RollBack {
    /// The disabled arm.
    pub arm: Arm,
    /// The time of the event, in nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// The bound and the measured values.
    pub reason: RollBackReason,
}

/// The bound that an arm exceeded.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RollBackReason {
    /// The error rate.
    Errors {
        /// The number of failed entries.
        failed: u64,
        /// The number of entries in the window.
        of: u64,
        /// The maximum share of failed entries, from 0 to 1.
        max_rate: f64,
    },
    /// The latency.
    Latency {
        /// The 99th percentile of the arm.
        p99: Duration,
        /// The 99th percentile of the other arm.
        other: Duration,
        /// The maximum ratio of both percentiles.
        max_ratio: f64,
    },
}

impl std::fmt::Display for RollBackReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Errors { failed, of, max_rate } => {
                write!(f, "{failed} of {of} entries failed, expected at most {:.4} %", max_rate * 100.0)
            }
            Self::Latency { p99, other, max_ratio } => {
                write!(
                    f,
                    "p99 is {p99:?}, expected at most {max_ratio} times the p99 of the other arm, {other:?}"
                )
            }
        }
    }
}

/// The counters of one arm for a part of the threads.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Shard {
    /// The number of entries that were assigned to the arm.
    chosen: AtomicU64,
    entries: AtomicU64,
    taken_over: AtomicU64,
    bytes: AtomicU64,
    errors: [AtomicU64; DropCause::ALL.len()],
    trips: AtomicU64,
    latency: Histogram,
}

impl Shard {
    /// Counts an entry that was assigned to the arm. Returns whether the arms must be checked after this
    /// entry.
    pub(super) fn choose(&self) -> bool {
        self.chosen.fetch_add(1, Ordering::Relaxed) % JUDGED == JUDGED - 1
    }

    pub(super) fn written(&self, bytes: usize, report: &TripReport, taken_over: bool) {
        self.entries.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if taken_over {
            self.taken_over.fetch_add(1, Ordering::Relaxed);
        }
        if !report.is_clean() {
            let trips = report.iter().map(|trip| u64::from(trip.count)).sum();
            self.trips.fetch_add(trips, Ordering::Relaxed);
        }
    }

    pub(super) fn failed(&self, cause: DropCause) {
        self.errors[cause as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn took(&self, nanos: u64) {
        self.latency.record(nanos);
    }

    fn add_to(&self, sum: &mut ArmCounts) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        sum.chosen += read(&self.chosen);
        sum.stats.entries += read(&self.entries);
        sum.stats.taken_over += read(&self.taken_over);
        sum.stats.bytes += read(&self.bytes);
        sum.stats.trips += read(&self.trips);
        for (errors, counter) in sum.stats.errors.iter_mut().zip(&self.errors) {
            *errors += read(counter);
        }
        self.latency.add_to(&mut sum.latency);
    }
}

/// The sum of the counters of all shards of an arm.
#[derive(Clone, Default)]
pub(super) struct ArmCounts {
    pub(super) chosen: u64,
    pub(super) stats: ArmStats,
    pub(super) latency: Counts,
}

impl ArmCounts {
    pub(super) fn of(shards: &[Shard]) -> Self {
        let mut sum = Self::default();
        shards.iter().for_each(|shard| shard.add_to(&mut sum));
        sum.stats.latency = Percentiles::from(&sum.latency);
        sum
    }
}
