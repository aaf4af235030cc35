//! Times in options, queries, histograms and lines mean what people mean, also if the clocks change.

mod common;

use std::path::Path;

use common::fusewire;

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn run(args: &[&str]) -> String {
    let run = fusewire(args);
    assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
    run.stdout
}

/// Entries at 00:30 and 23:30 of the days around the end of summer time in Berlin on 25 October 2026.
fn days() -> String {
    [
        "2026-10-23T22:30:00Z",
        "2026-10-24T21:30:00Z",
        "2026-10-24T22:30:00Z",
        "2026-10-25T22:30:00Z",
        "2026-10-25T23:30:00Z",
        "2026-10-26T22:30:00Z",
    ]
    .map(|time| format!("{{\"time\":\"{time}\",\"msg\":\"m\"}}\n"))
    .concat()
}

#[test]
fn options_and_queries_use_the_offset_of_the_date() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "days.jsonl", &days());
    for (since, until, count) in [
        ("2026-10-24", "2026-10-25", "2"),
        ("2026-10-25", "2026-10-26", "2"),
        ("2026-10-26", "2026-10-27", "2"),
        ("2026-10-25 00:30", "2026-10-25 23:30", "1"),
        ("1792794600", "1792881000", "2"),
        ("@1792794600000", "2026-10-24T22:30:00Z", "2"),
    ] {
        let options =
            ["query", "", &file, "--count", "--tz", "Europe/Berlin", "--since", since, "--until", until];
        assert_eq!(run(&options).trim(), count, "{since} {until}");
        let query = format!("time >= \"{since}\" and time < \"{until}\"");
        assert_eq!(
            run(&["query", &query, &file, "--count", "--tz", "Europe/Berlin"]).trim(),
            count,
            "{query}"
        );
    }
    let around = ["query", "", &file, "--count", "--utc", "--around", "2026-10-24T22:00:00Z"];
    assert_eq!(run(&[&around[..], &["--within", "30m"]].concat()).trim(), "2");
    let none = fusewire(around);
    assert_eq!((none.code, none.stdout.trim()), (1, "0"));
    assert_eq!(fusewire([&around[..], &["--since", "today"]].concat()).code, 2);
}

#[test]
fn days_of_a_histogram_are_those_of_the_zone() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "days.jsonl", &days());
    let counts = |every: &str, zone: &str| -> Vec<String> {
        let output = run(&["histogram", &file, "--every", every, "--tz", zone, "--color", "never"]);
        let rows = output.lines().filter(|line| line.contains('\u{2588}'));
        rows.map(|row| row.split_whitespace().take(3).collect::<Vec<_>>().join(" ")).collect()
    };
    let days = ["2026-10-24 00:00:00 2", "2026-10-25 00:00:00 2", "2026-10-26 00:00:00 2"];
    assert_eq!(counts("1d", "Europe/Berlin"), days);
    assert_eq!(counts("1mo", "Europe/Berlin"), ["2026-10-01 00:00:00 6"]);
    assert_eq!(counts("1w", "Europe/Berlin"), ["2026-10-19 00:00:00 4", "2026-10-26 00:00:00 2"]);
    let json = run(&["histogram", &file, "--every", "1d", "--tz", "Europe/Berlin", "--output", "json"]);
    assert!(json.contains(&format!("\"every_nanos\":{}", 25 * 3_600 * 1_000_000_000_u64)), "{json}");
}

#[test]
fn a_zone_applies_to_lines_without_an_offset() {
    let directory = tempfile::tempdir().unwrap();
    let lines = "{\"time\":\"2026-03-01 10:00:00,000\",\"msg\":\"local\"}\n{\"time\":\"2026-03-01T09:00:30Z\",\"msg\":\"UTC\"}\n";
    let file = write(directory.path(), "app.jsonl", lines);
    let times = |args: &[&str]| -> Vec<String> {
        let output = run(&[args, &["-o", "json"]].concat());
        output.lines().map(|line| line.split('"').nth(3).unwrap().to_owned()).collect()
    };
    let utc = ["2026-03-01T10:00:00Z", "2026-03-01T09:00:30Z"];
    let berlin = ["2026-03-01T10:00:00+01:00", "2026-03-01T09:00:30Z"];
    assert_eq!(times(&["cat", &file]), utc);
    let zone = ["--log-tz", "Europe/Berlin"];
    assert_eq!(times(&[&["cat", &file][..], &zone].concat()), berlin);
    assert_eq!(times(&[&["query", "", &file][..], &zone].concat()), berlin);
    assert_eq!(times(&[&["tail", &file][..], &zone].concat()), berlin);
    let logs = directory.path().join("logs");
    let logs = logs.to_str().unwrap();
    run(&[&["import", &file, "--to", logs][..], &zone].concat());
    assert_eq!(times(&["cat", logs]), berlin);
    let output = run(&[&["query", "time < 2026-03-01T09:30:00Z", &file, "--count"][..], &zone].concat());
    assert_eq!(output.trim(), "2");
}

#[test]
fn a_stack_trace_stays_with_its_error() {
    let directory = tempfile::tempdir().unwrap();
    let lines = "{\"time\":\"2026-03-01T10:00:00Z\",\"level\":\"info\",\"msg\":\"started\"}\n\
        {\"time\":\"2026-03-01T10:05:00Z\",\"level\":\"error\",\"msg\":\"payment failed\"}\n\
        java.lang.IllegalStateException: no such order\n\
        {\"time\":\"2026-03-01T10:10:00Z\",\"level\":\"info\",\"msg\":\"retried\"}\n";
    let file = write(directory.path(), "app.jsonl", lines);
    let range = ["--since", "2026-03-01 10:04", "--until", "2026-03-01 10:06"];
    let cat = fusewire([&["cat", &file, "--utc", "--color", "never"][..], &range].concat());
    let expected = "2026-03-01 10:05:00.000000 ERROR  payment failed\n\
        2026-03-01 10:05:00.000000~-      java.lang.IllegalStateException: no such order\n";
    assert_eq!(cat.stdout, expected);
    let message = "1 entry has no time; the time of the entry before it in its file applies";
    assert!(cat.stderr.contains(message), "{}", cat.stderr);
    assert!(run(&["info", &file]).contains("1 entry; the time of the entry before it applies"));
    // The mark is not a part of the line.
    let count = |query: &str| fusewire(["query", query, &file, "--count"]).stdout.trim().to_owned();
    assert_eq!((count("previous"), count("exists fusewire.import.time")), ("0".to_owned(), "1".to_owned()));
}

#[test]
fn lists_and_summaries_have_the_zone_of_the_lines() {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "app.jsonl", "{\"time\":\"2026-03-01 10:00:00\",\"msg\":\"m\"}\n");
    let place = directory.path().to_str().unwrap();
    for path in [file.as_str(), place] {
        for args in [&["ls"][..], &["info"]] {
            let args = [args, &[path, "--utc"]].concat();
            assert!(run(&args).contains("2026-03-01 10:00:00"), "{args:?}");
            let args = [&args[..], &["--log-tz", "+01:00"]].concat();
            assert!(run(&args).contains("2026-03-01 09:00:00"), "{args:?}");
        }
    }
    assert!(
        run(&["ls", place, "--log-tz", "+01:00", "-o", "json"])
            .contains("\"min_unix_nano\":1772355600000000000")
    );
}
