//! The instants of times in lines: the year of times without a year, and the zone of times without an offset.

use crate::time::Timestamp;
use crate::time_text::calendar::{SECONDS_PER_DAY, civil_from_days};
use crate::time_text::clock::Clock;
use crate::time_text::spelled::Spelled;
use crate::zone::Zone;

use super::stamp::Stamp;

/// The year of times without a year.
#[derive(Clone, Debug, Default)]
pub(super) struct Years {
    /// The zone of times without an offset. Without a zone, these times are in UTC.
    pub(super) zone: Option<Zone>,
    /// The time of the last change of the file, or the present for a stream, in seconds since the epoch.
    pub(super) latest: Option<i64>,
    /// The last time with a year in the same file.
    neighbour: Option<i64>,
}

impl Years {
    /// Returns the instant of a time. A time without a year is in the year that is nearest to the last time with a year. If
    /// there is none, the time is the latest one that is at most a day after the last change of the file. Without both,
    /// there is no instant.
    pub(super) fn resolve(&mut self, stamp: Stamp) -> Option<Timestamp> {
        let time = match stamp {
            Stamp::Dated(time) => {
                self.neighbour = Some(seconds(time)?);
                time
            }
            Stamp::Yearless { month, day, clock } => self.in_some_year(month, day, clock)?,
        };
        time.instant(self.zone.as_ref())
    }

    fn in_some_year(&self, month: u32, day: u32, clock: Clock) -> Option<Spelled> {
        let year_of = |seconds: i64| civil_from_days(seconds.div_euclid(SECONDS_PER_DAY)).0;
        if let Some(near) = self.neighbour {
            let year = year_of(near);
            let times = (year - 1..=year + 1).filter_map(|year| clock.on(year, month, day));
            return times.min_by_key(|time| seconds(*time).map(|seconds| seconds.abs_diff(near)));
        }
        let latest = self.latest? + SECONDS_PER_DAY;
        let year = year_of(latest);
        // Eight years contain a 29 February.
        (year - 8..=year)
            .rev()
            .filter_map(|year| clock.on(year, month, day))
            .find(|time| seconds(*time).is_some_and(|seconds| seconds <= latest))
    }
}

/// Returns the instant of a time in seconds since the epoch. A time without an offset counts as a time in UTC.
fn seconds(time: Spelled) -> Option<i64> {
    time.instant(None).map(Timestamp::unix_seconds)
}
