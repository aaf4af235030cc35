//! A test for a correlation of two series.

use super::{Series, Z_975};

/// Maximum number of equal time steps whose increments are compared.
const STEPS: usize = 120;

/// Minimum number of steps for a result.
const LEAST: usize = 20;

/// The correlation of the increments of two series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Correlation {
    /// Spearman's rank correlation coefficient without the linear trend over time, from -1.0 to 1.0.
    pub(crate) coefficient: f64,
    /// The 95 % confidence interval of the coefficient.
    pub(crate) interval: (f64, f64),
    /// Number of compared steps. `effective` is the equivalent number of independent steps.
    pub(crate) steps: usize,
    pub(crate) effective: f64,
}

/// Returns the correlation of the growth of `a` and `b` in the time that both series cover.
///
/// The function does not compare the values themselves, because two growing series always correlate. The common time is
/// divided into at most 120 equal steps. Values at the ends of the steps are interpolated linearly. The increments of each
/// series are ranked, and the linear trend of the ranks over time is subtracted, because unrelated series can both
/// accelerate.
///
/// The interval uses Fisher's transformation with the standard error of Bonett and Wright (2000) for ranks. Bartlett's
/// correction for autocorrelation reduces the number of steps.
///
/// Returns `None` if there are fewer than 20 steps, if the increments of a series are constant, or if their ranks are a
/// linear function of time.
///
/// Error rates in 2,000 seeded pairs of unrelated series: the interval is above 0 for 2 % to 3 % of the pairs if the
/// increments are noise, have heavy tails or are autocorrelated (AR(1) up to 0.95). The nominal rate is 2.5 %. The rate is 4
/// % if the growth of both series accelerates, and 6 % if each series contains one burst. The interval is above 0.3 for none
/// of these pairs, and for 3 % of the pairs of slow waves.
pub(crate) fn correlation(a: &Series, b: &Series) -> Option<Correlation> {
    let (start, end) = (a.start().max(b.start()), a.end().min(b.end()));
    let nanos = end.saturating_sub(start);
    let steps = STEPS.min(a.len() - a.len().min(1)).min(b.len() - b.len().min(1));
    if steps < LEAST || nanos == 0 {
        return None;
    }
    let increments = |series: &Series| -> Option<Vec<f64>> {
        let values: Option<Vec<f64>> = (0..=steps)
            .map(|step| series.at(start.saturating_add((nanos as f64 * step as f64 / steps as f64) as u64)))
            .collect();
        Some(values?.windows(2).map(|pair| pair[1] - pair[0]).collect())
    };
    let (a, b) = (level(ranks(&increments(a)?))?, level(ranks(&increments(b)?))?);
    let coefficient = pearson(&a, &b)?;
    let common = (lag_one(&a)? * lag_one(&b)?).clamp(-0.9, 0.9);
    let effective = (steps as f64 * (1.0 - common) / (1.0 + common)).min(steps as f64);
    let interval = if effective > 5.0 {
        let around = Z_975 * ((1.0 + coefficient * coefficient / 2.0) / (effective - 4.0)).sqrt();
        let middle = coefficient.clamp(-0.999_999, 0.999_999).atanh();
        ((middle - around).tanh(), (middle + around).tanh())
    } else {
        (-1.0, 1.0)
    };
    Some(Correlation { coefficient, interval, steps, effective })
}

/// Returns the rank of each value. Equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for alike in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let middle = before as f64 + (alike.len() as f64 - 1.0) / 2.0;
        alike.iter().for_each(|at| ranks[*at] = middle);
        before += alike.len();
    }
    ranks
}

/// Returns the residuals of a linear regression over time, or `None` if all residuals are 0.
fn level(mut values: Vec<f64>) -> Option<Vec<f64>> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    values.iter_mut().for_each(|value| *value -= mean);
    let spread = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
    let before = spread(&values);
    let times = (0..values.len()).map(|at| at as f64 - (count - 1.0) / 2.0);
    let slope = times.clone().zip(&values).map(|(time, value)| time * value).sum::<f64>()
        / (count * (count * count - 1.0) / 12.0);
    times.zip(&mut values).for_each(|(time, value)| *value -= slope * time);
    (spread(&values) > before * 1e-9).then_some(values)
}

fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        of_a += (a - mean_a).powi(2);
        of_b += (b - mean_b).powi(2);
    }
    let spread = (of_a * of_b).sqrt();
    (spread > 0.0).then(|| both / spread)
}

/// Returns the correlation of each value with the previous value.
fn lag_one(values: &[f64]) -> Option<f64> {
    pearson(values.get(1..)?, values.get(..values.len() - 1)?)
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    /// The growth of a series at a time from 0 to 1.
    type Grow = Box<dyn FnMut(f64, &mut Random) -> f64>;

    /// Returns two series with uneven intervals. `grow` returns the growth of both.
    fn pair(seed: u64, grow: impl Fn(&mut Random) -> (f64, f64)) -> (Series, Series) {
        let mut random = Random::new(seed);
        let (mut a, mut b, mut time) = (1e9, 1e9, 0.0);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for _ in 0..300 {
            let passed = 0.2 + random.unit();
            time += passed;
            let (grow_a, grow_b) = grow(&mut random);
            (a, b) = (a + grow_a * passed * 1e6, b + grow_b * passed * 1e6);
            left.push(((time * 1e9) as u64, a as u64));
            right.push(((time * 1e9) as u64, b as u64));
        }
        (Series::new(left), Series::new(right))
    }

    #[test]
    fn things_that_only_both_grow_do_not_correlate() {
        let called = (0..2_000).filter(|seed| {
            let (a, b) = pair(*seed, |random| (1.0 + random.unit(), 5.0 + 2.0 * random.normal()));
            correlation(&a, &b).unwrap().interval.0 > 0.0
        });
        // A 95 % interval is completely above the true value in 2.5 % of all cases.
        let called = called.count();
        assert!((20..=80).contains(&called), "{called} of 2,000");
    }

    #[test]
    fn what_has_nothing_to_do_with_the_other_is_seldom_above_0_3() {
        let above = |make: &dyn Fn(&mut Random) -> Grow, bound: f64| {
            let called = (0..2_000_u64).filter(|seed| {
                let mut random = Random::new(*seed);
                let mut series = || {
                    let (mut grow, mut sum) = (make(&mut random), 1e9);
                    Series::new((0..200_u64).map(|n| {
                        sum += grow(n as f64 / 200.0, &mut random) * 1e6;
                        (n * 1_000_000_000, sum.max(0.0) as u64)
                    }))
                };
                let (a, b) = (series(), series());
                correlation(&a, &b).is_some_and(|found| found.interval.0 > bound)
            });
            called.count()
        };
        let faster = above(&|_| Box::new(|t, random| 3.0 * t + random.normal()), 0.3);
        let bound = above(
            &|random| {
                let mut value = random.dependent(0.9, 1.0);
                Box::new(move |_, random| value(random))
            },
            0.0,
        );
        let heavy = above(&|_| Box::new(|_, random| -(1.0 - random.unit()).ln().powi(3)), 0.0);
        let burst = above(
            &|random| {
                let at = random.unit();
                Box::new(move |t, random| random.normal() + if t > at && t < at + 0.1 { 10.0 } else { 0.0 })
            },
            0.3,
        );
        let waves = above(
            &|random| {
                let (turns, phase) = (1.0 + 5.0 * random.unit(), random.unit());
                Box::new(move |t, random| {
                    ((t * turns + phase) * std::f64::consts::TAU).sin() + 0.3 * random.normal()
                })
            },
            0.3,
        );
        println!(
            "of 2,000: ever faster {faster}, AR(1) {bound}, tails {heavy}, bursts {burst}, waves {waves}"
        );
        assert!(faster <= 4 && burst <= 4, "{faster} {burst}");
        assert!(bound <= 80 && heavy <= 80 && waves <= 100, "{bound} {heavy} {waves}");
    }

    #[test]
    fn the_clocks_of_both_are_the_same() {
        let mut random = Random::new(3);
        let (mut a, mut b) = (0, 0);
        let both: Vec<(u64, u64, u64)> = (0..200_u64)
            .map(|n| {
                let grow = (random.unit() * 1e6) as u64;
                (a, b) = (a + grow, b + 3 * grow);
                (n * 1_000_000_000, a, b)
            })
            .collect();
        let whole = Series::new(both.iter().map(|(time, a, _)| (*time, *a)));
        // The second series begins 70 s later.
        let late = Series::new(both.iter().skip(70).map(|(time, _, b)| (*time, *b)));
        let found = correlation(&whole, &late).unwrap();
        assert!(found.coefficient > 0.99 && found.steps == 120, "{found:?}");
        let before = Series::new(both.iter().take(50).map(|(time, _, b)| (*time, *b)));
        assert_eq!(correlation(&before, &late), None);
    }

    #[test]
    fn what_drives_the_other_is_found() {
        for seed in 0..200 {
            let (a, b) = pair(seed, |random| {
                let cause = random.unit();
                (cause, cause * 3.0 + 0.3 * random.normal())
            });
            let found = correlation(&a, &b).unwrap();
            assert!(found.interval.0 > 0.6 && found.coefficient > 0.8, "{found:?}");
            assert!(found.interval.0 < found.coefficient && found.coefficient < found.interval.1);
            let other_way = pair(seed, |random| {
                let cause = random.unit();
                (cause, -cause)
            });
            assert!(correlation(&other_way.0, &other_way.1).unwrap().interval.1 < -0.6);
        }
    }

    #[test]
    fn what_does_not_change_has_no_coefficient() {
        let flat = Series::new((0..100).map(|n| (n * 1_000_000_000, 7)));
        let grows = Series::new((0..100).map(|n| (n * 1_000_000_000, n * n)));
        assert_eq!(correlation(&flat, &grows), None);
        assert_eq!(correlation(&Series::default(), &grows), None);
    }
}
