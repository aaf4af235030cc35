//! `--since` and `--until` select exactly the entries with a time in the range, even if a clock was set back. The
//! options use the selected time zone.

mod common;

use common::{TempDir, append, fusewire, segments, small_log};

/// 2026-01-02 03:04:05 UTC in ns since the Unix epoch.
const BASE: u64 = 1_767_323_045_000_000_000;
const SECOND: u64 = 1_000_000_000;

/// Creates a log of two processes. The clock of one process steps back by one hour.
fn log() -> TempDir {
    let directory = TempDir::new().unwrap();
    let steady = small_log(directory.path(), "steady").open().unwrap();
    let stepping = small_log(directory.path(), "stepping").open().unwrap();
    for n in 0..400 {
        append(&steady, &format!("steady-{n}"), BASE + n * SECOND);
        let back = if n < 200 { 0 } else { 3_600 };
        append(&stepping, &format!("stepping-{n}"), BASE + (n * SECOND) - back * SECOND);
    }
    drop((steady, stepping));
    assert!(segments(directory.path()).len() > 4);
    directory
}

/// Returns the bodies that `cat` prints, sorted by process and number.
fn bodies(directory: &TempDir, range: &[&str]) -> Vec<(String, u64)> {
    let run = fusewire([&["cat", directory.path().to_str().unwrap(), "--utc"], range].concat());
    assert!(run.code < 2, "{run:?}");
    assert_eq!(run.code == 1, run.stdout.is_empty(), "{run:?}");
    let mut bodies: Vec<_> = run
        .stdout
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap().split_once('-').unwrap())
        .map(|(name, n)| (name.to_owned(), n.parse().unwrap()))
        .collect();
    bodies.sort();
    bodies
}

fn of(name: &str, numbers: std::ops::Range<u64>) -> Vec<(String, u64)> {
    numbers.map(|n| (name.to_owned(), n)).collect()
}

#[test]
fn from_since_on_and_before_until() {
    let directory = log();
    let range = ["--since", "2026-01-02 03:05:05", "--until", "2026-01-02T03:05:15Z"];
    assert_eq!(bodies(&directory, &range), [of("steady", 60..70), of("stepping", 60..70)].concat());
    assert_eq!(bodies(&directory, &["--until", "2026-01-02 03:04:05"]), of("stepping", 200..400));
    assert_eq!(bodies(&directory, &["--since", "2026-01-02"]).len(), 800);
}

#[test]
fn what_was_written_after_the_clock_was_set_back_is_found_at_its_own_time() {
    let directory = log();
    let range = ["--since", "2026-01-02 02:00", "--until", "2026-01-02 02:07:30"];
    assert_eq!(bodies(&directory, &range), of("stepping", 200..205));
}

#[test]
fn in_the_zone_that_times_are_printed_in() {
    let directory = log();
    let logs = directory.path().to_str().unwrap();
    let range = ["--since", "2026-01-01 22:05:05", "--until", "2026-01-01 22:05:06"];
    let run = fusewire([&["cat", logs, "--tz", "America/New_York"][..], &range].concat());
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{run:?}");
    assert!(lines.iter().all(|line| line.starts_with("2026-01-01 22:05:05.000000")), "{lines:?}");
}

#[test]
fn where_nothing_is_in_the_range_the_exit_code_is_1() {
    let directory = log();
    let logs = directory.path().to_str().unwrap();
    for command in ["cat", "info"] {
        for range in [["--since", "2027-01-01"], ["--until", "2025-01-01"], ["--since", "1s"]] {
            let run = fusewire([&[command, logs][..], &range].concat());
            assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (1, "", ""), "{range:?}");
        }
    }
}

#[test]
fn what_is_no_range_is_refused_with_what_can_be_written() {
    let directory = log();
    let logs = directory.path().to_str().unwrap();
    let reversed = fusewire(["cat", logs, "--since", "2026-01-02", "--until", "2026-01-01"]);
    assert_eq!((reversed.code, reversed.stdout.as_str()), (2, ""));
    assert!(reversed.stderr.contains("--since"), "{}", reversed.stderr);
    for command in ["cat", "info"] {
        let run = fusewire([command, logs, "--since", "noonish"]);
        assert_eq!(run.code, 2);
        for part in ["--since", "`noonish`", "2026-01-02 03:04:05", "03:04", "yesterday", "15m"] {
            assert!(run.stderr.contains(part), "{part} in {}", run.stderr);
        }
    }
}

#[test]
fn info_tells_of_the_range_alone() {
    let directory = log();
    let logs = directory.path().to_str().unwrap();
    let all = fusewire(["info", logs, "--utc"]).stdout;
    assert!(all.contains("entries  800\n"), "{all}");
    let range = ["--since", "2026-01-02 03:05:05", "--until", "2026-01-02 03:05:15"];
    let some = fusewire([&["info", logs, "--utc"][..], &range].concat()).stdout;
    assert!(some.contains("entries  20 in the range\n"), "{some}");
    assert!(some.contains("from     2026-01-02 03:05:05.000000 +00:00\n"), "{some}");
    assert!(some.contains("to       2026-01-02 03:05:14.000000 +00:00  (9.00 s later)\n"), "{some}");
    let shown = |text: &str| text.lines().filter(|line| line.ends_with(".fws")).count();
    assert!((1..shown(&all)).contains(&shown(&some)), "only segments that may hold some: {some}");
}
