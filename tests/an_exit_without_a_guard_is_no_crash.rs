//! If a program leaves its log in a static variable and exits with status 0, readers report that it stopped. After
//! another end, they report that it died. The entries are the same, and the next process that opens the log completes
//! the files.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

mod common {
    pub mod logs;
    pub mod victims;
}

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use common::logs;
use common::victims::{Victim, order};
use fusewire::log::{Life, Log, Owner, StreamEnd, list};
use fusewire::segment::{SegmentOptions, State};

static LOG: OnceLock<Log> = OnceLock::new();
static SECOND: OnceLock<Log> = OnceLock::new();

#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    let directory: PathBuf = order("DIRECTORY").unwrap();
    let open = |name: &str| {
        Log::options(directory.join(name)).segment_size(SegmentOptions::MIN_SIZE).open().unwrap()
    };
    let log = LOG.get_or_init(|| open("log"));
    for _ in 0..order::<u32>("ENTRIES").unwrap() {
        assert!(log.append(|entry| entry.set_body("one")).is_written());
    }
    match order::<String>("END").unwrap().as_str() {
        "return" => {}
        "exit" => std::process::exit(0),
        "exit with an error" => std::process::exit(3),
        "abort" => std::process::abort(),
        "exit of a child" => {
            // SAFETY: the child only calls `exit`. It runs the functions that were registered by the parent.
            let child = unsafe { libc::fork() };
            if child == 0 {
                std::process::exit(0);
            }
            // SAFETY: a null pointer is permitted for the status.
            assert_eq!(unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) }, child);
            std::process::abort();
        }
        "exit in an append" => drop(log.append(|_| std::process::exit(0))),
        "two logs" => {
            let second = SECOND.get_or_init(|| open("second"));
            assert!(second.append(|entry| entry.set_body("two")).is_written());
            log.shutdown(Duration::from_secs(60)).unwrap();
        }
        end => panic!("{end}"),
    }
}

/// Runs a victim. Returns the directory of its logs.
fn run(end: &str, entries: u32) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let orders: [(&str, &dyn ToString); 3] =
        [("DIRECTORY", &directory.path().display()), ("END", &end), ("ENTRIES", &entries)];
    Victim::start("victim", &orders).end();
    directory
}

/// Returns whether the last segment with entries, or a segment after it, has the mark of a stop. The segment that was
/// current at the exit can be empty, and a worker can create another one during the exit.
fn is_stopped(directory: &Path) -> bool {
    let segments = list(directory).unwrap().segments;
    assert!(segments.iter().all(|segment| segment.owner == Owner::Gone));
    let last = segments.iter().rposition(|segment| segment.life != Life::Empty).unwrap();
    segments[last..].iter().any(|segment| segment.end == StreamEnd::Stopped)
}

#[test]
fn an_exit_with_status_0_is_a_stop() {
    for end in ["return", "exit", "exit in an append"] {
        for entries in [1, 300] {
            let directory = run(end, entries);
            let log = directory.path().join("log");
            assert!(is_stopped(&log), "{end}");
            assert_eq!(logs::read(&log).bodies().len(), entries as usize);
        }
    }
}

#[test]
fn any_other_end_is_none() {
    for end in ["exit with an error", "abort", "exit of a child"] {
        let directory = run(end, 3);
        let log = directory.path().join("log");
        assert!(!is_stopped(&log), "{end}");
        assert_eq!(logs::read(&log).bodies(), ["one"; 3]);
    }
}

#[test]
fn each_log_of_the_program_is_marked() {
    let directory = run("two logs", 1);
    let [first, second] = ["log", "second"].map(|name| directory.path().join(name));
    assert!(is_stopped(&first));
    assert!(logs::all_sealed(&first) && !logs::all_sealed(&second));
    assert!(is_stopped(&second));
}

#[test]
fn the_next_process_completes_the_segments_and_keeps_the_mark() {
    let directory = run("return", 3);
    let log = directory.path().join("log");
    drop(Log::options(&log).open().unwrap());
    let segments = list(&log).unwrap().segments;
    let [segment] = segments.as_slice() else { panic!("{segments:?}") };
    assert_eq!((segment.life, segment.end), (Life::Sealed, StreamEnd::Stopped));
    assert_eq!(logs::segments(&log)[0].1.state(), State::Sealed);
    assert_eq!(logs::read(&log).bodies(), ["one"; 3]);
}
