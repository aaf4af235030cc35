//! A consumer that follows a log: `cargo run --example consumer [DIR]`.
//!
//! The example counts requests and errors by target, and prints one line per target and second, like an alerting
//! service. Without a directory, it writes a temporary log with two threads for three seconds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use fusewire::log::{Log, LogEvent, LogReader};
use fusewire::segment::Resource;
use fusewire::{Severity, event};

/// The counts of one target since the last line.
#[derive(Default)]
struct Seen {
    entries: u64,
    errors: u64,
    slowest_ms: i128,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return on_a_log_of_its_own();
    };
    follow(&directory, None)
}

/// Follows the log for the duration `time`, or without an end if `time` is `None`.
fn follow(directory: &std::path::Path, time: Option<Duration>) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let mut reader = LogReader::options().open(&[directory.to_owned()])?;
    // Without this call, the reader starts at the first entry.
    reader.seek_to_end();
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut next_line = Instant::now() + Duration::from_secs(1);
    while time.is_none_or(|time| start.elapsed() < time) {
        while let Some(event) = reader.next() {
            match event {
                LogEvent::Entry { entry, .. } => {
                    let target = entry.target().to_str().unwrap_or("?");
                    if !seen.contains_key(target) {
                        seen.insert(target.to_owned(), Seen::default());
                    }
                    let Some(target) = seen.get_mut(target) else { continue };
                    target.entries += 1;
                    target.errors += u64::from(entry.severity() >= Severity::ERROR);
                    let spent = entry.get("duration_ms").and_then(|value| value.as_i128());
                    target.slowest_ms = target.slowest_ms.max(spent.unwrap_or(0));
                }
                LogEvent::Lost { source, range } if range.is_loss() => {
                    eprintln!("{}: lost {} bytes: {}", source.path().display(), range.len(), range.reason);
                }
                LogEvent::Missed { sequences, .. } => {
                    eprintln!("{} segments were deleted before they were read", sequences.count());
                }
                _ => {}
            }
        }
        if Instant::now() >= next_line {
            next_line += Duration::from_secs(1);
            for (target, Seen { entries, errors, slowest_ms }) in std::mem::take(&mut seen) {
                let alarm = if errors * 50 > entries { "  << more than 2 % errors" } else { "" };
                println!(
                    "{target:<12} {entries:>6} entries  {errors:>4} errors  slowest {slowest_ms:>4} ms{alarm}"
                );
            }
        }
        reader.wait(Duration::from_millis(100))?;
    }
    Ok(())
}

fn on_a_log_of_its_own() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir().join(format!("fusewire-consumer-{}", std::process::id()));
    let log = Log::options(&directory)
        .resource(Resource::of_this_process("consumer-example"))
        .segment_size(256 << 10)
        .open()?;
    let start = Instant::now();
    thread::scope(|scope| {
        for target in ["shop::cart", "shop::pay"] {
            let log = log.clone();
            scope.spawn(move || {
                let mut n = 0_u64;
                while start.elapsed() < Duration::from_secs(3) {
                    n += 1;
                    let failed = target == "shop::pay" && n.is_multiple_of(30);
                    let severity = if failed { Severity::ERROR } else { Severity::INFO };
                    log_request(&log, severity, target, n);
                    thread::sleep(Duration::from_micros(500));
                }
            });
        }
        follow(&directory, Some(Duration::from_millis(3_200)))
    })?;
    println!("{} entries logged", log.stats().entries);
    drop(log);
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

fn log_request(log: &Log, severity: Severity, target: &'static str, n: u64) {
    let duration_ms = n * 7919 % 250;
    if target == "shop::pay" {
        event!(log, severity, target: "shop::pay", "request served", duration_ms, path = "/pay");
    } else {
        event!(log, severity, target: "shop::cart", "request served", duration_ms, path = "/cart");
    }
}
