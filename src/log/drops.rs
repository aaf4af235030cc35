//! What was not written: counted by severity and cause, and told in the log.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::encode::{EntryWriter, LogValue, ValueWriter};
use crate::severity::Severity;
use crate::time::Timestamp;

use super::outcome::DropCause;
use crate::segment::create::unix_nanos_now;

/// Severities 0 to 24, and one for all numbers beyond.
const SEVERITIES: usize = 26;
const CAUSES: usize = DropCause::ALL.len();

/// Counts of dropped entries, by severity and cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    counts: [[u64; CAUSES]; SEVERITIES],
}

impl Drops {
    /// Entries of `severity` dropped for `cause`. Severities beyond 24 are counted as one.
    #[must_use]
    pub fn count(&self, severity: Severity, cause: DropCause) -> u64 {
        self.counts[index(severity)][cause as usize]
    }

    /// Entries dropped for `cause`.
    #[must_use]
    pub fn by_cause(&self, cause: DropCause) -> u64 {
        self.counts.iter().map(|causes| causes[cause as usize]).sum()
    }

    /// Entries of `severity` dropped.
    #[must_use]
    pub fn by_severity(&self, severity: Severity) -> u64 {
        self.counts[index(severity)].iter().sum()
    }

    /// Entries dropped.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.as_flattened().iter().sum()
    }

    /// What came after `before`.
    fn since(&self, before: &Self) -> Self {
        let mut drops = *self;
        for (count, before) in drops.counts.as_flattened_mut().iter_mut().zip(before.counts.as_flattened()) {
            *count -= before;
        }
        drops
    }
}

fn index(severity: Severity) -> usize {
    usize::from(severity.number()).min(SEVERITIES - 1)
}

/// The counters behind [`Drops`].
pub(super) struct DropCounters {
    counts: [[AtomicU64; CAUSES]; SEVERITIES],
    /// Of those that no loss record tells of: when the first was dropped, and the last. 0: none.
    first: AtomicU64,
    last: AtomicU64,
}

impl DropCounters {
    pub(super) fn new() -> Self {
        Self {
            counts: [const { [const { AtomicU64::new(0) }; CAUSES] }; SEVERITIES],
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
        }
    }

    /// Counts an entry. Whether it is the first one that no loss record tells of.
    #[cold]
    pub(super) fn add(&self, severity: Severity, cause: DropCause) -> bool {
        let now = unix_nanos_now();
        self.last.store(now, Ordering::Relaxed);
        self.counts[index(severity)][cause as usize].fetch_add(1, Ordering::Relaxed);
        self.first.compare_exchange(0, now, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Counts entries of unknown severity.
    pub(super) fn add_all(&self, cause: DropCause, count: u64) {
        if count > 0 {
            self.add(Severity::UNSPECIFIED, cause);
            self.counts[0][cause as usize].fetch_add(count - 1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Drops {
        let mut drops = Drops::default();
        for (count, counter) in drops.counts.as_flattened_mut().iter_mut().zip(self.counts.as_flattened()) {
            *count = counter.load(Ordering::Relaxed);
        }
        drops
    }

    /// All to zero: for a process that has just been forked off.
    pub(super) fn reset(&self) {
        let times = [&self.first, &self.last];
        self.counts
            .as_flattened()
            .iter()
            .chain(times)
            .for_each(|counter| counter.store(0, Ordering::Relaxed));
    }
}

/// What has been told in the log already.
#[derive(Default)]
pub(super) struct Told(Drops);

/// What a loss record says.
pub(super) struct Loss {
    drops: Drops,
    after: Drops,
    since: u64,
    until: u64,
}

impl Told {
    /// What there is to tell, if anything.
    pub(super) fn untold(&self, counters: &DropCounters) -> Option<Loss> {
        // Drops go on meanwhile. Every one is counted in one record; its time may be told by the next one, too.
        let since = counters.first.swap(0, Ordering::Acquire);
        let after = counters.read();
        let drops = after.since(&self.0);
        let until = counters.last.load(Ordering::Relaxed);
        (drops.total() > 0).then_some(Loss { drops, after, since, until })
    }

    /// Remembers that `loss` is in the log.
    pub(super) fn tell(&mut self, loss: &Loss) {
        self.0 = loss.after;
    }

    /// Puts back what could not be told.
    pub(super) fn keep(&self, loss: &Loss, counters: &DropCounters) {
        if loss.since != 0 {
            counters.first.store(loss.since, Ordering::Relaxed);
        }
    }
}

impl Loss {
    /// Writes the record: an entry like another, in a frame of its own kind.
    pub(super) fn write_to(&self, entry: &mut EntryWriter<'_>) {
        entry.set_time_unix_nano(unix_nanos_now());
        entry.set_severity(Severity::WARN);
        entry.set_target("fusewire");
        entry.set_body("entries were not written");
        entry.attr("count", &self.drops.total());
        let mut attributes = entry.attributes();
        attributes.entry("dropped", &BySeverity(&self.drops)).entry("causes", &ByCause(&self.drops));
        for (key, nanos) in [("since", self.since), ("until", self.until)] {
            if let Some(nanos) = i64::try_from(nanos).ok().filter(|nanos| *nanos != 0) {
                attributes.entry(key, &Timestamp::from_unix_nanos(nanos));
            }
        }
    }
}

/// The counts of severities that lost something, by the severities' names.
struct BySeverity<'a>(&'a Drops);

impl LogValue for BySeverity<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut map = out.map();
        for number in 0..=25 {
            let severity = Severity::from_number(number);
            let count = self.0.by_severity(severity);
            if count > 0 {
                map.entry(severity.name().unwrap_or("OTHER"), &count);
            }
        }
    }
}

/// The counts of causes that lost something, by the causes' names.
struct ByCause<'a>(&'a Drops);

impl LogValue for ByCause<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        let mut map = out.map();
        for cause in DropCause::ALL {
            let count = self.0.by_cause(cause);
            if count > 0 {
                map.entry(cause.name(), &count);
            }
        }
    }
}
