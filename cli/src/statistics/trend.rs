//! A test for a rising series.

use super::{Z_975, normal_tail};

/// The result of the Mann-Kendall test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trend {
    /// One-sided probability of the same or a stronger rise, if all orders of the values are equally likely.
    pub(super) p: f64,
    /// Standard deviation of the statistic without a trend.
    deviation: f64,
}

/// Applies the Mann-Kendall test with the correction for ties. Source: Kendall, *Rank Correlation Methods*, 1975.
///
/// The test requires independent values. Samples of memory are autocorrelated. The caller must thin them out and apply
/// further criteria.
pub(super) fn mann_kendall(values: &[f64]) -> Trend {
    let n = values.len() as f64;
    let mut statistic = 0.0;
    for (at, earlier) in values.iter().enumerate() {
        for later in &values[at + 1..] {
            statistic += match later.total_cmp(earlier) {
                std::cmp::Ordering::Less => -1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Greater => 1.0,
            };
        }
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let ties: f64 = sorted
        .chunk_by(|a, b| a == b)
        .map(|tied| tied.len() as f64)
        .map(|count| count * (count - 1.0) * (2.0 * count + 5.0))
        .sum();
    let variance = (n * (n - 1.0) * (2.0 * n + 5.0) - ties) / 18.0;
    let deviation = variance.max(0.0).sqrt();
    // Continuity correction: the statistic changes in steps of two.
    let z = if deviation > 0.0 { (statistic - 1.0) / deviation } else { 0.0 };
    Trend { p: normal_tail(z), deviation }
}

/// The slope of a series: the median of the slopes between all pairs of points, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slope {
    /// Slope per second.
    pub(crate) per_second: f64,
    /// 95 % confidence interval for independent values.
    pub(crate) interval: (f64, f64),
}

/// Returns the Theil-Sen estimate of the slope, or `None` if there are fewer than two points. Source: Sen, *Estimates of the
/// Regression Coefficient Based on Kendall's Tau*, 1968.
///
/// The time and the memory of the function grow with the square of the number of points.
pub(super) fn theil_sen(points: &[(f64, f64)], trend: &Trend) -> Option<Slope> {
    let mut slopes = Vec::with_capacity(points.len() * points.len() / 2);
    for (at, (t0, v0)) in points.iter().enumerate() {
        slopes.extend(points[at + 1..].iter().map(|(t1, v1)| (v1 - v0) / (t1 - t0)));
    }
    slopes.sort_by(f64::total_cmp);
    let (count, around) = (slopes.len() as f64, Z_975 * trend.deviation);
    let last = slopes.len().checked_sub(1)?;
    let rank = |rank: f64| slopes[(rank.max(0.0) as usize).min(last)];
    Some(Slope {
        per_second: (slopes[last / 2] + slopes[last.div_ceil(2)]) / 2.0,
        interval: (rank(((count - around) / 2.0).floor() - 1.0), rank(((count + around) / 2.0).ceil())),
    })
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_textbook() {
        // Calculated by hand for n = 10: the pairs (8, 7) and (10, 9) fall, so S = 43 - 2 = 41.
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 7.0, 10.0, 9.0];
        let trend = mann_kendall(&values);
        assert!((trend.deviation - 125.0_f64.sqrt()).abs() < 1e-9);
        let z = 40.0 / 125.0_f64.sqrt();
        assert!((trend.p - normal_tail(z)).abs() < 1e-12 && (trend.p - 0.000_173).abs() < 1e-5, "{trend:?}");
        assert!(mann_kendall(&[5.0; 30]).p >= 0.5);
        // A tied pair reduces the variance by 2 * 1 * 9 / 18.
        let tied = mann_kendall(&[1.0, 1.0, 2.0, 3.0]);
        assert!((tied.deviation.powi(2) - (4.0 * 3.0 * 13.0 - 18.0) / 18.0).abs() < 1e-9);
    }

    #[test]
    fn among_values_in_any_order_one_in_a_hundred_is_called_a_rise() {
        let mut random = Random::new(1);
        let called = (0..4_000).filter(|_| {
            let values: Vec<f64> = (0..32).map(|_| random.normal()).collect();
            mann_kendall(&values).p < 0.01
        });
        let called = called.count();
        assert!((20..=65).contains(&called), "{called} of 4,000");
    }

    #[test]
    fn the_slope_is_found_in_noise_and_past_outliers() {
        let mut random = Random::new(2);
        let mut inside = 0;
        for _ in 0..200 {
            let mut points: Vec<(f64, f64)> =
                (0..40).map(|n| (f64::from(n), 3.0 * f64::from(n) + random.normal())).collect();
            points[7].1 = 1e6;
            let values: Vec<f64> = points.iter().map(|point| point.1).collect();
            let slope = theil_sen(&points, &mann_kendall(&values)).unwrap();
            assert!((slope.per_second - 3.0).abs() < 0.1, "{slope:?}");
            inside += u32::from(slope.interval.0 <= 3.0 && 3.0 <= slope.interval.1);
        }
        assert!(inside >= 180, "{inside} of 200");
        assert_eq!(theil_sen(&[(0.0, 1.0)], &mann_kendall(&[1.0])), None);
    }
}
