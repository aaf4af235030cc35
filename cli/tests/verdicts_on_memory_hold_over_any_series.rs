//! A verdict on memory contains its rule, its numbers and its time. Temporary growth is not a leak, and too few samples
//! cause no verdict.

mod common;

use common::{TempDir, fusewire};
use serde_json::{Value, json};

const START: u64 = 1_795_453_221_000_000_000;
const EVERY: u64 = 5_000_000_000;
const MIB: f64 = 1024.0 * 1024.0;

/// Returns the verdicts of a post-mortem for samples with an interval of five seconds. `of` returns the resident and
/// the allocated MiB of sample `n`.
fn verdicts(samples: u64, of: impl Fn(f64) -> (f64, f64)) -> Vec<Value> {
    let mut lines = String::new();
    for n in 0..samples {
        let (resident, allocated) = of(n as f64);
        let sample = json!({
            "time_unix_nano": START + n * EVERY,
            "severity": "INFO",
            "target": "fusewire.memory",
            "body": "memory",
            "process.memory.usage": ((resident + 5.0) * MIB) as u64,
            "process.memory.anonymous": (resident * MIB) as u64,
            "process.memory.allocated": (allocated * MIB) as u64,
        });
        let line = json!({"time_unix_nano": START + n * EVERY + 1, "severity": "INFO", "body": "served"});
        lines.push_str(&format!("{sample}\n{line}\n"));
    }
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("shop.jsonl");
    std::fs::write(&file, lines).unwrap();
    let run = fusewire(["postmortem".as_ref(), file.as_os_str(), "--output".as_ref(), "json".as_ref()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    let mut report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["memory"].as_array().unwrap().len() as u64, samples);
    match report["verdicts"].take() {
        Value::Array(verdicts) => verdicts,
        other => panic!("{other}"),
    }
}

fn found<'a>(verdicts: &'a [Value], rule: &str) -> (&'a str, &'a Value) {
    let verdict = verdicts.iter().find(|verdict| verdict["rule"] == rule).unwrap();
    (verdict["found"].as_str().unwrap(), verdict)
}

/// Returns a small deterministic variation.
fn noise(n: f64) -> f64 {
    (n * 12.9898).sin() * 2.0
}

#[test]
fn a_leak_that_begins_late_is_found_with_its_time() {
    let verdicts = verdicts(400, |n| {
        let allocated = 100.0 + noise(n) + (n - 300.0).max(0.0) * 3.0;
        (allocated * 1.1, allocated)
    });
    let (leak, verdict) = found(&verdicts, "leak");
    assert_eq!(leak, "found", "{verdict:#}");
    let since = verdict["at"].as_u64().unwrap();
    assert!(since.abs_diff(START + 300 * EVERY) < 20 * EVERY, "{verdict:#}");
    // The reason states that the leak concerns the last part of the time.
    assert!(
        verdict["because"]
            .as_str()
            .unwrap()
            .contains(" in which memory varied by less than a quarter of the growth"),
        "{verdict:#}"
    );
    // The memory that the allocator keeps has grown in the same proportion.
    let (parting, verdict) = found(&verdicts, "parting");
    assert_eq!(parting, "not_found", "{verdict:#}");
}

#[test]
fn memory_that_the_allocator_keeps_parts_at_its_time() {
    let verdicts =
        verdicts(400, |n| (330.0 + noise(n), if n < 220.0 { 300.0 } else { 150.0 } + noise(n + 0.5)));
    let (leak, verdict) = found(&verdicts, "leak");
    assert_eq!(leak, "not_found", "{verdict:#}");
    let (parting, verdict) = found(&verdicts, "parting");
    assert_eq!(parting, "found", "{verdict:#}");
    let since = verdict["at"].as_u64().unwrap();
    assert!(since.abs_diff(START + 220 * EVERY) <= 3 * EVERY, "{verdict:#}");
}

#[test]
fn what_comes_and_goes_is_told_as_that() {
    let verdicts = verdicts(400, |n| {
        let allocated = 100.0 + 150.0 * (n / 37.0).fract() + noise(n);
        (allocated * 1.1, allocated)
    });
    for rule in ["leak", "parting"] {
        let (found, verdict) = found(&verdicts, rule);
        assert_eq!(found, "not_found", "{verdict:#}");
    }
    let flat = self::verdicts(100, |_| (100.0, 90.0));
    let (leak, verdict) = found(&flat, "leak");
    assert_eq!(leak, "not_found");
    assert!(!verdict["because"].as_str().unwrap().contains("NaN"), "{verdict:#}");
}

#[test]
fn of_too_few_samples_nothing_is_told() {
    let verdicts = verdicts(20, |n| (100.0 + 20.0 * n, 100.0));
    for rule in ["leak", "parting"] {
        let (found, verdict) = found(&verdicts, rule);
        assert_eq!(found, "unknown", "{verdict:#}");
        assert!(
            verdict["because"].as_str().unwrap().contains("found 20 samples; the test needs at least 24"),
            "{verdict:#}"
        );
    }
}
