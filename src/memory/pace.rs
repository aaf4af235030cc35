//! The schedule of memory measurements, and the selection of the measurements that become samples.

use std::time::Duration;

use super::Headroom;

/// The number of measurements before the limit is reached, at the current growth.
const LOOKS_LEFT: u32 = 20;

/// The maximum share of a core that the measurements use.
const SHARE: f64 = 0.001;

/// The maximum saved processor time, in seconds, for measurements near the limit. One minute at rest saves
/// this time.
const SAVED: f64 = 0.06;

/// The interval of measurements at rest.
const LOOK: Duration = Duration::from_millis(250);

/// The share of the limit above which each measurement can become a sample. Below this share, there is at
/// most one sample in each [`BETWEEN`].
const NEAR: f64 = 0.75;
const BETWEEN: Duration = Duration::from_secs(1);

/// The minimum change for a sample is the limit divided by `CHANGE`, and at least 1 MiB. A change of at least
/// the limit divided by `LEAP` causes an immediate sample.
const CHANGE: u64 = 64;
const LEAP: u64 = 8;

/// The schedule of measurements. The interval depends on the time until the limit can be reached.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    least: Duration,
    /// The processor time that can be used, in seconds. The value is negative after an expensive measurement.
    saved: f64,
    /// The time and the usage of the last measurement.
    looked: Option<(Duration, u64)>,
    /// The time, the usage and the number of limit events of the last sample.
    written: Option<(Duration, u64, u64)>,
}

/// The result of a measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The time since the start of the recorder.
    pub(super) at: Duration,
    /// The nearest limit.
    pub(super) headroom: Option<Headroom>,
    /// The resident set in bytes, for a process without a limit.
    pub(super) usage: u64,
    /// The number of out-of-memory events and kills.
    pub(super) events: u64,
    /// The processor time of the measurement.
    pub(super) cost: Duration,
}

impl Look {
    fn used(&self) -> u64 {
        self.headroom.map_or(self.usage, |headroom| headroom.used)
    }

    fn is_near(&self) -> bool {
        self.headroom.is_some_and(|headroom| headroom.share() >= NEAR)
    }
}

impl Pace {
    pub(super) fn new(interval: Duration, least: Duration) -> Self {
        let least = least.max(Duration::from_millis(1));
        Self { interval: interval.max(least), least, saved: SAVED, looked: None, written: None }
    }

    /// Returns whether this measurement becomes a sample.
    pub(super) fn is_worth_an_entry(&self, look: &Look) -> bool {
        let Some((at, used, events)) = self.written else { return true };
        let since = look.at.saturating_sub(at);
        if since >= self.interval || look.events != events {
            return true;
        }
        let whole = look.headroom.map_or(look.usage, |headroom| headroom.limit);
        let change = look.used().abs_diff(used);
        let at_once = look.is_near() || since >= BETWEEN || change >= whole / LEAP;
        change >= (whole / CHANGE).max(1 << 20) && at_once
    }

    /// Stores that a sample was written.
    pub(super) fn written(&mut self, look: &Look) {
        self.written = Some((look.at, look.used(), look.events));
    }

    /// Returns the time until the next measurement. The recorder calls this method after each measurement.
    pub(super) fn next(&mut self, look: &Look) -> Duration {
        let before = self.looked.replace((look.at, look.used()));
        let since = before.map_or(Duration::ZERO, |(at, _)| look.at.saturating_sub(at));
        let cost = look.cost.as_secs_f64();
        self.saved = (self.saved + since.as_secs_f64() * SHARE).min(SAVED) - cost;
        let calm = LOOK.min(self.interval).max(self.least);
        let soon = look.headroom.map_or(calm, |headroom| {
            // Near the limit, the interval is shorter even without growth.
            let room = ((1.0 - headroom.share()) / (1.0 - NEAR)).clamp(0.0, 1.0);
            let by_room = calm.mul_f64(room);
            let by_growth = time_left(before, look, headroom.left()).map(|left| left / LOOKS_LEFT);
            by_room.min(by_growth.unwrap_or(calm))
        });
        // A process can be near its limit for a long time. The budget of processor time still applies.
        let missing = Duration::try_from_secs_f64((cost - self.saved) / SHARE).unwrap_or_default();
        soon.clamp(self.least, calm).max(missing)
    }
}

/// Returns the time until `left` bytes are used, at the growth between two measurements.
fn time_left(before: Option<(Duration, u64)>, look: &Look, left: u64) -> Option<Duration> {
    let (at, used) = before?;
    let (grown, time) = (look.used().checked_sub(used)?, look.at.checked_sub(at)?);
    Duration::try_from_secs_f64(time.as_secs_f64() * left as f64 / grown as f64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn look(millis: u64, used: u64, limit: u64) -> Look {
        let headroom = Some(Headroom { limited_by: "", used, limit });
        Look { at: Duration::from_millis(millis), headroom, usage: used, events: 0, cost: Duration::ZERO }
    }

    fn pace() -> Pace {
        Pace::new(Duration::from_secs(5), Duration::from_millis(20))
    }

    #[test]
    fn memory_that_grows_is_looked_at_twenty_times_before_the_limit() {
        // The growth varies: the limit is reached after 2 s to 1 minute.
        for per_second in [10 * MIB, 50 * MIB, 256 * MIB] {
            let (mut pace, limit, mut at, mut looks) = (pace(), 512 * MIB, 0, 0);
            while at * per_second / 1000 < limit {
                let now = look(at, at * per_second / 1000, limit);
                at += pace.next(&now).as_millis() as u64;
                looks += 1;
            }
            assert!(looks >= 20, "{looks} looks at {per_second} bytes a second");
        }
    }

    #[test]
    fn looks_come_at_rest_when_nothing_is_near() {
        let mut pace = pace();
        let mut waits = (0..10).map(|n| pace.next(&look(n * 250, 100 * MIB, 1024 * MIB)));
        assert!(waits.all(|wait| wait == LOOK));
        assert_eq!(pace.next(&look(2500, 1024 * MIB, 1024 * MIB)), Duration::from_millis(20));
        // The limit is unknown.
        let unlimited = Look { headroom: None, ..look(2700, 1 << 40, 1) };
        assert_eq!(pace.next(&unlimited), LOOK);
    }

    #[test]
    fn looking_takes_a_thousandth_of_a_core_at_most_but_for_the_end() {
        let (mut pace, mut at, mut spent, mut looks) = (pace(), Duration::ZERO, Duration::ZERO, 0);
        while at < Duration::from_secs(600) {
            // The usage is near the limit all the time, and the measurements are expensive.
            let cost = Duration::from_micros(400);
            let now = Look { cost, ..look(at.as_millis() as u64, 99 * MIB, 100 * MIB) };
            at += pace.next(&now);
            (spent, looks) = (spent + cost, looks + 1);
            if looks == 50 {
                assert!(at <= Duration::from_secs(1), "there was something saved for this: {at:?}");
            }
        }
        assert!(spent.as_secs_f64() <= at.as_secs_f64() * SHARE + SAVED, "{spent:?} in {at:?}");
        let very_dear = Look { cost: Duration::from_secs(1), ..look(601_000, 99 * MIB, 100 * MIB) };
        assert!(pace.next(&very_dear) > Duration::from_secs(1900));
    }

    #[test]
    fn entries_tell_of_changes_and_of_time() {
        let mut pace = pace();
        let first = look(0, 100 * MIB, 1024 * MIB);
        assert!(pace.is_worth_an_entry(&first));
        pace.written(&first);
        assert!(!pace.is_worth_an_entry(&look(4_900, 101 * MIB, 1024 * MIB)));
        assert!(pace.is_worth_an_entry(&look(5_000, 100 * MIB, 1024 * MIB)));
        // A large change causes a sample once per second, and immediately near the limit.
        assert!(!pace.is_worth_an_entry(&look(900, 130 * MIB, 1024 * MIB)));
        assert!(pace.is_worth_an_entry(&look(1_000, 130 * MIB, 1024 * MIB)));
        assert!(pace.is_worth_an_entry(&look(1_000, 70 * MIB, 1024 * MIB)));
        assert!(pace.is_worth_an_entry(&look(250, 300 * MIB, 1024 * MIB)));
        assert!(pace.is_worth_an_entry(&look(250, 800 * MIB, 1024 * MIB)));
        assert!(pace.is_worth_an_entry(&Look { events: 1, ..look(250, 100 * MIB, 1024 * MIB) }));
    }
}
