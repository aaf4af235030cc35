//! A file that a command cannot read does not end the command. The command reads the other files, prints one line about
//! the file, and returns exit code 3.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Run, TempDir, fusewire, imported, segments};

const NAMES: [&str; 4] = ["old.jsonl.zip", "x.fws", "zeros.fws", "text.fws"];

/// Creates a log of three entries with a time and a trace id, and other files that no command can read.
fn mixed() -> (TempDir, PathBuf) {
    let lines: String = (1..=3)
        .map(|n| {
            format!(
                "{{\"time\":\"2026-01-02T03:04:0{n}Z\",\"level\":\"error\",\"msg\":\"m{n}\",\"duration_ms\":1,\
                 \"trace_id\":\"5b8aa5a2d2c872e8321cf37308d69df2\"}}\n"
            )
        })
        .collect();
    let (directory, logs) = imported(lines.as_bytes());
    fs::write(logs.join(NAMES[0]), b"PK\x03\x04").unwrap();
    fs::create_dir(logs.join(NAMES[1])).unwrap();
    fs::write(logs.join(NAMES[2]), vec![0; 64 << 10]).unwrap();
    fs::write(logs.join(NAMES[3]), "text").unwrap();
    (directory, logs)
}

fn run(args: &[&str], logs: &Path) -> Run {
    let mut all: Vec<&str> = args.to_vec();
    all.push(logs.to_str().unwrap());
    fusewire(all)
}

#[test]
fn every_command_reads_the_others_and_returns_3() {
    let (directory, logs) = mixed();
    let to = directory.path().join("recovered");
    let trace = "5b8aa5a2d2c872e8321cf37308d69df2";
    for (args, printed, names) in [
        (&["cat"][..], "m3", &NAMES[..]),
        (&["tail"], "m3", &NAMES),
        (&["tail", "--lines", "1"], "m3", &NAMES),
        (&["cat", "--reverse", "--lines", "1"], "m3", &NAMES),
        (&["query", "level >= error"], "m3", &NAMES),
        (&["query", "level >= error", "--count"], "3", &NAMES),
        (&["stats"], "3 entries", &NAMES),
        (&["histogram"], "3 entries", &NAMES),
        (&["trace", trace], "m3", &NAMES),
        (&["metrics"], "fusewire_log_entries_total{level=\"error\",target=\"\"} 3", &NAMES),
        (&["slo"], "3", &NAMES),
        (&["ls"], "3 entries", &NAMES),
        (&["info"], "entries  3", &NAMES),
        (&["postmortem"], "m3", &NAMES),
        (&["verify"], "3 entries", &NAMES[1..]),
        (&["recover", "--to", to.to_str().unwrap()], "3 entries recovered", &NAMES[1..]),
    ] {
        let run = run(args, &logs);
        assert_eq!(run.code, 3, "{args:?}: {run:?}");
        assert!(run.stdout.contains(printed), "{args:?}: {run:?}");
        for name in names {
            let lines = run.stderr.lines().filter(|line| line.contains(name)).count();
            assert_eq!(lines, 1, "{args:?}, {name}: {run:?}");
        }
        assert_eq!(run.stderr.lines().count(), names.len(), "{args:?}: {run:?}");
    }
    // `check` reports damage as a finding.
    let check = run(&["check"], &logs);
    assert_eq!(check.code, 1, "{check:?}");
    assert!(NAMES.iter().all(|name| check.stdout.contains(name)), "{check:?}");
}

#[test]
fn a_file_that_is_the_only_input_is_a_failure() {
    let (_directory, logs) = mixed();
    for command in ["cat", "tail", "stats", "histogram", "metrics", "verify"] {
        let run = run(&[command], &logs.join("text.fws"));
        assert_eq!(run.code, 2, "{command}: {run:?}");
        assert!(run.stderr.contains("text.fws"), "{command}: {run:?}");
    }
    // A missing path is a failure, even if another path is readable.
    for command in ["cat", "tail", "stats", "histogram", "metrics"] {
        let run = run(&[command, "missing.fws"], &logs);
        assert_eq!(run.code, 2, "{command}: {run:?}");
        assert!(run.stderr.contains("missing.fws") && !run.stdout.is_empty(), "{command}: {run:?}");
    }
}

#[test]
fn recover_and_verify_report_gaps_and_headers() {
    let lines: String =
        (0..4_000).map(|n| format!("{{\"msg\":\"message-{n:05} {}\"}}\n", "x".repeat(200))).collect();
    let (directory, logs) = imported(lines.as_bytes());
    let files = segments(&logs);
    assert!(files.len() >= 4, "{files:?}");
    let recover = |to: &str| {
        let to = directory.path().join(to);
        run(&["recover", "--to", to.to_str().unwrap()], &logs)
    };
    let clean = recover("clean");
    assert_eq!((clean.code, clean.stderr.as_str()), (0, ""), "{clean:?}");
    assert!(clean.stdout.contains("no bytes lost"), "{clean:?}");

    // The segment contains only zeros, so its entries are lost.
    let whole = fs::read(&files[1]).unwrap();
    fs::write(&files[1], vec![0; whole.len()]).unwrap();
    for run in [recover("zeros"), run(&["verify"], &logs)] {
        assert_eq!(run.code, 3, "{run:?}");
        let name = files[1].file_name().unwrap().to_str().unwrap();
        assert!(run.stderr.contains(name) && !run.stderr.contains("missing"), "{run:?}");
        assert!(!run.stdout.contains("no bytes lost") && !run.stdout.contains("all intact"), "{run:?}");
    }
    // The segment is missing.
    fs::remove_file(&files[1]).unwrap();
    for run in [recover("gap"), run(&["verify"], &logs)] {
        assert_eq!(run.code, 3, "{run:?}");
        assert!(run.stderr.contains("expected segment number 1, found 2; 1 segment is missing"), "{run:?}");
        assert!(run.stdout.contains("1 gap in the numbers of the segments"), "{run:?}");
    }
    // The first page of the segment is damaged, but all its entries are intact.
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    fs::write(&files[1], damaged).unwrap();
    let header = recover("header");
    assert_eq!(header.code, 3, "{header:?}");
    assert!(
        header.stdout.contains("4,000 entries recovered") && header.stdout.contains("1 header damaged"),
        "{header:?}"
    );
}
