//! The segments of a directory never exceed the byte budget on disk, even if several processes write and some of them
//! are killed. The log deletes the oldest segments to stay within the budget.
#![cfg(target_os = "linux")]

mod common {
    pub mod disks;
    pub mod ledger;
    pub mod victims;
}

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::disks::taken;
use common::ledger::{Mark, Receipts, found_at_rest, receipts};
use common::victims::{self, Scene, Victim, order, wait_until};
use fusewire::Severity;
use fusewire::log::{Log, OnFull};

const BUDGET: u64 = 1 << 20;
const SEGMENT: u64 = 64 << 10;
const THREADS: u64 = 2;

#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let (run, overwrites): (u64, bool) = (order("RUN").unwrap(), order("OVERWRITES").unwrap());
    let on_full = if overwrites { OnFull::OverwriteOldest } else { OnFull::DropBelow(Severity::UNSPECIFIED) };
    let log = Log::options(directory).segment_size(SEGMENT).max_total_bytes(BUDGET).on_full(on_full);
    // The processes write both formats.
    let log = log.self_contained(run % 2 == 0).open().unwrap();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, mut receipts) = (&log, Receipts::begin(&receipts, (run, thread)));
            scope.spawn(move || {
                for n in 0.. {
                    let mark = Mark { author: (run, thread), n };
                    if log.append(|entry| mark.write(entry)).is_written() {
                        receipts.add(n);
                    }
                    thread::sleep(Duration::from_micros(50));
                }
            });
        }
        wait_until("many entries", || log.stats().entries + log.stats().drops.total() > 4_000);
        std::fs::write(receipts.with_extension(format!("{run}")), "").unwrap();
    });
}

fn share(overwrites: bool) {
    let scene = Scene::new();
    let begin = |run: u64| scene.start("victim", run, &[("OVERWRITES", &overwrites)]);
    let (watching, mut samples, mut most) = (AtomicBool::new(true), 0, 0);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            while watching.load(Ordering::Relaxed) {
                if let Some(taken) = taken(&scene.log) {
                    assert!(taken <= BUDGET, "{taken} of {BUDGET} bytes");
                    most = most.max(taken);
                    samples += 1;
                }
            }
        });
        let mut victims: Vec<Victim> = (0..3).map(begin).collect();
        for run in 3..6 {
            wait_until("the first entries", || scene.has_begun(run - 1, 0) || !overwrites);
            thread::sleep(Duration::from_millis(20));
            let mut victim = victims.remove(0);
            victim.kill();
            victim.die();
            victims.push(begin(run));
        }
        for (run, victim) in (3..6).zip(&mut victims) {
            let done = scene.receipts.with_extension(format!("{run}"));
            wait_until("many entries", || done.exists() || victim.ended().is_some());
            victim.kill();
            victim.die();
        }
        watching.store(false, Ordering::Relaxed);
        watcher.join().unwrap();
    });
    assert!(samples > 20 && most > BUDGET / 2, "{samples} samples, at most {most} bytes");
    let (found, receipts) = (found_at_rest(&scene.log), receipts(&scene.receipts));
    if overwrites {
        found.holds_the_end_of(&receipts);
        // The last entries of the last processes still exist.
        assert!((3..6).any(|run| found.entries.contains_key(&(run, 0))), "{:?}", found.entries.keys());
    } else {
        found.holds(&receipts);
    }
}

#[test]
fn of_which_the_oldest_segments_are_deleted() {
    share(true);
}

#[test]
fn of_which_nothing_is_deleted() {
    share(false);
}
