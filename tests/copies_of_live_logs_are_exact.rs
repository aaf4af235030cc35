//! A reader that copies (`copy(true)`) reads a live log exactly: every entry once and in order, no invented loss, also if the
//! writer is killed. A copy of a live segment is the segment at one moment.
#![cfg(unix)]

mod common {
    pub mod ledger;
    pub mod victims;
    pub mod watchdog;
}

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::ledger::{Mark, Receipts, receipts};
use common::victims::{self, HANGS, Scene, order, wait_until};
use common::watchdog::Watchdog;
use fusewire::log::{Log, LogEvent, LogReader, OnFull};
use fusewire::segment::{LostReason, Segment, verify};

const THREADS: u64 = 3;

/// Takes note of the event. The entries of each thread come in order.
fn note(event: &LogEvent<'_>, next: &mut BTreeMap<i128, i128>) {
    match event {
        LogEvent::Entry { entry, .. } => {
            let attribute = |key| entry.get(key).unwrap().as_i128().unwrap();
            let expected = next.entry(attribute("thread")).or_default();
            assert_eq!(attribute("n"), *expected, "lost, twice or out of order");
            *expected += 1;
        }
        LogEvent::Frame { .. } => {}
        LogEvent::Lost { range, .. } if range.reason == LostReason::Uncommitted => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn while_threads_append() {
    let _watchdog = Watchdog::over("reading copies of a live log");
    let directory = tempfile::tempdir().unwrap();
    let options = Log::options(directory.path()).segment_size(64 << 10).on_full(OnFull::Block(HANGS));
    let log = options.open().unwrap();
    let paths = [directory.path().to_owned()];
    let each = 3000;
    let is_done = AtomicBool::new(false);
    let mut next = BTreeMap::new();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let log = &log;
                scope.spawn(move || {
                    for n in 0..each {
                        let append = |entry: &mut fusewire::encode::EntryWriter<'_>| {
                            entry.attr("thread", &thread).attr("n", &n);
                        };
                        assert!(log.append(append).is_written());
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            is_done.store(true, Ordering::Release);
        });
        let mut follower = LogReader::options().copy(true).open(&paths).unwrap();
        loop {
            let was_done = is_done.load(Ordering::Acquire);
            while let Some(event) = follower.next() {
                note(&event, &mut next);
            }
            // New readers see a part of it, without a gap.
            let mut reader = LogReader::options().copy(true).open(&paths).unwrap();
            let mut there = BTreeMap::new();
            while let Some(event) = reader.next() {
                note(&event, &mut there);
            }
            for file in std::fs::read_dir(directory.path()).unwrap() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "fws") {
                    let Ok(segment) = Segment::read_copy(&path) else { continue };
                    let report = verify(&segment).unwrap();
                    assert!(report.is_clean(), "{report:?}");
                }
            }
            if was_done {
                break;
            }
            follower.wait(Duration::from_millis(1)).unwrap();
        }
        while let Some(event) = follower.next() {
            note(&event, &mut next);
        }
    });
    assert_eq!(next, (0..i128::from(THREADS)).map(|thread| (thread, i128::from(each))).collect());
}

#[test]
#[ignore = "is started and killed by the other test"]
fn victim() {
    victims::begin();
    let (directory, run): (PathBuf, u64) = (order("DIRECTORY").unwrap(), order("RUN").unwrap());
    let receipts: PathBuf = order("RECEIPTS").unwrap();
    let options = Log::options(directory).segment_size(64 << 10).on_full(OnFull::Block(HANGS));
    let log = options.self_contained(run % 2 == 0).open().unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, mut receipts) = (log.clone(), Receipts::begin(&receipts, (run, thread)));
            scope.spawn(move || {
                for n in 0..1_000_000 {
                    let mark = Mark { author: (run, thread), n };
                    if log.append(|entry| mark.write(entry)).is_written() {
                        receipts.add(n);
                    }
                    // On a busy machine, a reader must not fall far behind.
                    if n % 8 == 0 {
                        thread::sleep(Duration::from_micros(200));
                    }
                }
            });
        }
    });
}

#[test]
fn of_a_process_that_is_killed() {
    let _watchdog = Watchdog::over("reading copies of a killed log");
    for run in 0..8 {
        let scene = Scene::new();
        let mut victim = scene.start("victim", run, &[]);
        wait_until("the victim begins", || (0..THREADS).all(|thread| scene.has_begun(run, thread)));
        let mut follower = LogReader::options().copy(true).open(std::slice::from_ref(&scene.log)).unwrap();
        let mut read: BTreeMap<(u64, u64), u64> = BTreeMap::new();
        let mut note = |event: &LogEvent<'_>| match event {
            LogEvent::Entry { entry, .. } => {
                let mark = Mark::of(entry);
                let next = read.entry(mark.author).or_default();
                assert_eq!(mark.n, *next, "lost, twice or out of order");
                *next += 1;
            }
            LogEvent::Frame { .. } => {}
            LogEvent::Lost { range, .. } if range.reason == LostReason::Uncommitted => {}
            other => panic!("{other:?}"),
        };
        let mut events = 0;
        let enough = 2000 + 500 * run;
        while events < enough {
            follower.wait(Duration::from_millis(5)).unwrap();
            while events < enough
                && let Some(event) = follower.next()
            {
                note(&event);
                events += 1;
            }
        }
        victim.kill();
        victim.die();
        while follower.wait(Duration::from_millis(300)).unwrap() {
            while let Some(event) = follower.next() {
                note(&event);
            }
        }
        for (author, acknowledged) in receipts(&scene.receipts) {
            let found = read.get(&author).copied().unwrap_or(0);
            let acknowledged = acknowledged.len() as u64;
            assert!(found >= acknowledged, "{author:?}: {found} read, {acknowledged} acknowledged");
        }
    }
}
