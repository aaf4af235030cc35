//! A copy with shared blocks (`cp --reflink`) makes the blocks of a live segment copy-on-write again. On a full disk a store to
//! such a block raises SIGBUS. The process survives, counts the entries that it lost, and every other acknowledged entry is
//! readable. No frame passes for damaged.
#![cfg(target_os = "linux")]

mod common {
    pub mod disks;
    pub mod ledger;
    pub mod victims;
}

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::disks::{Kind, disk_or_skip};
use common::ledger::{Mark, Receipts, receipts};
use common::victims::{self, Scene, order, wait_until};
use fusewire::Severity;
use fusewire::log::{DropCause, Durability, Log, LogEvent, LogReader, OnFull};
use fusewire::segment::{FrameFault, LostRange, LostReason};

const THREADS: u64 = 2;
/// Entries of each thread after the disk is full.
const AFTER: u64 = 20_000;

#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let log = Log::options(directory)
        .first_segment_size(4 << 20)
        .segment_size(4 << 20)
        .on_full(OnFull::DropBelow(Severity::UNSPECIFIED))
        .self_contained(order("FULL").unwrap())
        .unbounded()
        .open()
        .unwrap();
    let (is_full, appended) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, is_full, appended) = (&log, &is_full, &appended);
            let mut receipts = Receipts::begin(&receipts, (0, thread));
            scope.spawn(move || {
                let mut after = 0;
                for n in 0.. {
                    let mark = Mark { author: (0, thread), n };
                    appended.fetch_add(1, Ordering::Relaxed);
                    if log.append(|entry| mark.write(entry)).is_written() {
                        receipts.add(n);
                    }
                    if is_full.load(Ordering::Relaxed) {
                        after += 1;
                    } else {
                        thread::sleep(Duration::from_millis(1));
                    }
                    if after == AFTER {
                        return;
                    }
                }
            });
        }
        wait_until("the disk is full", || receipts.with_extension("full").exists());
        is_full.store(true, Ordering::Relaxed);
    });
    // The disk has no room for what a sync may need.
    let _ = log.flush(Durability::Process, Duration::from_secs(60));
    log.shutdown(Duration::from_secs(60)).unwrap();
    let (stats, mut report) = (log.stats(), String::new());
    for (name, number) in [
        ("appended", appended.into_inner()),
        ("written", stats.entries),
        ("dropped", stats.drops.total()),
        ("removed", stats.drops.by_cause(DropCause::Removed)),
    ] {
        report += &format!("{name} {number}\n");
    }
    std::fs::write(receipts.with_extension("report"), report).unwrap();
}

fn on(kind: Kind, bytes: u64) {
    for self_contained in [true, false] {
        on_in_format(kind, bytes, self_contained);
    }
}

fn on_in_format(kind: Kind, bytes: u64, self_contained: bool) {
    let Some(disk) = disk_or_skip(kind, bytes) else { return };
    let scene = Scene::with_log(disk.root().join("log"));
    std::fs::create_dir(&scene.log).unwrap();
    let mut victim = scene.start("victim", 0, &[("FULL", &self_contained)]);
    wait_until("entries of each thread", || (0..THREADS).all(|thread| scene.has_begun(0, thread)));
    let copied = Command::new("cp")
        .args(["-r", "--reflink=always"])
        .args([&scene.log, &disk.root().join("copy")])
        .status()
        .unwrap();
    assert!(copied.success());
    // By writing, and to the last byte.
    let _ = Command::new("dd")
        .args(["if=/dev/zero", "bs=64k", "status=none"])
        .arg(format!("of={}", disk.root().join("fill").display()))
        .status();
    let _ = Command::new("sync").arg("-f").arg(disk.root()).status();
    std::fs::write(scene.receipts.with_extension("full"), "").unwrap();
    victim.succeed();

    let report = std::fs::read_to_string(scene.receipts.with_extension("report")).unwrap();
    let numbers = report.lines().map(|line| line.split_once(' ').unwrap());
    let report: BTreeMap<_, u64> = numbers.map(|(key, count)| (key, count.parse().unwrap())).collect();
    let acknowledged = receipts(&scene.receipts);
    let (mut found, mut losses, mut expanded) = (0, Vec::new(), Vec::new());
    let mut reader = LogReader::options().open(std::slice::from_ref(&scene.log)).unwrap();
    let mut left: BTreeMap<_, _> =
        acknowledged.iter().map(|(author, numbers)| (*author, numbers.iter().copied().peekable())).collect();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => {
                let mark = Mark::of(&entry);
                assert!(entry.to_bytes(&mut expanded).unwrap() == mark.bytes(), "{mark:?}");
                // In order, and each once.
                let numbers = left.get_mut(&mark.author).unwrap();
                assert!(numbers.by_ref().any(|n| n == mark.n), "{mark:?} was not acknowledged, or is twice");
                found += 1;
            }
            LogEvent::Lost { range, .. } if range.is_loss() => losses.push(range),
            LogEvent::Frame { .. } | LogEvent::Lost { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    let written: u64 = acknowledged.values().map(|numbers| numbers.len() as u64).sum();
    let removed = report["removed"];
    println!("{kind:?}: {report:?}, {found} readable, {losses:?}");
    assert_eq!(report["written"], written);
    assert_eq!(report["appended"], written + report["dropped"] - removed);
    assert_eq!(found + removed, written);
    // A frame that no append has returned for is an incomplete append, and not a damaged frame.
    let is_damage =
        |range: &LostRange| matches!(range.reason, LostReason::Damaged(FrameFault::Checksum { .. }));
    assert!(!losses.iter().any(is_damage), "{losses:?}");
}

#[test]
fn on_xfs() {
    on(Kind::Xfs, 400 << 20);
}

#[test]
fn on_btrfs() {
    on(Kind::Btrfs, 400 << 20);
}
