//! The parser of RFC 3339, the most common form of a time.

use super::calendar::{SECONDS_PER_DAY, day_number};
use super::clock::fraction;
use super::offset::{Offset, signed};
use super::spelled::Spelled;
use crate::text_scan::Scan;
use crate::time::Timestamp;

/// Parses RFC 3339 text without the general grammar.
#[inline]
pub(super) fn rfc3339(text: &str) -> Option<Spelled> {
    let &[c0, c1, y0, y1, b'-', m0, m1, b'-', d0, d1, b'T' | b't' | b' ', h0, h1, b':', n0, n1, b':', s0, s1] =
        text.as_bytes().first_chunk::<19>()?
    else {
        return None;
    };
    let pairs = [[c0, c1], [y0, y1], [m0, m1], [d0, d1], [h0, h1], [n0, n1], [s0, s1]];
    if !pairs.as_flattened().iter().all(u8::is_ascii_digit) {
        return None;
    }
    let [century, year, month, day, hour, minute, second] =
        pairs.map(|[tens, ones]| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'));
    // A leap second becomes the first second of the next minute, as in Unix time.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut scan = Scan::new(text.get(19..)?);
    let nanos = if scan.peek() == Some(b':') { 0 } else { fraction(&mut scan) };
    let is_exact = second < 60 && text.len() - 19 - scan.rest().len() <= 10;
    let offset = match scan.peek() {
        None => Offset::Absent,
        Some(b'Z' | b'z') => {
            scan.skip(1);
            Offset::Utc
        }
        Some(_) => Offset::East(signed(&mut scan)?.with_two_digits()?),
    };
    let local =
        day_number(century * 100 + year, month, day)? * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    scan.is_at_end().then_some(Spelled { local, nanos, offset, is_exact })
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
        rfc3339(text)?.instant(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
