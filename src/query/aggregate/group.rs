//! A group of entries.

use super::distinct::Distinct;
use super::numbers::Numbers;

/// Entries that are alike in what they are counted by.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Group {
    /// When the interval begins, nanoseconds since the Unix epoch, where there are intervals.
    pub since: Option<u64>,
    /// The value of each field; `None` where it is not there.
    pub key: Vec<Option<String>>,
    /// How many entries.
    pub count: u64,
    /// The earliest and the latest time of those that have one, nanoseconds since the Unix epoch; not known where an index told
    /// of entries that were not looked at.
    pub times: Option<(u64, u64)>,
    /// Bytes of their frames; not known in the same case.
    pub bytes: Option<u64>,
    /// How many of them the fuse tripped in; not known in the same case.
    pub tripped: Option<u64>,
    /// The number that was asked for.
    pub numbers: Option<Numbers>,
    /// The different values that were asked for.
    pub distinct: Option<Distinct>,
}
