//! The entries of the demo, which resemble entries of a web shop. An entry depends only on the number of its worker and on a
//! counter, so that the demo can compare the entries in the log byte by byte.

use std::time::Duration;

use fusewire::encode::EntryWriter;
use fusewire::{Severity, TraceContext};

/// The target of the entries.
pub(super) const TARGET: &str = "shop::checkout";
/// The key of the counter.
const COUNTER: &str = "n";

/// A thread that appends entries.
pub(super) struct Worker {
    /// The number of the worker.
    pub(super) number: u16,
    name: String,
}

impl Worker {
    /// Returns the workers of `threads` threads, with the name prefix `crew`.
    pub(super) fn all(crew: &str, threads: u16) -> Vec<Self> {
        (0..threads).map(|number| Self { number, name: format!("{crew}-{number}") }).collect()
    }

    /// Returns the name of the thread. The entries of the worker contain this name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number of entries that this worker appends if `threads` workers append `entries` entries.
    pub(super) fn share(&self, entries: u64, threads: u16) -> u64 {
        let threads = u64::from(threads);
        entries / threads + u64::from(u64::from(self.number) < entries % threads)
    }
}

/// Writes the entry of `worker` with the counter `n`, without a time.
#[inline]
pub(super) fn write(entry: &mut EntryWriter<'_>, worker: &Worker, n: u64) {
    let random = scramble(u64::from(worker.number) << 48 | n);
    let (severity, body, status) = match random % 1000 {
        0 => (Severity::ERROR, "payment provider timed out", 504_u16),
        1..20 => (Severity::WARN, "request was retried", 200),
        _ => (Severity::INFO, "request served", 200),
    };
    entry.set_severity(severity);
    entry.set_target(TARGET);
    entry.set_thread(&worker.name);
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

/// Returns a hash of `n`: the finalizer of SplitMix64.
#[inline]
fn scramble(n: u64) -> u64 {
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}
