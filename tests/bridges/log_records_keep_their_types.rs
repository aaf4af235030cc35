//! The entry of a record of the crate `log` contains its message, level, target, source location and key-value
//! pairs with their types.
#![cfg(feature = "log")]

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::logs;
use fusewire::bridge::log::Logger;
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Context, Severity, TraceContext, TripCause};
use log::kv::Value;
use log::{Level, LevelFilter, Log as _, Record};

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

struct Long;

impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilobyte = "x".repeat(1 << 10);
        (0..1 << 20).try_for_each(|_| f.write_str(&kilobyte))
    }
}

fn logged(options: impl FnOnce(Logger) -> Logger, work: impl FnOnce(&Logger)) -> Vec<Entry> {
    let directory = tempfile::tempdir().unwrap();
    let logger = options(Logger::new(Log::options(directory.path()).open().unwrap()));
    work(&logger);
    drop(logger);
    logs::read(directory.path()).entries
}

fn record(logger: &Logger, level: Level, pairs: &[(&str, Value<'_>)]) {
    let mut record = Record::builder();
    record.level(level).target("shop::cart").key_values(&pairs);
    record.file(Some("cart.rs")).line(Some(7)).module_path(Some("shop"));
    logger.log(&record.args(format_args!("{} items", 3)).build());
}

#[test]
fn key_values_keep_their_types() {
    let error = "x".parse::<u8>().unwrap_err();
    let nothing: Option<u8> = None;
    let pairs = [
        ("u", Value::from(u64::MAX)),
        ("i", Value::from(-1_i64)),
        ("wide", Value::from(i128::MIN)),
        ("f", Value::from(1.5_f64)),
        ("b", Value::from(true)),
        ("s", Value::from("text")),
        ("error", Value::from_dyn_error(&error)),
        ("debug", Value::from_debug(&(1, "x"))),
        ("null", nothing.map_or(Value::null(), Value::from)),
    ];
    let entries = logged(|logger| logger, |logger| record(logger, Level::Info, &pairs));
    let found: Vec<_> =
        entries[0].attributes.iter().map(|found| (&*found.key, found.value.clone())).collect();
    let text = |text: &str| OwnedValue::String(text.to_owned());
    assert_eq!(
        found,
        [
            ("u", OwnedValue::Uint(u64::MAX.into())),
            ("i", OwnedValue::Int(-1)),
            ("wide", OwnedValue::Int(i128::MIN)),
            ("f", OwnedValue::Float(1.5)),
            ("b", OwnedValue::Bool(true)),
            ("s", text("text")),
            ("error", text("invalid digit found in string")),
            ("debug", text("(1, \"x\")")),
            ("null", OwnedValue::Null),
        ]
    );
}

#[test]
fn the_record_s_own_fields_are_the_entry_s() {
    let work = |logger: &Logger| record(logger, Level::Error, &[]);
    let entries = logged(|logger| logger.with_file(true).with_line_number(true).with_module(true), work);
    let entry = &entries[0];
    assert_eq!((&*entry.body, &*entry.target, entry.severity), ("3 items", "shop::cart", Severity::ERROR));
    assert_eq!(Some(&*entry.thread), std::thread::current().name());
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!(keys, ["code.file.path", "code.line.number", "code.namespace"]);
    let entries = logged(|logger| logger.with_thread_names(false), work);
    assert_eq!((entries[0].attributes.len(), &*entries[0].thread), (0, ""));
}

#[test]
fn levels_are_those_of_the_data_model_and_the_most_verbose_is_chosen() {
    let all = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error];
    let work = |logger: &Logger| all.into_iter().for_each(|level| record(logger, level, &[]));
    let severities =
        |entries: Vec<Entry>| entries.iter().map(|entry| entry.severity.number()).collect::<Vec<_>>();
    assert_eq!(severities(logged(|logger| logger, work)), [1, 5, 9, 13, 17]);
    assert_eq!(severities(logged(|logger| logger.with_max_level(LevelFilter::Warn), work)), [13, 17]);
    assert_eq!(severities(logged(|logger| logger.with_max_level(LevelFilter::Off), work)), [0_u8; 0]);
}

#[test]
fn ids_and_the_context_are_the_entry_s() {
    let context = TraceContext { trace_id: 1, span_id: 2, flags: 1 };
    let entries = logged(
        |logger| logger,
        |logger| {
            let request = Context::root().with(|attributes| _ = attributes.entry("user", &7)).unwrap();
            request.with_trace(context).scope(|| {
                record(logger, Level::Info, &[]);
                record(logger, Level::Info, &[("span_id", Value::from("b7ad6b7169203331"))]);
            });
        },
    );
    assert_eq!(entries[0].trace, context);
    assert_eq!(entries[1].trace, TraceContext { span_id: 0xb7ad_6b71_6920_3331, ..context });
    assert!(entries.iter().all(|entry| entry.attributes.len() == 1 && entry.attributes[0].key == "user"));
}

#[test]
fn hostile_values_are_bounded_and_the_log_goes_on() {
    let entries = logged(
        |logger| logger,
        |logger| {
            let panics = || record(logger, Level::Info, &[("panics", Value::from_debug(&Panics))]);
            assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
            record(logger, Level::Info, &[("long", Value::from_debug(&Long)), ("after", Value::from(1))]);
        },
    );
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.attributes.len(), entry.trips[0].cause), (2, TripCause::FormattedBytes));
}

#[cfg(feature = "serde")]
#[test]
fn what_serde_captures_keeps_its_structure() {
    #[derive(serde::Serialize)]
    struct Order {
        id: u64,
        tags: [&'static str; 2],
    }
    let order = Order { id: 7, tags: ["eu", "canary"] };
    let pairs = [("order", Value::from_serde(&order)), ("after", Value::from(1))];
    let entries = logged(|logger| logger, |logger| record(logger, Level::Info, &pairs));
    let OwnedValue::Map { entries: fields, dropped: Some(0) } = &entries[0].attributes[0].value else {
        panic!("{entries:?}")
    };
    assert_eq!((&*fields[0].key, &fields[0].value), ("id", &OwnedValue::Uint(7)));
    assert!(matches!(&fields[1].value, OwnedValue::Array { values, .. } if values.len() == 2));
}
