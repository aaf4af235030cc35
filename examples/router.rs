//! Migration of a service from JSON to binary logs: first a tenth of the traces, then all. If the log fails, the router falls
//! back to JSON.
//!
//! `cargo run --example router`

use std::collections::BTreeMap;
use std::path::Path;

use fusewire::log::{Log, LogEvent, LogReader, OnFull};
use fusewire::route::{Arm, JsonFiles, Percent, RouteConfig, Router, Rule};
use fusewire::{Context, Severity, TraceContext, event, map};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir().join(format!("fusewire-router-{}", std::process::id()));
    roll_out(&directory.join("shop"))?;
    roll_back(&directory.join("small"))?;
    println!("\nNext: fusewire cat {}", directory.join("shop").display());
    Ok(())
}

/// Rolls out the binary log in steps of 0, 10 and 100 % of the traces, while the service runs.
fn roll_out(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    println!("Roll-out in {}:\n", directory.display());
    println!("  share   to JSON  to the log  bytes/line  bytes/frame   p99 JSON    p99 log");
    let log = Log::options(directory).open()?;
    let router = Router::new(log, JsonFiles::open(directory)?, RouteConfig::default());
    let mut before = router.stats();
    for percent in [0.0, 10.0, 100.0] {
        let mut config = RouteConfig::binary_percent(Percent::new(percent));
        // Errors always go to the binary log, because its entries survive the death of the process.
        config.rules.push(Rule::to(Arm::Binary).severity(Severity::ERROR));
        // The router compares both encodings for 1 % of the traces.
        config.shadow = Percent::new(1.0);
        config.bounds.max_error_rate = 0.01;
        router.set(config);
        requests(&router, 20_000);
        let stats = router.stats();
        let (json, binary) = (&stats.json, &stats.binary);
        println!(
            "  {percent:>4} %  {:>8}  {:>10}  {:>10}  {:>11}  {:>9.1?}  {:>9.1?}",
            json.entries - before.json.entries,
            binary.entries - before.binary.entries,
            json.bytes / json.entries.max(1),
            binary.bytes / binary.entries.max(1),
            json.latency.p99,
            binary.latency.p99,
        );
        before = stats;
    }
    let stats = router.stats();
    println!(
        "\n  compared {} entries in both encodings, {} differ",
        stats.shadow.compared, stats.shadow.differing
    );
    drop(router);
    count(directory)
}

/// Fills a log with a small byte budget. The router disables it and sends all entries to JSON.
fn roll_back(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    println!("\nA log with a byte budget of 256 KiB that does not overwrite entries:\n");
    let log = Log::options(directory).max_total_bytes(256 << 10).on_full(OnFull::DropBelow(Severity::FATAL));
    let mut config = RouteConfig::all_to(Arm::Binary);
    config.bounds.max_error_rate = 0.01;
    let router = Router::new(log.open()?, JsonFiles::open(directory)?, config);
    requests(&router, 5_000);
    let stats = router.stats();
    println!("  written to the log: {}, written to JSON: {}", stats.binary.entries, stats.json.entries);
    println!("  taken over by JSON: {}, dropped: {}", stats.json.taken_over, stats.dropped);
    if let Some(rolled_back) = stats.rolled_back {
        println!("  arm {} disabled: {}", rolled_back.arm, rolled_back.reason);
    }
    drop(router);
    count(directory)
}

/// Simulates a service.
fn requests(router: &Router, requests: u64) {
    for n in 0..requests {
        let trace = TraceContext {
            trace_id: u128::from(n).wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1,
            span_id: n,
            flags: 1,
        };
        let request = Context::root().with_trace(trace);
        let _entered = request.enter();
        let status = if n % 200 == 0 { 500 } else { 200 };
        let severity = if status == 500 { Severity::ERROR } else { Severity::INFO };
        event!(
            router,
            severity,
            "request done",
            status,
            duration_ms = n % 37,
            request = map! { method = "GET", path = "/checkout", user = n % 5_000 }
        );
    }
}

/// Counts the entries of segments and JSON lines with one reader.
fn count(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut by_severity: BTreeMap<String, u64> = BTreeMap::new();
    let mut reader = LogReader::options().open(&[directory.to_owned()])?;
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            *by_severity.entry(entry.severity().to_string()).or_default() += 1;
        }
    }
    println!("  read back from both arms: {by_severity:?}");
    Ok(())
}
