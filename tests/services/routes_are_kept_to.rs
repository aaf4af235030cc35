//! The severity, the tags and the trace of an entry determine its arm. All entries of a trace take the same arm, and a
//! configured share of the traces is met within narrow bounds. If one arm cannot take an entry, the other arm takes
//! it. While rules change, each entry is written exactly once.
#![cfg(feature = "json")]

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::common::counting::allocations;
use crate::common::random::Random;
use crate::common::routes::{Lines, bodies_of_lines, bodies_of_log};
use fusewire::log::{Log, OnFull, Outcome};
use fusewire::route::{Arm, JsonFiles, Percent, RouteConfig, Router, Rule};
use fusewire::{Context, Limits, Severity, TraceContext, event, limits};

fn trace(trace_id: u128) -> TraceContext {
    TraceContext { trace_id, span_id: 1, flags: 1 }
}

fn router(config: RouteConfig) -> (tempfile::TempDir, Lines, Router) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let lines = Lines::default();
    (directory, lines.clone(), Router::new(log, lines, config))
}

#[test]
fn a_share_of_all_traces_is_that_share_and_each_trace_goes_one_way() {
    let share = |percent| {
        let mut config = RouteConfig::all_to(Arm::Binary);
        config.rules = vec![Rule::to(Arm::Json).percent(percent)];
        config
    };
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).max_total_bytes(16 << 20).open().unwrap();
    let router = Router::new(log, Mutex::new(io::sink()), share(Percent::new(10.0)));
    let mut dice = Random(77);
    let mut routed = 0;
    // A million entries belong to 250,000 traces.
    let ids: Vec<u128> =
        (0..250_000).map(|_| u128::from(dice.next()) << 64 | u128::from(dice.next())).collect();
    let mut arms: Vec<Option<Arm>> = vec![None; ids.len()];
    for _ in 0..4 {
        for (id, before) in ids.iter().zip(&mut arms) {
            let arm = router.append(|entry| entry.set_trace(trace(*id))).arm;
            assert_eq!(*before.get_or_insert(arm), arm, "a trace goes one way");
            routed += u64::from(arm == Arm::Json);
        }
    }
    assert!((98_000..=102_000).contains(&routed), "{routed} of 1,000,000");
    let stats = router.stats();
    assert_eq!((stats.json.entries, stats.binary.entries), (routed, 1_000_000 - routed));

    // A larger share contains all traces of a smaller share.
    router.set(share(Percent::new(25.0)));
    let more = ids.iter().zip(&arms).filter(|(id, before)| {
        let arm = router.append(|entry| entry.set_trace(trace(**id))).arm;
        assert!(arm == Arm::Json || **before == Some(Arm::Binary));
        arm == Arm::Json
    });
    assert!((61_500..=63_500).contains(&more.count()));
    // An entry without a trace belongs only to a share of 100 %.
    assert_eq!(router.append(|_| {}).arm, Arm::Binary);
    router.set(share(Percent::ALL));
    assert_eq!(router.append(|_| {}).arm, Arm::Json);
}

#[test]
fn the_first_rule_that_holds_decides() {
    let mut config = RouteConfig::all_to(Arm::Json);
    config.rules = vec![
        Rule::to(Arm::Json).tag("canary", "no"),
        Rule::to(Arm::Binary).severity(Severity::WARN),
        Rule::to(Arm::Binary).tagged("canary").severity(Severity::INFO),
    ];
    let (_directory, _lines, router) = router(config);
    let arm = |severity, tag: Option<&str>| {
        let context = tag.map_or_else(Context::root, |tag| Context::root().with_tag("canary", tag));
        context.scope(|| router.append(|entry| entry.set_severity(severity)).arm)
    };
    assert_eq!(arm(Severity::INFO, None), Arm::Json);
    assert_eq!(arm(Severity::WARN, None), Arm::Binary);
    assert_eq!(arm(Severity::ERROR, Some("no")), Arm::Json);
    assert_eq!(arm(Severity::INFO, Some("yes")), Arm::Binary);
    assert_eq!(arm(Severity::DEBUG, Some("yes")), Arm::Json);
}

#[test]
fn rules_that_change_under_load_lose_nothing_and_write_nothing_twice() {
    const THREADS: u64 = 3;
    const ENTRIES: u64 = 8_000;
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    // Both arms write to the same directory. The files are so small that the sink also changes files during the test.
    let files = JsonFiles::with_bounds(directory.path(), 64 << 10, None).unwrap();
    let router = Router::new(log, files, RouteConfig::default());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let router = router.clone();
                scope.spawn(move || {
                    for n in 0..ENTRIES {
                        let routed = event!(router, Severity::INFO, "{thread}-{n}");
                        assert!(matches!(routed, Some(Outcome::Written(_))));
                    }
                })
            })
            .collect();
        let (switching, done) = (router.clone(), &done);
        scope.spawn(move || {
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                switching.set(RouteConfig::all_to(Arm::ALL[round % 2]));
                thread::yield_now();
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    let stats = router.stats();
    drop(router);
    let (in_log, in_files) = (bodies_of_log(directory.path()), bodies_of_lines(directory.path()));
    assert!(!in_log.is_empty() && !in_files.is_empty());
    assert_eq!((in_log.len() as u64, in_files.len() as u64), (stats.binary.entries, stats.json.entries));
    let mut found: Vec<String> = in_log.into_iter().chain(in_files).collect();
    let mut written: Vec<String> =
        (0..THREADS).flat_map(|thread| (0..ENTRIES).map(move |n| format!("{thread}-{n}"))).collect();
    found.sort_unstable();
    written.sort_unstable();
    assert!(found == written, "{} entries written, {} found", written.len(), found.len());
}

#[test]
fn what_one_way_cannot_take_goes_the_other() {
    let (_directory, lines, router) = router(RouteConfig::all_to(Arm::Json));
    lines.fail(true);
    let routed = router.append(|entry| entry.set_body("to the log"));
    assert_eq!((routed.arm, routed.outcome.is_written()), (Arm::Binary, true));
    let stats = router.stats();
    assert_eq!((stats.binary.entries, stats.binary.taken_over, stats.json.errors_total()), (1, 1, 1));

    // The log has no space for more entries.
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(16 << 10)
        .max_total_bytes(64 << 10)
        .on_full(OnFull::DropBelow(Severity::FATAL));
    let lines = Lines::default();
    let router = Router::new(log.open().unwrap(), lines.clone(), RouteConfig::all_to(Arm::Binary));
    for n in 0..2_000 {
        assert!(router.append(|entry| entry.set_body_fmt(format_args!("{n}"))).outcome.is_written());
    }
    let stats = router.stats();
    assert!(stats.json.taken_over > 100 && stats.binary.entries > 100, "{stats:?}");
    assert_eq!(stats.binary.errors_total(), stats.json.taken_over);
    let mut numbers: Vec<u64> = lines.bodies().iter().map(|body| body.parse().unwrap()).collect();
    drop(router);
    numbers.extend(bodies_of_log(directory.path()).iter().filter_map(|body| body.parse::<u64>().ok()));
    numbers.sort_unstable();
    assert_eq!(numbers, (0..2_000).collect::<Vec<_>>());

    // Neither arm writes an entry that the circuit breaker refuses, and the router counts it once.
    let limits = Limits { on_width: limits::OnWidth::Reject, ..Limits::DEFAULT };
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).limits(limits).open().unwrap();
    let router = Router::new(log, Lines::default(), RouteConfig::all_to(Arm::Binary));
    let wide = |entry: &mut fusewire::encode::EntryWriter<'_>| {
        entry.attributes().slot("wide").array().extend(0..1_000);
    };
    assert!(!router.append(wide).outcome.is_written());
    let stats = router.stats();
    assert_eq!((stats.dropped, stats.binary.errors_total(), stats.json.errors_total()), (1, 1, 0));
    assert_eq!(router.log().stats().drops.total(), 1);
}

#[test]
fn a_routed_entry_allocates_nothing() {
    let mut config = RouteConfig::binary_percent(Percent::new(50.0));
    config.rules.push(Rule::to(Arm::Binary).tag("canary", "yes"));
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let router = Router::new(log, Mutex::new(io::sink()), config);
    let context = Context::root().with_tag("canary", "no");
    let _entered = context.enter();
    let append = |n: u64| {
        router.append(|entry| {
            entry.set_trace(trace(u128::from(n)));
            entry.set_body_fmt(format_args!("event {n}"));
            entry.attr("n", &n).attr("ratio", &0.25).attr("text", "some text");
        });
    };
    (1..50).for_each(append);
    let (count, ()) = allocations(|| (50..1_000).for_each(append));
    let stats = router.stats();
    assert_eq!(count, 0);
    assert!(stats.binary.entries > 300 && stats.json.entries > 300);
    assert!(stats.binary.latency.timed > 10 && stats.json.latency.timed > 10);
}
