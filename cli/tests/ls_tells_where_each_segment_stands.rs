//! `fusewire ls` prints the state, the owner and the content of each segment, and the total size.

mod common;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use common::{TempDir, append, fusewire, segments, small_log};
use fusewire::log::Log;
use serde_json::Value;

fn listed(directory: &Path) -> Vec<Value> {
    let run = fusewire(["ls".as_ref(), directory.as_os_str(), "--output".as_ref(), "json".as_ref()]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn states(directory: &Path) -> Vec<String> {
    listed(directory).iter().map(|segment| segment["state"].as_str().unwrap().to_owned()).collect()
}

/// Opens a log with `entries` entries, and waits for its prepared segment.
fn log_with_a_spare(directory: &Path, service: &str, entries: u32) -> Log {
    let log = small_log(directory, service).open().unwrap();
    // The log prepares the next segment when one eighth of the current segment is used.
    for n in 0..entries {
        append(&log, &format!("entry {n}, {}", "x".repeat(600)), 0);
    }
    let start = Instant::now();
    while segments(directory).len() < 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "no segment is made ahead");
        thread::sleep(Duration::from_millis(1));
    }
    log
}

#[test]
fn a_log_at_work_is_live_and_ready_and_then_sealed() {
    let directory = TempDir::new().unwrap();
    let log = log_with_a_spare(directory.path(), "shop", 3);
    assert_eq!(states(directory.path()), ["live", "ready"]);
    let live = &listed(directory.path())[0];
    assert_eq!((&live["owner"], &live["end"]), (&"alive".into(), &"alive".into()));
    assert_eq!(live["entries"], 3);
    let ordinals: Vec<_> =
        listed(directory.path()).iter().map(|segment| segment["ordinal"].clone()).collect();
    assert_eq!(ordinals, [1, 2], "the order of creation in the directory");
    assert!(live["min_unix_nano"].as_u64() <= live["max_unix_nano"].as_u64());
    drop(log);
    assert_eq!(states(directory.path()), ["sealed"]);
    let sealed = &listed(directory.path())[0];
    assert_eq!((&sealed["owner"], &sealed["entries"]), (&"gone".into(), &3.into()));
    assert_eq!((&sealed["stream"], &sealed["sequence"]), (&live["stream"], &0.into()));
    assert_eq!(sealed["end"], "stopped");
    assert_eq!(sealed["service"], "shop");
    assert_eq!(sealed["pid"], std::process::id());
    assert_eq!(sealed["bytes"], 16 << 10);
}

#[test]
fn what_a_dead_process_leaves_is_crashed_and_empty() {
    let directory = TempDir::new().unwrap();
    let (at_work, dead) = (directory.path().join("at work"), directory.path().join("dead"));
    let _log = log_with_a_spare(&at_work, "shop", 3);
    // The copies have no owner.
    fs::create_dir(&dead).unwrap();
    for file in segments(&at_work) {
        fs::copy(&file, dead.join(file.file_name().unwrap())).unwrap();
    }
    assert_eq!(states(&dead), ["crashed", "empty"]);
    assert_eq!(listed(&dead)[0]["entries"], 3);
    assert_eq!((&listed(&dead)[0]["owner"], &listed(&dead)[0]["end"]), (&"gone".into(), &"died".into()));
}

#[test]
fn a_damaged_first_page_is_told_and_its_entries_are_counted() {
    let directory = TempDir::new().unwrap();
    drop(log_with_a_spare(directory.path(), "shop", 3));
    let file = segments(directory.path()).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    bytes[3_000] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(states(directory.path()), ["damaged"]);
    assert_eq!(listed(directory.path())[0]["entries"], 3);
}

#[test]
fn a_file_that_is_no_segment_is_named_and_hides_none() {
    let directory = TempDir::new().unwrap();
    drop(log_with_a_spare(directory.path(), "shop", 3));
    fs::write(directory.path().join("notes.fws"), "not a segment").unwrap();
    let run = fusewire(["ls".as_ref(), directory.path().as_os_str()]);
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("notes.fws"), "{}", run.stderr);
    assert!(run.stdout.contains("sealed"), "{}", run.stdout);
}

#[test]
fn the_table_fits_80_columns_and_ends_with_the_sums() {
    let directory = TempDir::new().unwrap();
    let shop = small_log(directory.path(), "shop").open().unwrap();
    let billing = small_log(directory.path(), "billing").open().unwrap();
    for n in 0..500 {
        append(&shop, &format!("entry {n}"), 0);
        append(&billing, &format!("entry {n}"), 0);
    }
    drop((shop, billing));
    let count = segments(directory.path()).len();
    assert!(count > 4, "{count} segments");
    for more in [None, Some("--files")] {
        let run = fusewire(["ls", directory.path().to_str().unwrap()].into_iter().chain(more));
        for line in run.stdout.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert_eq!(
            run.stdout.lines().filter(|line| line.contains("sealed ")).count(),
            count,
            "{}",
            run.stdout
        );
        let pid = std::process::id();
        for service in ["shop", "billing"] {
            let owner = run.stdout.lines().find(|line| line.starts_with(service)).unwrap();
            assert!(owner.contains(&format!("pid {pid}, stream ")), "{owner}");
        }
        let sums = run.stdout.lines().last().unwrap();
        assert!(sums.starts_with(&format!("{count} segments: {count} sealed; 1,000 entries, ")), "{sums}");
    }
}

#[test]
fn a_directory_without_segments_is_never_a_silent_nothing() {
    let directory = TempDir::new().unwrap();
    let run = fusewire(["ls".as_ref(), directory.path().as_os_str()]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("no segments and no other log files"), "{}", run.stderr);
}

#[test]
fn a_directory_that_is_missing_does_not_hide_the_others() {
    let directory = TempDir::new().unwrap();
    drop(log_with_a_spare(directory.path(), "shop", 3));
    let run = fusewire(["ls", "missing", directory.path().to_str().unwrap()]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("1 segment: 1 sealed; 3 entries"), "{}", run.stdout);
    assert!(run.stderr.contains("missing: No such file"), "{}", run.stderr);
}
