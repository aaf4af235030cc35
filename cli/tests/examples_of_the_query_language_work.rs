//! `fusewire query --help-syntax` prints `schema/QUERY.md`. Each example in it is a query that finds some entries and not
//! others.

mod common;

use common::{TempDir, fusewire};
use fusewire::log::Log;
use fusewire::{Severity, TraceContext, map};

const DOCUMENT: &str = include_str!("../../schema/QUERY.md");

/// Returns the queries of the table of examples.
fn examples() -> Vec<String> {
    let (_, section) = DOCUMENT.split_once("## Examples\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.flat_map(|row| {
        let row = row.replace("\\|", "\0");
        let cell = row.split('|').nth(1).unwrap().replace('\0', "|");
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn each_of_them() {
    let directory = TempDir::new().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let written = [
        log.append(|entry| {
            entry.set_severity(Severity::ERROR);
            entry.set_target("shop::db");
            entry.set_thread("worker-3");
            entry.set_body("payment failed: connection reset");
            entry.set_trace(TraceContext {
                trace_id: 0x5b8a_a5a2_d2c8_72e8_321c_f373_08d6_9df2,
                span_id: 1,
                flags: 1,
            });
            entry.attr("request", &map! { status = 500 }).attr("duration_ms", &5_310).attr("user_id", &7);
            entry.attr("http.status_code", &503);
        }),
        log.append(|entry| {
            entry.set_severity(Severity::INFO);
            entry.set_target("shop");
            entry.set_body("order A-20931 paid");
            entry.attr("request", &map! { status = 200 }).attr("amount", &129.95);
            entry.attr("tags", &["eu", "canary"]).attr("odd key", &map! { x = 1 }).attr("level", "gold");
        }),
        log.append(|entry| {
            entry.set_severity(Severity::DEBUG);
            entry.set_body("a wide value");
            entry.attr("numbers", [0; 300].as_slice());
        }),
        log.append(|entry| {
            entry.set_severity(Severity::INFO);
            entry.set_body("an old entry");
            entry.set_time_unix_nano(1_767_315_600_000_000_000); // 2026-01-02T01:00:00Z
        }),
    ];
    assert!(written.iter().all(|outcome| outcome.is_written()), "{written:?}");
    drop(log);

    let examples = examples();
    assert!(examples.len() >= 25, "{examples:?}");
    for query in examples {
        let found =
            fusewire(["query".as_ref(), query.as_ref(), directory.path().as_os_str(), "--count".as_ref()]);
        assert_eq!((found.code, found.stderr.as_str()), (0, ""), "{query}: {found:?}");
        let count: usize = found.stdout.trim().parse().unwrap();
        assert!((1..written.len()).contains(&count), "{query}: {count} entries");
    }
}

#[test]
fn the_help_contains_the_document() {
    let help = fusewire(["query", "--help-syntax"]);
    assert_eq!((help.code, help.stderr.as_str()), (0, ""));
    for line in help.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.starts_with(['#', '|']), "{line}");
    }
    for heading in DOCUMENT.lines().filter_map(|line| line.strip_prefix("## ")) {
        assert!(help.stdout.lines().any(|line| line == heading), "{heading}");
    }
    for query in examples() {
        assert!(help.stdout.contains(&format!("`{query}`")), "{query}");
    }
    // The condition of a query is not necessary for the help, and no other argument is accepted.
    assert_eq!(fusewire(["query"]).code, 2);
    assert_eq!(fusewire(["query", "level >= warn", "--help-syntax"]).code, 2);
}
