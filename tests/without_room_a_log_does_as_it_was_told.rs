//! If a log cannot create a segment, it drops entries, waits, or overwrites the oldest segment, as configured. It
//! counts each entry that it does not write, and records the count when space is available again. A log does not sync a
//! segment again that failed before.
//!
//! Failpoints simulate the errors here. Other tests use full disks and real errors.

mod common {
    pub mod logs;
}

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::logs::{self, Numbered};
use fusewire::Severity;
use fusewire::log::{DropCause, Durability, FlushError, Log, OnFull, Outcome};
use fusewire::segment::SegmentOptions;

static FULL: AtomicBool = AtomicBool::new(false);
static FAULTY: AtomicBool = AtomicBool::new(false);
static HUNG: AtomicBool = AtomicBool::new(false);
static ALONE: Mutex<()> = Mutex::new(());

/// A lock for the failpoints, which all tests of the process share.
struct Faults(#[expect(dead_code, reason = "held")] MutexGuard<'static, ()>);

impl Faults {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        fusewire::failpoint::set(|point| match point {
            "make" => {
                while HUNG.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(1));
                }
                FULL.load(Ordering::SeqCst)
            }
            "sync" => FAULTY.load(Ordering::SeqCst),
            _ => false,
        });
        Self(alone)
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        FULL.store(false, Ordering::SeqCst);
        FAULTY.store(false, Ordering::SeqCst);
        HUNG.store(false, Ordering::SeqCst);
    }
}

fn append(log: &Log, severity: Severity, n: u64) -> Outcome {
    log.append(|entry| {
        entry.set_severity(severity);
        Numbered { thread: 0, n, text: 500 }.write(entry);
    })
}

/// Waits until `done` returns true.
///
/// # Panics
/// Panics after 120 s.
fn until(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(120), "what was waited for does not happen");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Checks that every appended entry exists or is counted, and that the loss records contain the counts.
fn adds_up(log: Log, directory: &Path, written: &[u64]) {
    let drops = log.stats().drops;
    drop(log);
    let read = logs::read(directory);
    assert_eq!(read.threads(500).remove(&0).unwrap_or_default(), written);
    assert_eq!(read.lost, []);
    assert_eq!(read.losses.iter().map(|(count, _)| count).sum::<u64>(), drops.total());
    for cause in DropCause::ALL {
        let told = read.losses.iter().flat_map(|(_, causes)| causes).filter(|(name, _)| name == cause.name());
        assert_eq!(told.map(|(_, count)| count).sum::<u64>(), drops.by_cause(cause), "{}", cause.name());
    }
}

#[test]
fn what_room_is_left_is_for_severe_entries() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .on_full(OnFull::DropBelow(Severity::WARN))
        .open()
        .unwrap();
    FULL.store(true, Ordering::SeqCst);
    let (mut n, mut written) = (0, Vec::new());
    let mut put = |severity| {
        let outcome = append(&log, severity, n);
        written.extend(outcome.is_written().then_some(n));
        n += 1;
        outcome
    };
    // If the log cannot create another segment, it drops entries below WARN. The worker must detect the failure before
    // the segment is full. It creates the next segment when an eighth of this one, 2 KiB, is used.
    until(|| {
        let dropped = put(Severity::INFO) == Outcome::Dropped(DropCause::BelowSeverity);
        until(|| log.stats().bytes < 3 << 10 || log.stats().failed_segments > 0);
        dropped
    });
    assert!(put(Severity::WARN).is_written());
    assert_eq!(put(Severity::INFO), Outcome::Dropped(DropCause::BelowSeverity));
    // The disk has no space at all.
    until(|| put(Severity::ERROR) == Outcome::Dropped(DropCause::Full));
    assert_eq!(put(Severity::INFO), Outcome::Dropped(DropCause::BelowSeverity));
    FULL.store(false, Ordering::SeqCst);
    until(|| put(Severity::INFO).is_written());
    let drops = log.stats().drops;
    assert_eq!(drops.total() + written.len() as u64, n);
    assert!(drops.count(Severity::INFO, DropCause::BelowSeverity) >= 3);
    assert!(drops.by_severity(Severity::ERROR) >= 1);
    adds_up(log, directory.path(), &written);
}

#[test]
fn an_append_waits_for_room_as_long_as_it_was_told() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    let log = |timeout| {
        Log::options(directory.path())
            .segment_size(SegmentOptions::MIN_SIZE)
            .on_full(OnFull::Block(timeout))
            .open()
            .unwrap()
    };
    let impatient = log(Duration::from_millis(5));
    FULL.store(true, Ordering::SeqCst);
    let mut written = Vec::new();
    let mut n = 0;
    until(|| {
        let outcome = append(&impatient, Severity::INFO, n);
        written.extend(outcome.is_written().then_some(n));
        n += 1;
        outcome == Outcome::Dropped(DropCause::TimedOut)
    });
    FULL.store(false, Ordering::SeqCst);
    until(|| append(&impatient, Severity::INFO, n).is_written());
    written.push(n);
    adds_up(impatient, directory.path(), &written);

    let directory = tempfile::tempdir().unwrap();
    let patient = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .on_full(OnFull::Block(Duration::from_secs(600)))
        .open()
        .unwrap();
    FULL.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        let appending = scope.spawn(|| (0..200).all(|n| append(&patient, Severity::INFO, n).is_written()));
        until(|| patient.stats().failed_segments > 2);
        assert!(!appending.is_finished());
        FULL.store(false, Ordering::SeqCst);
        assert!(appending.join().unwrap());
    });
    adds_up(patient, directory.path(), &(0..200).collect::<Vec<_>>());
}

#[test]
fn a_disk_that_does_not_answer_holds_no_append_up_for_ever() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    // The next segment exists. The log cannot create the segment after it.
    let (mut n, mut written) = (0, Vec::new());
    while log.stats().bytes < SegmentOptions::MIN_SIZE / 4 {
        assert!(append(&log, Severity::INFO, n).is_written());
        written.push(n);
        n += 1;
    }
    until(|| log.stats().segments == 2);
    HUNG.store(true, Ordering::SeqCst);
    until(|| {
        let outcome = append(&log, Severity::INFO, n);
        written.extend(outcome.is_written().then_some(n));
        n += 1;
        outcome == Outcome::Dropped(DropCause::Full)
    });
    HUNG.store(false, Ordering::SeqCst);
    until(|| {
        let outcome = append(&log, Severity::INFO, n);
        written.extend(outcome.is_written().then_some(n));
        n += 1;
        outcome.is_written()
    });
    adds_up(log, directory.path(), &written);
}

#[test]
fn a_log_that_finds_no_room_at_first_begins_when_there_is_some() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    FULL.store(true, Ordering::SeqCst);
    let log = Log::options(directory.path()).segment_size(SegmentOptions::MIN_SIZE).open().unwrap();
    for n in 0..10 {
        assert_eq!(append(&log, Severity::INFO, n), Outcome::Dropped(DropCause::Full));
    }
    log.flush(Durability::Disk, Duration::from_secs(60)).unwrap();
    FULL.store(false, Ordering::SeqCst);
    let mut n = 10;
    until(|| {
        n += 1;
        append(&log, Severity::INFO, n).is_written()
    });
    assert_eq!(log.stats().entries, 1);
    adds_up(log, directory.path(), &[n]);
}

#[test]
fn the_budget_is_never_passed_and_the_newest_stay() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    let budget = 10 * SegmentOptions::MIN_SIZE;
    let look = || -> Vec<(u64, u64)> {
        let files = std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().metadata());
        let files = files.filter_map(Result::ok).map(|metadata| (metadata.ino(), metadata.blocks() * 512));
        files.collect()
    };
    // If a file is deleted and another one is created during a count, the count can include both.
    let taken = || loop {
        let (before, after) = (look(), look());
        if before == after {
            break before.iter().map(|(_, bytes)| bytes).sum::<u64>();
        }
    };
    // The budget is too small for segments of the default size, so the log creates smaller segments.
    let log = Log::options(directory.path()).max_total_bytes(budget).open().unwrap();
    let mut late = 0;
    for n in 0..2_000 {
        // A disk that is late drops entries.
        until(|| {
            let is_written = append(&log, Severity::INFO, n).is_written();
            late += u64::from(!is_written);
            is_written
        });
        assert!(taken() <= budget, "{} of {budget}", taken());
    }
    let stats = log.stats();
    assert!(stats.deleted_segments > 0 && stats.drops.total() == late, "{stats:?}");
    drop(log);
    let kept = logs::read(directory.path()).threads(500).remove(&0).unwrap();
    // The remaining entries are the last entries without a gap, and use at least half of the budget.
    assert_eq!(kept.last(), Some(&1_999));
    assert!(kept.windows(2).all(|pair| pair[0] + 1 == pair[1]));
    assert!(taken() > budget / 2, "{}", taken());
}

#[test]
fn a_budget_without_leave_to_delete_keeps_the_oldest() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .max_total_bytes(6 * SegmentOptions::MIN_SIZE)
        .on_full(OnFull::DropBelow(Severity::UNSPECIFIED))
        .open()
        .unwrap();
    let written: Vec<_> = (0..1_000).filter(|n| append(&log, Severity::INFO, *n).is_written()).collect();
    // The oldest entries are written. After them, only a like entry with the text of its base fits into the last segment. These
    // entries have the same letter and length.
    let oldest = (0..).zip(&written).take_while(|(n, found)| n == *found).count();
    let shorter = &written[oldest..];
    assert!(oldest > 50 && shorter.iter().all(|n| n % (26 * 7) == shorter[0] % (26 * 7)), "{written:?}");
    assert_eq!(log.stats().drops.by_cause(DropCause::Full), 1_000 - written.len() as u64);
    adds_up(log, directory.path(), &written);
}

#[test]
fn a_disk_that_fails_is_left_until_its_segment_is_written_anew() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    assert!(append(&log, Severity::INFO, 0).is_written());
    FAULTY.store(true, Ordering::SeqCst);
    let failed = log.flush(Durability::Disk, Duration::from_secs(60));
    assert!(matches!(failed, Err(FlushError::Io(_))), "{failed:?}");
    FAULTY.store(false, Ordering::SeqCst);
    assert!(append(&log, Severity::INFO, 1).is_written());
    log.flush(Durability::Disk, Duration::from_secs(60)).unwrap();
    let stats = log.stats();
    assert_eq!((stats.sync_errors, stats.rotations), (1, 1));
    let durable: Vec<_> = logs::segments(directory.path())
        .iter()
        .map(|(_, segment)| (segment.header().unwrap().sequence, segment.durable_up_to() > 0))
        .collect();
    assert_eq!(durable[..2], [(0, true), (1, true)]);
    adds_up(log, directory.path(), &[0, 1]);
}

#[test]
fn what_others_left_behind_is_cleared_away_and_what_they_wrote_is_not() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    // A killed process left a segment that is not sealed and an empty prepared segment.
    let options = |sequence| {
        let mut options = SegmentOptions::default();
        (options.size, options.sequence) = (SegmentOptions::MIN_SIZE, sequence);
        options
    };
    let path = |name: &str| directory.path().join(name);
    let mut used = fusewire::segment::SegmentWriter::create(&path("0-used.fws"), &options(0)).unwrap();
    used.append(|entry| Numbered { thread: 0, n: 0, text: 500 }.write(entry)).unwrap();
    drop(used);
    drop(fusewire::segment::SegmentWriter::create(&path("1-spare.fws"), &options(1)).unwrap());
    // A segment of a live process that has not written an entry.
    let living = fusewire::segment::SegmentWriter::create(&path("2-living.fws"), &options(0)).unwrap();
    let young = path(".3.fws.12345678.tmp");
    std::fs::write(&young, b"").unwrap();
    let old = path(".4.fws.12345678.tmp");
    let file = std::fs::File::create(&old).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(3600)).unwrap();
    drop(file);
    let log = Log::options(directory.path()).open().unwrap();
    assert!(path("0-used.fws").exists() && path("2-living.fws").exists() && young.exists());
    assert!(!path("1-spare.fws").exists() && !old.exists());
    drop((log, living));
}

#[test]
fn one_record_tells_of_many_losses() {
    let _faults = Faults::new();
    let directory = tempfile::tempdir().unwrap();
    // These limits would drop the content of an ordinary entry.
    let limits = fusewire::Limits { max_depth: 0, max_width: 1, ..fusewire::Limits::default() };
    let log = Log::options(directory.path()).limits(limits).open().unwrap();
    // The cause of these drops is not a lack of space.
    for _ in 0..500 {
        log.append(|_| _ = log.append(|entry| entry.set_body("inner")));
        thread::yield_now();
    }
    assert_eq!(log.stats().drops.by_cause(DropCause::Reentrant), 500);
    drop(log);
    let losses = logs::read(directory.path()).losses;
    assert_eq!(losses.iter().map(|(count, _)| count).sum::<u64>(), 500);
    assert!(losses.len() < 250, "{} records", losses.len());
}
