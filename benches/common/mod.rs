//! The entry that the benchmarks append: eleven values, four of them in a nested map, with ids, target, body
//! and thread. `event!` and serde log the same values.
#![allow(dead_code)]

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use fusewire::encode::{EntryWriter, encode};
use fusewire::log::{Appender, CloseError, DropCause, Durability, FlushError, Levels, Log, Outcome};
use fusewire::{Limits, Severity, TraceContext};
use serde::Serialize;

/// The fields that vary between entries.
#[derive(Clone, Copy)]
pub struct Event {
    pub user_id: u64,
    pub order: &'static str,
    pub amount: f64,
    pub duration_ms: u64,
}

pub const EVENT: Event = Event { user_id: 4711, order: "A-20931-77", amount: 129.95, duration_ms: 231 };
pub const TIME: u64 = 1_700_000_000_000_000_000;
pub const TRACE_ID: u128 = 0x5b8a_a5a2_d2c8_72e8_321c_f373_08d6_9df2;
pub const TARGET: &str = "shop::checkout::payment";
pub const BODY: &str = "payment authorised by the gateway";
pub const THREAD: &str = "tokio-runtime-worker";

pub fn header(entry: &mut EntryWriter<'_>, event: &Event) {
    entry.expect_nodes(11);
    entry.set_time_unix_nano(TIME);
    entry.set_severity(Severity::INFO);
    entry.set_trace(TraceContext { trace_id: TRACE_ID, span_id: event.user_id, flags: 1 });
    entry.set_target(TARGET);
    entry.set_body(BODY);
    entry.set_thread(THREAD);
}

pub fn write(entry: &mut EntryWriter<'_>, event: &Event) {
    header(entry, event);
    entry.attr("user_id", &event.user_id).attr("order", event.order).attr("amount", &event.amount);
    entry.attr("currency", "EUR").attr("retry", &false).attr("duration_ms", &event.duration_ms);
    entry
        .attributes()
        .slot("request")
        .map()
        .entry("method", "POST")
        .entry("path", "/api/v1/checkout")
        .entry("status", &200_u16)
        .entry("bytes", &5321_u32);
}

pub fn encoded() -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    encode(&mut buffer, &Limits::default(), |entry| write(entry, &EVENT)).unwrap().bytes().to_vec()
}

/// The attributes of the entry, which serde serializes.
#[derive(Serialize)]
pub struct Attributes<'a> {
    pub user_id: u64,
    pub order: &'a str,
    pub amount: f64,
    pub currency: &'a str,
    pub retry: bool,
    pub duration_ms: u64,
    pub request: Request<'a>,
}

#[derive(Serialize)]
pub struct Request<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub status: u16,
    pub bytes: u32,
}

pub const REQUEST: Request<'static> =
    Request { method: "POST", path: "/api/v1/checkout", status: 200, bytes: 5321 };

pub fn attributes(event: &Event) -> Attributes<'_> {
    Attributes {
        user_id: event.user_id,
        order: event.order,
        amount: event.amount,
        currency: "EUR",
        retry: false,
        duration_ms: event.duration_ms,
        request: REQUEST,
    }
}

/// Logs eleven values at a call site of `event!`. The values of the request are not in a map, so each type is known.
#[inline(never)]
pub fn event(log: &impl Appender, event: &Event) {
    let _ = fusewire::event!(log, Severity::INFO, target: TARGET, "payment authorised by the gateway",
        user_id = event.user_id, order = event.order, amount = event.amount, currency = "EUR", retry = false,
        duration_ms = event.duration_ms, request.method = REQUEST.method, request.path = REQUEST.path,
        request.status = REQUEST.status, request.bytes = REQUEST.bytes, attempt = 1_u32);
}

thread_local! {
    static BUFFER: RefCell<[u8; 4096]> = const { RefCell::new([0; 4096]) };
}

/// An appender that encodes each entry and discards it.
pub struct Discard {
    log: Log,
    limits: Limits,
}

impl Discard {
    pub fn new(log: Log) -> Self {
        Self { log, limits: Limits::default() }
    }
}

impl Appender for Discard {
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        BUFFER.with_borrow_mut(|buffer| {
            black_box(encode(buffer, &self.limits, write).map_or(0, |encoded| encoded.len()));
        });
        Outcome::Dropped(DropCause::Full)
    }

    fn levels(&self) -> &Levels {
        self.log.levels()
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn flush(&self, _: Durability, _: Duration) -> Result<(), FlushError> {
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> Result<(), CloseError> {
        Ok(())
    }
}
