//! Counts of good and bad entries by objective, target and minute, in bounded memory.

use std::collections::HashMap;

use fusewire::Severity;
use fusewire::log::{Found, Visitor};
use fusewire::query::aggregate::Numbers;

use super::objective::Objective;

/// Maximum number of separate targets, of all objectives together.
const TARGETS: usize = 1_000;

/// Maximum number of separate minutes, of all targets together: about one week of 20 targets.
const MINUTES: usize = 200_000;

pub(crate) const MINUTE: u64 = 60_000_000_000;

/// Numbers of entries by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) total: u64,
    /// Entries with a duration above the threshold.
    pub(crate) slow: u64,
    /// Entries with the level error or above.
    pub(crate) failed: u64,
    /// Entries that are slow, failed or both.
    pub(crate) bad: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.total += other.total;
        self.slow += other.slow;
        self.failed += other.failed;
        self.bad += other.bad;
    }
}

/// A bad entry for the report.
#[derive(Clone, Debug)]
pub(crate) struct Culprit {
    /// Duration in nanoseconds.
    pub(crate) latency: f64,
    pub(crate) time: u64,
    /// Trace id; 0 if the entry has none.
    pub(crate) trace_id: u128,
    pub(crate) level: Severity,
    pub(crate) message: String,
}

/// The counts of a target.
#[derive(Clone, Debug, Default)]
pub(crate) struct Target {
    pub(crate) tally: Tally,
    /// Durations in nanoseconds.
    pub(crate) latencies: Numbers,
    /// Counts by minutes since the Unix epoch.
    pub(crate) minutes: HashMap<u64, Tally>,
    /// The slowest bad entries.
    pub(crate) culprits: Vec<Culprit>,
}

/// The counts of one thread of a scan.
pub(crate) struct Counter<'a> {
    objectives: &'a [Objective],
    /// Maximum number of stored bad entries for each target.
    keep: usize,
    /// Counts by objective and target.
    pub(crate) targets: HashMap<(usize, Box<str>), Target>,
    minutes: usize,
    /// Number of entries of further targets and minutes, beyond the maximum numbers.
    pub(crate) others: u64,
    /// The first and the last minute with an entry.
    pub(crate) span: Option<(u64, u64)>,
}

impl<'a> Counter<'a> {
    pub(crate) fn new(objectives: &'a [Objective], keep: usize) -> Self {
        Self { objectives, keep, targets: HashMap::new(), minutes: 0, others: 0, span: None }
    }

    fn add(&mut self, at: usize, found: &Found<'_>, latency: f64) {
        let entry = &found.entry;
        let (slow, failed) =
            (latency > self.objectives[at].threshold as f64, entry.severity() >= Severity::ERROR);
        let tally =
            Tally { total: 1, slow: slow.into(), failed: failed.into(), bad: (slow || failed).into() };
        let name = String::from_utf8_lossy(entry.target().as_bytes());
        let key = (at, Box::from(name.as_ref()));
        if self.targets.len() >= TARGETS && !self.targets.contains_key(&key) {
            self.others += 1;
            return;
        }
        let target = self.targets.entry(key).or_default();
        target.tally.add(tally);
        target.latencies.add(latency);
        let minute = entry.time_unix_nano() / MINUTE;
        // An entry without a time belongs to no minute.
        if minute > 0 {
            let (from, to) = self.span.unwrap_or((minute, minute));
            self.span = Some((from.min(minute), to.max(minute)));
            match target.minutes.get_mut(&minute) {
                Some(sum) => sum.add(tally),
                None if self.minutes >= MINUTES => self.others += 1,
                None => {
                    self.minutes += 1;
                    target.minutes.insert(minute, tally);
                }
            }
        }
        if slow || failed {
            let body = entry.body().as_bytes();
            let message = String::from_utf8_lossy(body.get(..200).unwrap_or(body)).into_owned();
            let culprit = Culprit {
                latency,
                time: entry.time_unix_nano(),
                trace_id: entry.trace().trace_id,
                level: entry.severity(),
                message,
            };
            target.take(culprit, self.keep);
        }
    }

    /// Adds the counts of another thread.
    pub(crate) fn merge(&mut self, other: Self) {
        self.others += other.others;
        for (key, found) in other.targets {
            let target = self.targets.entry(key).or_default();
            target.tally.add(found.tally);
            target.latencies.merge(found.latencies);
            for (minute, tally) in found.minutes {
                target.minutes.entry(minute).or_default().add(tally);
            }
            for culprit in found.culprits {
                target.take(culprit, self.keep);
            }
        }
        self.span = match (self.span, other.span) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }
}

impl Target {
    /// Stores a bad entry if it is one of the slowest.
    fn take(&mut self, culprit: Culprit, keep: usize) {
        let at = self.culprits.partition_point(|known| {
            known.latency.total_cmp(&culprit.latency).then(culprit.time.cmp(&known.time)).is_gt()
        });
        if at < keep {
            self.culprits.insert(at, culprit);
            self.culprits.truncate(keep);
        }
    }
}

impl Visitor for Counter<'_> {
    fn entry(&mut self, found: &Found<'_>) {
        for (at, objective) in self.objectives.iter().enumerate() {
            if let Some(latency) = objective.latency(&found.entry) {
                self.add(at, found, latency);
            }
        }
    }
}
