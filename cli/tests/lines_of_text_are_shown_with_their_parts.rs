//! The commands print lines of text with their time and level, and `info` prints the formats of a file. A line of a live stream
//! is printed although the next line can continue it.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use common::fusewire;

const LINES: &str = "2026-03-01 10:00:00,123 ERROR [main] shop.cart - failed\n\tat shop.pay\n\
                     Mar  1 10:00:01 web sshd[7]: ready\n\
                     no format\n\
                     {\"time\":\"2026-03-01T10:00:02Z\",\"msg\":\"json\"}\n";

#[test]
fn a_query_selects_by_time_and_level() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    std::fs::write(&path, LINES).unwrap();
    let path = path.to_str().unwrap();
    let run = fusewire([
        "query",
        "level >= error",
        path,
        "--fields",
        "time,level,target,thread,body",
        "-o",
        "json",
    ]);
    assert_eq!(
        run.stdout,
        "{\"time\":\"2026-03-01T10:00:00.123Z\",\"level\":\"ERROR\",\"target\":\"shop.cart\",\"thread\":\"main\",\"body\":\"failed\\n\\tat \
         shop.pay\"}\n"
    );
    let run = fusewire(["query", "time >= 2026-03-01T10:00:01Z", path, "--count"]);
    assert_eq!(run.stdout, "2\n");
    // The part before the body is found, and not printed.
    let run = fusewire(["query", "\"10:00:00,123\"", path]);
    assert!(run.stdout.contains("failed") && !run.stdout.contains(",123"), "{}", run.stdout);
}

#[test]
fn the_formats_of_a_file_are_printed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    std::fs::write(&path, LINES).unwrap();
    for path in [path.as_path(), directory.path()] {
        let run = fusewire(["info", path.to_str().unwrap()]);
        let format = run.stdout.lines().find(|line| line.contains("format")).unwrap_or("");
        assert_eq!(format, "  format   JSON or frames 33 %, plain 33 %, syslog 33 %", "{}", run.stdout);
    }
}

#[test]
fn a_line_of_a_live_stream_does_not_wait_for_the_next_one() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fusewire"));
    let mut child = command
        .args(["cat", "-", "-o", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    for n in 0..3 {
        writeln!(input, "2026-03-01 10:00:0{n} INFO line {n}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert!(line.contains(&format!("\"body\":\"line {n}\"")), "{line}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}
