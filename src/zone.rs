//! Time zones: UTC, fixed offsets, and the zones of the IANA database.

use core::fmt;

/// A time zone: UTC, a fixed offset from UTC, or a named zone with its changes of the offset.
///
/// Named zones and the zone of the system require the feature `zones`, which contains the IANA database.
///
/// ```
/// use fusewire::Zone;
///
/// let zone = Zone::parse("+05:30")?;
/// assert_eq!(zone.offset_at(0), 19_800);
/// assert_eq!(Zone::UTC.offset_at(0), 0);
/// # #[cfg(feature = "zones")] {
/// let berlin = Zone::parse("Europe/Berlin")?;
/// // 2026-03-29 at 01:00:00 UTC is the begin of summer time.
/// assert_eq!((berlin.offset_at(1_774_745_999), berlin.offset_at(1_774_746_000)), (3600, 7200));
/// # }
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// The offset in seconds east of UTC.
    Fixed(i32),
    #[cfg(feature = "zones")]
    Named(jiff::tz::TimeZone, Box<str>),
}

impl Default for Zone {
    /// Returns UTC.
    fn default() -> Self {
        Self::UTC
    }
}

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(Kind::Fixed(0));

    /// Returns a zone that is always `seconds` east of UTC. A value of a day or more is clamped to a second less than a
    /// day.
    #[must_use]
    pub const fn fixed(seconds: i32) -> Self {
        Self(Kind::Fixed(match seconds {
            86_400.. => 86_399,
            ..=-86_400 => -86_399,
            seconds => seconds,
        }))
    }

    /// Parses `local`, `UTC` in any case, `Z`, an offset such as `+02:00`, `-0330` or `+2`, or a name of the IANA database
    /// such as `Europe/Berlin`. `local` is the zone of the variable `TZ`, or else of the system.
    ///
    /// # Errors
    /// Returns the expected forms if `name` is not a zone. Without the feature `zones`, `local` and the names are not
    /// available.
    pub fn parse(name: &str) -> Result<Self, String> {
        if name.eq_ignore_ascii_case("utc") || name == "Z" {
            return Ok(Self::UTC);
        }
        if let Some(seconds) = offset(name) {
            return Ok(Self::fixed(seconds));
        }
        Self::named(name).ok_or_else(|| {
            format!(
                "unknown time zone `{name}`: expected local, UTC, an offset such as +02:00, or a name such as Europe/Berlin"
            )
        })
    }

    #[cfg(feature = "zones")]
    pub(crate) fn named(name: &str) -> Option<Self> {
        let zone = if name.eq_ignore_ascii_case("local") {
            jiff::tz::TimeZone::system()
        } else {
            jiff::tz::TimeZone::get(name).ok()?
        };
        Some(Self(Kind::Named(zone, name.into())))
    }

    #[cfg(not(feature = "zones"))]
    pub(crate) fn named(_: &str) -> Option<Self> {
        None
    }

    /// Returns the offset at an instant, in seconds east of UTC. `unix_seconds` counts from the Unix epoch.
    #[must_use]
    #[cfg_attr(
        not(feature = "zones"),
        expect(unused_variables, reason = "only the offset of a named zone changes")
    )]
    pub fn offset_at(&self, unix_seconds: i64) -> i32 {
        match &self.0 {
            Kind::Fixed(seconds) => *seconds,
            #[cfg(feature = "zones")]
            Kind::Named(zone, _) => {
                let instant = jiff::Timestamp::from_second(unix_seconds);
                instant.map_or(0, |instant| zone.to_offset(instant).seconds())
            }
        }
    }

    /// Returns the instant of a local time, in seconds since the Unix epoch. `local_seconds` is the instant at which UTC shows
    /// the local time. If the clocks skip the local time, the result is later by the length of the gap. If the local time
    /// occurs twice, the result is the first occurrence.
    ///
    /// ```
    /// use fusewire::Zone;
    ///
    /// let zone = Zone::fixed(3600);
    /// assert_eq!(zone.instant_of(3600), 0);
    /// ```
    #[must_use]
    pub fn instant_of(&self, local_seconds: i64) -> i64 {
        // No offset differs from that of another instant by more than a day, and two changes of the offset within two days
        // are not known of any zone.
        let before = i64::from(self.offset_at(local_seconds.saturating_sub(86_400)));
        let after = i64::from(self.offset_at(local_seconds.saturating_add(86_400)));
        let first = local_seconds.saturating_sub(before.max(after));
        let last = local_seconds.saturating_sub(before.min(after));
        // The earlier candidate exists, or the time is in a gap or after an occurrence.
        let exists = |instant: i64| instant.saturating_add(self.offset_at(instant).into()) == local_seconds;
        match (exists(first), exists(last)) {
            (true, _) => first,
            (_, true) => last,
            // In a gap, the offset before the gap applies.
            _ => local_seconds.saturating_sub(before),
        }
    }
}

impl fmt::Display for Zone {
    /// Writes the zone in a form that [`parse`](Self::parse) accepts. Seconds of an offset are omitted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Fixed(0) => f.write_str("UTC"),
            Kind::Fixed(seconds) => {
                let sign = if *seconds < 0 { '-' } else { '+' };
                let minutes = seconds.unsigned_abs() / 60;
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
            #[cfg(feature = "zones")]
            Kind::Named(_, name) => f.write_str(name),
        }
    }
}

/// Parses an offset: `+02:00`, `-0330`, `+2`. Returns seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(hours) || !is_plain(minutes) {
        return None;
    }
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_written_as_it_is_parsed() {
        for (text, seconds) in [("+02:00", 7200), ("-03:30", -12_600), ("UTC", 0), ("+23:59", 86_340)] {
            let zone = Zone::parse(text).unwrap();
            assert_eq!((zone.offset_at(0), zone.to_string()), (seconds, text.to_owned()));
        }
        for (text, written) in
            [("+2", "+02:00"), ("-0330", "-03:30"), ("z", ""), ("Z", "UTC"), ("utc", "UTC")]
        {
            assert_eq!(Zone::parse(text).map(|zone| zone.to_string()).unwrap_or_default(), written, "{text}");
        }
        for text in ["", "+", "+24", "+1:75", "+ 1", "+-1:00", "Mars/Olympus"] {
            assert!(Zone::parse(text).unwrap_err().contains("Europe/Berlin"), "{text}");
        }
    }

    #[cfg(feature = "zones")]
    #[test]
    fn a_local_time_has_the_instant_that_jiff_computes() {
        for name in [
            "Pacific/Apia",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "America/Caracas",
        ] {
            let zone = Zone::parse(name).unwrap();
            let jiff = jiff::tz::TimeZone::get(name).unwrap();
            // Every half hour of 2010 to 2013. Apia skipped a day in 2011.
            for step in 0..4 * 366 * 48_i64 {
                let local = 1_262_304_000 + step * 1800;
                let civil =
                    jiff::Timestamp::from_second(local).unwrap().to_zoned(jiff::tz::TimeZone::UTC).datetime();
                let expected = jiff.to_timestamp(civil).unwrap().as_second();
                assert_eq!(zone.instant_of(local), expected, "{name}: {civil}");
            }
        }
    }
}
