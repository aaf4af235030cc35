//! Does an arm keep to its bounds?

use super::config::{Arm, Bounds};
use super::stats::{ArmCounts, RollBackReason};

/// Of each arm, what it had counted when it was judged last.
#[derive(Default)]
pub(super) struct Judge {
    last: [ArmCounts; 2],
}

/// Fewer timed entries have no slowest hundredth.
const MIN_TIMED: u64 = 100;

impl Judge {
    /// Judges from now on what comes behind `counts`.
    pub(super) fn begin_with(&mut self, counts: [ArmCounts; 2]) {
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
        let latency = now.latency.since(&last.latency);
        let other = counts[arm.other() as usize].latency.clone();
        self.last[arm as usize] = now.clone();
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        if failed as f64 > bounds.max_error_rate * of as f64 {
            return Some(RollBackReason::Errors { failed, of, max_rate: bounds.max_error_rate });
        }
        let max_ratio = bounds.max_p99_ratio?;
        if latency.total() < MIN_TIMED || other.total() < MIN_TIMED {
            return None;
        }
        let (p99, other) = (latency.per_mille(990), other.per_mille(990));
        (p99.as_secs_f64() > other.as_secs_f64() * max_ratio).then_some(RollBackReason::Latency {
            p99,
            other,
            max_ratio,
        })
    }
}
