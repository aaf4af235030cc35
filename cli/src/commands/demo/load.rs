//! The entries of the demo: what a web shop logs, made up from a thread's number and a counter.
//!
//! The same numbers always give the same entry, so what is read back can be compared byte by byte.

use std::time::Duration;

use fusewire::encode::EntryWriter;
use fusewire::{Severity, TraceContext};

/// The key of the counter.
pub(crate) const COUNTER: &str = "n";

/// Writes entry `n` of thread `thread`.
#[inline]
pub(crate) fn write(entry: &mut EntryWriter<'_>, thread: u16, n: u64, time_unix_nano: u64) {
    let random = scramble(u64::from(thread) << 48 | n);
    let (severity, body, status) = match random % 1000 {
        0 => (Severity::ERROR, "payment provider timed out", 504_u16),
        1..20 => (Severity::WARN, "request was retried", 200),
        _ => (Severity::INFO, "request served", 200),
    };
    entry.set_time_unix_nano(time_unix_nano);
    entry.set_severity(severity);
    entry.set_target("shop::checkout");
    entry.set_body(body);
    entry.set_trace(TraceContext {
        trace_id: u128::from(random | 1) << 64 | u128::from(scramble(random)),
        span_id: random | 1,
        flags: 1,
    });
    entry
        .attr(COUNTER, &n)
        .attr("method", "POST")
        .attr("path", "/api/v1/orders")
        .attr("status", &status)
        .attr("elapsed", &Duration::from_nanos(1_000_000 + random % 90_000_000))
        .attr("items", &[random % 900, random % 70]);
    let mut attributes = entry.attributes();
    let mut user = attributes.slot("user").map();
    user.entry("id", &(random % 100_000)).entry("plan", "pro").entry("beta", &random.is_multiple_of(7));
}

/// A hash with good bits everywhere (the finaliser of SplitMix64).
#[inline]
fn scramble(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

/// Entries that thread `thread` of `threads` writes, so that all together write `entries`.
pub(crate) fn share(entries: u64, threads: u16, thread: u16) -> u64 {
    let (threads, thread) = (u64::from(threads), u64::from(thread));
    entries / threads + u64::from(thread < entries % threads)
}
