//! When did two series part?

use super::Series;

/// Points that it takes to tell, and points that are looked at: of more, every second one, or third.
const LEAST: usize = 16;
const MOST: usize = 512;

/// The greatest sum of deviations from the mean, by its spread and the root of the count, that chance gives in one of a hundred
/// series whose values do not depend on each other. Source: Kolmogorov's distribution, which a Brownian bridge has.
const CHANCE: f64 = 1.628;

/// The gap has to widen by this share of the upper series, and by so many bytes.
const MATERIAL_SHARE: f64 = 0.1;
const MATERIAL_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

/// Where the gap between two series widens for good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Parting {
    /// Seconds from the first point.
    pub(crate) seconds: f64,
    /// The gap before, and at the end.
    pub(crate) before: f64,
    pub(crate) after: f64,
    /// The greatest sum of deviations, as said above.
    pub(crate) statistic: f64,
}

/// Where `upper` leaves `lower` behind.
///
/// That it does: the sums of the gap's deviations from its mean (CUSUM, Page 1954) go below what chance gives, and the gap is
/// wider at its end by 10 % of `upper` and by 4 MiB. Where: the point at which a gap that is level and then opens, steadily or at once, fits best
/// by least squares.
pub(crate) fn parting(upper: &Series, lower: &Series) -> Option<Parting> {
    let gaps: Vec<(f64, f64)> = upper
        .points()
        .iter()
        .filter_map(|(time, value)| Some((*time, value - lower.at(upper.start() + (time * 1e9) as u64)?)))
        .collect();
    if gaps.len() < LEAST || lower.len() < LEAST {
        return None;
    }
    let thinned: Vec<(f64, f64)> = gaps.iter().step_by(gaps.len().div_ceil(MOST)).copied().collect();
    let statistic = cusum(&thinned);
    let at = opens(&thinned)?;
    let end = thinned.len() - (thinned.len() - at).div_ceil(4).max(1);
    let (before, after) = (middle(&thinned[..=at]), middle(&thinned[end..]));
    let top = upper.points().iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let material = after - before >= MATERIAL_BYTES && after - before >= top * MATERIAL_SHARE;
    (material && statistic > CHANCE).then_some(Parting { seconds: thinned[at].0, before, after, statistic })
}

/// How far the sums of deviations from the mean go down, by their spread.
fn cusum(gaps: &[(f64, f64)]) -> f64 {
    let count = gaps.len() as f64;
    let mean = gaps.iter().map(|(_, gap)| gap).sum::<f64>() / count;
    let spread = gaps.iter().map(|(_, gap)| (gap - mean).powi(2)).sum::<f64>();
    let (mut sum, mut least) = (0.0, 0.0_f64);
    for (_, gap) in gaps {
        sum += gap - mean;
        least = least.min(sum);
    }
    if spread > 0.0 { -least / spread.sqrt() } else { 0.0 }
}

/// The point before which the gap is level.
fn opens(gaps: &[(f64, f64)]) -> Option<usize> {
    let fits = (0..gaps.len() - 1).map(|at| {
        let start = gaps[at].0;
        let steadily = residual(gaps, |time| (time - start).max(0.0));
        let at_once = residual(gaps, |time| f64::from(u8::from(time > start)));
        (at, steadily.min(at_once))
    });
    fits.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

/// What is left of the squares when the gap is explained by a straight function of `of` its time.
fn residual(gaps: &[(f64, f64)], of: impl Fn(f64) -> f64) -> f64 {
    let count = gaps.len() as f64;
    let (mut x, mut y, mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let first = gaps[0].1;
    for (time, gap) in gaps {
        let (a, b) = (of(*time), gap - first);
        (x, y, xx, xy, yy) = (x + a, y + b, xx + a * a, xy + a * b, yy + b * b);
    }
    let (xx, xy, yy) = (xx - x * x / count, xy - x * y / count, yy - y * y / count);
    if xx > 0.0 { yy - xy * xy / xx } else { yy }
}

fn middle(gaps: &[(f64, f64)]) -> f64 {
    let mut values: Vec<f64> = gaps.iter().map(|(_, gap)| *gap).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    const MIB: f64 = 1024.0 * 1024.0;

    fn series(mut value: impl FnMut(f64) -> f64) -> Series {
        Series::new((0..200).map(|n| (n * 1_000_000_000, (value(n as f64) * MIB) as u64)))
    }

    #[test]
    fn the_point_is_found_where_the_gap_opens() {
        for seed in 0..200 {
            let mut random = Random::new(seed);
            let opens = 20.0 + 150.0 * random.unit();
            let lower = series(|t| 100.0 + t / 10.0);
            let upper = series(|t| 120.0 + t / 10.0 + (t - opens).max(0.0) * 3.0 + random.normal());
            let found = parting(&upper, &lower).unwrap();
            assert!((found.seconds - opens).abs() < 5.0, "{opens}: {found:?}");
            assert!(found.after > found.before + 4.0 * MIB);
            let at_once = series(|t| 120.0 + t / 10.0 + if t > opens { 60.0 } else { 0.0 } + random.normal());
            let found = parting(&at_once, &lower).unwrap();
            assert!((found.seconds - opens).abs() < 2.0, "{opens}: {found:?}");
        }
    }

    #[test]
    fn what_goes_together_does_not_part() {
        let called = (0..500).filter(|seed| {
            let mut random = Random::new(*seed);
            let lower = series(|t| 100.0 + t);
            let upper = series(|t| 120.0 + t + 5.0 * random.normal());
            parting(&upper, &lower).is_some()
        });
        assert_eq!(called.count(), 0);
        let (lower, upper) = (series(|_| 100.0), series(|_| 150.0));
        assert_eq!(parting(&upper, &lower), None);
        // The gap closes.
        let closes = series(|t| 150.0 + (150.0 - t).max(0.0));
        assert_eq!(parting(&closes, &lower), None);
        assert_eq!(parting(&Series::default(), &lower), None);
    }
}
