//! Is it a leak?

use super::Series;
use super::trend::{Slope, mann_kendall, theil_sen};

/// Samples that it takes to tell.
pub(crate) const SAMPLES: usize = 32;

/// Parts of the time of which the floors are compared.
const PARTS: usize = 16;

/// Of the steps from one floor to the next, so many rise at least.
const RISES: usize = 12;

/// The chance that the test of trend may have of being wrong where samples do not depend on each other.
pub(crate) const SIGNIFICANCE: f64 = 0.01;

/// No step, and no two steps, make up more than these shares of the growth: what has grown all the time is a leak, what has
/// grown once is not.
const ONE_STEP: f64 = 0.4;
const TWO_STEPS: f64 = 0.55;

/// The last quarter of the time has so much of the growth at least: what has come to rest is no leak.
const LAST_QUARTER: f64 = 0.1;

/// Growth below this share of what was there at the beginning, or below so many bytes, is nobody's concern.
const MATERIAL_SHARE: f64 = 0.1;
const MATERIAL_BYTES: f64 = 4.0 * 1024.0 * 1024.0;

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
    /// Steps from a floor to the next that rise, and how many there are.
    pub(crate) rises: (usize, usize),
    /// From the first floor to the last.
    pub(crate) growth: f64,
    /// The share of the greatest step in it.
    pub(crate) greatest: f64,
    /// Why it is none, where it is none.
    pub(crate) but: Option<&'static str>,
}

/// Whether `series`, bytes over time, leaks. `None` where there are fewer than [`SAMPLES`], or their times are not spread.
///
/// The time is divided into 16 equal parts, whatever the distance of the samples, and the least value of each is taken: the floor
/// under everything that comes and goes, as after a collection. A leak is what
///
/// 1. rises by the test of Mann and Kendall with p < 0.01 on the floors,
/// 2. rises in 12 of the 15 steps between these,
/// 3. has no step of more than 40 % of the growth, and no two of more than 55 %, and 10 % of it in the last quarter, so that
///    caches which fill and the start of a program are none,
/// 4. grows by 10 % and by 4 MiB at least.
///
/// Samples of memory depend on each other, so that the first alone calls 27 % of random walks a leak. With all four it was, of
/// 2,000 seeded series of 400 samples each: none of noise, of one step or two at any time, of warm-ups, of daily cycles of one day or
/// more, and of AR(1) with 0.95; one sawtooth; 30 random walks (1.5 %). Of leaks, 2,000 steady and 1,904 noisy ones were found. Not to be
/// told from a leak by anybody is the rising half of a cycle.
pub(crate) fn leak(series: &Series) -> Option<Leak> {
    let floors = series.floors(PARTS);
    if series.len() < SAMPLES || floors.len() < PARTS {
        return None;
    }
    let values: Vec<f64> = floors.iter().map(|(_, floor)| *floor).collect();
    let trend = mann_kendall(&values);
    let mut steps: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let rises = steps.iter().filter(|step| **step > 0.0).count();
    let growth = values[PARTS - 1] - values[0];
    steps.sort_by(|a, b| b.total_cmp(a));
    let (greatest, two) = (steps[0] / growth, (steps[0] + steps[1]) / growth);
    let but = if growth < MATERIAL_BYTES || growth < values[0] * MATERIAL_SHARE {
        Some("it has not grown by 10 % and 4 MiB")
    } else if trend.p >= SIGNIFICANCE {
        Some("it does not rise significantly")
    } else if greatest > ONE_STEP || two > TWO_STEPS {
        Some("it grew in one step or two, not all the time")
    } else if values[PARTS - 1] - values[PARTS - 1 - PARTS / 4] < growth * LAST_QUARTER {
        Some("it has come to rest")
    } else if rises < RISES {
        Some("it does not rise all the time")
    } else {
        None
    };
    Some(Leak {
        found: but.is_none(),
        p: trend.p,
        slope: theil_sen(&floors, &trend),
        samples: series.len(),
        rises: (rises, PARTS - 1),
        growth,
        greatest,
        but,
    })
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    const MIB: f64 = 1024.0 * 1024.0;
    const RUNS: u64 = 2_000;

    /// How many of [`RUNS`] series are called a leak. `value` has the time from 0 to 1, and randomness.
    fn called(samples: usize, make: impl Fn(&mut Random) -> Box<dyn FnMut(f64, &mut Random) -> f64>) -> u64 {
        let run = |seed| {
            let mut random = Random::new(seed);
            let mut value = make(&mut random);
            let series = Series::new((0..samples).map(|n| {
                let bytes = value(n as f64 / samples as f64, &mut random);
                (n as u64 * 1_000_000_000, (bytes * MIB).max(0.0) as u64)
            }));
            leak(&series).is_some_and(|leak| leak.found)
        };
        (0..RUNS).filter(|seed| run(*seed)).count() as u64
    }

    #[test]
    fn leaks_are_found() {
        let steady = called(400, |_| Box::new(|t, random| 100.0 + 60.0 * t + 2.0 * random.normal()));
        let noisy = called(400, |_| Box::new(|t, random| 100.0 + 100.0 * t + 7.0 * random.normal()));
        let few = called(SAMPLES, |_| Box::new(|t, random| 100.0 + 100.0 * t + 2.0 * random.normal()));
        // Of what a collector lets go again, something stays.
        let saw = called(400, |_| {
            Box::new(|t, random| 100.0 + 80.0 * t + 60.0 * (t * 40.0).fract() + random.normal())
        });
        let faster = called(400, |_| Box::new(|t, random| 100.0 + 200.0 * t * t + 2.0 * random.normal()));
        let lumps = called(400, |random| {
            let at = random.unit() / 30.0;
            Box::new(move |t, random| 100.0 + 5.0 * ((t + at) * 30.0).floor() + random.normal())
        });
        println!(
            "found of {RUNS}: steady {steady}, noisy {noisy}, few {few}, saw {saw}, faster {faster}, lumps {lumps}"
        );
        for found in [steady, noisy, few, saw, faster, lumps] {
            assert!(found * 100 >= RUNS * 90, "{found} of {RUNS}");
        }
    }

    #[test]
    fn false_alarms_are_rare() {
        let noise = called(400, |_| Box::new(|_, random| 100.0 + 20.0 * random.normal()));
        let step = called(400, |random| {
            let at = random.unit();
            Box::new(move |t, random| 100.0 + if t > at { 80.0 } else { 0.0 } + 2.0 * random.normal())
        });
        let two_steps = called(400, |random| {
            let (a, b) = (random.unit(), random.unit());
            Box::new(move |t, random| {
                100.0 + 40.0 * (f64::from(u8::from(t > a)) + f64::from(u8::from(t > b))) + random.normal()
            })
        });
        let warm_up = called(400, |random| {
            let speed = 5.0 + 25.0 * random.unit();
            Box::new(move |t, random| 100.0 + 200.0 * (1.0 - (-t * speed).exp()) + random.normal())
        });
        let sawtooth = called(400, |random| {
            let (teeth, phase) = (2.0 + 40.0 * random.unit(), random.unit());
            Box::new(move |t, random| 100.0 + 150.0 * (t * teeth + phase).fract() + random.normal())
        });
        let cycle = called(400, |random| {
            let (turns, phase) = (1.0 + 4.0 * random.unit(), random.unit());
            Box::new(move |t, random| {
                300.0 + 100.0 * ((t * turns + phase) * std::f64::consts::TAU).sin() + random.normal()
            })
        });
        let bound = called(400, |random| {
            let mut value = random.normal() * 20.0;
            Box::new(move |_, random| {
                value = 0.95 * value + 6.0 * random.normal();
                300.0 + value
            })
        });
        let walk = called(400, |_| {
            let mut value = 300.0;
            Box::new(move |_, random| {
                value += 3.0 * random.normal();
                value
            })
        });
        let alone = (0..RUNS).filter(|seed| {
            let (mut random, mut value) = (Random::new(*seed), 300.0);
            let walk = Series::new((0..400).map(|n| {
                value += 3.0 * random.normal();
                (n * 1_000_000_000, (value * MIB) as u64)
            }));
            let floors: Vec<f64> = walk.floors(PARTS).iter().map(|floor| floor.1).collect();
            mann_kendall(&floors).p < SIGNIFICANCE
        });
        let alone = alone.count() as u64;
        println!(
            "called of {RUNS}: noise {noise}, step {step}, two steps {two_steps}, warm-up {warm_up}, sawtooth {sawtooth}, \
             cycle {cycle}, AR(1) 0.95 {bound}, random walk {walk}, and by the trend alone {alone}"
        );
        for called in [noise, step, two_steps, warm_up, sawtooth, cycle, bound] {
            assert!(called * 1_000 <= RUNS, "{called} of {RUNS}: more than one in a thousand");
        }
        assert!(walk * 100 <= RUNS * 2, "{walk} of {RUNS} random walks: more than two in a hundred");
        assert!(alone > walk * 5, "the trend alone would do: {alone} walks");
    }

    #[test]
    fn of_too_few_samples_nothing_is_said() {
        let series = |n: u64| Series::new((0..n).map(|n| (n * 1_000_000_000, n << 20)));
        assert_eq!(leak(&series(SAMPLES as u64 - 1)), None);
        assert!(leak(&series(SAMPLES as u64)).is_some_and(|leak| leak.found));
        // All of them within one part of the time.
        let lumped = Series::new((0..40).map(|n| (if n == 0 { 0 } else { 1_000_000_000_000 + n }, n << 20)));
        assert_eq!(leak(&lumped), None);
    }
}
