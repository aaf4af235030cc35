//! The selection of entries by their time.

use crate::log::listing::SegmentInfo;

/// A time range that selects entries.
#[derive(Clone, Copy, Default)]
pub(super) struct Window {
    /// The start of the range, inclusive, in nanoseconds since the Unix epoch.
    pub(super) since: Option<u64>,
    /// The end of the range, exclusive, in nanoseconds since the Unix epoch.
    pub(super) until: Option<u64>,
}

impl Window {
    /// Returns whether the range selects all entries.
    pub(super) fn is_open(self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Returns whether the range selects an entry with this time. An entry without a time (0) is selected only if the
    /// range has no bounds.
    pub(super) fn admits(self, time: u64) -> bool {
        if self.is_open() {
            return true;
        }
        time != 0
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }

    /// Returns whether the range selects no time from `min` to `max`.
    fn excludes(self, min: u64, max: u64) -> bool {
        self.since.is_some_and(|since| max < since) || self.until.is_some_and(|until| min >= until)
    }

    /// Returns whether a segment need not be opened, because its trailer shows that the range selects none of its
    /// entries.
    pub(super) fn skips(self, info: &SegmentInfo) -> bool {
        let filtered = self.since.is_some() || self.until.is_some();
        filtered
            && info.trailer.is_some_and(|trailer| {
                // An entry without a time is not selected either.
                trailer.max_time == 0 || self.excludes(trailer.min_time, trailer.max_time)
            })
    }

    /// Returns a lower bound of the number of selected entries of a segment, from its trailer.
    pub(super) fn at_least(self, info: &SegmentInfo) -> u64 {
        info.trailer.map_or(0, |trailer| {
            let whole = self.admits(trailer.min_time) && self.admits(trailer.max_time);
            if whole { trailer.entries } else { 0 }
        })
    }
}
