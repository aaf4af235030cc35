//! Error rates of the divergence test for many kinds of pairs.

use super::super::random::Random;
use super::super::rates::{RUNS, hold};
use super::*;

const MIB: f64 = 1024.0 * 1024.0;
const START: u64 = 1_000_000_000_000;

/// Sizes in MiB of the lower and the upper series at a time from 0 to 1.
type Values = Box<dyn FnMut(f64, &mut Random) -> (f64, f64)>;

/// Returns the upper and the lower series, with 120 points at intervals of one second.
fn pair(seed: u64, make: impl Fn(&mut Random) -> Values) -> (Series, Series) {
    let mut random = Random::new(seed);
    let mut values = make(&mut random);
    let pairs: Vec<(u64, f64, f64)> = (0..120_u64)
        .map(|n| {
            let (lower, upper) = values(n as f64 / 120.0, &mut random);
            (START + n * 1_000_000_000, lower * MIB, upper * MIB)
        })
        .collect();
    let lower = Series::new(pairs.iter().map(|(time, lower, _)| (*time, lower.max(0.0) as u64)));
    (Series::new(pairs.iter().map(|(time, _, upper)| (*time, upper.max(0.0) as u64))), lower)
}

/// Returns the number of found divergences in [`RUNS`] pairs.
fn called(make: impl Fn(&mut Random) -> Values) -> u64 {
    let run = |seed: &u64| {
        let (upper, lower) = pair(*seed, &make);
        parting(&upper, &lower).is_some()
    };
    (0..RUNS).filter(run).count() as u64
}

#[test]
fn the_point_is_found_where_the_gap_opens() {
    for seed in 0..500 {
        let at = 0.12 + 0.7 * Random::new(seed).unit();
        let opens = at * 120.0;
        let when = |found: Parting| (found.time - START) as f64 / 1e9;
        let (upper, lower) = pair(seed, |_| {
            Box::new(move |t, random| {
                let lower = 100.0 + 20.0 * t;
                (lower, lower + 20.0 + (t - at).max(0.0) * 600.0 + random.normal())
            })
        });
        let found = parting(&upper, &lower).unwrap();
        assert!((when(found) - opens).abs() < 6.0, "{opens}: {found:?}");
        assert!(
            found.after > found.before + 4.0 * MIB && (found.before / MIB - 20.0).abs() < 3.0,
            "{found:?}"
        );
        let (upper, lower) = pair(seed, |_| {
            Box::new(move |t, random| (100.0, 120.0 + if t > at { 60.0 } else { 0.0 } + random.normal()))
        });
        let found = parting(&upper, &lower).unwrap();
        assert!((when(found) - opens).abs() < 3.0, "{opens}: {found:?}");
    }
}

#[test]
fn what_opens_is_found_in_any_shape_and_in_noise() {
    let noisy = called(|random| {
        let at = 0.1 + 0.7 * random.unit();
        Box::new(move |t, random| {
            (100.0, 140.0 + 120.0 * ((t - at) / (1.0 - at)).max(0.0) + 8.0 * random.normal())
        })
    });
    let faster = called(|random| {
        let at = 0.2 + 0.5 * random.unit();
        Box::new(move |t, random| {
            (100.0, 130.0 + 150.0 * ((t - at) / (1.0 - at)).max(0.0).powi(2) + random.normal())
        })
    });
    let slower = called(|random| {
        let at = 0.2 + 0.5 * random.unit();
        Box::new(move |t, random| {
            (100.0, 130.0 + 150.0 * (1.0 - (-(t - at).max(0.0) * 10.0).exp()) + random.normal())
        })
    });
    let kept = called(|random| {
        let at = 0.2 + 0.6 * random.unit();
        Box::new(move |t, random| (if t > at { 150.0 } else { 300.0 }, 330.0 + random.normal()))
    });
    let both_grow = called(|random| {
        let at = 0.2 + 0.6 * random.unit();
        Box::new(move |t, random| {
            let lower = 100.0 + 200.0 * t;
            (lower, lower * 1.1 + 150.0 * ((t - at) / (1.0 - at)).max(0.0) + 2.0 * random.normal())
        })
    });
    let kinds = vec![
        ("noisy", noisy),
        ("faster and faster", faster),
        ("slower and slower", slower),
        ("kept by the allocator", kept),
    ];
    hold(kinds, |found| found * 100 >= RUNS * 95);
    // The gap grows before it opens. This autocorrelation reduces the statistic.
    hold(vec![("both grow", both_grow)], |found| found * 100 >= RUNS * 70);
}

#[test]
fn what_goes_together_does_not_part() {
    let ratio = called(|_| {
        Box::new(|t, random| {
            let lower = 100.0 + 900.0 * t;
            (lower, lower * 1.2 + 2.0 * random.normal())
        })
    });
    let warm_up = called(|random| {
        let speed = 3.0 + 20.0 * random.unit();
        Box::new(move |t, random| {
            let lower = 50.0 + 400.0 * (1.0 - (-t * speed).exp());
            (lower, lower * 1.2 + 2.0 * random.normal())
        })
    });
    let step = called(|random| {
        let at = random.unit();
        Box::new(move |t, random| {
            let lower = if t > at { 400.0 } else { 100.0 };
            (lower, lower * 1.3 + 2.0 * random.normal())
        })
    });
    let noise = called(|_| Box::new(|_, random| (100.0, 160.0 + 20.0 * random.normal())));
    let closes = called(|_| Box::new(|t, random| (200.0, 350.0 - 100.0 * t + random.normal())));
    let burst = called(|random| {
        let (at, long) = (0.8 * random.unit(), 0.02 + 0.1 * random.unit());
        Box::new(move |t, random| {
            (200.0, 250.0 + if t > at && t < at + long { 200.0 } else { 0.0 } + random.normal())
        })
    });
    let start = called(|_| {
        Box::new(|t, random| if t < 0.05 { (20.0, 22.0) } else { (200.0, 240.0 + random.normal()) })
    });
    let kinds = vec![
        ("ratio", ratio),
        ("warm-up", warm_up),
        ("step", step),
        ("noise", noise),
        ("closes", closes),
        ("burst", burst),
        ("start", start),
    ];
    hold(kinds, |called| called * 500 <= RUNS);
}

#[test]
fn a_gap_that_comes_and_goes_has_not_opened() {
    let bound = called(|random| {
        let mut gap = random.dependent(0.95, 15.0);
        Box::new(move |_, random| (150.0, 200.0 + gap(random)))
    });
    let cycle = called(|random| {
        let (turns, phase) = (1.0 + 4.0 * random.unit(), random.unit());
        Box::new(move |t, random| {
            (200.0, 300.0 + 50.0 * ((t * turns + phase) * std::f64::consts::TAU).sin() + random.normal())
        })
    });
    let teeth = called(|random| {
        let (teeth, phase) = (2.0 + 38.0 * random.unit(), random.unit());
        let mut high = 0.0_f64;
        Box::new(move |t, random| {
            let lower = 100.0 + 100.0 * (t * teeth + phase).fract() + random.normal();
            high = high.max(lower + 20.0);
            (lower, high)
        })
    });
    let kinds = vec![("AR(1) 0.95", bound), ("cycle", cycle), ("a collector's teeth", teeth)];
    hold(kinds, |called| called * 50 <= RUNS);
    let walk = called(|_| {
        let mut gap = 50.0_f64;
        Box::new(move |_, random| {
            gap += 2.0 * random.normal();
            (150.0, 150.0 + gap.max(0.0))
        })
    });
    hold(vec![("random walk", walk)], |called| called * 100 <= RUNS * 8);
}

#[test]
fn the_clocks_of_both_are_the_same() {
    let (upper, lower) = pair(1, |_| Box::new(|t, _| (100.0, 120.0 + (t - 0.5).max(0.0) * 600.0)));
    let whole = parting(&upper, &lower).unwrap();
    // The lower series begins later.
    let late: Vec<(u64, u64)> =
        lower.points().iter().skip(36).map(|(t, v)| (START + (t * 1e9) as u64, *v as u64)).collect();
    let found = parting(&upper, &Series::new(late)).unwrap();
    assert!(found.time.abs_diff(whole.time) <= 2_000_000_000, "{whole:?} {found:?}");
    assert_eq!(parting(&Series::default(), &lower), None);
    assert_eq!(parting(&upper, &Series::default()), None);
    // The series have no time in common.
    let other = Series::new((0..100).map(|n| (n, n << 20)));
    assert_eq!(parting(&upper, &other), None);
    let flat = Series::new((0..100).map(|n| (n, 7)));
    assert_eq!(parting(&flat, &flat), None);
}
