//! Every append returns, whatever the state of the process and of the directory. The log writes the entry if
//! possible, and counts it otherwise.
#![cfg(unix)]

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::common::logs::{self, Numbered};
use fusewire::log::{DropCause, Log, LogOptions, Outcome};
use fusewire::owned::OwnedValue;
use fusewire::segment::{Resource, SegmentOptions};

/// The time after which a test is considered to hang. It is much longer than any append.
const HANGS: Duration = Duration::from_secs(60);

/// Returns the outcome of `append`, which runs in a separate thread.
fn outcome_of(log: &Log, append: impl FnOnce(&Log) -> Outcome + Send + 'static) -> Outcome {
    let (told, outcome) = mpsc::channel();
    let log = log.clone();
    thread::spawn(move || {
        let outcome = append(&log);
        // The test reads the log after it has dropped its own handle, which must then be the last one.
        drop(log);
        told.send(outcome)
    });
    outcome.recv_timeout(HANGS).expect("the append does not return")
}

#[test]
fn for_a_buffer_whose_thread_waits_for_the_appending_one() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).max_threads(1).open().unwrap();
    // The entry of the first thread waits for the second thread, and the second thread appends before it continues.
    // The log has only one buffer.
    let (held, is_held) = mpsc::channel();
    let (let_go, is_let_go) = mpsc::channel::<()>();
    let other = log.clone();
    let slow = thread::spawn(move || {
        other.append(|entry| {
            held.send(()).unwrap();
            is_let_go.recv().unwrap();
            entry.set_body("slow");
        })
    });
    is_held.recv().unwrap();
    let outcome = outcome_of(&log, |log| log.append(|entry| entry.set_body("in vain")));
    assert_eq!(outcome, Outcome::Dropped(DropCause::Busy));
    let_go.send(()).unwrap();
    assert!(slow.join().unwrap().is_written());
    assert!(log.append(|entry| entry.set_body("next")).is_written());
    assert_eq!(log.stats().drops.by_cause(DropCause::Busy), 1);
    drop(log);
    let read = logs::read(directory.path());
    assert_eq!(read.bodies(), ["slow", "next"]);
    assert_eq!(read.losses, [(1, vec![("busy".to_owned(), 1)])]);
}

#[test]
fn for_a_segment_with_room_for_the_largest_entry_beside_the_largest_resource() {
    for text in (3_700..4_060).step_by(16).chain([5_000, 20_000]) {
        let directory = tempfile::tempdir().unwrap();
        let resource = Resource::empty().with("text", OwnedValue::String("r".repeat(text)));
        let log = Log::options(directory.path())
            .resource(resource)
            .segment_size(SegmentOptions::MIN_SIZE)
            .max_total_bytes(LogOptions::MIN_TOTAL_BYTES)
            .open()
            .unwrap();
        for _ in 0..3 {
            let outcome = outcome_of(&log, move |log| {
                log.append(|entry| {
                    entry.attr("text", &"e".repeat(text));
                })
            });
            assert!(outcome.is_written(), "{text}: {outcome:?}");
        }
    }
}

#[test]
fn because_of_something_in_the_directory_that_cannot_be_deleted() {
    let directory = tempfile::tempdir().unwrap();
    // The name makes this directory the oldest segment, which the log deletes first.
    let foreign = directory.path().join("00000000000000000000-00000000-00000000.fws");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("file"), "").unwrap();
    let log = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .max_total_bytes(16 * SegmentOptions::MIN_SIZE)
        .open()
        .unwrap();
    for n in 0..1_000 {
        let outcome = log.append(|entry| Numbered { thread: 0, n, text: 500 }.write(entry));
        assert!(outcome.is_written(), "{n}: {outcome:?}");
    }
    assert!(log.stats().deleted_segments > 0);
    assert!(foreign.join("file").exists());
}
