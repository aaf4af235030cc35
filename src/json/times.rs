//! The times of common loggers.

use crate::time::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// No time is longer, in bytes.
const LONGEST: usize = 80;

/// Returns the instant of a text, and whether the text can be restored from the instant. A leap second, or more than 9
/// digits after the point, cannot be restored.
pub(super) fn of_text(text: &str) -> Option<(Timestamp, bool)> {
    if let Some(time) = Timestamp::parse_rfc3339(text) {
        let is_leap = text.get(17..19) == Some("60");
        let fraction = text.bytes().skip(20).take_while(u8::is_ascii_digit).count();
        let has_fraction = matches!(text.as_bytes().get(19), Some(b'.' | b','));
        return Some((time, !is_leap && (!has_fraction || fraction <= 9)));
    }
    if let Some(time) = of_number(text) {
        return Some(time);
    }
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    if let Some(inside) = text.strip_prefix("/Date(").and_then(|text| text.strip_suffix(")/")) {
        return of_number(inside).map(|(time, _)| (time, false));
    }
    Some((other_form(text)?, false))
}

/// Parses a form that differs from RFC 3339. The function rewrites it in the form of RFC 3339.
fn other_form(text: &str) -> Option<Timestamp> {
    if !text.is_ascii() {
        return None;
    }
    // `2026-03-01T10:00:00+01:00[Europe/Paris]`, and `2026-03-01 10:00:00 +0000 UTC` of Go.
    let text = text.strip_suffix(']').and_then(|text| text.split_once('[')).map_or(text, |(time, _)| time);
    let (text, is_utc) = match text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")) {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    // Go appends the monotonic clock.
    let text = text.split_once(" m=").map_or(text, |(time, _)| time);
    let (text, offset) = split_offset(text)?;
    let (date, time) = date_and_time(text)?;
    let (year, month, day) = date;
    let (clock, fraction) = time.split_at(time.find(['.', ',']).unwrap_or(time.len()));
    let mut parts = clock.split(':');
    let mut part = || parts.next().filter(|part| part.len() == 2);
    let (hour, minute) = (part()?, part()?);
    let second = match parts.next() {
        Some(second) if second.len() == 2 => second,
        Some(_) => return None,
        None if fraction.is_empty() => "00",
        None => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    let offset = match offset {
        "" if is_utc => "Z",
        offset => offset,
    };
    Timestamp::parse_rfc3339(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}{offset}"))
}

/// Splits the offset from UTC from the end of a time. A blank can precede the offset.
fn split_offset(text: &str) -> Option<(&str, &str)> {
    if let Some(time) = text.strip_suffix(['Z', 'z']) {
        return Some((time.trim_end(), "Z"));
    }
    // The dates contain `-` before the first colon, or before the `T` of the basic form.
    let time = text.rfind([':', 'T']).unwrap_or(0);
    let at = match text.rfind(['+', '-']) {
        // The colon can be that of the offset.
        Some(at) if at > time || text.get(at + 3..at + 4) == Some(":") && text.len() == at + 6 => at,
        _ => return Some((text, "")),
    };
    let offset = text.get(at..)?;
    let digits = offset.bytes().filter(u8::is_ascii_digit).count();
    let is_offset = matches!(offset.len(), 3 | 5 | 6) && matches!(digits, 2 | 4);
    // A date without a time, or with a time before it, has no offset.
    if !is_offset || !text[..at].contains(':') && !text[..at].contains('T') {
        return Some((text, ""));
    }
    Some((text[..at].trim_end(), offset))
}

/// Splits a time without an offset in its date (year, month and day of two digits or more) and its time of day.
fn date_and_time(text: &str) -> Option<((&str, String, String), String)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let two = |text: &str| if text.len() == 1 { format!("0{text}") } else { text.to_owned() };
    let month =
        |name: &str| MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name)).map(|at| at + 1);
    // `01/Mar/2026:10:00:00` of access logs.
    if text.as_bytes().get(2) == Some(&b'/') {
        let (date, time) = text.split_once(':')?;
        let mut parts = date.split('/');
        let (day, name, year) = (parts.next()?, parts.next()?, parts.next()?);
        return Some(((year, format!("{:02}", month(name)?), two(day)), time.to_owned()));
    }
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let words: [Option<&str>; 6] = core::array::from_fn(|_| words.next());
    match words {
        // `Sun, 01 Mar 2026 10:00:00` of RFC 2822.
        [Some(weekday), Some(day), Some(name), Some(year), Some(time), None] if weekday.ends_with(',') => {
            Some(((year, format!("{:02}", month(name)?), two(day)), time.to_owned()))
        }
        // `Sun Mar  1 10:00:00 2026` of `ctime`.
        [Some(weekday), Some(name), Some(day), Some(time), Some(year), None] if weekday.len() == 3 => {
            Some(((year, format!("{:02}", month(name)?), two(day)), time.to_owned()))
        }
        [Some(one), time, None, None, None, None] => {
            // `2026-03-01 10:00`, `2026/03/01 10:00:00` and `2026-03-01T10:00`.
            let is_dated =
                one.len() >= 10 && digits(one.get(..4)?) && matches!(one.as_bytes()[4], b'-' | b'/');
            if is_dated && one.as_bytes()[4] == one.as_bytes()[7] {
                let time = match (one.get(10..)?, time) {
                    ("", Some(time)) => time,
                    (rest, None) => rest.strip_prefix(['T', 't', '_'])?,
                    _ => return None,
                };
                return Some((
                    (&one[..4], one.get(5..7)?.to_owned(), one.get(8..10)?.to_owned()),
                    time.to_owned(),
                ));
            }
            // `20260301T100000.123`
            let (date, clock) = one.split_once('T').filter(|_| time.is_none())?;
            let (clock, fraction) = clock.split_at(clock.find(['.', ',']).unwrap_or(clock.len()));
            if date.len() != 8 || clock.len() != 6 || !digits(date) || !digits(clock) {
                return None;
            }
            let time = format!("{}:{}:{}{fraction}", &clock[..2], &clock[2..4], &clock[4..]);
            Some(((&date[..4], date[4..6].to_owned(), date[6..].to_owned()), time))
        }
        _ => None,
    }
}

/// Returns the instant of a number of nanoseconds since the epoch, for keys that define this unit.
pub(super) fn of_nanos(text: &str) -> Option<(Timestamp, bool)> {
    Some((from_nanos(text.parse::<u64>().ok()?.into())?, true))
}

/// Returns the instant of a number of milliseconds since the epoch.
pub(super) fn of_millis(text: &str) -> Option<Timestamp> {
    from_nanos(i128::from(text.parse::<i64>().ok()?) * 1_000_000)
}

/// Returns the instant of a number, and whether the number can be restored from the instant. The number counts
/// seconds, milliseconds, microseconds or nanoseconds since the epoch. The number of its digits determines the unit: 10, 13,
/// 16 or 19, the numbers of the times from September 2001 to November 2286. A number of 14 digits is a date and a time:
/// `20260301100000`. Any other number can have any meaning.
pub(super) fn of_number(text: &str) -> Option<(Timestamp, bool)> {
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
        14 if !text.contains('.') => return Some((calendar(whole)?, false)),
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
fn calendar(digits: &str) -> Option<Timestamp> {
    let part = |from: usize, to: usize| digits.get(from..to);
    if !(1990..2100).contains(&part(0, 4)?.parse::<u16>().ok()?) {
        return None;
    }
    Timestamp::parse_rfc3339(&format!(
        "{}-{}-{}T{}:{}:{}",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?
    ))
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

fn from_nanos(nanos: i128) -> Option<Timestamp> {
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).ok()?;
    Timestamp::new(seconds, u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?)
}
