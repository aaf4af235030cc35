//! Positions and labels of the grid lines of a chart.

use crate::output::numbers::{bytes, grouped};
use crate::output::time::Clock;

/// The unit of the vertical axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Count,
}

impl Unit {
    /// Formats a value with its unit.
    pub(crate) fn describe(self, value: f64) -> String {
        match self {
            Self::Bytes => bytes(value as u64),
            Self::Count => grouped(value as u64),
        }
    }

    /// Returns about five round values in equal steps from 0. The last one is at least `top`.
    pub(super) fn ticks(self, top: f64) -> Vec<f64> {
        let step = match self {
            // All multiples 1, 2, 4, ... 512 of a unit are powers of two.
            Self::Bytes => 2_f64.powf((top / 4.0).max(1.0).log2().ceil()),
            Self::Count => {
                let rough = (top / 4.0).max(1.0);
                let power = 10_f64.powf(rough.log10().floor());
                let steps = [1.0, 2.0, 5.0, 10.0];
                steps.into_iter().map(|step| step * power).find(|step| *step >= rough).unwrap_or(rough)
            }
        };
        let count = (top / step).ceil().max(1.0) as u32;
        (0..=count).map(|at| f64::from(at) * step).collect()
    }
}

/// Possible times between two grid lines, in seconds.
const STEPS: [f64; 23] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0,
    1_800.0, 3_600.0, 7_200.0, 21_600.0, 43_200.0, 86_400.0,
];

/// Returns at most 12 times within the span and their labels in the time zone of `clock`. The times are round in UTC.
pub(super) fn times((from, to): (u64, u64), clock: &mut Clock) -> Vec<(u64, String)> {
    let span = to.saturating_sub(from) as f64 / 1e9;
    let step = STEPS
        .into_iter()
        .find(|step| span / step <= 8.0)
        .unwrap_or((span / 8.0 / 86_400.0).ceil() * 86_400.0);
    let nanos = ((step * 1e9) as u64).max(1);
    let mut at = from.div_ceil(nanos).saturating_mul(nanos);
    let mut times = Vec::new();
    while at <= to && times.len() < 12 {
        let mut text = String::new();
        clock.write(at, &mut text);
        let (begin, end) = match step {
            ..1.0 => (11, 22),
            1.0..60.0 => (11, 19),
            60.0..86_400.0 => (11, 16),
            _ => (0, 10),
        };
        times.push((at, text.get(begin..end).unwrap_or_default().to_owned()));
        at = at.saturating_add(nanos);
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::time::Zone;

    #[test]
    fn lines_stand_at_round_numbers() {
        assert_eq!(Unit::Count.ticks(7.0), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(Unit::Count.ticks(1234.0), [0.0, 500.0, 1000.0, 1500.0]);
        assert_eq!(Unit::Count.ticks(0.0), [0.0, 1.0]);
        let mib = f64::from(1 << 20);
        assert_eq!(Unit::Bytes.ticks(96.0 * mib), [0.0, 32.0 * mib, 64.0 * mib, 96.0 * mib]);
        assert!(Unit::Bytes.ticks(1e300).len() < 8);
    }

    #[test]
    fn times_are_those_that_a_clock_shows() {
        let mut clock = Clock::new(Zone::utc());
        let minute = 60_000_000_000;
        let start = 1_772_582_400_000_000_000;
        let texts =
            |times: Vec<(u64, String)>| times.into_iter().map(|time| time.1).collect::<Vec<_>>().join(" ");
        assert_eq!(
            texts(times((start + 1, start + 5 * minute), &mut clock)),
            "00:01 00:02 00:03 00:04 00:05"
        );
        assert_eq!(
            texts(times((start, start + 3_000_000_000), &mut clock)),
            "00:00:00.00 00:00:00.50 00:00:01.00 00:00:01.50 00:00:02.00 00:00:02.50 00:00:03.00"
        );
        assert_eq!(
            texts(times((start, start + 3 * 1440 * minute), &mut clock)),
            "00:00 12:00 00:00 12:00 00:00 12:00 00:00"
        );
        assert_eq!(times((5, 5), &mut clock).len(), 0);
        assert!(times((0, u64::MAX), &mut clock).len() <= 12);
    }
}
