//! A test for the point at which two series diverge.

use super::Series;

/// Points that it takes to tell, and points that are looked at: of more, every second one, or third.
pub(crate) const SAMPLES: usize = 24;
const MOST: usize = 512;

/// So many points, and one of so many, are before the gap opens: with what was there at the beginning nothing has parted.
const BEFORE: usize = 8;
const BEFORE_SHARE: usize = 10;

/// The greatest sum of deviations from the mean, by its spread and the root of the count, that chance gives in one of a hundred
/// series whose values do not depend on each other. Source: Kolmogorov's distribution, which a Brownian bridge has.
const CHANCE: f64 = 1.628;

/// The gap widens by this share of the greatest value of the upper series, and by so many bytes.
const MATERIAL_SHARE: f64 = 0.1;
const MATERIAL_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

/// And the share that it has of the upper series by this: what an allocator needs besides grows with what it has given out.
const WIDER: f64 = 0.05;

/// Where the gap between two series widens for good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Parting {
    /// When, in nanoseconds.
    pub(crate) time: u64,
    /// The gap before, and at the end.
    pub(crate) before: f64,
    pub(crate) after: f64,
    /// The greatest sum of deviations, as said above.
    pub(crate) statistic: f64,
}

/// A time in seconds from the first point, the gap, and the share that it has of the upper series.
struct Gap {
    seconds: f64,
    gap: f64,
    share: f64,
}

/// Where `upper` leaves `lower` behind.
///
/// Where: the point at which a gap that is level and then opens, steadily or at once, fits best by least squares, a tenth of the points being
/// before it. That it does:
///
/// 1. The sums of the gap's deviations from its mean (CUSUM, Page 1954) go below what chance gives. What one point has in common with the one
///    before, where the gap is level yet, makes the sums worth as much less as it makes fewer points of them.
/// 2. For good: in the last quarter of what comes after, nine of ten gaps are wider than nine of ten were before, by 10 % of the greatest
///    value of `upper` and by 4 MiB.
/// 3. The gap's share of `upper` is greater by 5 percent points, too.
///
/// Of 2,000 seeded pairs of 120 points each this calls none whose gap is noise, a share of `lower` that grows, warms up or steps, closes,
/// comes back after a burst, goes in cycles, or is there from the start; 16 whose gap is AR(1) with 0.95, 33 of collectors above
/// whose teeth an allocator keeps all (1.6 %), and 59 random walks (3 %, and 6 % of 400 points). It finds all that open in noise, slower and
/// slower, or because the allocator keeps what was freed; 98 % that open faster and faster; 78 % where both grow besides (95 % of 200 points).
pub(crate) fn parting(upper: &Series, lower: &Series) -> Option<Parting> {
    let (start, end) = (upper.start().max(lower.start()), upper.end().min(lower.end()));
    let gaps: Vec<Gap> = upper
        .points()
        .iter()
        .filter_map(|(seconds, value)| {
            let time = upper.time(*seconds);
            let gap = value - lower.at(time).filter(|_| start <= time && time <= end)?;
            Some(Gap { seconds: *seconds, gap, share: gap / value.max(1.0) })
        })
        .collect();
    if gaps.len() < SAMPLES || lower.len() < SAMPLES {
        return None;
    }
    let thinned: Vec<Gap> = gaps.into_iter().step_by(upper.len().div_ceil(MOST)).collect();
    let least = BEFORE.max(thinned.len() / BEFORE_SHARE);
    let at = still_level(&thinned, opens(&thinned, least)?).max(least);
    let (before, after) = thinned.split_at(at + 1);
    let last = after.get(after.len() - after.len().div_ceil(4)..)?;
    let statistic = cusum(&thinned) * worth(before);
    let wider = place(last, 1, |gap| gap.gap) - place(before, 9, |gap| gap.gap);
    let greater = place(last, 5, |gap| gap.share) - place(before, 5, |gap| gap.share);
    let top = upper.points().iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let is_material = wider >= MATERIAL_BYTES && wider >= top * MATERIAL_SHARE && greater >= WIDER;
    let time = upper.time(thinned[at].seconds);
    let (before, after) = (place(before, 5, |gap| gap.gap), place(last, 5, |gap| gap.gap));
    (is_material && statistic > CHANCE).then_some(Parting { time, before, after, statistic })
}

/// How far the sums of deviations from the mean go down, by their spread.
fn cusum(gaps: &[Gap]) -> f64 {
    let count = gaps.len() as f64;
    let mean = gaps.iter().map(|gap| gap.gap).sum::<f64>() / count;
    let spread = gaps.iter().map(|gap| (gap.gap - mean).powi(2)).sum::<f64>();
    let (mut sum, mut least) = (0.0, 0.0_f64);
    for gap in gaps {
        sum += gap.gap - mean;
        least = least.min(sum);
    }
    if spread > 0.0 { -least / spread.sqrt() } else { 0.0 }
}

/// What sums over points like these are worth, of 1.0 where none depends on the one before.
fn worth(level: &[Gap]) -> f64 {
    let mean = level.iter().map(|gap| gap.gap).sum::<f64>() / level.len() as f64;
    let spread: f64 = level.iter().map(|gap| (gap.gap - mean).powi(2)).sum();
    let common: f64 = level.windows(2).map(|pair| (pair[0].gap - mean) * (pair[1].gap - mean)).sum();
    let common = if spread > 0.0 { (common / spread).clamp(0.0, 0.999) } else { 0.0 };
    ((1.0 - common) / (1.0 + common)).sqrt()
}

/// The point before which the gap is level; `least` are before it. What comes after is level again, or rises steadily from there.
fn opens(gaps: &[Gap], least: usize) -> Option<usize> {
    let (count, first) = (gaps.len() as f64, gaps[0].gap);
    let total: f64 = gaps.iter().map(|gap| gap.gap - first).sum();
    // What a straight function, of sum `x`, squares `xx` and products `xy`, takes off the squares of the gap.
    let taken = |x: f64, xx: f64, xy: f64| {
        let (spread, common) = (xx - x * x / count, xy - x * total / count);
        if spread > 0.0 { common * common / spread } else { 0.0 }
    };
    // Sums over all points behind the one looked at: of nothing, times, their squares, gaps, and products.
    let (mut n, mut t, mut tt, mut g, mut tg) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut best = None;
    for at in (least..gaps.len() - 1).rev() {
        let (next, gap) = (gaps[at + 1].seconds, gaps[at + 1].gap - first);
        (n, t, tt, g, tg) = (n + 1.0, t + next, tt + next * next, g + gap, tg + next * gap);
        let start = gaps[at].seconds;
        let at_once = taken(n, n, g);
        let steadily = taken(t - n * start, tt - 2.0 * start * t + n * start * start, tg - start * g);
        let most = at_once.max(steadily);
        if best.is_none_or(|(_, before)| most >= before) {
            best = Some((at, most));
        }
    }
    best.map(|(at, _)| at)
}

/// Of the points up to `at`, the last whose gap has not come a tenth of the way: neither of the two shapes fits what opens fast and then slower.
fn still_level(gaps: &[Gap], at: usize) -> usize {
    let (before, after) = gaps.split_at(at + 1);
    let (level, end) = (place(before, 5, |gap| gap.gap), place(after, 5, |gap| gap.gap));
    let way = level + (end - level) / 10.0;
    before.iter().rposition(|gap| gap.gap <= way).unwrap_or(at)
}

/// The value that `tenths` of ten are below.
fn place(gaps: &[Gap], tenths: usize, of: impl Fn(&Gap) -> f64) -> f64 {
    let mut values: Vec<f64> = gaps.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) * tenths / 10).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests;
