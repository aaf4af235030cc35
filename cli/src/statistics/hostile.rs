//! Hostile times and sizes. No statistical test panics on them or returns a number that is not finite.

use super::random::Random;
use super::{Series, correlation, leak, parting};

/// Returns a series with constant, distant, decreasing or maximal times, and with sizes of the same kinds.
fn series(random: &mut Random) -> Series {
    let (leap, mut time) = (random.unit(), (random.unit() * 1e19) as u64);
    let points: Vec<(u64, u64)> = (0..(random.unit() * 80.0) as u64)
        .map(|_| {
            let seconds = if leap < 0.5 { 1e9 } else { 1e18 };
            time = if leap < 0.1 {
                (random.unit() * 2e19) as u64
            } else {
                time.saturating_add((random.unit() * seconds) as u64)
            };
            let size = [0, u64::MAX, (random.unit() * 1e9) as u64, (random.unit() * 2e19) as u64];
            (time, size[(random.unit() * 4.0) as usize])
        })
        .collect();
    Series::new(points)
}

#[test]
fn whatever_is_logged_the_numbers_are_numbers() {
    let mut random = Random::new(7);
    let (mut leaks, mut correlations) = (0, 0);
    for _ in 0..3_000 {
        let (a, b) = (series(&mut random), series(&mut random));
        if let Some(leak) = leak(&a) {
            leaks += 1;
            let slope = leak.slope.unwrap();
            assert!(slope.interval.0 <= slope.per_second && slope.per_second <= slope.interval.1, "{leak:?}");
            let numbers = [leak.p, leak.growth, leak.greatest, leak.seconds, leak.before];
            assert!(numbers.iter().all(|number| number.is_finite()), "{leak:?}");
        }
        if let Some(found) = correlation(&a, &b) {
            correlations += 1;
            assert!(found.coefficient.abs() < 1.000_001 && found.effective.is_finite(), "{found:?}");
            assert!(found.interval.0 <= found.interval.1, "{found:?}");
        }
        assert!(parting(&a, &b).is_none_or(|parting| parting.statistic.is_finite()));
        assert_eq!(parting(&a, &a), None);
    }
    assert!(leaks > 100 && correlations > 100, "{leaks} {correlations}");
}
