//! `fusewire slo` counts slow and failed entries by target and minute, compares them with an error budget, and prints
//! their traces.

mod common;

use std::path::{Path, PathBuf};

use common::{Run, TempDir, fusewire, imported};
use serde_json::{Value, json};

/// Creates four hours of lines of two targets, with ten requests per minute each. In one minute, all requests of
/// `shop::pay` are slow. Every 50th request of `shop::cart` fails.
fn day() -> (TempDir, PathBuf) {
    let mut lines = Vec::new();
    for minute in 0..240_u32 {
        for n in 0..10_u32 {
            let time = format!("2026-03-04T{:02}:{:02}:{:02}Z", minute / 60, minute % 60, n * 6);
            let slow = minute == 200;
            let at = minute * 10 + n;
            let pay = json!({"time": time, "level": "info", "target": "shop::pay", "message": "paid",
                "duration_ms": if slow { 6_000 + n } else { 20 + n }, "trace_id": format!("{:032x}", at + 1)});
            let cart = json!({"time": time, "level": if at % 50 == 0 { "error" } else { "info" }, "target": "shop::cart",
                "message": "cart", "duration_ms": 5});
            // This line contains no duration.
            let other =
                json!({"time": time, "level": "error", "target": "shop::log", "message": "no request"});
            lines.extend([pay, cart, other].map(|line| format!("{line}\n")));
        }
    }
    imported(lines.concat().as_bytes())
}

fn slo(logs: &Path, more: &[&str]) -> Run {
    let mut args = vec!["slo", logs.to_str().unwrap()];
    args.extend(more);
    fusewire(args)
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

#[test]
fn what_is_slow_or_fails_is_counted() {
    let (_directory, logs) = day();
    let run = slo(&logs, &["--objective", "98", "--output", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let report = report(&run);
    let kept = &report["objectives"][0];
    // 10 slow and 48 failed requests of 4,800 are 1.2 %. The objective permits 2 %.
    assert_eq!(
        (&kept["total"], &kept["slow"], &kept["failed"], &kept["bad"]),
        (&json!(4800), &json!(10), &json!(48), &json!(58))
    );
    assert!((kept["burned"].as_f64().unwrap() - 58.0 / 96.0).abs() < 1e-9);
    assert_eq!(kept["targets"][0]["target"], "shop::cart");
    assert_eq!(kept["targets"][1]["bad"], 10);
    assert_eq!(kept["targets"].as_array().unwrap().len(), 2, "what says no time is held to nothing");
    // The last five minutes contain 100 requests, of which one is bad. The last hour contains 1,200 requests, of which
    // 10 + 12 are bad.
    let rates = kept["burn_rates"].as_array().unwrap();
    let expected = [1.0 / 100.0 / 0.02, 22.0 / 1200.0 / 0.02, 58.0 / 4800.0 / 0.02];
    for (rate, expected) in rates.iter().zip(expected) {
        assert!((rate.as_f64().unwrap() - expected).abs() < 1e-9, "{rates:?} {expected}");
    }
    let worst = &kept["worst_minutes"][0];
    assert_eq!(
        (worst["target"].as_str(), worst["bad"].as_u64(), worst["total"].as_u64()),
        (Some("shop::pay"), Some(10), Some(10))
    );
    let slowest = &kept["look_at"][0];
    assert_eq!(slowest["trace_id"], format!("{:032x}", 2010));
    assert_eq!(slowest["latency_nanos"], 6_009e6);
    assert_eq!(kept["look_at"].as_array().unwrap().len(), 10);
}

#[test]
fn a_budget_that_is_used_up_is_exit_code_1() {
    let (_directory, logs) = day();
    let run = slo(&logs, &["--objective", "99"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("error budget exceeded, 121 % used"), "{}", run.stdout);
    // Without entries that have the field, no objective is evaluated, and the report states this.
    let none = slo(&logs, &["--field", "nowhere_ms"]);
    assert_eq!(none.code, 1);
    assert!(none.stdout.contains("no matching entry"), "{}", none.stdout);
    // The report has no times then.
    assert!(!none.stdout.contains("+00:00"), "{}", none.stdout);
    // The time range and the query restrict the entries.
    let run = slo(
        &logs,
        &["--since", "2026-03-04T03:30:00Z", "--of", "target == \"shop::pay\"", "--output", "json"],
    );
    assert_eq!((run.code, &report(&run)["objectives"][0]["bad"]), (0, &json!(0)));
}

#[test]
fn much_that_burns_at_once_asks_for_somebody_to_look() {
    let line = |minute: u32, level: &str| {
        format!(
            "{{\"time\":\"2026-03-04T{:02}:{:02}:00Z\",\"level\":\"{level}\",\"duration_ms\":1,\"message\":\"x\"}}\n",
            minute / 60,
            minute % 60
        )
    };
    let alert = |bad: std::ops::Range<u32>, minutes: u32| {
        let lines: Vec<String> = (0..minutes)
            .flat_map(|minute| (0..20).map(move |n| (minute, n)))
            .map(|(minute, n)| line(minute, if bad.contains(&minute) && n < 8 { "error" } else { "info" }))
            .collect();
        let (_directory, logs) = imported(lines.concat().as_bytes());
        let report = report(&slo(&logs, &["--output", "json"]));
        report["objectives"][0]["alert"].as_str().unwrap().to_owned()
    };
    // 40 % of the requests in the last ten minutes fail, and the objective permits 0.1 %. The burn rate is 67 over one
    // hour and 400 over five minutes.
    assert_eq!(alert(170..180, 180), "page");
    // The same failures an hour ago cause no page.
    assert_eq!(alert(100..110, 180), "ticket");
    assert_eq!(alert(0..0, 180), "none");
}

#[test]
fn objectives_come_from_a_file() {
    let (directory, logs) = day();
    let config = directory.path().join("slo.toml");
    std::fs::write(
        &config,
        "[[slo]]\nname = \"pay\"\ntarget = \"shop::pay\"\nthreshold = \"1s\"\nobjective = 99.5\n\n\
         [[slo]]\nof = 'message == \"cart\"'\nfield = \"duration_ms\"\nunit = \"s\"\nthreshold = \"4s\"\nobjective = 50\n",
    )
    .unwrap();
    let run = slo(&logs, &["--config", config.to_str().unwrap(), "--output", "json"]);
    assert_eq!(run.code, 1, "{run:?}");
    let report = report(&run);
    let [pay, cart] = [0, 1].map(|at| &report["objectives"][at]);
    assert_eq!((&pay["name"], &pay["total"], &pay["bad"]), (&json!("pay"), &json!(2400), &json!(10)));
    // In this unit, each request takes five seconds.
    assert_eq!(
        (&cart["name"], &cart["slow"], &cart["total"]),
        (&json!("objective 2"), &json!(2400), &json!(2400))
    );

    for (text, expected) in [
        ("[[slo]]\nthreshold = \"soon\"\n", "objective 1: threshold: `soon` is not a duration"),
        (
            "[[slo]]\nname = \"a\"\nobjective = 100\n",
            "line 3, column 13: expected a percentage above 0 and below 100, found 100",
        ),
        ("[[slo]]\nof = \"level >\"\n", "objective 1: of: column"),
        ("[[slo]]\nthreshhold = \"1s\"\n", "line 2, column 1"),
        ("", "missing field `slo`"),
    ] {
        std::fs::write(&config, text).unwrap();
        let run = slo(&logs, &["--config", config.to_str().unwrap()]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            run.stderr.contains("slo.toml") && run.stderr.contains(expected),
            "{expected}: {}",
            run.stderr
        );
    }
}

#[test]
fn texts_of_the_log_stay_texts() {
    let line = "{\"time\":\"2026-03-04T00:00:00Z\",\"level\":\"error\",\"target\":\"a|b\\u001b[2J<script>\",\"message\":\"[x](y)\\n| z\",\"duration_ms\":1}\n";
    let (_directory, logs) = imported(line.as_bytes());
    for format in ["text", "json", "markdown"] {
        let run = slo(&logs, &["--output", format]);
        assert!(!run.stdout.contains('\u{1b}'), "{format}: {}", run.stdout);
        if format == "markdown" {
            assert!(run.stdout.contains("a\\|b") && !run.stdout.contains("<script>"), "{}", run.stdout);
            assert!(
                run.stdout.contains("| target | entries |") && run.stdout.contains("\\[x\\]"),
                "{}",
                run.stdout
            );
        }
    }
}
