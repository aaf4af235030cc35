//! Which entries are asked for, by their time.

use crate::log::listing::SegmentInfo;

/// Which entries are asked for, by their time.
#[derive(Clone, Copy, Default)]
pub(super) struct Window {
    /// Not those before: nanoseconds since the Unix epoch.
    pub(super) since: Option<u64>,
    /// Not this one, and not those behind.
    pub(super) until: Option<u64>,
}

impl Window {
    /// Whether all are asked for.
    pub(super) fn is_open(self) -> bool {
        self.since.is_none() && self.until.is_none()
    }

    /// Whether an entry with this time is asked for; one without (0) only where all are.
    pub(super) fn admits(self, time: u64) -> bool {
        if self.is_open() {
            return true;
        }
        time != 0
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }

    /// Whether no entry from `min` to `max` is.
    fn excludes(self, min: u64, max: u64) -> bool {
        self.since.is_some_and(|since| max < since) || self.until.is_some_and(|until| min >= until)
    }

    /// Whether a segment need not be opened: its trailer says that none of its entries is asked for.
    pub(super) fn skips(self, info: &SegmentInfo) -> bool {
        let filtered = self.since.is_some() || self.until.is_some();
        filtered
            && info.trailer.is_some_and(|trailer| {
                // Without any time, as well.
                trailer.max_time == 0 || self.excludes(trailer.min_time, trailer.max_time)
            })
    }

    /// How many entries of a segment are asked for, as far as its trailer tells.
    pub(super) fn at_least(self, info: &SegmentInfo) -> u64 {
        info.trailer.map_or(0, |trailer| {
            let whole = self.admits(trailer.min_time) && self.admits(trailer.max_time);
            if whole { trailer.entries } else { 0 }
        })
    }
}
