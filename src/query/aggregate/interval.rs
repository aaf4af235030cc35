//! Intervals of time: durations, and days, weeks, months and years of a calendar.

use core::fmt;
use std::num::NonZero;

use crate::query::parse_duration;
use crate::time_text::calendar::{civil_from_days, day_number};
use crate::zone::Zone;

const SECOND: i128 = 1_000_000_000;
const DAY: i64 = 86_400;

/// The length of the groups of an aggregation by time.
///
/// Days, weeks, months and years are those of the calendar in a time zone. A day has 23 or 25 hours if the clocks change. A
/// shorter interval that divides a day begins at a multiple of its length after midnight.
///
/// ```
/// use fusewire::Zone;
/// use fusewire::query::aggregate::Interval;
///
/// const SECOND: u64 = 1_000_000_000;
///
/// let month = Interval::parse("1mo", Zone::UTC)?;
/// // 2026-03-15 is in the month from 2026-03-01 to 2026-04-01.
/// assert_eq!(month.around(1_773_532_800 * SECOND), (1_772_323_200 * SECOND, 1_775_001_600 * SECOND));
/// assert_eq!(month.to_string(), "1mo");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    unit: Unit,
    zone: Zone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Nanoseconds, and the beginning of one interval in nanoseconds since the Unix epoch.
    Since(u64, u64),
    /// Nanoseconds that divide a day.
    OfDay(u64),
    Days(i64),
    Weeks(i64),
    Months(i64),
    Years(i64),
}

impl Interval {
    /// Returns an interval of `nanos` nanoseconds. `origin` is the beginning of one interval, in nanoseconds since the Unix
    /// epoch.
    #[must_use]
    pub fn since(nanos: NonZero<u64>, origin: u64) -> Self {
        Self { unit: Unit::Since(nanos.get(), origin % nanos), zone: Zone::UTC }
    }

    /// Returns an interval of `nanos` nanoseconds. If a whole number of intervals is a day, the intervals begin at midnight
    /// in `zone`. Whole days are calendar days. Other intervals begin at the Unix epoch.
    #[must_use]
    pub fn of(nanos: NonZero<u64>, zone: Zone) -> Self {
        const NANOS: u64 = 86_400_000_000_000;
        let unit = match nanos.get() {
            nanos if NANOS.is_multiple_of(nanos) && nanos < NANOS => Unit::OfDay(nanos),
            nanos if nanos.is_multiple_of(NANOS) => {
                Unit::Days(i64::try_from(nanos / NANOS).unwrap_or(i64::MAX))
            }
            nanos => Unit::Since(nanos, 0),
        };
        Self { unit, zone }
    }

    /// Parses an interval: a duration such as `30s`, `5m` or `6h`, or days, weeks, months or years such as `1d`, `2w`, `1mo`,
    /// `3mo` or `1y`. Weeks begin on Monday. Several months begin in January.
    ///
    /// # Errors
    /// Returns the expected forms if `text` is not an interval.
    pub fn parse(text: &str, zone: Zone) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        // An interval of more than 1,000 units of a calendar is longer than any log.
        let count = count.parse::<i64>().ok().filter(|count| (1..=1_000).contains(count));
        let unit = match (unit, count) {
            ("d" | "day" | "days", Some(count)) => Unit::Days(count),
            ("w" | "week" | "weeks", Some(count)) => Unit::Weeks(count),
            ("mo" | "month" | "months", Some(count)) => Unit::Months(count),
            ("y" | "year" | "years", Some(count)) => Unit::Years(count),
            _ => {
                let nanos = parse_duration(text).ok().and_then(|nanos| u64::try_from(nanos).ok());
                let nanos = nanos.and_then(NonZero::new).ok_or_else(|| {
                    format!(
                        "`{text}` is not an interval: expected a form such as 30s, 5m, 6h, 1d, 1w, 1mo or 1y"
                    )
                })?;
                return Ok(Self::of(nanos, zone));
            }
        };
        Ok(Self { unit, zone })
    }

    /// Returns the beginning of the interval that contains `time`, and the beginning of the next interval, in nanoseconds
    /// since the Unix epoch. Values outside the range of the type are clamped.
    #[must_use]
    pub fn around(&self, time: u64) -> (u64, u64) {
        let (begin, end) = match self.unit {
            Unit::Since(every, origin) => {
                let (every, since) = (i128::from(every), i128::from(time) - i128::from(origin));
                let begin = i128::from(time) - since.rem_euclid(every);
                (begin, begin + every)
            }
            Unit::OfDay(every) => self.of_day(time, i128::from(every)),
            Unit::Days(count) => self.days(time, |day| {
                let first = day - day.rem_euclid(count);
                (first, first + count)
            }),
            // Day 0 is a Thursday, so day 4 is a Monday.
            Unit::Weeks(count) => self.days(time, |day| {
                let first = day - (day - 4).rem_euclid(7 * count);
                (first, first + 7 * count)
            }),
            Unit::Months(count) => self.days(time, |day| months(day, count)),
            Unit::Years(count) => self.days(time, |day| months(day, 12 * count)),
        };
        let clamped = |nanos: i128| u64::try_from(nanos.max(0)).unwrap_or(u64::MAX);
        (clamped(begin), clamped(end))
    }

    /// Returns the same interval in another zone.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Returns the number of intervals from the interval that contains `first` up to the interval that contains `last`,
    /// without the latter.
    #[must_use]
    pub fn count(&self, first: u64, last: u64) -> u64 {
        let (mut begin, mut end) = self.around(first);
        let last = self.around(last).0;
        if matches!(self.unit, Unit::Since(..) | Unit::OfDay(_)) {
            // A change of the clocks makes one of these intervals longer or shorter.
            let every = end.saturating_sub(begin).max(1);
            return last.saturating_sub(begin).saturating_add(every / 2) / every;
        }
        let mut count = 0;
        while begin < last && end > begin {
            count += 1;
            (begin, end) = self.around(end);
        }
        count
    }

    /// Returns the local time of `time` in seconds, and the offset.
    fn local(&self, time: u64) -> (i64, i64) {
        #[expect(clippy::cast_possible_wrap, reason = "2^64 nanoseconds are 2^34 seconds")]
        let second = (time / 1_000_000_000) as i64;
        let offset = i64::from(self.zone.offset_at(second));
        (second + offset, offset)
    }

    /// Returns the interval from the first of two days to the second.
    fn days(&self, time: u64, of: impl FnOnce(i64) -> (i64, i64)) -> (i128, i128) {
        let (first, next) = of(self.local(time).0.div_euclid(DAY));
        let begin = |day: i64| i128::from(self.zone.instant_of(day * DAY)) * SECOND;
        (begin(first), begin(next))
    }

    fn of_day(&self, time: u64, every: i128) -> (i128, i128) {
        let (local, offset) = self.local(time);
        let local = i128::from(local) * SECOND + i128::from(time % 1_000_000_000);
        let begin = local - local.rem_euclid(every);
        if every <= 3_600 * SECOND {
            // An hour that occurs twice is two intervals.
            let begin = begin - i128::from(offset) * SECOND;
            return (begin, begin + every);
        }
        let instant = |local: i128| {
            let second = i64::try_from(local.div_euclid(SECOND)).unwrap_or(0);
            i128::from(self.zone.instant_of(second)) * SECOND + local.rem_euclid(SECOND)
        };
        (instant(begin), instant(begin + every))
    }
}

/// Returns the first day of the `count` months that contain a day, and the first day after them.
fn months(day: i64, count: i64) -> (i64, i64) {
    let (year, month, _) = civil_from_days(day);
    let month = year * 12 + i64::from(month) - 1;
    let first = month - month.rem_euclid(count);
    let begin = |month: i64| day_number(month.div_euclid(12), month.rem_euclid(12) + 1, 1).unwrap_or(day);
    (begin(first), begin(first + count))
}

impl fmt::Display for Interval {
    /// Writes the interval in a form that [`parse`](Self::parse) accepts: `15m`, `1mo`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.unit {
            Unit::Since(nanos, _) | Unit::OfDay(nanos) => {
                return write!(f, "{}", crate::query::syntax::Duration(nanos.into()));
            }
            Unit::Days(count) => (count, "d"),
            Unit::Weeks(count) => (count, "w"),
            Unit::Months(count) => (count, "mo"),
            Unit::Years(count) => (count, "y"),
        };
        write!(f, "{count}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn nanos(text: &str) -> u64 {
        u64::try_from(Timestamp::parse_rfc3339(text).unwrap().unix_nanos()).unwrap()
    }

    #[test]
    fn an_interval_of_the_calendar_begins_at_its_first_midnight() {
        for (interval, time, begin, end) in [
            ("1d", "2026-03-15T10:00:00Z", "2026-03-15T00:00:00Z", "2026-03-16T00:00:00Z"),
            ("1w", "2026-03-15T10:00:00Z", "2026-03-09T00:00:00Z", "2026-03-16T00:00:00Z"),
            ("1w", "2026-03-16T00:00:00Z", "2026-03-16T00:00:00Z", "2026-03-23T00:00:00Z"),
            ("1mo", "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("3mo", "2026-12-31T10:00:00Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("1y", "2026-12-31T10:00:00Z", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("6h", "2026-03-15T10:00:00Z", "2026-03-15T06:00:00Z", "2026-03-15T12:00:00Z"),
            ("15m", "2026-03-15T10:14:59Z", "2026-03-15T10:00:00Z", "2026-03-15T10:15:00Z"),
        ] {
            let found = Interval::parse(interval, Zone::UTC).unwrap();
            assert_eq!(found.around(nanos(time)), (nanos(begin), nanos(end)), "{interval} {time}");
            assert_eq!(found.to_string(), interval);
        }
        for text in ["", "0s", "d", "0d", "1mon", "-1d", "1001y", "x"] {
            assert!(Interval::parse(text, Zone::UTC).unwrap_err().contains("1mo"), "{text}");
        }
    }

    #[cfg(feature = "zones")]
    #[test]
    fn a_day_on_which_the_clocks_change_has_23_or_25_hours() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for (interval, time, begin, end) in [
            ("1d", "2026-03-29T12:00:00+02:00", "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
            ("1d", "2026-10-25T23:30:00+01:00", "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
            ("1mo", "2026-03-31T23:59:59+02:00", "2026-03-01T00:00:00+01:00", "2026-04-01T00:00:00+02:00"),
            ("6h", "2026-10-25T05:00:00+01:00", "2026-10-25T00:00:00+02:00", "2026-10-25T06:00:00+01:00"),
            ("1h", "2026-10-25T02:30:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+02:00"),
            ("1h", "2026-10-25T02:30:00+01:00", "2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"),
        ] {
            let found = Interval::parse(interval, berlin.clone()).unwrap().around(nanos(time));
            assert_eq!(found, (nanos(begin), nanos(end)), "{interval} {time}");
        }
    }

    #[test]
    fn each_interval_begins_where_the_one_before_it_ends() {
        for text in ["7h", "90s", "1d", "2d", "1w", "2w", "5mo", "1y"] {
            let interval = Interval::parse(text, Zone::fixed(-34_200)).unwrap();
            let mut at = 1_700_000_000_000_000_000;
            for _ in 0..50 {
                let (begin, end) = interval.around(at);
                assert!(begin <= at && at < end && interval.around(end - 1) == (begin, end), "{text}");
                assert_eq!(interval.around(end).0, end, "{text}");
                at = end;
            }
        }
    }
}
