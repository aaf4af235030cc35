//! If a log cannot create another segment, the loss record of its drops is in the last segment after the close. Entries that
//! are shorter than a loss record do not take its space.

mod common {
    pub mod logs;
    pub mod watchdog;
}

use common::logs;
use common::watchdog::{Watchdog, until};
use fusewire::Severity;
use fusewire::log::{DropCause, Log, OnFull, Outcome};
use fusewire::segment::SegmentOptions;

fn append(log: &Log, severity: Severity, n: u64) -> Outcome {
    log.append(|entry| {
        entry.set_severity(severity);
        entry.attr("n", &n);
    })
}

/// Fills a log until its byte budget is used up, and appends entries of `severities`. Then closes the log, and checks that the
/// loss records contain each drop.
fn fill(self_contained: bool, severities: &[Severity]) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path())
        .segment_size(SegmentOptions::MIN_SIZE)
        .max_total_bytes(6 * SegmentOptions::MIN_SIZE)
        .on_full(OnFull::DropBelow(Severity::WARN))
        .self_contained(self_contained)
        .open()
        .unwrap();
    let (mut n, mut written) = (0, 0);
    let mut put = |severity| {
        let outcome = append(&log, severity, n);
        n += 1;
        written += usize::from(outcome.is_written());
        outcome
    };
    until("the budget is used up", || {
        // A late preallocator also drops entries. Then a segment follows.
        (0..1_000).any(|_| put(Severity::ERROR) == Outcome::Dropped(DropCause::Full))
            && log.stats().failed_segments > 0
    });
    severities.iter().for_each(|severity| _ = put(*severity));
    let drops = log.stats().drops;
    drop(log);
    let read = logs::read(directory.path());
    assert_eq!((read.entries.len(), read.lost.len()), (written, 0));
    let count = |cause: DropCause| {
        let causes = read.losses.iter().flat_map(|(_, causes)| causes);
        causes.filter(|(name, _)| name == cause.name()).map(|(_, count)| count).sum::<u64>()
    };
    for cause in DropCause::ALL {
        assert_eq!(count(cause), drops.by_cause(cause), "{}", cause.name());
    }
    assert_eq!(read.losses.iter().map(|(count, _)| count).sum::<u64>(), drops.total());
    assert!(drops.total() > 0);
}

#[test]
fn short_like_entries_leave_the_space() {
    let _watchdog = Watchdog::over("short like entries");
    fill(false, &[Severity::INFO, Severity::FATAL]);
}

#[test]
fn short_full_entries_leave_the_space() {
    let _watchdog = Watchdog::over("short full entries");
    fill(true, &[Severity::INFO, Severity::FATAL]);
}

#[test]
fn the_longest_loss_record_fits() {
    let _watchdog = Watchdog::over("the longest loss record");
    let all: Vec<_> = (0..=25).map(Severity::from_number).collect();
    fill(false, &all);
}
