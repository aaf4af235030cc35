//! The time stamp of a kernel message, from the kernel or the log daemon.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Zoned};

/// The time of a line, as exactly as it says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// Nanoseconds since the Unix epoch.
    Unix(u64),
    /// Nanoseconds since the machine booted.
    SinceBoot(u64),
    /// A time of the clocks where the log was written (`dmesg -T`).
    Civil(DateTime),
    /// Such a time in a year that is not said (RFC 3164). The year in this one is a leap year and means nothing.
    Yearless(DateTime),
}

impl Stamp {
    /// The moment in nanoseconds since the Unix epoch.
    ///
    /// `near` is a moment that this one should be close to, such as that of the last entry of the process that died, in the
    /// zone of the clocks that the log was written by: a year that is not said is the one that brings the two together.
    /// `boot` is when the machine booted, in nanoseconds since the Unix epoch. None without it for a time
    /// since then, and where a number is beyond what the calendar has.
    pub(crate) fn unix_nanos(self, near: &Zoned, boot: Option<u64>) -> Option<u64> {
        let zoned = |civil: DateTime| {
            let instant = civil.to_zoned(near.time_zone().clone()).ok()?.timestamp();
            u64::try_from(instant.as_nanosecond()).ok()
        };
        match self {
            Self::Unix(nanos) => Some(nanos),
            Self::SinceBoot(nanos) => boot?.checked_add(nanos),
            Self::Civil(civil) => zoned(civil),
            Self::Yearless(civil) => {
                let near = u64::try_from(near.timestamp().as_nanosecond()).ok()?;
                let year = year_of(near)?;
                // 29 February is in few years.
                let years = (year - 8..=year + 8).filter_map(|year| in_year(civil, year));
                years.filter_map(zoned).min_by_key(|nanos| nanos.abs_diff(near))
            }
        }
    }

    /// How much later than `earlier` it is. None where the two are not of one kind, and cannot be compared.
    pub(super) fn since(self, earlier: Self) -> Option<SignedDuration> {
        let nanos = |later: u64, earlier: u64| {
            let nanos = i64::try_from(i128::from(later) - i128::from(earlier)).ok()?;
            Some(SignedDuration::from_nanos(nanos))
        };
        match (self, earlier) {
            (Self::Unix(later), Self::Unix(earlier)) | (Self::SinceBoot(later), Self::SinceBoot(earlier)) => {
                nanos(later, earlier)
            }
            (Self::Civil(later), Self::Civil(earlier)) | (Self::Yearless(later), Self::Yearless(earlier)) => {
                Some(later.duration_since(earlier))
            }
            _ => None,
        }
    }
}

/// The year of a moment, in UTC: the zone's own may be another one, but no further off than the next.
fn year_of(unix_nanos: u64) -> Option<i16> {
    let instant = jiff::Timestamp::from_nanosecond(i128::from(unix_nanos)).ok()?;
    Some(instant.to_zoned(jiff::tz::TimeZone::UTC).year())
}

/// The same day and time of another year, if that has the day.
fn in_year(civil: DateTime, year: i16) -> Option<DateTime> {
    Some(Date::new(year, civil.month(), civil.day()).ok()?.to_datetime(civil.time()))
}
