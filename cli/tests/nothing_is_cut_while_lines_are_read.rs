//! Queries and checks find text at any place of a line. A line above the bounds of a reader leads to exit code 3.

mod common;

use common::{TempDir, fusewire};

fn file(lines: &str) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.jsonl");
    std::fs::write(&path, lines).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

#[test]
fn a_query_finds_text_after_the_write_limits() {
    let long = "x".repeat(100_000);
    let (_directory, path) =
        file(&format!("{{\"msg\":\"{long} needle\"}}\n{long} needle\n{{\"msg\":\"hay\"}}\n"));
    let run = fusewire(["query", "needle", &path, "--count"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "2\n", ""));
    let printed = fusewire(["query", "needle", &path, "-o", "json"]);
    assert_eq!(printed.stdout.lines().filter(|line| line.contains("x needle\"")).count(), 2);
}

#[test]
fn a_check_finds_a_secret_after_the_write_limits() {
    let (_directory, path) =
        file(&format!("{{\"msg\":\"m\",\"v\":\"{} password=hunter2hunter2\"}}\n", "x".repeat(20_000)));
    let run = fusewire(["check", &path]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("1 x \"m\" `v`: a password"), "{}", run.stdout);
}

#[test]
fn a_query_finds_text_at_any_depth() {
    let deep = format!("{{\"v\":{}\"needle\"{}}}\n", "[".repeat(1_000), "]".repeat(1_000));
    let (_directory, path) = file(&deep);
    let run = fusewire(["query", "needle", &path, "--count"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "1\n", ""));
}

#[test]
fn a_line_above_the_bounds_is_an_incomplete_read() {
    let wide = format!("{{\"m\":\"needle\",\"v\":[{}]}}\n", vec!["1"; 70_000].join(","));
    let (_directory, path) = file(&wide);
    let report = format!(
        "fusewire: {path}: partly read bytes 0..140021 (140,021 bytes): line above the bounds of a reader: expected at most 16 \
         MiB and 65535 values in a container\n"
    );
    for args in [vec!["cat"], vec!["query", "needle"], vec!["query", "needle", "--count"]] {
        let run = fusewire(args.iter().copied().chain([path.as_str()]));
        assert_eq!((run.code, run.stderr.as_str()), (3, report.as_str()), "{args:?}");
    }
}
