//! The text of an instant: RFC 3339 with nanoseconds and the zone offset.

use core::fmt;

#[cfg(feature = "json")]
use super::calendar::days_from_civil;
use super::calendar::{SECONDS_PER_DAY, civil_from_days};
use crate::digits::{Digits, fill, pair};
use crate::time::Timestamp;

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
