//! The times at the beginning of lines of text: the forms that only lines contain, and the text after a time.

use crate::time_text::clock::{Clock, clock, hour_minute_second};
use crate::time_text::dated::{between, dated};
use crate::time_text::names::{month, weekday};
use crate::time_text::number::of_number;
use crate::time_text::offset::{Names, Offset, zone_name};
use crate::time_text::spelled::Spelled;

use super::level;
use super::scan::Scan;

/// A time in a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stamp {
    /// A time with a date. If it has no offset, the zone of the file applies.
    Dated(Spelled),
    /// A time without a year.
    Yearless { month: u32, day: u32, clock: Clock },
}

impl Stamp {
    /// Returns whether the text contains a year and an offset from UTC.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self, Self::Dated(Spelled { offset: Offset::East(_), .. }))
    }
}

/// Takes a time at the position of `scan`. Returns `None`, and does not move, if there is no time. A byte that is neither a
/// letter nor a digit follows the time.
pub(super) fn take(scan: &mut Scan<'_>) -> Option<Stamp> {
    let mut ahead = *scan;
    let mut stamp = read(&mut ahead)?;
    if ahead.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80) {
        return None;
    }
    if let Some(name) = zone_name(&mut ahead, Names::Known) {
        stamp = match stamp {
            Stamp::Dated(time) => Stamp::Dated(time.in_named_zone(name)?),
            Stamp::Yearless { .. } => return None,
        };
    }
    *scan = ahead;
    Some(stamp)
}

/// Returns whether the beginning of a line contains a date with a time of day. Such a line is not of the time of the line before
/// it, for example a line of JSON that is cut. An indented line continues the line before it, whatever it contains.
pub(super) fn has_date(line: &str) -> bool {
    /// The forms: `0` is a digit, `a` is a letter, and `T` is `T` or a blank.
    const FORMS: [&[u8]; 3] = [b"0000-00-00T00:00", b"0000/00/00T00:00", b"00/aaa/0000:00:00"];
    /// The maximum number of bytes before the date.
    const LONGEST: usize = 64;
    let is = |form: &u8, byte: &u8| match form {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        b'T' => matches!(byte, b'T' | b' '),
        _ => form == byte,
    };
    let bytes = line.as_bytes();
    !line.starts_with([' ', '\t'])
        && (0..bytes.len().min(LONGEST)).any(|at| {
            let (before, rest) = bytes.split_at(at);
            !before.last().is_some_and(u8::is_ascii_digit)
                && FORMS.iter().any(|form| {
                    rest.get(..form.len())
                        .is_some_and(|rest| form.iter().zip(rest).all(|(form, byte)| is(form, byte)))
                })
        })
}

/// Returns whether a line begins with a time of day in seconds, with or without a date and a level before it. If [`take`]
/// returns `None` for such a line, the line has a time that is not understood.
pub(super) fn resembles(line: &str) -> bool {
    /// The maximum number of bytes before the time of day.
    const LONGEST: usize = 32;
    let mut scan = Scan::new(line);
    if level::take(&mut scan, level::Place::Any).is_some() {
        scan.take_while(|byte| matches!(byte, b' ' | b'\t' | b':' | b'|' | b'-'));
    }
    scan.take_while(|byte| matches!(byte, b'[' | b'(' | b'<'));
    let begin = scan;
    let mut has_slash = false;
    let mut before = b' ';
    while let Some(byte) = scan.peek().filter(|_| begin.rest().len() - scan.rest().len() < LONGEST) {
        if byte.is_ascii_digit() {
            let mut ahead = scan;
            let is_clock = hour_minute_second(&mut ahead).is_some_and(|(hour, minute, second)| {
                hour < 24 && minute < 60 && second.is_some_and(|second| second <= 60)
            });
            // More colons are part of an address.
            let is_end = ahead.peek() != Some(b':')
                || Scan::new(ahead.rest().get(1..).unwrap_or("")).count_digits() == 3;
            if is_clock && is_end && (before != b':' || has_slash) {
                return true;
            }
            scan.take_while(|byte| byte.is_ascii_digit());
        } else if byte.is_ascii_alphabetic() || byte >= 0x80 {
            let is_separator =
                matches!(byte, b'T' | b't') && scan.peek_at(1).is_some_and(|next| next.is_ascii_digit());
            if is_separator {
                scan.skip(1);
            } else if weekday(&mut scan).is_none() && month(&mut scan).is_none() {
                return false;
            }
        } else if matches!(byte, b'-' | b'/' | b'.' | b',' | b' ' | b':' | b'_') {
            has_slash |= byte == b'/';
            scan.skip(1);
        } else {
            return false;
        }
        before = byte;
    }
    false
}

fn read(scan: &mut Scan<'_>) -> Option<Stamp> {
    let digits = scan.count_digits();
    match digits {
        1 | 2 if is_numeric(scan) => return numeric(scan),
        6 => return mysql(scan),
        10 | 13 | 16 | 19 => return epoch(scan).filter(|_| begins_message(*scan)),
        0 => {
            // `Sun, 13/01/2026 10:00:00`
            let mut ahead = *scan;
            let has_weekday = weekday(&mut ahead).is_some() && ahead.eat(b',') && ahead.blanks() > 0;
            if has_weekday && is_numeric(&ahead) {
                *scan = ahead;
                return numeric(scan);
            }
        }
        _ => {}
    }
    let found = dated(scan)?;
    let Some(year) = found.year else {
        let (month, day, clock) = (found.month, found.day, found.clock);
        return (1..=31).contains(&day).then_some(Stamp::Yearless { month, day, clock });
    };
    // A number of 8 digits can also be an id.
    let is_likely = digits != 8 || (1990..2100).contains(&year);
    on(found.clock, year, found.month, found.day).filter(|_| is_likely)
}

/// Returns a time on a date after the begin of 1970.
fn on(clock: Clock, year: u32, month: u32, day: u32) -> Option<Stamp> {
    let time = clock.on(year.into(), month, day)?;
    (time.instant(None)?.unix_seconds() > 0).then_some(Stamp::Dated(time))
}

/// Takes `260301 10:00:00` of MySQL and MariaDB. A level in brackets must follow.
fn mysql(scan: &mut Scan<'_>) -> Option<Stamp> {
    let (year, month, day) = (scan.digits(2)?, scan.digits(2)?, scan.digits(2)?);
    (1..=2).contains(&scan.blanks()).then_some(())?;
    let stamp = on(clock(scan)?, 2000 + year, month, day)?;
    let mut ahead = *scan;
    let is_level = ahead.blanks() > 0
        && ahead.peek() == Some(b'[')
        && level::take(&mut ahead, level::Place::Any).is_some();
    is_level.then_some(stamp)
}

/// Returns whether a date of three numbers is next: `13/01/2026`.
fn is_numeric(scan: &Scan<'_>) -> bool {
    let mut ahead = *scan;
    ahead.skip(ahead.count_digits());
    matches!(ahead.peek(), Some(b'/' | b'-' | b'.'))
        && ahead.peek_at(1).is_some_and(|byte| byte.is_ascii_digit())
}

/// Takes a date of three numbers whose order is unambiguous, and a time of day.
fn numeric(scan: &mut Scan<'_>) -> Option<Stamp> {
    let first = scan.one_or_two()?;
    let separator = scan.peek()?;
    scan.skip(1);
    let second = scan.one_or_two()?;
    if !scan.eat(separator) {
        return None;
    }
    let digits = scan.count_digits();
    let third = scan.digits(digits).filter(|_| matches!(digits, 2 | 4))?;
    between(scan)?;
    let clock = clock(scan)?;
    if digits == 4 {
        return match (first, second) {
            (day, month) if separator == b'.' => on(clock, third, month, day),
            (month, day) if clock.has_half || day > 12 => on(clock, third, month, day),
            (day, month) if day > 12 => on(clock, third, month, day),
            _ => None,
        };
    }
    // `26/03/01 10:00:00 INFO` of log4j. Otherwise, only a day above 12 in the middle makes the order certain.
    if second > 12 && first <= 12 {
        return on(clock, 2000 + third, first, second);
    }
    let level = scan.rest().strip_prefix(' ').unwrap_or("");
    let is_log4j =
        ["INFO ", "WARN ", "ERROR ", "DEBUG ", "TRACE ", "FATAL "].iter().any(|name| level.starts_with(name));
    if first > 12 && second <= 12 && is_log4j && separator == b'/' {
        on(clock, 2000 + first, second, third)
    } else {
        None
    }
}

/// Takes a number of seconds, milliseconds, microseconds or nanoseconds since the epoch, from 2001 to 2099.
pub(super) fn epoch(scan: &mut Scan<'_>) -> Option<Stamp> {
    let text = scan.rest();
    let digits = scan.count_digits();
    scan.skip(digits);
    let has_fraction = digits == 10 && scan.eat(b'.');
    if has_fraction && scan.take_while(|byte| byte.is_ascii_digit()).is_empty() {
        return None;
    }
    let (time, _) = of_number(text.get(..text.len() - scan.rest().len())?)?;
    // A number of 10 digits can also be an id.
    let is_end = match scan.peek() {
        Some(b']') => true,
        None | Some(b' ' | b'\t' | b'\n') => digits > 10 || has_fraction,
        _ => false,
    };
    let is_likely = (1_000_000_000..4_070_908_800).contains(&time.unix_seconds());
    (is_likely && is_end).then(|| Stamp::Dated(Spelled::utc(time)))
}

/// Returns whether the text after a number is that of a line of a log: a level, a bracket, a quote, a word that begins with a
/// capital letter, or the duration and the address of Squid. In `1500000000000 bytes free`, the number is a count.
fn begins_message(mut scan: Scan<'_>) -> bool {
    scan.eat(b']');
    scan.take_while(|byte| matches!(byte, b' ' | b'\t' | b'|' | b'-'));
    match scan.peek() {
        Some(b'A'..=b'Z' | b'[' | b'(' | b'{' | b'<' | b'"') => true,
        Some(b'0'..=b'9') => {
            let has_duration = scan.number().is_some() && scan.blanks() > 0;
            has_duration && scan.word().is_some_and(|word| word.parse::<core::net::IpAddr>().is_ok())
        }
        _ => level::take(&mut scan, level::Place::Column).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::years::Years;

    fn read_all(text: &str) -> Option<String> {
        let mut scan = Scan::new(text);
        let stamp = take(&mut scan)?;
        let mut years = Years::default();
        years.latest = Some(1_772_359_200);
        Some(format!("{} [{}]", years.resolve(stamp)?, scan.rest()))
    }

    #[test]
    fn times_of_common_loggers_are_read() {
        for (text, expected) in [
            ("2026-03-01T10:00:00.5Z x", "2026-03-01T10:00:00.500Z [ x]"),
            ("2026-03-01 10:00:00,123 x", "2026-03-01T10:00:00.123Z [ x]"),
            ("2026/03/01 10:00:00 [error]", "2026-03-01T10:00:00Z [ [error]]"),
            ("2026-03-01 10:00:00.1 +02:00 [W]", "2026-03-01T10:00:00.100+02:00 [ [W]]"),
            ("2026-03-01 10:00:00 CET [7]", "2026-03-01T10:00:00+01:00 [ [7]]"),
            ("2026-03-01 10:00:00 CETI", "2026-03-01T10:00:00Z [ CETI]"),
            ("2026-03-01  5:13:12 8", "2026-03-01T05:13:12Z [ 8]"),
            ("2026-03-01 10:00 x", "2026-03-01T10:00:00Z [ x]"),
            ("2026-03-01 10:00:00:123 x", "2026-03-01T10:00:00.123Z [ x]"),
            ("01/Mar/2026:10:00:00 +0100]", "2026-03-01T10:00:00+01:00 []]"),
            ("01-Mar-2026 10:00:00.5 x", "2026-03-01T10:00:00.500Z [ x]"),
            ("1 Mar 2026 10:00:00 * x", "2026-03-01T10:00:00Z [ * x]"),
            ("Sun, 01 Mar 2026 10:00:00 +0000 x", "2026-03-01T10:00:00+00:00 [ x]"),
            ("Sun Mar  1 10:00:00.123456 2026] x", "2026-03-01T10:00:00.123456Z [] x]"),
            ("Sun Mar  1 10:00:00 CET 2026", "2026-03-01T10:00:00+01:00 []"),
            ("Mar  1 10:00:00 host", "2026-03-01T10:00:00Z [ host]"),
            ("Mar  3 10:00:00 host", "2025-03-03T10:00:00Z [ host]"),
            ("Feb 29 10:00:00 host", "2024-02-29T10:00:00Z [ host]"),
            ("août 19 11:08:37 host", "2025-08-19T11:08:37Z [ host]"),
            ("20260301T100000Z x", "2026-03-01T10:00:00Z [ x]"),
            ("20260301 10:00:00.1 x", "2026-03-01T10:00:00.100Z [ x]"),
            ("26/03/01 10:00:00 INFO x", "2026-03-01T10:00:00Z [ INFO x]"),
            ("01/25/26 10:00:00.5 x", "2026-01-25T10:00:00.500Z [ x]"),
            ("01/02/2026, 7:32:47 PM x", "2026-01-02T19:32:47Z [ x]"),
            ("1772359200123 Ready", "2026-03-01T10:00:00.123Z [ Ready]"),
            ("1772359200123456 info: x", "2026-03-01T10:00:00.123456Z [ info: x]"),
            ("1772359200.5 [main] x", "2026-03-01T10:00:00.500Z [ [main] x]"),
            ("1772359200.123     45 192.0.2.1 x", "2026-03-01T10:00:00.123Z [     45 192.0.2.1 x]"),
            ("1772359200] SERVICE ALERT", "2026-03-01T10:00:00Z [] SERVICE ALERT]"),
            ("Mar 01, 2026 10:00:00 PM shop.Cart pay", "2026-03-01T22:00:00Z [ shop.Cart pay]"),
            ("Mar 1, 2026 10:00:00\u{202f}PM x", "2026-03-01T22:00:00Z [ x]"),
            ("2026-03-01 10:00:00 PM INFO m", "2026-03-01T22:00:00Z [ INFO m]"),
            ("2026-03-01 10:00:00.5 pm x", "2026-03-01T22:00:00.500Z [ x]"),
            ("2026-03-01 10:00:00 p.m. x", "2026-03-01T22:00:00Z [ x]"),
            ("2026-03-01 12:00:00 AM x", "2026-03-01T00:00:00Z [ x]"),
            ("2026-03-01 12:00:00 PM CET x", "2026-03-01T12:00:00+01:00 [ x]"),
            ("2026-03-01 10:00:00 pm.max x", "2026-03-01T10:00:00Z [ pm.max x]"),
            ("2026-03-01 10:00:00 AMQP x", "2026-03-01T10:00:00Z [ AMQP x]"),
            ("2026-03-01 10:00:00 GMT+02:00 x", "2026-03-01T10:00:00+02:00 [ x]"),
            ("2026-03-01 10:00:00 UTC+2 x", "2026-03-01T10:00:00+02:00 [ x]"),
            ("2026-03-01 10:00:00 GMT-0330] x", "2026-03-01T10:00:00-03:30 [] x]"),
            ("2026-03-01T10:00:00+01:00[Europe/Berlin] x", "2026-03-01T10:00:00+01:00 [ x]"),
            ("2026-03-01 10:00:00[INFO] x", "2026-03-01T10:00:00Z [[INFO] x]"),
            ("2026-03-01 10:00:00 App/Cart x", "2026-03-01T10:00:00Z [ App/Cart x]"),
            ("260301 10:00:00 [Warning] x", "2026-03-01T10:00:00Z [ [Warning] x]"),
            ("260301  5:00:00 [Note] x", "2026-03-01T05:00:00Z [ [Note] x]"),
            ("01.03.2026 10:00:00 x", "2026-03-01T10:00:00Z [ x]"),
        ] {
            assert_eq!(read_all(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "2026-02-30 10:00:00",
            "2026-03-01",
            "2026-03-01 24:00:00",
            "2026-03-01T10:00:00FOO err",
            "2026-03-01 10:00:00 IST x",
            "01/02/03 10:00:00 x",
            "01/02/2026 10:00:00 x",
            "10:00:00 x",
            "123456789012 x",
            "1772359200abc",
            "1772359200 items",
            "1600000000] packets received",
            "1500000000000 bytes free",
            "1500000000000",
            "1700000000.5 seconds total",
            "1234567890123456 some account",
            "2026-03-01 10:00:00 Europe/Atlantis x",
            "2026-03-01 10:00:00 GMT+25 x",
            "2026-03-01 10:00:00 CET+1 x",
            "2026-03-01 0:00:00 PM x",
            "260301 10:00:00 InnoDB: x",
            "Marvin 1 10:00:00",
            "Monday 1",
            "March",
            "maybe 1 10:00",
            "1.2.3.4 - -",
        ] {
            assert_eq!(read_all(text), None, "{text}");
        }
    }

    #[cfg(feature = "zones")]
    #[test]
    fn a_named_zone_applies() {
        for (text, expected) in [
            ("2026-03-01 10:00:00 Europe/Berlin INFO", "2026-03-01T10:00:00+01:00 [ INFO]"),
            ("2026-07-01 10:00:00.5 America/New_York x", "2026-07-01T10:00:00.500-04:00 [ x]"),
            ("2026-07-01T10:00:00[Europe/Berlin] x", "2026-07-01T10:00:00+02:00 [ x]"),
        ] {
            assert_eq!(read_all(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn lines_with_times_of_other_forms_resemble_times() {
        for (text, expected) in [
            ("260301 10:00:00 InnoDB: x", true),
            ("01/02/2026 10:00:00 x", true),
            ("[01/02/2026 10:00:00] x", true),
            ("INFO 2026-03-01 10:00:00 IST x", true),
            ("2026-02-30T10:00:00.5Z x", true),
            ("Sun, 1 Foo 2026 10:00:00", false),
            ("Mar 2026 1 10:00:00 x", true),
            ("10:00:00 x", true),
            ("at 10:00:00", false),
            ("3 items at 10:00:00", false),
            ("10:11:12:13:14:15 link", false),
            ("2001:10:11:12::1", false),
            ("java.lang.Error: 10:00:00", false),
            ("1.2.3.4:80 x", false),
        ] {
            assert_eq!(resembles(text), expected, "{text}");
        }
    }

    #[test]
    fn a_date_with_a_time_of_day_is_found_at_the_beginning_of_a_line() {
        for (text, expected) in [
            ("{\"time\":\"2026-03-01T12:00:00Z\",\"level\":\"error\",\"msg\":\"tru", true),
            ("{'time': '2026-03-01 12:00:00'}", true),
            ("DEBUG: Crowdsec: 2025/09/05 13:53:40 x", true),
            ("101 1 tap 01/Mar/2026:19:00:00 +0000", true),
            ("2026-03-01 12:00", true),
            ("2026-03-01", false),
            ("12026-03-01 12:00", false),
            ("\tat 2026-03-01 12:00:00", false),
            ("Caused by: an error that was found in the storage of the orders at 2026-03-01 12:00:00", false),
        ] {
            assert_eq!(has_date(text), expected, "{text}");
        }
    }
}
