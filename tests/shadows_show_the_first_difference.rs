//! Random entries have the same content in both encodings. If the encodings differ, the counters and the log contain
//! the path of the first difference.
#![cfg(feature = "json")]

mod common {
    pub mod logs;
    pub mod random;
    pub mod routes;
}

use std::sync::atomic::{AtomicBool, Ordering};

use common::random::Random;
use common::routes::Lines;
use fusewire::log::Log;
use fusewire::route::{Arm, Percent, RouteConfig, Router};
use fusewire::{Severity, TraceContext, failpoint};

static ALTERED: AtomicBool = AtomicBool::new(false);

fn shadowed(arm: Arm, share: Percent) -> (tempfile::TempDir, Lines, Router) {
    // While the failpoint is active, every 7 in a line becomes an 8.
    failpoint::set(|point| point == "line" && ALTERED.load(Ordering::Relaxed));
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let lines = Lines::default();
    let mut config = RouteConfig::all_to(arm);
    config.shadow = share;
    (directory, lines.clone(), Router::new(log, lines, config))
}

// There is only one test because the failpoint belongs to the process.
#[test]
fn entries_at_random_are_the_same_and_what_is_altered_is_found() {
    let (_directory, _lines, router) = shadowed(Arm::Binary, Percent::ALL);
    let mut dice = Random(99);
    for _ in 0..2_000 {
        let entry = dice.entry();
        router.append(|to| {
            entry.write_to(to);
            if dice.below(20) == 0 {
                to.attributes().slot("wide").array().extend(0..300);
            }
        });
    }
    let shadow = router.stats().shadow;
    assert_eq!((shadow.compared, shadow.differing, shadow.differences), (2_000, 0, vec![]));

    let (_directory, _lines, router) = shadowed(Arm::Json, Percent::new(50.0));
    for n in 1..1_001_u128 {
        router.append(|entry| entry.set_trace(TraceContext { trace_id: n, span_id: 1, flags: 0 }));
    }
    assert!((400..=600).contains(&router.stats().shadow.compared));

    let (directory, _lines, router) = shadowed(Arm::Binary, Percent::ALL);
    ALTERED.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        router.append(|entry| {
            entry.set_time_unix_nano(2_000_000_000_000_000_000);
            entry.set_severity(Severity::INFO);
            entry
                .attributes()
                .slot("request")
                .map()
                .entry("ok", &1)
                .entry("sizes", &[1, 27, 3])
                .entry("too", &7);
        });
    }
    ALTERED.store(false, Ordering::Relaxed);
    let shadow = router.stats().shadow;
    assert_eq!((shadow.compared, shadow.differing, shadow.differences.len()), (3, 3, 1), "{shadow:?}");
    let difference = &shadow.differences[0];
    assert_eq!(difference.path, "/attributes/request/sizes/1");
    assert!(difference.binary.contains("27") && difference.json.contains("28"), "{difference:?}");
    drop(router);
    let told = common::logs::read(directory.path()).entries.into_iter();
    let told: Vec<_> = told.filter(|entry| entry.target == "fusewire::route").collect();
    assert_eq!(told.len(), 1, "a path is told once");
    assert!(told[0].body.contains("/attributes/request/sizes/1"), "{}", told[0].body);
}
