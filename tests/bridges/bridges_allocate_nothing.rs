//! An event of `tracing` in known spans and a record of `log` cause no allocation.
#![cfg(all(feature = "tracing", feature = "log"))]

use crate::common::counting::allocations;
use crate::common::logs;
use fusewire::bridge::log::Logger;
use fusewire::bridge::tracing::Layer;
use fusewire::log::Log;
use log::Log as _;
use tracing_subscriber::prelude::*;

const ENTRIES: u64 = 1_000;

#[test]
fn events_in_spans_allocate_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let subscriber = tracing_subscriber::registry()
        .with(Layer::new(log.clone()).with_file(true).with_line_number(true))
        .with(Some(Layer::new(log.clone())));
    let count = tracing::subscriber::with_default(subscriber, || {
        let outer = tracing::info_span!("request", method = "GET", path = %"/orders", status = 0_u16);
        let _outer = outer.enter();
        let inner =
            tracing::info_span!("query", table = ?"orders", trace_id = "0af7651916cd43dd8448eb211c80319c");
        let _inner = inner.enter();
        let event = |n: u64| {
            let error = std::fmt::Error;
            let error = &error as &(dyn std::error::Error + 'static);
            tracing::info!(n, a = -1, c = 1.5, e = "text", wide = i128::MIN, d = ?(1, "x"), error, "body {n}");
        };
        event(0);
        allocations(|| (1..ENTRIES).for_each(event)).0
    });
    assert_eq!(count, 0);
    drop(log);
    // Two layers log each event.
    let entries = logs::read(directory.path()).entries;
    assert_eq!(entries.len() as u64, 2 * ENTRIES);
    assert!(entries.iter().all(|entry| entry.trace.trace_id == 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c));
}

#[test]
fn records_of_log_allocate_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let logger = Logger::new(log.clone()).with_file(true).with_line_number(true).with_module(true);
    let record = |n: u64| {
        let pairs = [
            ("n", log::kv::Value::from(n)),
            ("s", "text".into()),
            ("d", log::kv::Value::from_debug(&(1, 2))),
        ];
        let mut record = log::Record::builder();
        record
            .target("shop")
            .file(Some("a.rs"))
            .line(Some(7))
            .module_path(Some("shop::a"))
            .key_values(&pairs);
        logger.log(&record.args(format_args!("body {n}")).build());
    };
    record(0);
    let (count, ()) = allocations(|| (1..ENTRIES).for_each(record));
    assert_eq!((count, log.stats().entries), (0, ENTRIES));
}
