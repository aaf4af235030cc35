//! `query`, `--where`, `stats`, `histogram` and `trace` give the same answers for segments and for lines. Their exit
//! codes distinguish "no match" from a failure. The message about an invalid expression marks the position of the
//! error.

mod common;

use common::{Run, TempDir, fusewire, fusewire_with_input, small_log};
use fusewire::{Severity, TraceContext};

/// 2026-01-02 03:04:05 UTC in ns since the Unix epoch.
const BASE: u64 = 1_767_323_045_000_000_000;
const SECOND: u64 = 1_000_000_000;

/// Creates a log of sixty requests, one per second. Every tenth request fails and takes ten times as long. The last ten
/// requests are in a file of lines.
fn log() -> TempDir {
    let directory = TempDir::new().unwrap();
    let log = small_log(directory.path(), "shop").open().unwrap();
    for n in 0..50_u64 {
        log.append(|entry| {
            let failed = n % 10 == 9;
            entry.set_time_unix_nano(BASE + n * SECOND);
            entry.set_severity(if failed { Severity::ERROR } else { Severity::INFO });
            entry.set_target(if n % 2 == 0 { "shop::cart" } else { "shop::pay" });
            entry.set_body(if failed { "timed out" } else { "served" });
            let trace = TraceContext { trace_id: u128::from(n / 5) + 1, span_id: n % 5 + 1, flags: 1 };
            entry.set_trace(trace);
            entry.attr("n", &n).attr("duration_ms", &if failed { 1_000 } else { 100 + n });
            entry.attributes().slot("request").map().entry("status", &if failed { 502 } else { 200 });
            if n % 5 > 0 {
                entry.attr("parent_span_id", format!("{:016x}", n % 5).as_str());
            }
        });
    }
    drop(log);
    let lines: String = (50..60)
        .map(|n| {
            format!(
                r#"{{"time":"2026-01-02T03:04:{:02}Z","level":"{}","target":"shop::old","message":"served","n":{n}}}"#,
                n + 5 - 5,
                if n == 55 { "warn" } else { "info" }
            ) + "\n"
        })
        .collect();
    std::fs::write(directory.path().join("old.jsonl"), lines).unwrap();
    directory
}

fn ask(directory: &TempDir, args: &[&str]) -> Run {
    let path = directory.path().to_str().unwrap();
    fusewire([&args[..1], &args[1..], &[path]].concat())
}

/// Returns the numbers of the entries that are printed as JSON.
fn numbers(run: &Run) -> Vec<u64> {
    assert_eq!(run.code, 0, "{run:?}");
    let number = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        entry["attributes"]["n"].as_u64().unwrap()
    };
    run.stdout.lines().map(number).collect()
}

#[test]
fn query_prints_what_is_asked_for() {
    let directory = log();
    let query = |expression: &str| numbers(&ask(&directory, &["query", "-o", "json", expression]));
    assert_eq!(query("level >= error and duration_ms > 500ms"), [9, 19, 29, 39, 49]);
    assert_eq!(query("request.status == 502 and n < 20"), [9, 19]);
    assert_eq!(query("trace_id == 3"), [10, 11, 12, 13, 14]);
    assert_eq!(query("level == warn or \"timed\" and n > 40"), [49, 55]);
    assert_eq!(query("time >= \"2026-01-02 03:04:53\" and target == 'shop::pay'"), [49]);
    let first = ask(&directory, &["query", "-o", "json", "-n", "2", "level == error"]);
    assert_eq!(numbers(&first), [9, 19]);
    let nothing = ask(&directory, &["query", "level == fatal"]);
    assert_eq!((nothing.code, nothing.stdout.as_str(), nothing.stderr.as_str()), (1, "", ""));
    for (expression, count, code) in [("level == error", "5\n", 0), ("", "60\n", 0), ("fuse.any", "0\n", 1)] {
        let run = ask(&directory, &["query", "--count", expression]);
        assert_eq!((run.stdout.as_str(), run.code), (count, code), "{expression}");
    }
}

#[test]
fn query_prints_what_is_around_it() {
    let directory = log();
    let run = ask(&directory, &["query", "--utc", "-C", "1", "level == error and n < 30 or n == 11"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    let n = |line: &&str| line.split(" n=").nth(1).map(|rest| rest.split(' ').next().unwrap().to_owned());
    let numbers: Vec<Option<String>> = lines.iter().map(n).collect();
    let expected = ["8", "9", "10", "11", "12", "--", "18", "19", "20", "--", "28", "29", "30"];
    assert_eq!(numbers.len(), expected.len(), "{}", run.stdout);
    for (found, expected) in numbers.iter().zip(expected) {
        assert_eq!(found.as_deref().unwrap_or("--"), expected, "{}", run.stdout);
    }
}

#[test]
fn where_filters_what_is_printed_and_followed() {
    let directory = log();
    let cat = ask(&directory, &["cat", "-o", "json", "--where", "n in (3, 55)", "--since", "2026-01-02"]);
    assert_eq!(numbers(&cat), [3, 55]);
    let tail = ask(&directory, &["tail", "-o", "json", "-n", "2", "-w", "level == error"]);
    assert_eq!(numbers(&tail), [39, 49]);
    let stream = std::fs::read(directory.path().join("old.jsonl")).unwrap();
    let streamed = fusewire_with_input(["cat", "-", "-o", "json", "-w", "level >= warn"], &stream);
    assert_eq!(numbers(&streamed), [55]);
}

#[test]
fn stats_count_by_level_target_and_message_or_as_told() {
    let directory = log();
    let run = ask(&directory, &["stats", "--utc"]);
    assert_eq!(run.code, 0, "{run:?}");
    for line in [
        "60 entries, ",
        "from   2026-01-02 03:04:05.000000 +00:00",
        "no entries dropped; no trips",
        "ENTRIES      %     BYTES     EACH TRIPS  LEVEL",
        "  INFO\n",
        "shop::pay  timed out\n",
    ] {
        assert!(run.stdout.contains(line), "{line}\n{}", run.stdout);
    }
    let by =
        ["stats", "-o", "json", "--by", "request.status", "--number", "duration_ms", "--distinct", "target"];
    let run = ask(&directory, &by);
    let groups: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |i: usize| {
        (&groups[i]["by"]["request.status"], groups[i]["count"].as_u64(), groups[i]["distinct"].as_u64())
    };
    assert_eq!(of(0), (&serde_json::json!("200"), Some(45), Some(2)));
    assert_eq!(of(1), (&serde_json::Value::Null, Some(10), Some(1)));
    assert_eq!(of(2), (&serde_json::json!("502"), Some(5), Some(1)));
    assert_eq!(
        (&groups[2]["number"]["min"], &groups[0]["number"]["max"]),
        (&serde_json::json!(1000.0), &serde_json::json!(148.0))
    );
    let few = ask(&directory, &["stats", "--by", "n", "--max-groups", "5", "--top", "2"]);
    assert!(few.stdout.contains("and 3 more groups (use --top to show them)"), "{}", few.stdout);
    assert!(few.stdout.contains("55 entries are in further groups"), "{}", few.stdout);
}

#[test]
fn a_histogram_draws_intervals_and_gaps() {
    let directory = log();
    let run = ask(&directory, &["histogram", "--utc", "--every", "30s", "-w", "n < 40"]);
    let expected = "\
2026-01-02 03:04:00           25  \u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}
2026-01-02 03:04:30           15  \u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}
40 entries; interval 30s
";
    assert_eq!(run.stdout, expected);
    let gaps = ask(&directory, &["histogram", "--utc", "--every", "1s", "-w", "level == error and n < 20"]);
    let lines: Vec<&str> = gaps.stdout.lines().collect();
    assert!(lines.len() == 4 && lines[1].contains("...  (9 empty intervals of 1s)"), "{}", gaps.stdout);
    let by_itself = ask(&directory, &["histogram", "-o", "json"]);
    let counts = by_itself
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["count"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), 60);
}

#[test]
fn a_trace_is_shown_span_by_span() {
    let directory = log();
    let run = ask(&directory, &["trace", "--utc", "00000000000000000000000000000003"]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines[0], "5 entries in 5 spans of 1 process, 4.00 s", "{}", run.stdout);
    // Each span is the child of the previous span.
    for (i, line) in lines[2..].chunks(2).enumerate() {
        let indent = "  ".repeat(i);
        assert!(line[0].starts_with(&format!("{indent}shop")), "{}", run.stdout);
        assert!(
            line[1].starts_with(&format!("{indent}    ")) && line[1].ends_with("served"),
            "{}",
            run.stdout
        );
    }
    assert_eq!(ask(&directory, &["trace", "77"]).code, 1);
    let wrong = ask(&directory, &["trace", "xyz"]);
    assert!(
        wrong.code == 2 && wrong.stderr.contains("expected a trace id of up to 32 hexadecimal digits"),
        "{wrong:?}"
    );
}

#[test]
fn what_is_wrong_with_an_expression_is_pointed_at() {
    let directory = log();
    for command in ["query", "cat", "stats", "histogram", "tail"] {
        let path = directory.path().to_str().unwrap();
        let args = match command {
            "query" => vec![command, "level >= loud", path],
            _ => vec![command, path, "--where", "level >= loud"],
        };
        let run = fusewire(args);
        assert_eq!(
            (run.code, run.stderr.as_str()),
            (
                2,
                "fusewire: query: column 10: expected a level such as info, warn or error, or a number from 1 to 24, \
                 found `loud`\n  level >= loud\n           ^^^^\n"
            ),
            "{command}"
        );
    }
    let field = fusewire(["stats", "--by", "tags[*]", "."]);
    assert!(field.code == 2 && field.stderr.contains("expected a field with one value"), "{field:?}");
}
