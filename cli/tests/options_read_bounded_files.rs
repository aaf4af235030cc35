//! A file of an option has a maximum size, and is a regular file or a pipe. Each number is checked, and an error contains
//! the file, the line and the value.

mod common;

use std::fs;
use std::path::Path;

use common::{fusewire, imported};

const LINES: &[u8] = b"{\"time\":\"2026-01-02T03:04:05Z\",\"msg\":\"m\",\"duration_ms\":5}\n";

/// The options that read a file, with a maximum size in MiB.
const OPTIONS: [(&[&str], Option<usize>); 4] = [
    (&["check", "--config"], Some(1)),
    (&["check", "--baseline"], Some(64)),
    (&["slo", "--config"], Some(1)),
    (&["postmortem", "--kern-log"], None),
];

fn failure(option: &[&str], file: &str, logs: &Path) -> String {
    let logs = logs.to_str().unwrap();
    let run = fusewire([option, &[file, logs]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{option:?} {file}: {run:?}");
    assert!(run.stderr.contains(file), "{option:?}: {run:?}");
    run.stderr
}

#[test]
fn devices_and_directories_are_refused() {
    let (directory, logs) = imported(LINES);
    for (option, _) in OPTIONS {
        let error = failure(option, "/dev/zero", &logs);
        assert!(error.contains("expected a file or a pipe, found a character device"), "{option:?}: {error}");
        let error = failure(option, directory.path().to_str().unwrap(), &logs);
        assert!(error.contains("found a directory"), "{option:?}: {error}");
    }
}

#[test]
fn files_above_the_maximum_size_are_refused() {
    let (directory, logs) = imported(LINES);
    let path = directory.path().join("large");
    for (option, mib) in OPTIONS {
        let Some(mib) = mib else { continue };
        // A file without data on disk.
        fs::File::create(&path).unwrap().set_len(((mib << 20) + 1) as u64).unwrap();
        let error = failure(option, path.to_str().unwrap(), &logs);
        assert!(error.contains(&format!("expected at most {mib}")), "{option:?}: {error}");
        fs::write(&path, b"x = \xff").unwrap();
        let error = failure(option, path.to_str().unwrap(), &logs);
        assert!(error.contains("offset 4: expected UTF-8"), "{option:?}: {error}");
    }
}

#[test]
fn numbers_out_of_range_are_named_with_their_line() {
    let (directory, logs) = imported(LINES);
    let path = directory.path().join("file.toml");
    for (option, text, line, named) in [
        ("check", "[thresholds]\nerrors = nan\n", 2, "expected a share from 0.0 to 1.0, found NaN"),
        (
            "check",
            "[thresholds]\nkey_bytes = 9\ndebug = inf\n",
            3,
            "expected a share from 0.0 to 1.0, found inf",
        ),
        ("check", "[thresholds]\nerrors = -0.5\n", 2, "expected a share from 0.0 to 1.0, found -0.5"),
        ("check", "[thresholds]\ndepth = -1\n", 2, "depth = -1"),
        ("check", "[thresholds]\nfuture = \"99999999999999999999d\"\n", 2, "99999999999999999999d"),
        ("check", "[[rule]]\nid = \"a\"\nquery = \"x\"\nmessage = \"m\"\nshare = nan\n", 5, "found NaN"),
        ("slo", "[[slo]]\nobjective = nan\n", 2, "expected a percentage above 0 and below 100, found NaN"),
        ("slo", "[[slo]]\nname = \"a\"\nobjective = 100.0\n", 3, "found 100"),
    ] {
        fs::write(&path, text).unwrap();
        let error = failure(&[option, "--config"], path.to_str().unwrap(), &logs);
        assert!(error.contains(&format!("line {line}")) && error.contains(named), "{text:?}: {error}");
    }
    let logs = logs.to_str().unwrap();
    for args in [
        &["slo", logs, "--objective", "nan"][..],
        &["slo", logs, "--threshold", "nans"],
        &["histogram", logs, "--every", "0s"],
        &["histogram", logs, "--every", "99999999999999999999d"],
        &["stats", logs, "--max-groups", "0"],
        &["stats", logs, "--max-groups", "18446744073709551615"],
        &["import", "/dev/zero", "--to", "unused"],
        &["cat", "/dev/zero"],
    ] {
        let run = fusewire(args);
        assert_eq!(run.code, 2, "{args:?}: {run:?}");
    }
}
