//! Dropped entries, counted by severity and cause and reported in loss records.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::encode::{EntryWriter, LogValue, ValueWriter};
use crate::severity::Severity;
use crate::time::Timestamp;

use super::outcome::DropCause;
use crate::map::clock::unix_nanos_now;

/// The severities 0 to 24, and one index for all numbers above 24.
const SEVERITIES: usize = 26;
const CAUSES: usize = DropCause::ALL.len();
/// The number of bytes of the longest frame of a loss record. Each segment of a log has this space for the last loss record.
pub(super) const LOSS_LEN: usize = 1_040;

/// The numbers of dropped entries, by severity and cause.
///
/// ```
/// use std::time::Duration;
/// use fusewire::Severity;
/// use fusewire::log::{DropCause, Log};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// log.shutdown(Duration::from_secs(30))?;
/// log.append(|entry| entry.set_severity(Severity::ERROR));
/// let drops = log.stats().drops;
/// assert_eq!(drops.count(Severity::ERROR, DropCause::Closed), 1);
/// assert_eq!((drops.by_severity(Severity::ERROR), drops.total()), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    counts: [[u64; CAUSES]; SEVERITIES],
}

impl Drops {
    /// Returns the number of entries of `severity` that were dropped for `cause`. All severities above 24 have one
    /// counter.
    #[must_use]
    pub fn count(&self, severity: Severity, cause: DropCause) -> u64 {
        self.counts[index(severity)][cause as usize]
    }

    /// Returns the number of entries that were dropped for `cause`.
    #[must_use]
    pub fn by_cause(&self, cause: DropCause) -> u64 {
        self.counts.iter().map(|causes| causes[cause as usize]).sum()
    }

    /// Returns the number of dropped entries of `severity`.
    #[must_use]
    pub fn by_severity(&self, severity: Severity) -> u64 {
        self.counts[index(severity)].iter().sum()
    }

    /// Returns the number of all dropped entries.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.as_flattened().iter().sum()
    }

    /// Returns the drops that were counted after `before`.
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

/// The atomic counters for [`Drops`].
pub(super) struct DropCounters {
    counts: [[AtomicU64; CAUSES]; SEVERITIES],
    /// The times of the first and the last dropped entry without a loss record, in nanoseconds since the Unix epoch.
    /// `first` is 0 if there is none.
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

    /// Counts an entry. Returns whether it is the first one without a loss record.
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

    /// Sets all counters to zero in a forked child.
    pub(super) fn reset(&self) {
        let times = [&self.first, &self.last];
        self.counts
            .as_flattened()
            .iter()
            .chain(times)
            .for_each(|counter| counter.store(0, Ordering::Relaxed));
    }
}

/// The drops that loss records contain.
#[derive(Default)]
pub(super) struct Told(Drops);

/// The content of a loss record.
pub(super) struct Loss {
    drops: Drops,
    after: Drops,
    since: u64,
    until: u64,
}

impl Told {
    /// Returns the drops that no loss record contains, if there are any.
    pub(super) fn untold(&self, counters: &DropCounters) -> Option<Loss> {
        // Other threads may count drops at the same time. Each drop is counted in one record; its time may also be in
        // the next one.
        let since = counters.first.swap(0, Ordering::Acquire);
        let after = counters.read();
        let drops = after.since(&self.0);
        let until = counters.last.load(Ordering::Relaxed);
        (drops.total() > 0).then_some(Loss { drops, after, since, until })
    }

    /// Records that `loss` is in the log.
    pub(super) fn tell(&mut self, loss: &Loss) {
        self.0 = loss.after;
    }

    /// Restores the time of the first drop if the record could not be written.
    pub(super) fn keep(&self, loss: &Loss, counters: &DropCounters) {
        if loss.since != 0 {
            counters.first.store(loss.since, Ordering::Relaxed);
        }
    }
}

impl Loss {
    /// Writes the loss record, which has the format of an entry and a separate frame kind.
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

/// The numbers of dropped entries by the name of the severity. Severities without drops are omitted.
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

/// The numbers of dropped entries by the name of the cause. Causes without drops are omitted.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::encode::encoded_len;
    use crate::format::frame::frame_len;

    #[test]
    fn the_reserved_space_is_that_of_the_longest_loss_record() {
        let drops = Drops { counts: [[1; CAUSES]; SEVERITIES] };
        let loss = Loss { drops, after: drops, since: 1, until: 2 };
        let len = encoded_len(&Limits::DEFAULT, |entry| loss.write_to(entry)).unwrap();
        assert_eq!(frame_len(len), LOSS_LEN);
    }
}
