//! The text of times and durations.

use std::fmt::Write;

use fusewire::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// A time zone.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    /// The same zone for the library.
    shared: fusewire::Zone,
}

impl Zone {
    /// Parses `local`, `UTC` in any case, an offset, or a name of the IANA database.
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let shared = fusewire::Zone::parse(name)?;
        let zone = match name {
            _ if shared == fusewire::Zone::UTC => TimeZone::UTC,
            name if name.eq_ignore_ascii_case("local") => TimeZone::system(),
            name if name.starts_with(['+', '-']) => {
                TimeZone::fixed(Offset::from_seconds(shared.offset_at(0)).unwrap_or(Offset::UTC))
            }
            name => TimeZone::get(name).map_err(|error| error.to_string())?,
        };
        Ok(Self { zone, shared })
    }

    /// Returns UTC.
    pub(crate) fn utc() -> Self {
        Self { zone: TimeZone::UTC, shared: fusewire::Zone::UTC }
    }

    /// Returns the zone for the library.
    pub(crate) fn shared(&self) -> fusewire::Zone {
        self.shared.clone()
    }

    /// Returns the current time in this zone.
    pub(crate) fn now(&self) -> jiff::Zoned {
        jiff::Timestamp::now().to_zoned(self.zone.clone())
    }
}

/// A printer of times in one zone. It caches the text of the last second.
#[derive(Debug)]
pub(crate) struct Clock {
    zone: TimeZone,
    second: Option<i64>,
    text: String,
}

/// The length of `2026-01-02 03:04:05.123456`.
const WIDTH: usize = 26;
/// The length of the date with the blank after it.
const DATE: usize = 11;

impl Clock {
    /// Returns a clock in `zone`.
    pub(crate) fn new(zone: Zone) -> Self {
        Self { zone: zone.zone, second: None, text: String::with_capacity(WIDTH) }
    }

    /// Appends `2026-01-02 03:04:05.123456`, or a dash and blanks of this width if the time is unknown (0).
    pub(crate) fn write(&mut self, unix_nanos: u64, out: &mut String) {
        if unix_nanos == 0 {
            out.push_str("-                         ");
            return;
        }
        let (second, nanos) = (unix_nanos / 1_000_000_000, unix_nanos % 1_000_000_000);
        #[expect(clippy::cast_possible_wrap, reason = "2^64 nanoseconds are 2^34 seconds")]
        self.set_second(second as i64);
        out.push_str(&self.text);
        out.push('.');
        push_digits(nanos / 1_000, 6, out);
    }

    /// Appends the time of day, `03:04:05.123456`, or a dash and blanks of this width if the time is unknown (0).
    pub(crate) fn write_time_of_day(&mut self, unix_nanos: u64, out: &mut String) {
        let start = out.len();
        self.write(unix_nanos, out);
        // A dash is the first character of the date.
        let cut = if unix_nanos == 0 { start + 1 } else { start };
        out.replace_range(cut..out.len().min(cut + DATE), "");
    }

    /// Returns the date of a known time: `2026-01-02`.
    pub(crate) fn date(&mut self, unix_nanos: u64) -> &str {
        #[expect(clippy::cast_possible_wrap, reason = "2^64 nanoseconds are 2^34 seconds")]
        self.set_second((unix_nanos / 1_000_000_000) as i64);
        self.text.get(..DATE - 1).unwrap_or("")
    }

    fn set_second(&mut self, second: i64) {
        if self.second == Some(second) {
            return;
        }
        self.second = Some(second);
        self.text.clear();
        // This error cannot occur: 2^34 seconds end in the year 2554.
        let Ok(instant) = jiff::Timestamp::from_second(second) else { return };
        let local = self.zone.to_datetime(instant);
        push_digits(u64::from(local.year().unsigned_abs()), 4, &mut self.text);
        for (separator, part) in [
            ('-', local.month()),
            ('-', local.day()),
            (' ', local.hour()),
            (':', local.minute()),
            (':', local.second()),
        ] {
            self.text.push(separator);
            push_digits(u64::from(part.unsigned_abs()), 2, &mut self.text);
        }
    }

    /// Returns a time with its offset: `2026-01-02 03:04:05.123456 +01:00`.
    pub(crate) fn describe(&mut self, unix_nanos: u64) -> String {
        let mut out = String::with_capacity(WIDTH + 7);
        self.write(unix_nanos, &mut out);
        if let Ok(instant) = jiff::Timestamp::from_nanosecond(i128::from(unix_nanos)) {
            let minutes = self.zone.to_offset(instant).seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
            // A write to a `String` cannot fail.
            let _ = write!(out, " {sign}{hours:02}:{minutes:02}");
        }
        out
    }
}

/// Appends the last `digits` decimal digits of `number`, with leading zeros.
fn push_digits(mut number: u64, digits: usize, out: &mut String) {
    let mut text = [b'0'; 20];
    for place in text[..digits].iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
    out.extend(text[..digits].iter().map(|digit| char::from(*digit)));
}

/// Appends a time value with its own offset, exactly: `2026-01-02T03:04:05.5+02:00`.
pub(crate) fn push_timestamp(time: Timestamp, out: &mut String) {
    let instant = jiff::Timestamp::new(time.unix_seconds(), time.subsec_nanos().cast_signed());
    let offset = Offset::from_seconds(i32::from(time.utc_offset_minutes().unwrap_or(0)) * 60);
    // A write to a `String` cannot fail.
    let _ = match (instant, offset) {
        (Ok(instant), Ok(offset)) if time.utc_offset_minutes().is_some() => {
            write!(out, "{}", instant.display_with_offset(offset))
        }
        (Ok(instant), _) => write!(out, "{instant}"),
        // The time is outside the years -9999 to 9999.
        _ => write!(out, "@{}.{:09}", time.unix_seconds(), time.subsec_nanos()),
    };
}

/// Appends an exact duration in a suitable unit: `1.5ms`, `-2s`, `90061.000000001s`.
pub(crate) fn push_duration(nanos: i128, out: &mut String) {
    let size = nanos.unsigned_abs();
    let (unit, scale, digits) = match size {
        0..1_000 => ("ns", 1, 0),
        1_000..1_000_000 => ("µs", 1_000, 3),
        1_000_000..1_000_000_000 => ("ms", 1_000_000, 6),
        _ => ("s", 1_000_000_000, 9),
    };
    if nanos < 0 {
        out.push('-');
    }
    // A write to a `String` cannot fail.
    let _ = write!(out, "{}", size / scale);
    let fraction = size % scale;
    if fraction != 0 {
        out.push('.');
        push_digits(u64::try_from(fraction).unwrap_or(0), digits, out);
        out.truncate(out.trim_end_matches('0').len());
    }
    out.push_str(unit);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(zone: &str, nanos: u64) -> String {
        let mut out = String::new();
        Clock::new(Zone::parse(zone).unwrap()).write(nanos, &mut out);
        out
    }

    #[test]
    fn an_instant_is_printed_in_the_zone_asked_for() {
        let nanos = 1_767_323_045_123_456_789;
        assert_eq!(printed("UTC", nanos), "2026-01-02 03:04:05.123456");
        assert_eq!(printed("Asia/Kathmandu", nanos), "2026-01-02 08:49:05.123456");
        for offset in ["-3", "-03:00", "-0300"] {
            assert_eq!(printed(offset, nanos), "2026-01-02 00:04:05.123456");
        }
        assert!(Zone::parse("+25:00").is_err() && Zone::parse("+1:75").is_err());
        assert_eq!(printed("America/New_York", nanos), "2026-01-01 22:04:05.123456");
        assert_eq!(printed("UTC", u64::MAX), "2554-07-21 23:34:33.709551");
        assert_eq!(printed("UTC", 0).len(), WIDTH);
    }

    #[test]
    fn the_hour_that_a_summer_time_skips_is_skipped() {
        let mut clock = Clock::new(Zone::parse("Europe/Berlin").unwrap());
        let before = 1_774_745_999_000_000_000; // 2026-03-29 00:59:59 UTC
        assert_eq!(clock.describe(before), "2026-03-29 01:59:59.000000 +01:00");
        assert_eq!(clock.describe(before + 1_000_000_000), "2026-03-29 03:00:00.000000 +02:00");
    }

    #[test]
    fn an_unknown_zone_is_an_error_that_says_what_to_write() {
        assert!(Zone::parse("Mars/Olympus").unwrap_err().contains("Europe/Berlin"));
    }

    #[test]
    fn a_value_keeps_its_nanoseconds_and_its_offset() {
        let time = Timestamp::new(1_767_323_045, 5).unwrap();
        let mut out = String::new();
        push_timestamp(time, &mut out);
        out.push(' ');
        push_timestamp(time.with_utc_offset_minutes(Some(-90)), &mut out);
        out.push(' ');
        push_timestamp(Timestamp::new(i64::MAX, 0).unwrap(), &mut out);
        assert_eq!(
            out,
            "2026-01-02T03:04:05.000000005Z 2026-01-02T01:34:05.000000005-01:30 @9223372036854775807.000000000"
        );
    }

    #[test]
    fn a_duration_is_exact_in_the_unit_that_fits() {
        for (nanos, text) in [
            (0, "0ns"),
            (999, "999ns"),
            (1_500, "1.5µs"),
            (-2_000_000_000, "-2s"),
            (1_000_001, "1.000001ms"),
            (90_061_000_000_001, "90061.000000001s"),
        ] {
            let mut out = String::new();
            push_duration(nanos, &mut out);
            assert_eq!(out, text);
        }
    }
}
