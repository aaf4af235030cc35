//! The statistics of the arms of a router.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::log::DropCause;
use crate::trip::TripReport;

use super::config::Arm;
use super::histogram::{Counts, Histogram};
use super::shadow::ShadowStats;

/// Threads share this many sets of counters.
pub(super) const SHARDS: usize = 16;
/// Of so many entries one is timed: reading the clock twice costs a fifth of what an append does.
pub(super) const TIMED: u64 = 8;
/// After so many entries of a shard the arms are judged.
const JUDGED: u64 = 256;

/// What a router has done so far.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RouteStats {
    /// What went to the log.
    pub binary: ArmStats,
    /// What went to the sink.
    pub json: ArmStats,
    /// Entries that went nowhere: what kept them out of the log is in the log's own [`Stats`](crate::log::Stats).
    pub dropped: u64,
    /// The arm that has failed its bounds, and why.
    pub rolled_back: Option<RollBack>,
    /// What came of encoding both ways.
    pub shadow: ShadowStats,
    /// Why the file of rules is not in force as it is; the last good one is.
    pub config_error: Option<String>,
}

impl RouteStats {
    /// Those of one arm.
    #[must_use]
    pub fn arm(&self, arm: Arm) -> &ArmStats {
        match arm {
            Arm::Binary => &self.binary,
            Arm::Json => &self.json,
        }
    }
}

/// What one arm has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArmStats {
    /// Entries that it has written.
    pub entries: u64,
    /// Those of them that the other one was to write, and could not.
    pub taken_over: u64,
    /// Bytes of them: frames, or lines.
    pub bytes: u64,
    /// Entries that it was to write, and could not, by cause in the order of [`DropCause::ALL`]; errors of the sink
    /// count as [`DropCause::Full`].
    pub errors: [u64; DropCause::ALL.len()],
    /// How often the fuse tripped in them.
    pub trips: u64,
    /// How long the entries took that it was to write, from building to written: also by the other one, where it could not.
    /// One in eight is timed.
    pub latency: Percentiles,
}

impl ArmStats {
    /// Entries that it was to write, and could not.
    #[must_use]
    pub fn errors_total(&self) -> u64 {
        self.errors.iter().sum()
    }
}

/// How long things took. Each is at most an eighth too high.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Percentiles {
    /// How many were timed.
    pub timed: u64,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// 999 of 1,000 took no longer.
    pub p999: Duration,
}

impl From<&Counts> for Percentiles {
    fn from(counts: &Counts) -> Self {
        let [p50, p99, p999] = [500, 990, 999].map(|per_mille| counts.per_mille(per_mille));
        Self { timed: counts.total(), p50, p99, p999 }
    }
}

/// An arm that has failed its bounds: everything goes the other way since.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RollBack {
    /// The arm.
    pub arm: Arm,
    /// When: nanoseconds since the Unix epoch.
    pub time_unix_nano: u64,
    /// Which bound, and what was found.
    pub reason: RollBackReason,
}

/// The bound that an arm has failed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum RollBackReason {
    /// Too many errors.
    Errors {
        /// Entries that failed.
        failed: u64,
        /// Of so many.
        of: u64,
        /// The share that may, from 0 to 1.
        max_rate: f64,
    },
    /// Too slow.
    Latency {
        /// What 99 of 100 of its entries took at most.
        p99: Duration,
        /// The same of the other arm.
        other: Duration,
        /// How many times as long it may be.
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

/// Counters of one arm that few threads share.
#[repr(align(128))]
#[derive(Default)]
pub(super) struct Shard {
    /// Entries that the arm was chosen for.
    chosen: AtomicU64,
    entries: AtomicU64,
    taken_over: AtomicU64,
    bytes: AtomicU64,
    errors: [AtomicU64; DropCause::ALL.len()],
    trips: AtomicU64,
    latency: Histogram,
}

impl Shard {
    /// Counts that the arm was chosen. Whether the arms are to be judged behind the entry.
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

/// What all shards of an arm have counted.
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
