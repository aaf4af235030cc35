//! What a log has done so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::trip::{TripCause, TripReport};

use super::drops::Drops;

const CAUSES: usize = TripCause::ALL.len();

/// What a log has done since it was opened. The numbers are read one after the other while others count on: each is
/// right, their sum may be of slightly different moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Entries written.
    pub entries: u64,
    /// Bytes of their frames, headers and padding included.
    pub bytes: u64,
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
    entries: AtomicU64,
    bytes: AtomicU64,
    tripped: AtomicU64,
    trips: [AtomicU64; CAUSES],
}

impl BufferCounters {
    /// Counts an entry. Only for the one who has the buffer.
    #[inline]
    pub(super) fn add(&self, bytes: usize, report: &TripReport) {
        // Not read-modify-write: there is one writer at a time, and the buffer's hand-over orders them.
        let bump = |counter: &AtomicU64, by: u64| {
            counter.store(counter.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
        };
        bump(&self.entries, 1);
        bump(&self.bytes, bytes as u64);
        if !report.is_clean() {
            bump(&self.tripped, 1);
            for trip in report.iter() {
                bump(&self.trips[trip.cause as usize], trip.count.into());
            }
        }
    }

    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.entries += self.entries.load(Ordering::Relaxed);
        stats.bytes += self.bytes.load(Ordering::Relaxed);
        stats.tripped_entries += self.tripped.load(Ordering::Relaxed);
        for (sum, counter) in stats.trips.iter_mut().zip(&self.trips) {
            *sum += counter.load(Ordering::Relaxed);
        }
    }

    pub(super) fn reset(&self) {
        let counters = [&self.entries, &self.bytes, &self.tripped].into_iter().chain(&self.trips);
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
