//! Times in the form of numbers.

use super::clock::compact;
use super::spelled::Spelled;
use crate::text_scan::Scan;
use crate::time::Timestamp;

/// Returns the instant of a number of nanoseconds since the epoch.
pub(crate) fn from_nanos(nanos: i128) -> Option<Timestamp> {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    Timestamp::new(seconds, u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?)
}

/// Returns the instant of a number, and whether the number can be restored from the instant. The number counts
/// seconds, milliseconds, microseconds or nanoseconds since the epoch. The number of its digits determines the unit: 10, 13,
/// 16 or 19, the numbers of the times from September 2001 to November 2286. Any other number can have any meaning.
pub(crate) fn of_number(text: &str) -> Option<(Timestamp, bool)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) {
        // A binary fraction is rounded, so it cannot be restored.
        return Some((exponent(text)?, false));
    }
    let scale: i128 = match whole.len() {
        10 => 1_000_000_000,
        13 => 1_000_000,
        16 => 1_000,
        19 => 1,
        _ => return None,
    };
    if whole.starts_with('0') {
        return None;
    }
    let mut nanos = whole.parse::<i128>().ok()? * scale;
    let (mut unit, mut exact) = (scale, true);
    for digit in fraction.bytes() {
        exact &= unit > 1 || digit == b'0';
        unit /= 10;
        nanos += i128::from(digit - b'0') * unit;
    }
    Some((from_nanos(nanos)?, exact))
}

/// Parses a date and a time of 14 digits, from 1990 to 2099.
pub(crate) fn of_14_digits(digits: &str) -> Option<Spelled> {
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut scan = Scan::new(digits);
    let year = scan.digits(4).filter(|year| (1990..2100).contains(year))?;
    let (month, day) = (scan.digits(2)?, scan.digits(2)?);
    compact(&mut scan)?.on(year.into(), month, day)
}

/// Parses the form `1.446249499322e9` of zap and other loggers, in any unit.
fn exponent(text: &str) -> Option<Timestamp> {
    if !text.contains(['e', 'E']) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    let unit = [1e9, 1e6, 1e3, 1.0].into_iter().find(|unit| (1e18..1e19).contains(&(number * unit)))?;
    #[expect(clippy::cast_possible_truncation, reason = "under 10^16")]
    from_nanos((number * unit / 1e3).round() as i128 * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

    #[test]
    fn only_the_digits_of_an_epoch_are_a_time() {
        for (text, expected) in [
            ("1772359200", "2026-03-01T10:00:00Z"),
            ("1772359200123", "2026-03-01T10:00:00.123Z"),
            ("1772359200123456", "2026-03-01T10:00:00.123456Z"),
            ("1772359200123456789", "2026-03-01T10:00:00.123456789Z"),
            ("1772359200.123456", "2026-03-01T10:00:00.123456Z"),
            ("1772359200123.5", "2026-03-01T10:00:00.123500Z"),
            ("1.7723592e9", "2026-03-01T10:00:00Z"),
            ("17723592E2", "2026-03-01T10:00:00Z"),
        ] {
            assert_eq!(of_number(text).unwrap().0.to_string(), expected, "{text}");
        }
        for text in [
            "",
            "0",
            "1",
            "-1",
            "99999999999",
            "123456789012",
            "17723592001234",
            "177235920012345",
            "17723592001234567",
            "639079632001234567",
            "134168976001234567",
            "1772359200123456789012",
            "1e10",
            "0x69a40ba0",
            "0000000001",
        ] {
            assert_eq!(of_number(text), None, "{text}");
        }
        let time = of_14_digits("20260301100000").unwrap().instant(Some(&Zone::fixed(3600))).unwrap();
        assert_eq!(time.to_string(), "2026-03-01T10:00:00+01:00");
        for text in ["17723592001234", "20260229100000", "2026030110000", "20260301240000"] {
            assert_eq!(of_14_digits(text), None, "{text}");
        }
    }
}
