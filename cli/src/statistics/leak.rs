//! A test for a memory leak.

use super::Series;
use super::series::floors;
use super::trend::{Slope, mann_kendall, theil_sen};

/// Samples that it takes to tell.
pub(crate) const SAMPLES: usize = 24;

/// Parts of the time of which the floors are compared, and how many of them have samples of their own at least.
const PARTS: usize = 16;
const SAMPLED: usize = 12;

/// Of the steps from one floor to the next, so many rise at least. As good: the floor of each so many parts in a row lies above
/// that of those before by this share of an even rise, as under the teeth of a collector.
pub(crate) const RISES: usize = 13;
const ROW: usize = 4;
const EVEN: f64 = 1.0 / 3.0;

/// The chance that the test of trend may have of being wrong where samples do not depend on each other.
pub(crate) const SIGNIFICANCE: f64 = 0.01;

/// No step, and no two steps, make up more than these shares of the growth: what has grown all the time is a leak, what has
/// grown once is not.
const ONE_STEP: f64 = 0.4;
const TWO_STEPS: f64 = 0.55;

/// The last quarter of the time has so much of the growth at least, half of an even share: what has come to rest is no leak.
const LAST_QUARTER: f64 = 0.125;

/// Growth below this share of what was there at the beginning, or below so many bytes, is nobody's concern.
const MATERIAL_SHARE: f64 = 0.1;
const MATERIAL_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

/// Where all the time shows no leak, so much of it does, up to its end; then so much of that; and so on while there are samples.
const SHORTER: f64 = 0.7;

/// In a part of the time memory grows by so many times what it went up and down before, but for a tenth of the samples at either end.
const BEYOND: f64 = 4.0;
const EITHER_END: usize = 10;

/// Whether memory leaks, and the numbers that say so.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leak {
    /// Whether it does.
    pub(crate) found: bool,
    /// The significance of the rise of the floors, by the test of Mann and Kendall, one-sided.
    pub(crate) p: f64,
    /// How fast the floors rise.
    pub(crate) slope: Option<Slope>,
    /// Samples that were looked at.
    pub(crate) samples: usize,
    /// The seconds that these are spread over, and how many there were before: above 0.0 only where a leak was found in the last part
    /// of the time.
    pub(crate) seconds: f64,
    pub(crate) before: f64,
    /// Steps from a floor to the next that rise, and how many there are.
    pub(crate) rises: (usize, usize),
    /// From the first floor to the last.
    pub(crate) growth: f64,
    /// The share of the greatest step in it; 0.0 where it has not grown.
    pub(crate) greatest: f64,
    /// Why it is none, where it is none.
    pub(crate) but: Option<&'static str>,
}

/// Whether `series`, bytes over time, leaks. `None` where there are fewer than [`SAMPLES`], or 5 of 16 parts of the time have none.
///
/// The time is divided into 16 equal parts, whatever the distance of the samples, and the least value of each is taken: the floor
/// under everything that comes and goes, as after a collection. A leak is what
///
/// 1. grows by 10 % and by 4 MiB at least, from the first floor to the last,
/// 2. rises by the test of Mann and Kendall with p < 0.01 on the floors,
/// 3. has no step of more than 40 % of the growth, and no two of more than 55 %, and 12.5 % of it in the last quarter, so that
///    caches which fill and the start of a program are none,
/// 4. rises in 13 of the 15 steps, or else the floor of each four parts in a row is above that of the four before by a third of an even
///    rise: what drops between collections less often than 16 times.
///
/// A program may run for days before it begins to leak. Where all the time shows no leak, the last 70 % of it are judged alike, the last 49 %,
/// and so on while there are 24 samples; there it has to grow by four times the range of what was before, without a tenth of the samples at either
/// end, too. So the last tooth of many is none, nor the last morning.
///
/// Samples of memory depend on each other, so that the second rule alone calls 27 % of random walks a leak. Of 2,000 seeded series of
/// 400 samples each this calls none of noise, spikes, cycles of one turn or more, one, two or three steps, AR(1) with 0.98, and the high water of what
/// comes and goes; one of sawtooths and of warm-ups; 20 of warm-ups that begin late; 87 of four equal steps; 32 random walks (1.6 %, and 2.3 % of 240 samples). Of leaks it
/// finds all that are steady, grow faster and faster, come in 30 lumps or begin late after a calm time (99.9 % after a start, which makes
/// the range greater), 98.6 % with much noise, 85 % in AR(1) with 0.9, 76 % below five teeth, 72 % below three waves.
///
/// Of 24 samples the numbers are no greater, but for sawtooths, which so few may show in any shape: 0.8 %; and noise hides more.
///
/// Not to be told from a leak by anybody is the rising half of a cycle, what fills until shortly before the end, and of five or more steps some.
pub(crate) fn leak(series: &Series) -> Option<Leak> {
    let points = series.points();
    let whole = judge(points)?;
    if whole.found {
        return Some(whole.with_slope(points));
    }
    let (end, mut share) = (whole.seconds, SHORTER);
    loop {
        let at = points.partition_point(|(time, _)| *time < end * (1.0 - share));
        let (before, last) = points.split_at(at);
        if last.len() < SAMPLES {
            return Some(whole.with_slope(points));
        }
        if let Some(leak) = judge(last)
            && leak.found
            && is_beyond(before, last, leak.growth)
        {
            return Some(Leak { before: end - leak.seconds, ..leak.with_slope(last) });
        }
        share *= SHORTER;
    }
}

impl Leak {
    /// With the slope of the floors, too.
    fn with_slope(self, points: &[(f64, f64)]) -> Self {
        let (floors, _) = floors(points, PARTS);
        let values: Vec<f64> = floors.iter().map(|(_, floor)| *floor).collect();
        Self { slope: theil_sen(&floors, &mann_kendall(&values)), ..self }
    }
}

/// Whether `growth` in the last part is more than what was usual before.
fn is_beyond(before: &[(f64, f64)], last: &[(f64, f64)], growth: f64) -> bool {
    let mut values: Vec<f64> = before.iter().map(|(_, value)| *value).collect();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len() / EITHER_END, values.len() - values.len() / EITHER_END);
    let (Some(low), Some(high)) = (values.get(low), values.get(high.saturating_sub(1))) else { return true };
    growth >= BEYOND * (high - low) && last.last().is_some_and(|(_, value)| value > high)
}

/// By the four rules.
fn judge(points: &[(f64, f64)]) -> Option<Leak> {
    let (floors, sampled) = floors(points, PARTS);
    if points.len() < SAMPLES || sampled < SAMPLED {
        return None;
    }
    let values: Vec<f64> = floors.iter().map(|(_, floor)| *floor).collect();
    let trend = mann_kendall(&values);
    let mut steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let rises = steps.iter().filter(|step| **step > 0.0).count();
    let growth = values[PARTS - 1] - values[0];
    steps.sort_by(|a, b| b.total_cmp(a));
    let share = |of: f64| if growth > 0.0 { of / growth } else { 0.0 };
    let (greatest, two) = (share(steps[0]), share(steps[0] + steps[1]));
    let but = if growth < MATERIAL_BYTES || growth < values[0] * MATERIAL_SHARE {
        Some("memory did not grow by 10 % and 4 MiB")
    } else if trend.p >= SIGNIFICANCE {
        Some("the rise is not significant")
    } else if greatest > ONE_STEP || two > TWO_STEPS {
        Some("memory grew in one or two steps, not continuously")
    } else if last_quarter(&values) < growth * LAST_QUARTER {
        Some("memory stopped growing")
    } else if rises < RISES && !rises_below_teeth(&values) {
        Some("memory did not rise continuously")
    } else {
        None
    };
    Some(Leak {
        found: but.is_none(),
        p: trend.p,
        slope: None,
        samples: points.len(),
        seconds: points[points.len() - 1].0 - points[0].0,
        before: 0.0,
        rises: (rises, PARTS - 1),
        growth,
        greatest,
        but,
    })
}

/// What the last quarter of the steps has of the growth.
fn last_quarter(values: &[f64]) -> f64 {
    let last = values.len() - 1;
    values[last] - values[last - last.div_ceil(4)]
}

/// Whether the floors of parts in a row rise evenly, where those of single parts need not.
fn rises_below_teeth(floors: &[f64]) -> bool {
    let wide: Vec<f64> =
        floors.windows(ROW).map(|row| row.iter().copied().fold(f64::INFINITY, f64::min)).collect();
    let growth = wide[wide.len() - 1] - wide[0];
    let even = growth / (wide.len() - 1) as f64 * ROW as f64;
    growth >= MATERIAL_BYTES
        && wide.windows(ROW + 1).all(|row| row[ROW] - row[0] > even * EVEN)
        && last_quarter(&wide) >= growth * LAST_QUARTER
}

#[cfg(test)]
mod tests;
