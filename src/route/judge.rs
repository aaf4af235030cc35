//! Does an arm keep to its bounds?

use super::config::{Arm, Bounds};
use super::histogram::Counts;
use super::stats::{ArmCounts, RollBackReason};

/// Of each arm, what it had counted when it was judged last.
#[derive(Default)]
pub(super) struct Judge {
    last: [ArmCounts; 2],
    /// The same of how long it took, which may be longer ago: of a small window too few are timed.
    last_latency: [Counts; 2],
}

/// Fewer timed entries have no slowest hundredth.
const MIN_TIMED: u64 = 100;

impl Judge {
    /// Judges from now on what comes behind `counts`.
    pub(super) fn begin_with(&mut self, counts: [ArmCounts; 2]) {
        self.last_latency = counts.each_ref().map(|counts| counts.latency.clone());
        self.last = counts;
    }

    /// Judges `arm` by what it has done since it was judged last, where that is enough.
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
