//! The sink for JSON lines begins a new file when a file is full, and deletes the oldest files to stay within the byte
//! budget. It never deletes a file that another writer has open. Each line is complete when the call returns, even if
//! several threads write.
#![cfg(feature = "json")]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::common::routes::bodies_of_lines;
use fusewire::log::Log;
use fusewire::route::{Arm, JsonFiles, LineSink, RouteConfig, Router};

fn files(directory: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect();
    files.sort();
    files
}

fn line(n: u64) -> String {
    format!("{{\"body\":\"{n:06}\",\"attributes\":{{\"text\":\"{}\"}}}}\n", "x".repeat(100))
}

#[test]
fn a_full_file_is_followed_by_another_and_the_oldest_go() {
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("somebody-elses.jsonl");
    fs::write(&other, "not to be touched\n").unwrap();
    let sink = JsonFiles::with_bounds(directory.path(), 10_000, Some(50_000)).unwrap();
    for n in 0..1_000 {
        sink.write_line(line(n).as_bytes()).unwrap();
        let total: u64 = files(directory.path()).iter().map(|file| file.metadata().unwrap().len()).sum();
        assert!(total <= 50_000 + 200, "{total} bytes");
    }
    assert!(other.exists());
    fs::remove_file(other).unwrap();
    let names = files(directory.path());
    assert!((4..=5).contains(&names.len()), "{names:?}");
    assert!(names.iter().all(|file| file.metadata().unwrap().len() <= 10_000 + 200));
    // The last lines exist exactly once.
    let numbers: Vec<u64> =
        bodies_of_lines(directory.path()).iter().map(|body| body.parse().unwrap()).collect();
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    let first = 1_000 - numbers.len() as u64;
    assert_eq!(sorted, (first..1_000).collect::<Vec<_>>());

    // The sink does not delete a file that another writer has open, even if it exceeds the budget.
    let second = JsonFiles::with_bounds(directory.path(), 10_000, Some(20_000)).unwrap();
    for n in 0..500 {
        second.write_line(line(n).as_bytes()).unwrap();
    }
    assert!(names.last().unwrap().exists());
    assert!(!names[0].exists());
}

#[test]
fn lines_of_many_threads_are_whole_and_in_a_log_s_directory() {
    const THREADS: u64 = 4;
    const LINES: u64 = 1_000;
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let sink = JsonFiles::with_bounds(directory.path(), 100_000, None).unwrap();
    let router = Router::new(log, sink, RouteConfig::all_to(Arm::Json));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let router = &router;
            scope.spawn(move || {
                for n in 0..LINES {
                    let routed = router.append(|entry| {
                        entry.set_body_fmt(format_args!("{}", thread * LINES + n));
                        entry.attr("text", "y".repeat(300).as_str());
                    });
                    assert!(routed.outcome.is_written());
                }
            });
        }
    });
    // No file was closed: the lines survive the process.
    let mut numbers: Vec<u64> =
        bodies_of_lines(directory.path()).iter().map(|body| body.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..THREADS * LINES).collect::<Vec<_>>());
    assert!(files(directory.path()).len() > 5);
    assert_eq!(router.log().stats().entries, 0);
}
