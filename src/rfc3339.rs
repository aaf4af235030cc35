//! Conversion of instants to and from RFC 3339 text, with nanoseconds and zone offset.

use core::fmt;

use crate::digits::{Digits, fill, pair};
use crate::time::Timestamp;

const SECONDS_PER_DAY: i64 = 86_400;

/// Returns year, month and day of a day number. Day 0 is 1970-01-01 in the proleptic Gregorian calendar.
///
/// Source: Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`.
pub(crate) const fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + (month <= 2) as i64;
    #[expect(clippy::cast_possible_truncation, reason = "months are under 13, days under 32")]
    (year, month as u8, day as u8)
}

/// Returns the day number of a date. This is the inverse of [`civil_from_days`].
pub(crate) const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - (month <= 2) as i64;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Returns the number of the day of a date, or `None` if the date does not exist.
pub(crate) fn day_number(year: i64, month: i64, day: i64) -> Option<i64> {
    let days = days_from_civil(year, month, day);
    let exists = civil_from_days(days) == (year, u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    exists.then_some(days)
}

/// An instant as text. The longest text has a sign, a year of twelve digits, and an offset whose hours have three
/// digits.
pub(crate) struct TimeText {
    bytes: [u8; 48],
    len: usize,
}

impl TimeText {
    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            room.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    /// Appends two digits.
    #[inline]
    fn pair(&mut self, number: i64) {
        self.push(&pair(u8::try_from(number).unwrap_or(0)));
    }

    fn year(&mut self, year: i64) {
        if (0..=9999).contains(&year) {
            self.pair(year / 100);
            self.pair(year % 100);
        } else {
            self.push(if year < 0 { b"-" } else { b"+" });
            self.push(Digits::new(year.unsigned_abs()).as_bytes());
        }
    }

    /// Appends a fraction of 3, 6 or 9 digits, the fewest that represent `nanos`. Appends nothing for 0.
    fn fraction(&mut self, nanos: u32) {
        if nanos > 0 {
            let mut digits = [0; 9];
            fill(&mut digits, nanos.into());
            let kept = if nanos.is_multiple_of(1_000_000) {
                3
            } else if nanos.is_multiple_of(1_000) {
                6
            } else {
                9
            };
            self.push(b".");
            self.push(&digits[..kept]);
        }
    }

    fn offset(&mut self, offset: Option<i16>) {
        let Some(minutes) = offset else { return self.push(b"Z") };
        self.push(if minutes < 0 { b"-" } else { b"+" });
        let minutes = i64::from(minutes.unsigned_abs());
        if minutes < 6000 {
            self.pair(minutes / 60);
        } else {
            self.push(Digits::signed(minutes / 60).as_bytes());
        }
        self.push(b":");
        self.pair(minutes % 60);
    }

    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Timestamp {
    /// Returns the text that [`Display`](fmt::Display) writes.
    pub(crate) fn to_text(self) -> TimeText {
        let offset = self.utc_offset_minutes();
        let local = i128::from(self.unix_seconds()) + i128::from(offset.unwrap_or(0)) * 60;
        let (days, second_of_day) = match i64::try_from(local) {
            Ok(local) => (local.div_euclid(SECONDS_PER_DAY), local.rem_euclid(SECONDS_PER_DAY)),
            Err(_) => {
                // The instant is within a day of the range of i64, so the day number fits.
                let wide = i128::from(SECONDS_PER_DAY);
                let part = |number: i128| i64::try_from(number).unwrap_or(0);
                (part(local.div_euclid(wide)), part(local.rem_euclid(wide)))
            }
        };
        let (year, month, day) = civil_from_days(days);
        let mut text = TimeText { bytes: [0; 48], len: 0 };
        text.year(year);
        let [m, n] = pair(month);
        let [d, e] = pair(day);
        text.push(&[b'-', m, n, b'-', d, e, b'T']);
        text.pair(second_of_day / 3600);
        text.push(b":");
        text.pair(second_of_day / 60 % 60);
        text.push(b":");
        text.pair(second_of_day % 60);
        text.fraction(self.subsec_nanos());
        text.offset(offset);
        text
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339 text, for example `2026-01-02T03:04:05.123456789+01:00`. If the offset is not known, the text
    /// ends with `Z`. If the fraction is zero, it is omitted. A year outside 0 to 9999, which RFC 3339 does not
    /// allow, has a sign and all its digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(self.to_text().as_bytes()).unwrap_or(""))
    }
}

/// A reader that removes digits and separators from the beginning of a text.
struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    }

    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        allowed.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Reads a fraction of a second. Returns nanoseconds; digits after the ninth are ignored.
    fn fraction(&mut self) -> Option<u32> {
        if self.one_of(b".,").is_none() {
            return Some(0);
        }
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        let padded = digits.iter().copied().chain(core::iter::repeat(b'0')).take(9);
        (count > 0).then(|| padded.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    /// Reads a zone offset. Returns `Some(None)` for `Z` and at the end of the text.
    fn offset(&mut self) -> Option<Option<i16>> {
        if self.0.is_empty() || self.one_of(b"zZ").is_some() {
            return Some(None);
        }
        let negative = self.one_of(b"+-")? == b'-';
        let hours = self.digits(2)?;
        let _ = self.one_of(b":");
        let minutes = if self.0.is_empty() { 0 } else { self.digits(2)? };
        let total = i16::try_from(hours * 60 + minutes).ok().filter(|_| hours < 24 && minutes < 60)?;
        Some(Some(if negative { -total } else { total }))
    }
}

impl Timestamp {
    /// Parses RFC 3339 text. Four deviations are also accepted: a space in place of `T`, a comma before the fraction,
    /// an offset without a colon or without minutes, and a missing offset (the time is then UTC). Returns `None` for
    /// other text.
    ///
    /// ```
    /// use fusewire::Timestamp;
    ///
    /// let time = Timestamp::parse_rfc3339("2026-01-02 03:04:05,5+0530").unwrap();
    /// assert_eq!(time.to_string(), "2026-01-02T03:04:05.500+05:30");
    /// assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    /// ```
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let mut reader = Reader(text.as_bytes());
        let year = reader.digits(4)?;
        reader.one_of(b"-")?;
        let month = reader.digits(2)?;
        reader.one_of(b"-")?;
        let day = reader.digits(2)?;
        reader.one_of(b"Tt ")?;
        let hour = reader.digits(2)?;
        reader.one_of(b":")?;
        let minute = reader.digits(2)?;
        reader.one_of(b":")?;
        let second = reader.digits(2)?;
        let nanos = reader.fraction()?;
        let offset = reader.offset()?;
        let days = day_number(year, month, day)?;
        // A leap second becomes the first second of the next minute, as in Unix time.
        if hour > 23 || minute > 59 || second > 60 || !reader.0.is_empty() {
            return None;
        }
        let local = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
        let utc = local - i64::from(offset.unwrap_or(0)) * 60;
        Some(Self::new(utc, nanos)?.with_utc_offset_minutes(offset))
    }
}

/// Parses a number that consists only of decimal digits.
#[cfg(feature = "json")]
fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(feature = "json")]
impl Timestamp {
    /// Parses text that [`Display`](fmt::Display) has written, with any year and any offset. Returns `None` for other
    /// text.
    pub(crate) fn from_display(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let (date, day) = date.rsplit_once('-')?;
        let (year, month) = date.rsplit_once('-')?;
        let year = match year.split_at_checked(1)? {
            ("-", digits) => -number(digits)?,
            ("+", digits) => number(digits)?,
            _ => number(year)?,
        };
        let (time, zone) = rest.split_at(rest.find(['Z', '+', '-'])?);
        let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
        let mut parts = time.split(':').map(number);
        let mut part = || parts.next().flatten().filter(|part| *part < 100);
        let second_of_day = part()? * 3600 + part()? * 60 + part()?;
        let padded = fraction.bytes().chain(core::iter::repeat(b'0')).take(9);
        let nanos = padded.fold(0, |nanos: u32, digit| nanos * 10 + u32::from(digit.wrapping_sub(b'0') % 10));
        let offset = if zone == "Z" {
            None
        } else {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let total = number(hours).filter(|hours| *hours < 600)? * 60 + number(minutes)?.min(60);
            i16::try_from(if zone.starts_with('-') { -total } else { total }).ok()
        };
        // The range of years of 64-bit seconds. The sums below stay far from the limits of the day number.
        let year = Some(year).filter(|year| year.abs() < 300_000_000_000)?;
        let (month, day) = (number(month).filter(|month| *month < 13)?, number(day).filter(|day| *day < 32)?);
        let days = days_from_civil(year, month, day);
        let local = i128::from(days) * i128::from(SECONDS_PER_DAY) + i128::from(second_of_day);
        let seconds = i64::try_from(local - i128::from(offset.unwrap_or(0)) * 60).ok()?;
        let time = Self::new(seconds, nanos)?.with_utc_offset_minutes(offset);
        // Text that was misread above differs from the text of the result.
        (time.to_text().as_bytes() == text.as_bytes()).then_some(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_ten_thousand_years_is_its_own_inverse() {
        for days in days_from_civil(0, 1, 1)..=days_from_civil(9999, 12, 31) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month.into(), day.into()), days);
        }
    }

    #[test]
    fn texts_are_read_and_written_alike() {
        for text in [
            "2026-01-02T03:04:05Z",
            "1969-12-31T23:59:59.999999999Z",
            "2024-02-29T00:00:00.100+05:53",
            "0000-01-01T00:00:00.000001-23:59",
            "9999-12-31T23:59:59.123456Z",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "xxx", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-01", "2023-01-01T24:00:00Z"]
        {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }
}
