//! The time stamp of a kernel message, from the kernel or the log daemon.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Zoned};

/// The time of a line, in the form of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// Nanoseconds since the Unix epoch.
    Unix(u64),
    /// Nanoseconds since the machine booted.
    SinceBoot(u64),
    /// A local time of the machine that wrote the log (`dmesg -T`).
    Civil(DateTime),
    /// A local time without a year (RFC 3164). The year in this value is an arbitrary leap year.
    Yearless(DateTime),
}

impl Stamp {
    /// Returns the time in nanoseconds since the Unix epoch.
    ///
    /// `near` is a time close to this one, for example the time of the last entry of the process. Its time zone must be the
    /// time zone of the machine that wrote the log. If the year is missing, the function chooses the year with the result
    /// closest to `near`. `boot` is the boot time of the machine in nanoseconds since the Unix epoch. Returns `None` if the
    /// time counts from the boot and `boot` is `None`, or if the time is outside the calendar.
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
                // 29 February exists only in leap years.
                let years = (year - 8..=year + 8).filter_map(|year| in_year(civil, year));
                years.filter_map(zoned).min_by_key(|nanos| nanos.abs_diff(near))
            }
        }
    }

    /// Returns the time from `earlier` to this time, or `None` if the two have different kinds.
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

/// Returns the year in UTC. The year in another time zone differs by at most one.
fn year_of(unix_nanos: u64) -> Option<i16> {
    let instant = jiff::Timestamp::from_nanosecond(i128::from(unix_nanos)).ok()?;
    Some(instant.to_zoned(jiff::tz::TimeZone::UTC).year())
}

/// Returns the same day and time in another year, or `None` if that year does not contain the day.
fn in_year(civil: DateTime, year: i16) -> Option<DateTime> {
    Some(Date::new(year, civil.month(), civil.day()).ok()?.to_datetime(civil.time()))
}
