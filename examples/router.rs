//! A service moves from JSON to binary logs: for a tenth of its traces first, then for all, and back by itself when the
//! log fails.
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

/// 0, 10, 100 %: one line of configuration at a time, while the service runs.
fn roll_out(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    println!("Rolling out, {}:\n", directory.display());
    println!("  share   to JSON  to the log  bytes/line  bytes/frame   p99 JSON    p99 log");
    let log = Log::options(directory).open()?;
    let router = Router::new(log, JsonFiles::open(directory)?, RouteConfig::default());
    let mut before = router.stats();
    for percent in [0.0, 10.0, 100.0] {
        let mut config = RouteConfig::binary_percent(Percent::new(percent));
        // Whatever the share, what matters survives the process.
        config.rules.push(Rule::to(Arm::Binary).severity(Severity::ERROR));
        // Of a hundredth of the traces both forms are compared.
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
        "\n  compared {} entries in both forms, {} differ",
        stats.shadow.compared, stats.shadow.differing
    );
    drop(router);
    count(directory)
}

/// A log that may take next to nothing fails, and everything goes to JSON.
fn roll_back(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    println!("\nA log with a budget of 256 KiB, which may not overwrite:\n");
    let log = Log::options(directory).max_total_bytes(256 << 10).on_full(OnFull::DropBelow(Severity::FATAL));
    let mut config = RouteConfig::all_to(Arm::Binary);
    config.bounds.max_error_rate = 0.01;
    let router = Router::new(log.open()?, JsonFiles::open(directory)?, config);
    requests(&router, 5_000);
    let stats = router.stats();
    println!("  to the log {}, to JSON {}", stats.binary.entries, stats.json.entries);
    println!("  in its place {}, dropped {}", stats.json.taken_over, stats.dropped);
    if let Some(rolled_back) = stats.rolled_back {
        println!("  {} is out of use: {}", rolled_back.arm, rolled_back.reason);
    }
    drop(router);
    count(directory)
}

/// A service at work.
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

/// Segments and lines are read alike.
fn count(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut by_severity: BTreeMap<String, u64> = BTreeMap::new();
    let mut reader = LogReader::options().open(&[directory.to_owned()])?;
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            *by_severity.entry(entry.severity().to_string()).or_default() += 1;
        }
    }
    println!("  read back from both: {by_severity:?}");
    Ok(())
}
