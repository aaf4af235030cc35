//! On a full or read-only disk, a log obeys its `OnFull` policy, never hangs and never dies of SIGBUS. The log
//! counts each dropped entry and records the count in a loss record. When the disk has space again, the log writes
//! entries again. Every acknowledged entry is readable.
#![cfg(target_os = "linux")]

mod common {
    pub mod disks;
    pub mod ledger;
    pub mod victims;
}

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::disks::{Disk, Kind, disk_or_skip};
use common::ledger::{Found, Mark, Receipts, found_at_rest, receipts};
use common::victims::{self, Scene, order, wait_until};
use fusewire::Severity;
use fusewire::log::{DropCause, Log, OnFull, Stats};

const THREADS: u64 = 2;
const SEGMENT: u64 = 128 << 10;
/// The number of entries that the log must drop before the disk has space again.
const DROPS: u64 = 60;

const MODES: [&str; 3] = ["overwrite", "drop", "block"];

fn mode(name: &str) -> OnFull {
    match name {
        "overwrite" => OnFull::OverwriteOldest,
        "drop" => OnFull::DropBelow(Severity::WARN),
        "block" => OnFull::Block(Duration::from_millis(3)),
        other => panic!("{other}"),
    }
}

/// Appends until the disk is full, and again for a short time after the disk has space. Then writes a report.
#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let log = Log::options(directory)
        .segment_size(SEGMENT)
        .on_full(mode(&order::<String>("MODE").unwrap()))
        .self_contained(order("FULL").unwrap())
        .unbounded();
    let log = if order("SYNC").unwrap() { log.sync_every(Duration::from_millis(1)) } else { log };
    let log = log.open().unwrap();
    let (ending, appended) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, ending, appended) = (&log, &ending, &appended);
            let mut receipts = Receipts::begin(&receipts, (0, thread));
            scope.spawn(move || {
                for n in (0..).take_while(|_| !ending.load(Ordering::Relaxed)) {
                    let mark = Mark { author: (0, thread), n };
                    appended.fetch_add(1, Ordering::Relaxed);
                    match log.append(|entry| mark.write(entry)).is_written() {
                        true => receipts.add(n),
                        false => thread::sleep(Duration::from_micros(100)),
                    }
                }
            });
        }
        // A log in overwrite mode deletes old segments to get space, if it has old segments.
        let deletes = order("DELETES").unwrap();
        let full = |stats: Stats| {
            if deletes { stats.deleted_segments >= 5 } else { stats.drops.total() >= DROPS }
        };
        wait_until("the disk is full", || full(log.stats()));
        std::fs::write(receipts.with_extension("full"), "").unwrap();
        wait_until("there is room", || receipts.with_extension("room").exists());
        let written = log.stats().entries;
        wait_until("the log goes on", || log.stats().entries > written + 500);
        ending.store(true, Ordering::Relaxed);
    });
    let stats = log.stats();
    let mut report = format!("appended {}\nwritten {}\n", appended.into_inner(), stats.entries);
    report += &format!("dropped {}\ndeleted {}\n", stats.drops.total(), stats.deleted_segments);
    for cause in DropCause::ALL {
        report += &format!("cause:{} {}\n", cause.name(), stats.drops.by_cause(cause));
    }
    for severity in (0..=24).map(Severity::from_number) {
        let name = severity.name().unwrap_or("OTHER");
        report += &format!("severity:{name} {}\n", stats.drops.by_severity(severity));
    }
    drop(log);
    std::fs::write(receipts.with_extension("report"), report).unwrap();
}

/// The counts that a victim reports.
struct Report(BTreeMap<String, u64>);

impl Report {
    fn get(&self, key: &str) -> u64 {
        self.0[key]
    }

    /// Returns the counts that are not zero and whose keys begin with `prefix`.
    fn counts(&self, prefix: &str) -> BTreeMap<String, u64> {
        let named = self.0.iter().filter_map(|(key, count)| Some((key.strip_prefix(prefix)?, *count)));
        named.filter(|(_, count)| *count > 0).map(|(key, count)| (key.to_owned(), count)).collect()
    }
}

/// Runs a victim in `mode` on `disk`. The disk is full until `make_room` is called. The victim writes each entry in full, or
/// also like entries.
fn run(
    disk: &Disk,
    mode: &str,
    (deletes, full): (bool, bool),
    make_room: impl FnOnce(),
) -> (Report, Found, Scene) {
    let scene = Scene::with_log(disk.root().join("log"));
    let orders: [(&str, &dyn ToString); 4] =
        [("MODE", &mode), ("SYNC", &false), ("DELETES", &deletes), ("FULL", &full)];
    let mut victim = scene.start("victim", 0, &orders);
    let full = scene.receipts.with_extension("full");
    wait_until("the victim finds the disk full", || full.exists() || victim.ended().is_some());
    make_room();
    std::fs::write(scene.receipts.with_extension("room"), "").unwrap();
    victim.succeed();
    let report = std::fs::read_to_string(scene.receipts.with_extension("report")).unwrap();
    let numbers = report.lines().map(|line| line.split_once(' ').unwrap());
    let report = Report(numbers.map(|(key, count)| (key.to_owned(), count.parse().unwrap())).collect());
    (report, found_at_rest(&scene.log), scene)
}

/// Checks that every appended entry exists or is counted, and that the loss records contain the counts.
fn adds_up(report: &Report, found: &Found, scene: &Scene) {
    let receipts = receipts(&scene.receipts);
    let acknowledged: usize = receipts.values().map(Vec::len).sum();
    assert_eq!(acknowledged as u64, report.get("written"));
    assert_eq!(report.get("appended"), report.get("written") + report.get("dropped"));
    let told = |of: fn(&common::ledger::Loss) -> &BTreeMap<String, u64>| {
        let mut sums = BTreeMap::<String, u64>::new();
        for (name, count) in found.losses.iter().flat_map(of) {
            *sums.entry(name.clone()).or_default() += count;
        }
        sums
    };
    if report.get("deleted") > 0 {
        found.holds_the_end_of(&receipts);
        assert!(found.losses.iter().map(|loss| loss.count).sum::<u64>() <= report.get("dropped"));
        return;
    }
    found.holds(&receipts);
    assert_eq!(found.losses.iter().map(|loss| loss.count).sum::<u64>(), report.get("dropped"));
    assert_eq!(told(|loss| &loss.by_cause), report.counts("cause:"));
    assert_eq!(told(|loss| &loss.by_severity), report.counts("severity:"));
}

/// Another file and the log fill the disk while the log runs.
fn fills_up(kind: Kind) {
    for mode in MODES {
        let Some(disk) = disk_or_skip(kind, 8 << 20) else { return };
        std::fs::create_dir(disk.root().join("log")).unwrap();
        disk.fill(1 << 20);
        let (report, found, scene) = run(&disk, mode, (mode == "overwrite", false), || disk.empty());
        adds_up(&report, &found, &scene);
        let expected = match mode {
            // This mode can drop a few entries while the log still seals the oldest segment.
            "overwrite" => continue,
            "drop" => "below_severity",
            _ => "timed_out",
        };
        assert!(report.get("dropped") >= DROPS && report.counts("cause:").contains_key(expected), "{mode}");
    }
}

#[test]
fn a_tmpfs_that_fills_up() {
    fills_up(Kind::Tmpfs);
}

#[test]
fn an_ext4_that_fills_up() {
    fills_up(Kind::Ext4);
}

/// The disk is full before the log is opened.
fn is_full(kind: Kind) {
    for mode in MODES {
        let Some(disk) = disk_or_skip(kind, 8 << 20) else { return };
        std::fs::create_dir(disk.root().join("log")).unwrap();
        disk.fill(0);
        let (report, found, scene) = run(&disk, mode, (false, true), || disk.empty());
        adds_up(&report, &found, &scene);
        assert!(report.get("dropped") >= DROPS && report.get("written") > 500, "{mode}");
    }
}

#[test]
fn a_tmpfs_that_is_full() {
    is_full(Kind::Tmpfs);
}

#[test]
fn an_ext4_that_is_full() {
    is_full(Kind::Ext4);
}

/// On a read-only file system, the error of `open` names the directory. When the file system is writable, the log
/// opens.
fn is_read_only(kind: Kind) {
    for mode in MODES {
        let Some(disk) = disk_or_skip(kind, 8 << 20) else { return };
        let directory = disk.root().join("log");
        std::fs::create_dir(&directory).unwrap();
        let open = || Log::options(&directory).segment_size(SEGMENT).on_full(self::mode(mode)).open();
        disk.remount("ro");
        let error = open().err().expect("the file system is read-only");
        assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
        assert!(error.to_string().starts_with(directory.to_str().unwrap()), "{error}");
        disk.remount("rw");
        let log = open().unwrap();
        let mark = Mark { author: (0, 0), n: 0 };
        assert!(log.append(|entry| mark.write(entry)).is_written());
        drop(log);
        assert_eq!(found_at_rest(&directory).entries[&(0, 0)].len(), 1);
    }
}

#[test]
fn a_tmpfs_that_is_read_only() {
    is_read_only(Kind::Tmpfs);
}

#[test]
fn an_ext4_that_is_read_only() {
    is_read_only(Kind::Ext4);
}

/// An error makes the file system read-only while the log writes and syncs.
#[test]
fn an_ext4_that_breaks() {
    for mode in MODES {
        let Some(disk) = disk_or_skip(Kind::Ext4, 16 << 20) else { return };
        let scene = Scene::with_log(disk.root().join("log"));
        let orders: [(&str, &dyn ToString); 4] =
            [("MODE", &mode), ("SYNC", &true), ("DELETES", &false), ("FULL", &false)];
        let mut victim = scene.start("victim", 0, &orders);
        wait_until("the first entry", || scene.has_begun(0, 0) || victim.ended().is_some());
        disk.remount("abort");
        let full = scene.receipts.with_extension("full");
        wait_until("the victim finds the disk full", || full.exists() || victim.ended().is_some());
        victim.kill();
        victim.die();
        found_at_rest(&scene.log).holds(&receipts(&scene.receipts));
    }
}
