//! A group of entries.

use sketches_ddsketch::{Config, DDSketch};

use super::distinct::Distinct;

/// Entries that are alike in what they are counted by.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Group {
    /// When the interval begins, nanoseconds since the Unix epoch, where there are intervals.
    pub since: Option<u64>,
    /// The value of each field; `None` where it is not there.
    pub key: Vec<Option<String>>,
    /// How many entries.
    pub count: u64,
    /// The earliest and the latest time of those that have one, nanoseconds since the Unix epoch; not known where an index told
    /// of entries that were not looked at.
    pub times: Option<(u64, u64)>,
    /// Bytes of their frames; not known in the same case.
    pub bytes: Option<u64>,
    /// How many of them the fuse tripped in; not known in the same case.
    pub tripped: Option<u64>,
    /// The number that was asked for.
    pub numbers: Option<Numbers>,
    /// The different values that were asked for.
    pub distinct: Option<Distinct>,
    /// Whether an index told of some of them.
    pub(super) is_told: bool,
}

impl Group {
    /// Takes note of the earliest and the latest of some times.
    pub(super) fn add_times(&mut self, (first, last): (u64, u64)) {
        let times = self.times.get_or_insert((first, last));
        *times = (times.0.min(first), times.1.max(last));
    }
}

/// Numbers that were found.
#[derive(Clone)]
pub struct Numbers {
    sketch: DDSketch,
}

impl Default for Numbers {
    fn default() -> Self {
        // Buckets for twelve orders of magnitude and more.
        Self { sketch: DDSketch::new(Config::new(Self::RELATIVE_ERROR, 4096, 1e-9)) }
    }
}

impl Numbers {
    /// How far a quantile may be off, as a share of itself.
    pub const RELATIVE_ERROR: f64 = 0.005;

    pub(super) fn add(&mut self, number: f64) {
        if number.is_finite() {
            self.sketch.add(number);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        // Both have the same buckets.
        let _ = self.sketch.merge(&other.sketch);
    }

    /// How many numbers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sketch.count()
    }

    /// The least of them.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.sketch.min()
    }

    /// The greatest of them.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.sketch.max()
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Option<f64> {
        self.sketch.sum()
    }

    /// The number below which a share of them lies: 0.5 is the median. Within [`RELATIVE_ERROR`](Self::RELATIVE_ERROR).
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        self.sketch.quantile(share.clamp(0.0, 1.0)).ok().flatten()
    }
}

impl core::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Numbers").field("count", &self.count()).field("median", &self.quantile(0.5)).finish()
    }
}
