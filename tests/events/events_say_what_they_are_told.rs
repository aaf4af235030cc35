//! `event!` and the builder write exactly the given content, evaluate no arguments of an event that is not logged,
//! and allocate nothing.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::common::counting::allocations;
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};
use fusewire::{NodeFlags, Severity, TraceContext, encode, event, map};

fn logged(write: impl FnOnce(&Log)) -> Vec<Entry> {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    write(&log);
    drop(log);
    crate::common::logs::read(directory.path()).entries
}

fn attribute(key: &str, value: OwnedValue, flags: NodeFlags) -> OwnedAttribute {
    OwnedAttribute { key: key.to_owned(), value, flags }
}

fn text(key: &str, value: &str) -> OwnedAttribute {
    attribute(key, OwnedValue::String(value.to_owned()), NodeFlags::NONE)
}

fn formatted(key: &str, value: &str) -> OwnedAttribute {
    attribute(key, OwnedValue::String(value.to_owned()), NodeFlags::FORMATTED)
}

fn int(key: &str, value: i128) -> OwnedAttribute {
    attribute(key, OwnedValue::Int(value), NodeFlags::NONE)
}

#[derive(Debug)]
struct Point {
    #[expect(dead_code, reason = "for Debug")]
    x: i32,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a point")
    }
}

#[test]
fn every_form_of_an_attribute() {
    let entries = logged(|log| {
        let (user, point, name) = (7, Point { x: 1 }, "n");
        event!(log, Severity::INFO, "user {user} at {point:?}", user, name, %point, ?point);
        event!(
            log,
            Severity::ERROR,
            target: "shop::db",
            "no placeholders",
            a.b.c = 1 + 1,
            "literal key" = "v",
            "display" = %point,
            debug = ?point,
            list = [1, 2],
            nested = map! { x = 1, y.z = %name, deeper = map! { empty = map! {} } },
        );
        event!(log, Severity::WARN, "nothing more");
        event!(*log, Severity::WARN, "by value",);
    });
    assert_eq!(entries[0].body, "user 7 at Point { x: 1 }");
    assert_eq!((entries[0].severity, entries[0].target.as_str()), (Severity::INFO, module_path!()));
    assert_eq!(
        entries[0].attributes,
        [
            int("user", 7),
            text("name", "n"),
            formatted("point", "a point"),
            formatted("point", "Point { x: 1 }")
        ]
    );
    let map = |entries| OwnedValue::Map { entries, dropped: Some(0) };
    let deeper =
        attribute("deeper", map(vec![attribute("empty", map(vec![]), NodeFlags::NONE)]), NodeFlags::NONE);
    let values = [1, 2].map(|n| int("", n)).to_vec();
    assert_eq!((entries[1].body.as_str(), entries[1].target.as_str()), ("no placeholders", "shop::db"));
    assert_eq!(
        entries[1].attributes,
        [
            int("a.b.c", 2),
            text("literal key", "v"),
            formatted("display", "a point"),
            formatted("debug", "Point { x: 1 }"),
            attribute("list", OwnedValue::Array { values, dropped: Some(0) }, NodeFlags::NONE),
            attribute("nested", map(vec![int("x", 1), formatted("y.z", "n"), deeper]), NodeFlags::NONE),
        ]
    );
    assert_eq!(
        entries[2..].iter().map(|entry| entry.body.as_str()).collect::<Vec<_>>(),
        ["nothing more", "by value"]
    );
    assert!(entries.iter().all(|entry| entry.time_unix_nano > 0));
}

#[test]
fn a_builder_says_what_the_macro_says() {
    let (user, point) = (7, Point { x: 1 });
    let context = fusewire::Context::root()
        .with(|to| _ = to.entry("request", "r-1"))
        .unwrap()
        .with_trace(TraceContext { trace_id: 1, span_id: 2, flags: 1 });
    let trace = TraceContext { trace_id: 3, span_id: 4, flags: 0 };
    let entries = logged(|log| {
        let _entered = context.enter();
        event!(log, Severity::WARN, target: "shop::db", "user {user}", user, shown = %point, debug = ?point,
               nested = map! { x = 1 });
        log.event(Severity::WARN)
            .target("shop::db")
            .attr("user", &user)
            .display("shown", &point)
            .debug("debug", &point)
            .attr("nested", &map! { x = 1 })
            .body_fmt(format_args!("user {user}"))
            .append();
        log.event(Severity::INFO).body("of another trace").trace(trace).append();
        // A builder that is dropped without `append` logs nothing.
        drop(log.event(Severity::INFO).body("never"));
        log.levels().set("shop", Severity::ERROR);
        let failing = encode::from_fn(|_: encode::ValueWriter<'_, '_>| panic!("not evaluated"));
        assert_eq!(log.event(Severity::WARN).target("shop::db").attr("never", &failing).append(), None);
    });
    let without_time = |entry: &Entry| Entry { time_unix_nano: 0, ..entry.clone() };
    assert_eq!(without_time(&entries[0]), without_time(&entries[1]));
    assert_eq!((entries[2].trace, entries[2].attributes[0].key.as_str()), (trace, "request"));
    assert_eq!(entries.len(), 3);
}

#[test]
fn levels_by_target_change_while_the_program_runs() {
    let evaluated = AtomicU64::new(0);
    let entries = logged(|log| {
        let count = || evaluated.fetch_add(1, Ordering::Relaxed);
        let all = |round: u64| {
            event!(log, Severity::DEBUG, target: "shop", "{round}", n = count());
            event!(log, Severity::DEBUG, target: "shop::db", "{round}", n = count());
            event!(log, Severity::DEBUG, target: "shopping", "{round}", n = count());
            event!(log, Severity::ERROR, target: "shop::db::pool", "{round}", n = count());
        };
        all(0);
        log.levels().set_default(Severity::INFO);
        all(1);
        log.levels().set("shop", Severity::DEBUG);
        all(2);
        log.levels().set("shop::db", Severity::FATAL);
        all(3);
        log.levels().clear("shop::db");
        log.levels().set_default(Severity::UNSPECIFIED);
        all(4);
    });
    let of = |round: &str| -> Vec<&str> {
        let entries = entries.iter().filter(|entry| entry.body == round);
        entries.map(|entry| entry.target.as_str()).collect()
    };
    assert_eq!(of("0"), ["shop", "shop::db", "shopping", "shop::db::pool"]);
    assert_eq!(of("1"), ["shop::db::pool"]);
    assert_eq!(of("2"), ["shop", "shop::db", "shop::db::pool"]);
    assert_eq!(of("3"), ["shop"]);
    assert_eq!(of("4"), of("0"));
    // The arguments of an event that is not logged are not evaluated.
    assert_eq!(evaluated.load(Ordering::Relaxed), entries.len() as u64);
}

#[test]
fn a_site_that_logs_to_several_logs_asks_each() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let logs = directories.each_ref().map(|directory| Log::options(directory.path()).open().unwrap());
    logs[1].levels().set_default(Severity::ERROR);
    for n in 0..10 {
        for log in &logs {
            event!(log, Severity::INFO, "event {n}");
        }
    }
    assert_eq!(logs.each_ref().map(|log| log.stats().entries), [10, 0]);
}

#[test]
fn an_event_allocates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let context = fusewire::Context::root().with(|to| _ = to.entry("request", "r-1")).unwrap();
    let _entered = context.enter();
    let log_one = |n: u64| {
        event!(
            log,
            Severity::INFO,
            "event {n}",
            n,
            ratio = 0.5,
            nested = map! { tags = ["a", "b"], shown = %n }
        );
        event!(log, Severity::INFO, "plain");
        log.event(Severity::INFO)
            .body_fmt(format_args!("event {n}"))
            .attr("n", &n)
            .display("shown", &n)
            .append();
    };
    log_one(0);
    let (count, ()) = allocations(|| (1..100).for_each(log_one));
    assert_eq!((count, log.stats().entries), (0, 300));
}

#[test]
fn levels_change_under_many_threads() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..2_000).for_each(|n| _ = event!(log, Severity::INFO, "event", n)));
        }
        scope.spawn(|| {
            for n in 0..200 {
                log.levels().set_default(if n % 2 == 0 { Severity::ERROR } else { Severity::UNSPECIFIED });
            }
        });
    });
    // After the changes, the last level applies to the same call sites.
    let before = log.stats().entries;
    assert!(event!(log, Severity::INFO, "after").is_some());
    assert_eq!(log.stats().entries, before + 1);
}
