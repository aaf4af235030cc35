//! Instants with nanoseconds and a zone offset.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The value of the offset field of an entry if the offset is not known.
pub(crate) const OFFSET_UNKNOWN: i16 = i16::MIN;

/// The number of nanoseconds in a second.
pub(crate) const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// An instant: seconds and nanoseconds since the Unix epoch, and the zone offset of its source if known.
///
/// Two timestamps are equal if both the instant and the offset are equal.
///
/// ```
/// use fusewire::Timestamp;
///
/// let time = Timestamp::parse_rfc3339("2026-01-02T03:04:05.25+01:00").unwrap();
/// assert_eq!((time.unix_seconds(), time.subsec_nanos()), (1_767_319_445, 250_000_000));
/// assert_eq!(time.utc_offset_minutes(), Some(60));
/// assert_eq!(time.to_string(), "2026-01-02T03:04:05.250+01:00");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
    utc_offset_minutes: Option<i16>,
}

impl Timestamp {
    /// Returns the instant `nanoseconds` (0 to 999,999,999) after the second `seconds` since the epoch. `seconds` is
    /// negative before the epoch. Returns `None` if `nanoseconds` is 1,000,000,000 or more.
    ///
    /// ```
    /// use fusewire::Timestamp;
    ///
    /// let time = Timestamp::new(-1, 500_000_000).unwrap();
    /// assert_eq!(time.unix_nanos(), -500_000_000);
    /// assert_eq!(Timestamp::new(0, 1_000_000_000), None);
    /// ```
    #[must_use]
    pub const fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        if nanoseconds < 1_000_000_000 {
            Some(Self { seconds, nanoseconds, utc_offset_minutes: None })
        } else {
            None
        }
    }

    /// Returns the instant `nanos` nanoseconds after the epoch. A negative number is an instant before the epoch.
    ///
    /// ```
    /// use fusewire::Timestamp;
    ///
    /// let time = Timestamp::from_unix_nanos(-1);
    /// assert_eq!((time.unix_seconds(), time.subsec_nanos()), (-1, 999_999_999));
    /// ```
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of a division by 10^9")]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self {
            seconds: nanos.div_euclid(1_000_000_000),
            nanoseconds: nanos.rem_euclid(1_000_000_000) as u32,
            utc_offset_minutes: None,
        }
    }

    /// Returns the same instant with a zone offset of `minutes` east of UTC. The offset does not change the seconds.
    ///
    /// ```
    /// use fusewire::Timestamp;
    ///
    /// let utc = Timestamp::from_unix_nanos(0);
    /// let local = utc.with_utc_offset_minutes(Some(90));
    /// assert_eq!(local.to_string(), "1970-01-01T01:30:00+01:30");
    /// assert_eq!(local.unix_nanos(), utc.unix_nanos());
    /// ```
    #[must_use]
    pub const fn with_utc_offset_minutes(mut self, minutes: Option<i16>) -> Self {
        self.utc_offset_minutes = match minutes {
            Some(OFFSET_UNKNOWN) | None => None,
            known => known,
        };
        self
    }

    /// Returns the whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds after [`unix_seconds`](Self::unix_seconds), 0 to 999,999,999.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanoseconds
    }

    /// Returns the zone offset in minutes east of UTC, if known.
    #[must_use]
    pub const fn utc_offset_minutes(self) -> Option<i16> {
        self.utc_offset_minutes
    }

    /// Returns the nanoseconds since the epoch. The result does not overflow.
    #[must_use]
    pub const fn unix_nanos(self) -> i128 {
        self.seconds as i128 * NANOS_PER_SECOND + self.nanoseconds as i128
    }
}

impl From<SystemTime> for Timestamp {
    /// Converts the time. A time outside the range of 64-bit seconds is clamped; no operating system returns such a
    /// time.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use fusewire::Timestamp;
    ///
    /// let time = Timestamp::from(UNIX_EPOCH + Duration::from_millis(1_500));
    /// assert_eq!(time, Timestamp::new(1, 500_000_000).unwrap());
    /// ```
    fn from(time: SystemTime) -> Self {
        let (seconds, nanoseconds) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_nanos()),
            Err(before) => {
                let before: Duration = before.duration();
                let seconds = i64::try_from(before.as_secs()).map_or(i64::MIN, |s| -s);
                match before.subsec_nanos() {
                    0 => (seconds, 0),
                    nanos => (seconds.saturating_sub(1), 1_000_000_000 - nanos),
                }
            }
        };
        Self { seconds, nanoseconds, utc_offset_minutes: None }
    }
}
