//! The router compares both arms while they run. It disables an arm that violates its bounds, and writes the reason to
//! the log and to the sink.
#![cfg(feature = "json")]

mod common {
    pub mod logs;
    pub mod routes;
}

use std::time::Duration;

use common::routes::{Lines, bodies_of_log};
use fusewire::log::{Log, OnFull};
use fusewire::route::{Arm, RollBackReason, RouteConfig, Router, Rule};
use fusewire::{Limits, Severity, TripCause, limits};

fn numbers(bodies: impl IntoIterator<Item = String>) -> Vec<u64> {
    let mut numbers: Vec<u64> = bodies.into_iter().filter_map(|body| body.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

fn append(router: &Router, n: u64) -> Arm {
    let routed = router.append(|entry| entry.set_body_fmt(format_args!("{n}")));
    assert!(routed.outcome.is_written());
    routed.arm
}

#[test]
fn a_log_without_room_is_rolled_back_to_json() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(16 << 10)
        .max_total_bytes(64 << 10)
        .on_full(OnFull::DropBelow(Severity::FATAL));
    let lines = Lines::default();
    let mut config = RouteConfig::all_to(Arm::Binary);
    config.bounds.window = 200;
    config.bounds.max_error_rate = 0.05;
    let router = Router::new(log.open().unwrap(), lines.clone(), config);
    let arms: Vec<Arm> = (0..3_000).map(|n| append(&router, n)).collect();

    let stats = router.stats();
    let rolled_back = stats.rolled_back.clone().unwrap();
    assert_eq!(rolled_back.arm, Arm::Binary);
    let RollBackReason::Errors { failed, of, max_rate } = rolled_back.reason else {
        panic!("{rolled_back:?}")
    };
    assert!(failed as f64 > of as f64 * max_rate && of >= 200 && max_rate == 0.05);
    assert!(arms[2_900..].iter().all(|arm| *arm == Arm::Json));
    // After that, the router sends no entry to the log.
    let errors = stats.binary.errors_total();
    assert!(errors > 0 && errors <= of + 256, "{errors} errors");
    (3_000..3_100).for_each(|n| assert_eq!(append(&router, n), Arm::Json));
    assert_eq!(router.stats().binary.errors_total(), errors);

    let told: Vec<_> =
        lines.entries().into_iter().filter(|entry| entry.target == "fusewire::route").collect();
    assert_eq!((told.len(), told[0].severity), (1, Severity::ERROR));
    assert!(
        told[0].body.contains("arm binary disabled") && told[0].body.contains("entries failed"),
        "{}",
        told[0].body
    );
    assert!(told[0].attributes.iter().any(|attribute| attribute.key == "route.failed"));

    // Each entry exists exactly once.
    let mut found = numbers(lines.bodies());
    drop(router);
    found.extend(numbers(bodies_of_log(directory.path())));
    found.sort_unstable();
    assert_eq!(found, (0..3_100).collect::<Vec<_>>());
}

#[test]
fn entries_that_cannot_be_encoded_are_errors_of_the_way_they_were_to_go() {
    let directory = tempfile::tempdir().unwrap();
    let limits = Limits { on_width: limits::OnWidth::Reject, ..Limits::DEFAULT };
    let log = Log::options(directory.path()).limits(limits).open().unwrap();
    let lines = Lines::default();
    let mut config = RouteConfig::default();
    config.rules = vec![Rule::to(Arm::Binary).severity(Severity::ERROR)];
    config.bounds.window = 256;
    config.bounds.max_error_rate = 0.1;
    let router = Router::new(log, lines.clone(), config);
    for n in 0..600_u64 {
        router.append(|entry| {
            entry.set_severity(Severity::ERROR);
            entry.attributes().slot("wide").array().extend(0..if n % 5 == 0 { 1_000 } else { 3 });
        });
        append(&router, n);
    }
    let stats = router.stats();
    assert_eq!(stats.rolled_back.map(|rolled_back| rolled_back.arm), Some(Arm::Binary));
    assert!(stats.json.errors_total() > 0, "what the fuse refuses, it refuses on both ways");
    assert_eq!(stats.dropped, 120);
    // The log itself never failed, so the router uses it again after a reset.
    router.reset();
    assert_eq!(router.append(|entry| entry.set_severity(Severity::ERROR)).arm, Arm::Binary);
    assert_eq!(router.stats().rolled_back, None);
}

#[test]
fn a_sink_that_is_slow_or_fails_is_rolled_back_to_the_log() {
    let router = |configure: &dyn Fn(&mut RouteConfig)| {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path()).open().unwrap();
        let lines = Lines::default();
        let mut config = RouteConfig::all_to(Arm::Json);
        config.rules = vec![Rule::to(Arm::Binary).tagged("binary")];
        config.bounds.window = 1_000;
        configure(&mut config);
        (directory, lines.clone(), Router::new(log, lines, config))
    };
    let (_directory, lines, failing) = router(&|config| config.bounds.max_error_rate = 0.5);
    lines.fail(true);
    let arms: Vec<Arm> = (0..2_000).map(|n| append(&failing, n)).collect();
    assert!(arms.iter().all(|arm| *arm == Arm::Binary), "the log takes what the sink does not");
    assert_eq!(failing.stats().rolled_back.unwrap().arm, Arm::Json);
    lines.fail(false);
    assert_eq!(append(&failing, 2_001), Arm::Binary);

    let (_directory, lines, slow) = router(&|config| config.bounds.max_p99_ratio = Some(5.0));
    let binary = fusewire::Context::root().with_tag("binary", "");
    // With this number of entries, stalls on a busy machine have little effect.
    binary.scope(|| (0..16_384).for_each(|n| assert_eq!(append(&slow, n), Arm::Binary)));
    lines.delay(Duration::from_millis(2));
    (0..2_000).for_each(|n| _ = append(&slow, n));
    let rolled_back = slow.stats().rolled_back.unwrap();
    let RollBackReason::Latency { p99, other, max_ratio } = rolled_back.reason else {
        panic!("{rolled_back:?}")
    };
    assert!(p99 >= Duration::from_millis(2) && p99.as_secs_f64() > other.as_secs_f64() * max_ratio);
    assert!(rolled_back.reason.to_string().contains("p99"));
}

#[test]
fn slowness_is_found_in_small_windows_and_never_held_against_who_takes_over() {
    for fails in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path()).open().unwrap();
        let lines = Lines::default();
        let mut config = RouteConfig::all_to(Arm::Json);
        config.rules = vec![Rule::to(Arm::Binary).tagged("binary")];
        config.bounds.window = 256;
        config.bounds.max_p99_ratio = Some(3.0);
        let router = Router::new(log, lines.clone(), config);
        let binary = fusewire::Context::root().with_tag("binary", "");
        // With this number of entries, stalls on a busy machine have little effect.
        binary.scope(|| (0..8_192).for_each(|n| _ = append(&router, n)));
        assert_eq!(router.stats().rolled_back, None);
        lines.delay(Duration::from_millis(1));
        lines.fail(fails);
        (0..1_024).for_each(|n| _ = append(&router, n));
        // The rules select the binary arm for all these slow entries.
        binary.scope(|| (0..1_024).for_each(|n| _ = append(&router, n)));
        let rolled_back = router.stats().rolled_back.expect("one is slow");
        assert_eq!(rolled_back.arm, Arm::Json, "{fails}: {rolled_back:?}");
        assert!(matches!(rolled_back.reason, RollBackReason::Latency { .. }), "{rolled_back:?}");
    }
}

#[test]
fn what_an_arm_did_before_it_was_put_into_use_again_is_not_held_against_it() {
    let directory = tempfile::tempdir().unwrap();
    let lines = Lines::default();
    let mut config = RouteConfig::all_to(Arm::Json);
    config.bounds.window = 1_000;
    config.bounds.max_error_rate = 0.1;
    let log = Log::options(directory.path()).open().unwrap();
    let router = Router::new(log, lines.clone(), config.clone());
    for again in [&|router: &Router| router.reset(), &|router: &Router| router.set(config.clone())]
        as [&dyn Fn(&Router); 2]
    {
        // These entries are fewer than the window, so the router does not judge the arm.
        lines.fail(true);
        (0..900).for_each(|n| assert_eq!(append(&router, n), Arm::Binary));
        lines.fail(false);
        again(&router);
        (0..900).for_each(|n| assert_eq!(append(&router, n), Arm::Json));
        again(&router);
    }
    assert_eq!(router.stats().rolled_back, None);
}

#[test]
fn both_ways_count_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let lines = Lines::default();
    let router = Router::new(log, lines.clone(), RouteConfig::all_to(Arm::Binary));
    for arm in Arm::ALL {
        router.set(RouteConfig::all_to(arm));
        for n in 0..500_u64 {
            router.append(|entry| {
                entry.attr("n", &n);
                if n % 100 == 0 {
                    entry.attributes().slot("wide").array().extend(0..1_000);
                }
            });
        }
    }
    let stats = router.stats();
    assert_eq!((stats.binary.entries, stats.json.entries), (500, 500));
    assert_eq!((stats.binary.trips, stats.json.trips), (5, 5));
    assert_eq!(stats.binary.bytes, router.log().stats().bytes);
    assert_eq!(stats.json.bytes as usize, lines.bytes());
    for arm in Arm::ALL {
        let latency = stats.arm(arm).latency;
        assert!(
            latency.timed >= 60 && latency.p50 <= latency.p99 && latency.p99 <= latency.p999,
            "{latency:?}"
        );
    }
    assert!(lines.entries()[100].attributes.len() == 2 && router.log().stats().trips(TripCause::Width) == 5);
}
