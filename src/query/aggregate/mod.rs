//! Counting entries by what is in them (C5): groups, intervals of time, sums and quantiles of a number, different values.
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
mod numbers;

use std::io;
use std::num::NonZero;
use std::sync::atomic::AtomicUsize;

use crate::log::{Scan, Scanned};

use super::{Field, Query};
use count::Counter;
pub use distinct::Distinct;
pub use group::Group;
pub use numbers::Numbers;

/// What is counted.
#[derive(Clone, Debug)]
pub struct Aggregation {
    by: Vec<Field>,
    every: Option<NonZero<u64>>,
    number: Option<Field>,
    distinct: Option<Field>,
    max_groups: usize,
    memory: usize,
    origin: u64,
    every_entry: bool,
}

/// What came of counting.
#[derive(Debug)]
#[non_exhaustive]
pub struct Counted {
    groups: Vec<Group>,
    /// Entries that match.
    pub entries: u64,
    /// Entries among these that are in none of the groups, because there are more than may be kept: those with the fewest
    /// entries went.
    pub others: u64,
    /// What that means for the counts: none is short by more than this, and no group that is missing has more. 0 where all
    /// groups were kept.
    pub short_by: u64,
    /// Entries among these that have no time, where intervals were asked for: they are in no group.
    pub without_time: u64,
    /// How the log was looked through; its visitors are in the groups.
    pub scanned: Scanned<()>,
}

impl Default for Aggregation {
    fn default() -> Self {
        Self::new()
    }
}

impl Aggregation {
    /// How many groups are kept, if not told.
    pub const MAX_GROUPS: usize = 100_000;
    /// How much memory groups may take, if not told: 64 MiB.
    pub const MEMORY: usize = 64 << 20;

    /// Counts all entries in one group.
    #[must_use]
    pub fn new() -> Self {
        let (by, max_groups, memory) = (Vec::new(), Self::MAX_GROUPS, Self::MEMORY);
        let (every, number, distinct) = (None, None, None);
        Self { by, every, number, distinct, max_groups, memory, origin: 0, every_entry: false }
    }

    /// A group for each value of `field`, and of those before it. Entries without it are a group as well.
    #[must_use]
    pub fn by(mut self, field: Field) -> Self {
        self.by.push(field);
        self
    }

    /// A group for each interval of so many nanoseconds, counted from `origin`: nanoseconds since the Unix epoch, for days of a
    /// zone. Entries without a time are counted apart.
    #[must_use]
    pub fn every(mut self, nanos: NonZero<u64>, origin: u64) -> Self {
        self.every = Some(nanos);
        self.origin = origin % nanos;
        self
    }

    /// Minimum, maximum, sum and quantiles of a number in each group.
    #[must_use]
    pub fn number(mut self, field: Field) -> Self {
        self.number = Some(field);
        self
    }

    /// How many different values of `field` are in each group: see [`Distinct`].
    #[must_use]
    pub fn distinct(mut self, field: Field) -> Self {
        self.distinct = Some(field);
        self
    }

    /// Looks at every entry, also where an index tells how many there are: for [`Group::bytes`] and [`Group::tripped`].
    #[must_use]
    pub fn look_at_every_entry(mut self) -> Self {
        self.every_entry = true;
        self
    }

    /// How many groups there are in the end at most; default [`MAX_GROUPS`](Self::MAX_GROUPS). Each thread keeps up to twice as many
    /// while it counts. Where there are more, the largest are kept: see [`Counted::short_by`].
    #[must_use]
    pub fn max_groups(mut self, max_groups: usize) -> Self {
        self.max_groups = max_groups.max(1);
        self
    }

    /// About how many bytes the groups of all threads take at most while they are counted; default [`MEMORY`](Self::MEMORY). Where that is not
    /// enough, the largest are kept, as above. Sixteen groups of each thread stay, whatever they take: up to 220 KiB each, and their values.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Whether more is asked for of a group than its entries.
    fn measures(&self) -> bool {
        self.number.is_some() || self.distinct.is_some()
    }

    /// Counts what `query` asks for in what `scan` looks through, by several threads, with the help of indexes. What is wanted of
    /// the scan is what the query wants.
    ///
    /// # Errors
    /// Those of [`Scan::run`].
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
    /// The groups: of intervals by time, others by count, the largest first; equal ones by key.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }
}
