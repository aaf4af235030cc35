//! Aggregation of entries: counts by field and by interval of time, sums and quantiles of a number, and numbers of
//! distinct values.
//!
//! ```
//! use fusewire::log::{Log, Scan};
//! use fusewire::query::aggregate::Aggregation;
//! use fusewire::{Severity, event};
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-aggregate-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! for n in 0..10 {
//!     event!(log, Severity::INFO, "paid", shop = if n < 7 { "eu" } else { "us" }, duration_ms = n);
//! }
//! let by_shop = Aggregation::new().by("shop".parse()?).number("duration_ms".parse()?);
//! let counted = by_shop.run(&Scan::new([&directory]), &"level >= info".parse()?)?;
//! let top = &counted.groups()[0];
//! assert_eq!((top.key[0].as_deref(), top.count), (Some("eu"), 7));
//! assert_eq!(top.numbers.as_ref().unwrap().max(), Some(6.0));
//! # drop(log);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod count;
mod distinct;
mod group;
mod groups;
mod interval;
mod numbers;

use std::io;
use std::num::NonZero;
use std::sync::atomic::AtomicUsize;

use crate::log::{Scan, Scanned};

use super::{Field, Query};
use count::Counter;
pub use distinct::Distinct;
pub use group::Group;
pub use interval::Interval;
pub use numbers::Numbers;

/// The settings of an aggregation.
#[derive(Clone, Debug)]
pub struct Aggregation {
    by: Vec<Field>,
    every: Option<Interval>,
    number: Option<Field>,
    distinct: Option<Field>,
    max_groups: usize,
    memory: usize,
    every_entry: bool,
}

/// The result of an aggregation.
#[derive(Debug)]
#[non_exhaustive]
pub struct Counted {
    groups: Vec<Group>,
    /// The number of entries that match.
    pub entries: u64,
    /// The number of matching entries whose group was dropped. If there are more groups than the limits
    /// allow, the groups with the fewest entries are dropped.
    pub others: u64,
    /// The maximum error of a count. The count of a group is too low by at most this number, and a missing
    /// group has at most this number of entries. The error is 0 if no group was dropped.
    pub short_by: u64,
    /// The number of matching entries without a time, if the aggregation has intervals. These entries are in
    /// no group.
    pub without_time: u64,
    /// The statistics of the scan.
    pub scanned: Scanned<()>,
}

impl Default for Aggregation {
    fn default() -> Self {
        Self::new()
    }
}

impl Aggregation {
    /// The default maximum number of groups.
    pub const MAX_GROUPS: usize = 100_000;
    /// The default maximum memory of the groups: 64 MiB.
    pub const MEMORY: usize = 64 << 20;

    /// Returns an aggregation that counts all entries in one group.
    #[must_use]
    pub fn new() -> Self {
        let (by, max_groups, memory) = (Vec::new(), Self::MAX_GROUPS, Self::MEMORY);
        let (every, number, distinct) = (None, None, None);
        Self { by, every, number, distinct, max_groups, memory, every_entry: false }
    }

    /// Adds a field to the key of the groups. Each combination of values is one group. The entries without
    /// the field are a group as well.
    ///
    /// ```
    /// use fusewire::log::{Log, Scan};
    /// use fusewire::query::aggregate::Aggregation;
    /// use fusewire::{Severity, event};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// event!(log, Severity::INFO, "paid", shop = "eu");
    /// event!(log, Severity::WARN, "late", shop = "eu");
    /// let counted = Aggregation::new()
    ///     .by("shop".parse()?)
    ///     .by("level".parse()?)
    ///     .run(&Scan::new([directory.path()]), &"".parse()?)?;
    /// assert_eq!(counted.groups().len(), 2);
    /// # drop(log);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn by(mut self, field: Field) -> Self {
        self.by.push(field);
        self
    }

    /// Groups entries by intervals of `nanos` nanoseconds. `origin` is the beginning of one interval, in
    /// nanoseconds since the Unix epoch. For days, use [`each`](Self::each). Entries without a time are not in
    /// a group: see [`Counted::without_time`].
    ///
    /// ```
    /// use std::num::NonZero;
    /// use fusewire::log::{Log, Scan};
    /// use fusewire::query::aggregate::Aggregation;
    ///
    /// const SECOND: u64 = 1_000_000_000;
    ///
    /// # let directory = std::env::temp_dir().join(format!("fusewire-doc-every-{}", std::process::id()));
    /// let log = Log::options(&directory).open()?;
    /// for second in [1, 59, 61] {
    ///     log.append(|entry| entry.set_time_unix_nano(second * SECOND));
    /// }
    /// let by_minute = Aggregation::new().every(NonZero::new(60 * SECOND).unwrap(), 0);
    /// let counted = by_minute.run(&Scan::new([&directory]), &"".parse()?)?;
    /// let counts: Vec<_> = counted.groups().iter().map(|group| (group.since, group.count)).collect();
    /// assert_eq!(counts, [(Some(0), 2), (Some(60 * SECOND), 1)]);
    /// # drop(log);
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn every(self, nanos: NonZero<u64>, origin: u64) -> Self {
        self.each(Interval::since(nanos, origin))
    }

    /// Groups entries by intervals of time, for example by the days of a calendar. Entries without a time are
    /// not in a group: see [`Counted::without_time`].
    #[must_use]
    pub fn each(mut self, interval: Interval) -> Self {
        self.every = Some(interval);
        self
    }

    /// Computes minimum, maximum, sum and quantiles of a numeric field in each group.
    #[must_use]
    pub fn number(mut self, field: Field) -> Self {
        self.number = Some(field);
        self
    }

    /// Counts the distinct values of `field` in each group: see [`Distinct`].
    ///
    /// ```
    /// use fusewire::log::{Log, Scan};
    /// use fusewire::query::aggregate::Aggregation;
    /// use fusewire::{Severity, event};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// for n in 0..20 {
    ///     event!(log, Severity::INFO, "paid", user = n % 3);
    /// }
    /// let users = Aggregation::new().distinct("user".parse()?);
    /// let counted = users.run(&Scan::new([directory.path()]), &"".parse()?)?;
    /// let distinct = counted.groups()[0].distinct.as_ref().unwrap();
    /// assert!(distinct.is_exact() && distinct.estimate() == 3);
    /// # drop(log);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn distinct(mut self, field: Field) -> Self {
        self.distinct = Some(field);
        self
    }

    /// Reads every entry, even if an index contains the counts. [`Group::times`], [`Group::bytes`] and
    /// [`Group::tripped`] need this.
    #[must_use]
    pub fn look_at_every_entry(mut self) -> Self {
        self.every_entry = true;
        self
    }

    /// Sets the maximum number of groups in the result. The default is [`MAX_GROUPS`](Self::MAX_GROUPS), and
    /// the minimum is 1.
    ///
    /// During the scan, each thread keeps up to twice this number of groups. It keeps the largest groups: see
    /// [`Counted::short_by`].
    #[must_use]
    pub fn max_groups(mut self, max_groups: usize) -> Self {
        self.max_groups = max_groups.max(1);
        self
    }

    /// Sets the approximate maximum memory of the groups of all threads, in bytes. The default is
    /// [`MEMORY`](Self::MEMORY).
    ///
    /// The aggregation keeps the largest groups, as with [`max_groups`](Self::max_groups). Each thread keeps at
    /// least 16 groups regardless of their size. One group uses up to 220 KiB of memory, and the memory of its key.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Returns whether the aggregation needs more than the number of entries.
    fn measures(&self) -> bool {
        self.number.is_some() || self.distinct.is_some()
    }

    /// Scans the files of `scan` with several threads, and counts the entries that match `query`. Indexes
    /// supply counts if possible. The conditions of the query replace [`Scan::wanted`].
    ///
    /// # Errors
    /// The errors of [`Scan::run`].
    pub fn run(&self, scan: &Scan, query: &Query) -> io::Result<Counted> {
        let scan = match query.is_told_by_wanted() {
            true => scan.clone().wanted_exactly(query.wanted()),
            false => scan.clone().wanted(query.wanted()),
        };
        let counters = AtomicUsize::new(0);
        let scanned = scan.run(|entry| query.matches(entry), || Counter::new(self, &counters))?;
        let (found, scanned) = scanned.split();
        let merged = found.into_iter().reduce(|mut all, counter| {
            all.merge(counter);
            all
        });
        Ok(merged.unwrap_or_else(|| Counter::new(self, &counters)).finish(scanned))
    }
}

impl Counted {
    /// Returns the groups, sorted by interval, then by descending count, then by key.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }
}
