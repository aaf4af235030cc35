//! The check of an arm against its bounds.

use super::config::{Arm, Bounds};
use super::histogram::Counts;
use super::stats::{ArmCounts, RollBackReason};

/// The counters of each arm at the previous check.
#[derive(Default)]
pub(super) struct Judge {
    last: [ArmCounts; 2],
    /// The latencies at the previous latency check. A latency check covers several windows if one window
    /// contains too few timed entries.
    last_latency: [Counts; 2],
}

/// The minimum number of timed entries for a 99th percentile.
const MIN_TIMED: u64 = 100;

impl Judge {
    /// Starts the next window of both arms at `counts`.
    pub(super) fn begin_with(&mut self, counts: [ArmCounts; 2]) {
        self.last_latency = counts.each_ref().map(|counts| counts.latency.clone());
        self.last = counts;
    }

    /// Checks the entries of `arm` since the previous check. Returns the bound that the arm exceeds. Returns
    /// `None` if the arm exceeds no bound, or if there are too few entries.
    pub(super) fn judge(
        &mut self,
        arm: Arm,
        counts: &[ArmCounts; 2],
        bounds: &Bounds,
    ) -> Option<RollBackReason> {
        let (now, last) = (&counts[arm as usize], &self.last[arm as usize]);
        let of = now.chosen.saturating_sub(last.chosen);
        if of < bounds.window.max(1) {
            return None;
        }
        let failed = now.stats.errors_total().saturating_sub(last.stats.errors_total());
        self.last[arm as usize] = now.clone();
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        if failed as f64 > bounds.max_error_rate * of as f64 {
            return Some(RollBackReason::Errors { failed, of, max_rate: bounds.max_error_rate });
        }
        let max_ratio = bounds.max_p99_ratio?;
        let last_latency = &mut self.last_latency[arm as usize];
        let (latency, other) = (now.latency.since(last_latency), &counts[arm.other() as usize].latency);
        if latency.total() < MIN_TIMED || other.total() < MIN_TIMED {
            return None;
        }
        *last_latency = now.latency.clone();
        let (p99, other) = (latency.per_mille(990), other.per_mille(990));
        (p99.as_secs_f64() > other.as_secs_f64() * max_ratio).then_some(RollBackReason::Latency {
            p99,
            other,
            max_ratio,
        })
    }
}
