//! A group of entries.

use super::distinct::Distinct;
use super::numbers::Numbers;

/// The entries with the same key.
///
/// ```
/// use fusewire::log::{Log, Scan};
/// use fusewire::query::aggregate::Aggregation;
/// use fusewire::{Severity, event};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// event!(log, Severity::INFO, "paid", shop = "eu");
/// let by_shop = Aggregation::new().by("shop".parse()?).look_at_every_entry();
/// let counted = by_shop.run(&Scan::new([directory.path()]), &"".parse()?)?;
/// let group = &counted.groups()[0];
/// assert_eq!((group.key[0].as_deref(), group.count), (Some("eu"), 1));
/// assert!(group.bytes > Some(0) && group.times.is_some());
/// # drop(log);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Group {
    /// The beginning of the interval, in nanoseconds since the Unix epoch. `None` if the aggregation has no
    /// intervals.
    pub since: Option<u64>,
    /// The value of each field in [`Aggregation::by`](super::Aggregation::by). `None` if the entries do not
    /// have the field.
    pub key: Vec<Option<String>>,
    /// The number of entries.
    pub count: u64,
    /// The earliest and the latest time of the entries, in nanoseconds since the Unix epoch. `None` if no
    /// entry has a time, or if an index supplied a count without the entries.
    pub times: Option<(u64, u64)>,
    /// The total size of the frames, in bytes. `None` if an index supplied a count without the entries.
    pub bytes: Option<u64>,
    /// The number of entries on which the fuse tripped. `None` if an index supplied a count without the
    /// entries.
    pub tripped: Option<u64>,
    /// The statistics of the field in [`Aggregation::number`](super::Aggregation::number).
    pub numbers: Option<Numbers>,
    /// The distinct values of the field in [`Aggregation::distinct`](super::Aggregation::distinct).
    pub distinct: Option<Distinct>,
}
