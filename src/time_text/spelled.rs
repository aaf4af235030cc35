//! The result of the parsers of times: a local time and its offset.

use super::offset::Offset;
use crate::time::Timestamp;
use crate::zone::Zone;

/// A time as a text states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    /// The date and the time of day, as the number of seconds after 1970-01-01 00:00:00 on the same clock.
    pub(crate) local: i64,
    pub(crate) nanos: u32,
    pub(crate) offset: Offset,
    /// Whether the instant contains everything that the text contains. A leap second and a tenth digit of the fraction are
    /// lost, and so is a form that differs from RFC 3339.
    #[cfg_attr(not(feature = "json"), allow(dead_code, reason = "the import of lines uses it"))]
    pub(crate) is_exact: bool,
}

impl Spelled {
    /// Returns the instant `time` as a time in UTC.
    #[cfg(feature = "json")]
    pub(crate) fn utc(time: Timestamp) -> Self {
        let (local, nanos) = (time.unix_seconds(), time.subsec_nanos());
        Self { local, nanos, offset: Offset::Utc, is_exact: false }
    }

    /// Returns the instant. A time without an offset is a time in `zone`; without a zone, it is a time in UTC, and the offset
    /// of the result is unknown.
    #[inline]
    pub(crate) fn instant(&self, zone: Option<&Zone>) -> Option<Timestamp> {
        let (seconds, offset) = match (self.offset, zone) {
            (Offset::East(minutes), _) => (self.local - i64::from(minutes) * 60, Some(minutes)),
            (Offset::Absent, Some(zone)) => {
                let seconds = zone.instant_of(self.local);
                (seconds, i16::try_from(zone.offset_at(seconds) / 60).ok())
            }
            (Offset::Utc | Offset::Absent, _) => (self.local, None),
        };
        Some(Timestamp::new(seconds, self.nanos)?.with_utc_offset_minutes(offset))
    }

    /// Applies the name of a zone that follows the time. After an offset, the name adds nothing. Returns `None` if the zone is
    /// not known.
    pub(crate) fn in_named_zone(self, name: &str) -> Option<Self> {
        if self.offset != Offset::Absent {
            return Some(self);
        }
        if !name.contains('/') {
            return Some(Self { offset: Offset::Utc, ..self });
        }
        let zone = Zone::named(name)?;
        let offset = zone.offset_at(zone.instant_of(self.local));
        Some(Self { offset: Offset::East(i16::try_from(offset / 60).ok()?), ..self })
    }
}
