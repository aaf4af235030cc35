//! Instants with nanoseconds and their zone offset.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The value of the wire's offset field that says: no offset known.
pub(crate) const OFFSET_UNKNOWN: i16 = i16::MIN;

/// Nanoseconds in a second.
pub(crate) const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// An instant: seconds and nanoseconds since the Unix epoch, and the zone offset it was written with (A9).
///
/// Two timestamps are equal when the instant and the offset are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
    utc_offset_minutes: Option<i16>,
}

impl Timestamp {
    /// `seconds` since the epoch, negative before it, and `nanoseconds` (0 to 999,999,999) after that second.
    /// `None` where the nanoseconds make a second or more.
    #[must_use]
    pub const fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        if nanoseconds < 1_000_000_000 {
            Some(Self { seconds, nanoseconds, utc_offset_minutes: None })
        } else {
            None
        }
    }

    /// The instant `nanos` nanoseconds after the epoch, or before it where negative.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a remainder of a division by 10^9")]
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self {
            seconds: nanos.div_euclid(1_000_000_000),
            nanoseconds: nanos.rem_euclid(1_000_000_000) as u32,
            utc_offset_minutes: None,
        }
    }

    /// The same instant, written with a zone offset of `minutes` east of UTC. The offset is kept, not applied.
    #[must_use]
    pub const fn with_utc_offset_minutes(mut self, minutes: Option<i16>) -> Self {
        self.utc_offset_minutes = match minutes {
            Some(OFFSET_UNKNOWN) | None => None,
            known => known,
        };
        self
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`unix_seconds`](Self::unix_seconds), 0 to 999,999,999.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanoseconds
    }

    /// Minutes east of UTC, where the source said so.
    #[must_use]
    pub const fn utc_offset_minutes(self) -> Option<i16> {
        self.utc_offset_minutes
    }

    /// Nanoseconds since the epoch; never overflows.
    #[must_use]
    pub const fn unix_nanos(self) -> i128 {
        self.seconds as i128 * NANOS_PER_SECOND + self.nanoseconds as i128
    }
}

impl From<SystemTime> for Timestamp {
    /// Instants beyond the range of 64-bit seconds, which no operating system makes, are clamped to it.
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
