//! The entry that the benchmarks append: eleven values, four of them in a nested map, with ids, target, body
//! and thread.
#![allow(dead_code)]

use fusewire::encode::{EntryWriter, encode};
use fusewire::{Limits, Severity, TraceContext};

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

pub fn write(entry: &mut EntryWriter<'_>, event: &Event) {
    entry.expect_nodes(11);
    entry.set_time_unix_nano(TIME);
    entry.set_severity(Severity::INFO);
    entry.set_trace(TraceContext { trace_id: TRACE_ID, span_id: event.user_id, flags: 1 });
    entry.set_target(TARGET);
    entry.set_body(BODY);
    entry.set_thread(THREAD);
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
