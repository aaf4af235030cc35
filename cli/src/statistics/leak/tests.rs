//! Error rates of the leak test for many kinds of series.

use super::super::random::Random;
use super::super::rates::{RUNS, hold};
use super::*;

const MIB: f64 = 1024.0 * 1024.0;

/// A size in MiB at a time from 0 to 1.
type Value = Box<dyn FnMut(f64, &mut Random) -> f64>;

/// Returns the number of found leaks in [`RUNS`] series.
fn called(samples: usize, make: impl Fn(&mut Random) -> Value) -> u64 {
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

/// Returns 0 until `at`, then a linear rise to 1.
fn since(at: f64, t: f64) -> f64 {
    ((t - at) / (1.0 - at)).max(0.0)
}

#[test]
fn leaks_are_found() {
    let steady = called(400, |_| Box::new(|t, random| 100.0 + 60.0 * t + 2.0 * random.normal()));
    let noisy = called(400, |_| Box::new(|t, random| 100.0 + 100.0 * t + 7.0 * random.normal()));
    let few = called(SAMPLES, |_| Box::new(|t, random| 100.0 + 100.0 * t + 2.0 * random.normal()));
    // Some memory remains allocated after each tooth.
    let saw =
        called(400, |_| Box::new(|t, random| 100.0 + 80.0 * t + 60.0 * (t * 40.0).fract() + random.normal()));
    let faster = called(400, |_| Box::new(|t, random| 100.0 + 200.0 * t * t + 2.0 * random.normal()));
    let doubling = called(400, |_| Box::new(|t, random| 100.0 + (t * 10.0).exp() / 30.0 + random.normal()));
    let lumps = called(400, |random| {
        let at = random.unit() / 30.0;
        Box::new(move |t, random| 100.0 + 5.0 * ((t + at) * 30.0).floor() + random.normal())
    });
    let at_limit =
        called(400, |_| Box::new(|t, random| 100.0 + 200.0 * (t / 0.9).min(1.0) + random.normal()));
    let kinds = vec![
        ("steady", steady),
        ("noisy", noisy),
        ("few", few),
        ("saw", saw),
        ("faster", faster),
        ("doubling", doubling),
        ("lumps", lumps),
        ("then at the limit", at_limit),
    ];
    hold(kinds, |found| found * 100 >= RUNS * 95);
}

#[test]
fn leaks_that_begin_late_are_found() {
    let late = called(400, |random| {
        let at = 0.1 + 0.8 * random.unit();
        Box::new(move |t, random| 100.0 + 200.0 * since(at, t) + 2.0 * random.normal())
    });
    // The ramp at the start of the program does not hide the leak.
    let started = called(400, |random| {
        let (at, start) = (0.3 + 0.5 * random.unit(), 0.02 + 0.03 * random.unit());
        Box::new(move |t, random| {
            20.0 + 300.0 * (t / start).min(1.0) + 500.0 * since(at, t) + 4.0 * random.normal()
        })
    });
    let wavering = called(400, |random| {
        let (at, mut value) = (0.5 + 0.3 * random.unit(), random.dependent(0.95, 10.0));
        Box::new(move |t, random| 100.0 + value(random) + 200.0 * since(at, t))
    });
    let kinds = vec![("late", late), ("after a start", started), ("wavering before", wavering)];
    hold(kinds, |found| found * 100 >= RUNS * 98);
    let series = Series::new((0..400_u64).map(|n| (n * 1_000_000_000, (100 + n.saturating_sub(300)) << 20)));
    let leak = leak(&series).unwrap();
    assert!(leak.found && leak.before > 200.0 && leak.before < 310.0, "{leak:?}");
    assert!((leak.before + leak.seconds - 399.0).abs() < 1e-6 && leak.samples < 200, "{leak:?}");
}

#[test]
fn leaks_below_teeth_and_waves_are_found_more_often_than_not() {
    let seldom = called(400, |random| {
        let phase = random.unit();
        Box::new(move |t, random| 100.0 + 150.0 * t + 60.0 * (t * 5.0 + phase).fract() + random.normal())
    });
    let waves = called(400, |random| {
        let phase = random.unit();
        Box::new(move |t, random| {
            100.0 + 200.0 * t + 20.0 * ((t * 3.0 + phase) * std::f64::consts::TAU).sin() + random.normal()
        })
    });
    let dependent = called(400, |random| {
        let mut value = random.dependent(0.9, 7.0);
        Box::new(move |t, random| 100.0 + 100.0 * t + value(random))
    });
    let kinds = vec![("five teeth", seldom), ("three waves", waves), ("AR(1) 0.9", dependent)];
    hold(kinds, |found| found * 100 >= RUNS * 65);
}

#[test]
fn steps_and_starts_are_no_leaks() {
    let steps = |count: usize| {
        called(400, move |random| {
            let steps: Vec<f64> = (0..count).map(|_| random.unit()).collect();
            Box::new(move |t, random| {
                100.0 + 40.0 * steps.iter().filter(|at| t > **at).count() as f64 + random.normal()
            })
        })
    };
    let warm_up = called(400, |random| {
        let speed = 2.0 + 28.0 * random.unit();
        Box::new(move |t, random| 100.0 + 200.0 * (1.0 - (-t * speed).exp()) + random.normal())
    });
    let fills = called(400, |random| {
        let full = 0.1 + 0.65 * random.unit();
        Box::new(move |t, random| 100.0 + 200.0 * (t / full).min(1.0) + random.normal())
    });
    let slower = called(400, |random| {
        let speed = (3.0 + 5.0 * random.unit()).exp();
        Box::new(move |t, random| 100.0 + 30.0 * (1.0 + t * speed).ln() + random.normal())
    });
    let late = called(400, |random| {
        let (at, speed) = (0.8 * random.unit(), 10.0 + 40.0 * random.unit());
        Box::new(move |t, random| {
            100.0 + if t > at { 150.0 * (1.0 - (-(t - at) * speed).exp()) } else { 0.0 } + random.normal()
        })
    });
    let kinds = vec![
        ("one step", steps(1)),
        ("two steps", steps(2)),
        ("three steps", steps(3)),
        ("warm-up", warm_up),
        ("fills to 0.1..0.75", fills),
        ("slower and slower", slower),
    ];
    hold(kinds, |called| called * 500 <= RUNS);
    hold(vec![("late warm-up", late)], |called| called * 100 <= RUNS * 2);
    // No test can distinguish five steps from a leak under five teeth. Therefore the last kind has four steps.
    hold(vec![("four steps", steps(4))], |called| called * 100 <= RUNS * 5);
}

#[test]
fn what_comes_and_goes_is_no_leak() {
    let noise = called(400, |_| Box::new(|_, random| 100.0 + 20.0 * random.normal()));
    let spikes = called(400, |_| Box::new(|_, random| 100.0 + 8.0 * (1.0 - random.unit()).ln().powi(2)));
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
        let mut value = random.dependent(0.98, 20.0);
        Box::new(move |_, random| 300.0 + value(random))
    });
    let switching = called(400, |random| {
        let mut is_high = random.unit() < 0.5;
        Box::new(move |_, random| {
            is_high ^= random.unit() < 0.02;
            100.0 + if is_high { 100.0 } else { 0.0 } + random.normal()
        })
    });
    // The running maximum: an allocator that never returns memory to the system.
    let high_water = called(400, |random| {
        let (mut value, mut high) = (random.dependent(0.9, 40.0), 0.0_f64);
        Box::new(move |_, random| {
            high = high.max(200.0 + value(random));
            high
        })
    });
    let kinds = vec![
        ("noise", noise),
        ("spikes", spikes),
        ("sawtooth", sawtooth),
        ("cycle", cycle),
        ("AR(1) 0.98", bound),
        ("switching", switching),
        ("high water", high_water),
    ];
    hold(kinds, |called| called * 500 <= RUNS);
}

#[test]
fn random_walks_are_called_leaks_no_more_than_two_in_a_hundred_times() {
    let walk = called(400, |_| {
        let mut value = 300.0;
        Box::new(move |_, random| {
            value += 3.0 * random.normal();
            value
        })
    });
    hold(vec![("random walk", walk)], |called| called * 100 <= RUNS * 2);
    let alone = (0..RUNS).filter(|seed| {
        let (mut random, mut value) = (Random::new(*seed), 300.0);
        let walk = Series::new((0..400).map(|n| {
            value += 3.0 * random.normal();
            (n * 1_000_000_000, (value * MIB) as u64)
        }));
        let floors: Vec<f64> = floors(walk.points(), PARTS).0.iter().map(|floor| floor.1).collect();
        mann_kendall(&floors).p < SIGNIFICANCE
    });
    let alone = alone.count() as u64;
    println!("by the trend alone {alone}");
    assert!(alone > walk * 5, "the trend alone would do: {alone} walks");
}

#[test]
fn of_too_few_samples_nothing_is_said() {
    let series = |n: u64| Series::new((0..n).map(|n| (n * 1_000_000_000, n << 20)));
    assert_eq!(leak(&series(SAMPLES as u64 - 1)), None);
    assert!(leak(&series(SAMPLES as u64)).is_some_and(|leak| leak.found));
    // All samples except the first are within one part of the time.
    let lumped = Series::new((0..40).map(|n| (if n == 0 { 0 } else { 1_000_000_000_000 + n }, n << 20)));
    assert_eq!(leak(&lumped), None);
    assert_eq!(leak(&Series::default()), None);
    let flat = leak(&Series::new((0..100).map(|n| (n, 7)))).unwrap();
    assert!(!flat.found && flat.growth == 0.0 && flat.greatest == 0.0 && flat.before == 0.0, "{flat:?}");
}

#[test]
fn of_a_calm_time_few_samples_are_enough() {
    // A recorder writes few samples if the memory does not change: here three samples, then one per second.
    let calm = [0, 5, 10].map(|second| (second, 100));
    let rise = (15..60).map(|second| (second, 100 + (second - 15) * 4));
    let series =
        Series::new(calm.into_iter().chain(rise).map(|(second, mib)| (second * 1_000_000_000, mib << 20)));
    assert!(leak(&series).is_some_and(|leak| leak.found));
}
