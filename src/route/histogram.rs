//! A lock-free histogram of durations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The number of buckets per power of two. The bounds of a bucket differ by at most an eighth, so a
/// percentile is at most 12.5 % too high.
const STEPS: usize = 8;
/// The range of the histogram: 0 to 2^40 ns, which is 18 minutes.
const DOUBLINGS: usize = 40;
const BUCKETS: usize = STEPS * (DOUBLINGS - 2);

/// A histogram of durations in nanoseconds.
pub(super) struct Histogram([AtomicU64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl Histogram {
    pub(super) fn record(&self, nanos: u64) {
        self.0[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_to(&self, counts: &mut Counts) {
        for (sum, count) in counts.0.iter_mut().zip(&self.0) {
            *sum += count.load(Ordering::Relaxed);
        }
    }
}

/// A copy of the counts of histograms.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Counts([u64; BUCKETS]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Counts {
    pub(super) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Returns the counts that were added after `earlier`.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        since.0.iter_mut().zip(&earlier.0).for_each(|(count, before)| *count = count.saturating_sub(*before));
        since
    }

    /// Returns an upper bound of the quantile at `per_mille` thousandths.
    pub(super) fn per_mille(&self, per_mille: u64) -> Duration {
        let rank = (self.total() * per_mille).div_ceil(1_000).max(1);
        let mut seen = 0;
        let found = self.0.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map_or(Duration::ZERO, |bucket| Duration::from_nanos(upper_bound(bucket)))
    }
}

/// Returns the bucket of a duration. Durations below 8 ns are exact; above, there are eight buckets per power
/// of two.
#[expect(clippy::cast_possible_truncation, reason = "at most 40 doublings of 8, and three bits")]
fn bucket(nanos: u64) -> usize {
    if nanos < STEPS as u64 {
        return nanos as usize;
    }
    let doubling = nanos.ilog2() as usize;
    let step = (nanos >> (doubling - 3)) as usize & (STEPS - 1);
    ((doubling - 2) * STEPS + step).min(BUCKETS - 1)
}

/// Returns the maximum duration in a bucket, in nanoseconds.
fn upper_bound(bucket: usize) -> u64 {
    if bucket < STEPS {
        return bucket as u64;
    }
    let (doubling, step) = (bucket / STEPS + 2, bucket % STEPS);
    (((STEPS + step + 1) as u64) << (doubling - 3)) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_the_bucket_that_ends_behind_it() {
        for nanos in (0..70_000).chain([1 << 30, (1 << 39) + 12_345, (1 << 40) - 1]) {
            let bucket = bucket(nanos);
            assert!(nanos <= upper_bound(bucket), "{nanos}");
            assert!(bucket == 0 || nanos > upper_bound(bucket - 1), "{nanos}");
            assert!(upper_bound(bucket) - nanos <= nanos / 8, "{nanos}");
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_of_what_was_recorded() {
        let histogram = Histogram::default();
        (1..=1_000).for_each(|n| histogram.record(n * 1_000));
        let mut counts = Counts::default();
        histogram.add_to(&mut counts);
        for (per_mille, exact) in [(500, 500_000), (990, 990_000), (999, 999_000)] {
            let found = u64::try_from(counts.per_mille(per_mille).as_nanos()).unwrap();
            assert!((exact..=exact + exact / 8).contains(&found), "{per_mille}: {found}");
        }
        assert_eq!(Counts::default().per_mille(990), Duration::ZERO);
        assert_eq!(counts.since(&counts).total(), 0);
    }
}
