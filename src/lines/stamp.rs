//! The times at the beginning of lines of text.

use crate::rfc3339::{civil_from_days, days_from_civil};
use crate::time::Timestamp;
use crate::zone::Zone;

use super::level;
use super::scan::Scan;

const DAY: i64 = 86_400;

/// A time in a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stamp {
    At(Timestamp),
    /// A time without an offset, as the same time in UTC. The zone of the file applies.
    Local(Timestamp),
    /// A time without a year.
    Yearless {
        month: u32,
        day: u32,
        clock: Clock,
    },
}

impl Stamp {
    /// Returns whether the text contains a year and an offset from UTC.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self, Self::At(time) if time.utc_offset_minutes().is_some())
    }
}

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clock {
    second: u32,
    nanos: u32,
    offset: Option<i16>,
    /// Whether the text has no offset.
    is_local: bool,
}

impl Clock {
    /// Returns the instant of the time on a date. Returns `None` if the date does not exist.
    pub(super) fn on(self, year: i64, month: u32, day: u32) -> Option<Timestamp> {
        let days = days_from_civil(year, month.into(), day.into());
        let exists = civil_from_days(days) == (year, u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        let local = days * DAY + i64::from(self.second);
        let utc = local - i64::from(self.offset.unwrap_or(0)) * 60;
        let time = Timestamp::new(utc, self.nanos)?.with_utc_offset_minutes(self.offset);
        (exists && utc > 0).then_some(time)
    }

    fn at(self, year: u32, month: u32, day: u32) -> Option<Stamp> {
        let time = self.on(year.into(), month, day)?;
        Some(if self.is_local { Stamp::Local(time) } else { Stamp::At(time) })
    }
}

/// The names of months in English, French and German. A line contains the name or at least its first three letters.
const MONTHS: [(&str, u32); 35] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
    ("janvier", 1),
    ("février", 2),
    ("Février", 2),
    ("mars", 3),
    ("avril", 4),
    ("mai", 5),
    ("juin", 6),
    ("juillet", 7),
    ("août", 8),
    ("Août", 8),
    ("septembre", 9),
    ("octobre", 10),
    ("décembre", 12),
    ("Décembre", 12),
    ("januar", 1),
    ("februar", 2),
    ("märz", 3),
    ("März", 3),
    ("mrz", 3),
    ("juni", 6),
    ("juli", 7),
    ("oktober", 10),
    ("dezember", 12),
];

/// Abbreviations of zones that have one meaning, with their offset in minutes.
const ZONES: [(&str, i16); 21] = [
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("WEST", 60),
    ("CET", 60),
    ("CEST", 120),
    ("EET", 120),
    ("EEST", 180),
    ("MSK", 180),
    ("EST", -300),
    ("EDT", -240),
    ("CDT", -300),
    ("MST", -420),
    ("MDT", -360),
    ("PST", -480),
    ("PDT", -420),
    ("JST", 540),
    ("KST", 540),
    ("AEST", 600),
    ("AEDT", 660),
    ("NZST", 720),
];

/// Abbreviations of zones with more than one meaning. A time with such a zone is not a time.
const AMBIGUOUS_ZONES: [&str; 7] = ["CST", "IST", "BST", "AST", "SST", "ADT", "WST"];

/// The first parts of the names of zones, for example of `Europe/Berlin`.
const AREAS: [&str; 16] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Brazil",
    "Canada",
    "Chile",
    "Etc",
    "Europe",
    "Indian",
    "Mexico",
    "Pacific",
    "US",
];

/// Takes a time at the position of `scan`. Returns `None`, and does not move, if there is no time. A byte that is neither a
/// letter nor a digit follows the time.
pub(super) fn take(scan: &mut Scan<'_>) -> Option<Stamp> {
    let mut ahead = *scan;
    let mut stamp = read(&mut ahead)?;
    if ahead.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80) {
        return None;
    }
    if let Some(name) = zone_name(&mut ahead) {
        stamp = in_named_zone(stamp, name)?;
    }
    *scan = ahead;
    Some(stamp)
}

/// Takes the name of a zone after a time: ` Europe/Berlin`, or `[Europe/Berlin]` without a blank before it.
fn zone_name<'l>(scan: &mut Scan<'l>) -> Option<&'l str> {
    let is_open = scan.peek()? == b'[';
    let is_name = scan.peek_at(1)?.is_ascii_uppercase();
    if !is_name || !is_open && scan.peek()? != b' ' {
        return None;
    }
    let mut ahead = *scan;
    ahead.skip(1);
    let name =
        ahead.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+'));
    let is_zone = match name.split_once('/') {
        Some((area, _)) => AREAS.contains(&area),
        None => is_open && matches!(name, "UTC" | "GMT"),
    };
    if !is_zone || is_open && !ahead.eat(b']') {
        return None;
    }
    *scan = ahead;
    Some(name)
}

/// Applies a named zone to a time without an offset. Returns `None` if the zone is not known, or if the time has no year.
fn in_named_zone(stamp: Stamp, name: &str) -> Option<Stamp> {
    let time = match stamp {
        Stamp::At(_) => return Some(stamp),
        Stamp::Local(time) => time,
        Stamp::Yearless { .. } => return None,
    };
    let zone = if name.contains('/') { Zone::named(name)? } else { Zone::UTC };
    let seconds = zone.instant_of(time.unix_seconds());
    let offset = i16::try_from(zone.offset_at(seconds) / 60).ok().filter(|offset| *offset != 0);
    Some(Stamp::At(Timestamp::new(seconds, time.subsec_nanos())?.with_utc_offset_minutes(offset)))
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
                hour < 24 && minute < 60 && second <= 60 && scan.rest().len() - ahead.rest().len() > 5
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
            } else if scan.rest().get(..3).is_some_and(is_weekday) {
                scan.take_while(|byte| byte.is_ascii_alphabetic());
            } else if month(&mut scan).is_none() {
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
    if !scan.peek()?.is_ascii_digit() {
        return named(scan);
    }
    match scan.count_digits() {
        4 => year_first(scan),
        8 => basic(scan),
        1 | 2 => short(scan),
        6 => mysql(scan),
        10 | 13 | 16 | 19 => epoch(scan).filter(|_| begins_message(*scan)),
        _ => None,
    }
}

/// Takes `260301 10:00:00` of MySQL and MariaDB. A level in brackets must follow.
fn mysql(scan: &mut Scan<'_>) -> Option<Stamp> {
    let (year, month, day) = (scan.digits(2)?, scan.digits(2)?, scan.digits(2)?);
    (1..=2).contains(&scan.blanks()).then_some(())?;
    let stamp = clock(scan)?.at(2000 + year, month, day)?;
    let mut ahead = *scan;
    let is_level = ahead.blanks() > 0
        && ahead.peek() == Some(b'[')
        && level::take(&mut ahead, level::Place::Any).is_some();
    is_level.then_some(stamp)
}

/// Takes `2026-03-01T10:00:00.123+01:00` and similar forms.
fn year_first(scan: &mut Scan<'_>) -> Option<Stamp> {
    let year = scan.digits(4)?;
    let separator = scan.peek().filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
    scan.skip(1);
    let month = scan.digits(2)?;
    if !scan.eat(separator) {
        return None;
    }
    let day = scan.digits(2)?;
    between(scan)?;
    clock(scan)?.at(year, month, day)
}

/// Moves after the separator of a date and a time.
fn between(scan: &mut Scan<'_>) -> Option<()> {
    if matches!(scan.peek(), Some(b'T' | b't' | b'_')) && scan.peek_at(1)?.is_ascii_digit() {
        scan.skip(1);
        return Some(());
    }
    scan.eat(b',');
    // A blank pads an hour of one digit.
    (1..=2).contains(&scan.blanks()).then_some(())
}

/// Takes `20260301T100000`, `20260301 10:00:00` and `20260301-10:00:00`.
fn basic(scan: &mut Scan<'_>) -> Option<Stamp> {
    let (year, month, day) = (scan.digits(4)?, scan.digits(2)?, scan.digits(2)?);
    scan.peek().filter(|byte| matches!(byte, b'T' | b' ' | b'-' | b'_'))?;
    scan.skip(1);
    if !(1990..2100).contains(&year) {
        return None;
    }
    if scan.count_digits() == 6 {
        let (hour, minute, second) = (scan.digits(2)?, scan.digits(2)?, scan.digits(2)?);
        let nanos = fraction(scan)?;
        return rest_of_clock(scan, hour, minute, second, nanos)?.at(year, month, day);
    }
    clock(scan)?.at(year, month, day)
}

/// Takes a date that begins with one or two digits: `01/Mar/2026:10:00:00`, `1 Mar 2026 10:00:00`, and dates of digits only
/// whose order is unambiguous.
fn short(scan: &mut Scan<'_>) -> Option<Stamp> {
    let first = scan.one_or_two()?;
    let separator = scan.peek().filter(|byte| matches!(byte, b'/' | b'-' | b' ' | b'.'))?;
    scan.skip(1);
    if !scan.peek()?.is_ascii_digit() {
        let month = month(scan)?;
        if !scan.eat(separator) {
            return None;
        }
        let year = scan.digits(4)?;
        if !scan.eat(b':') {
            between(scan)?;
        }
        return clock(scan)?.at(year, month, first);
    }
    if separator == b' ' {
        return None;
    }
    let second = scan.one_or_two()?;
    if !scan.eat(separator) {
        return None;
    }
    let digits = scan.count_digits();
    let third = scan.digits(digits).filter(|_| matches!(digits, 2 | 4))?;
    between(scan)?;
    let (clock, is_half_day) = clock_of_half_day(scan)?;
    if digits == 4 {
        return match (first, second) {
            (day, month) if separator == b'.' => clock.at(third, month, day),
            (month, day) if is_half_day || day > 12 => clock.at(third, month, day),
            (day, month) if day > 12 => clock.at(third, month, day),
            _ => None,
        };
    }
    // `26/03/01 10:00:00 INFO` of log4j. Otherwise, only a day above 12 in the middle makes the order certain.
    if second > 12 && first <= 12 {
        return clock.at(2000 + third, first, second);
    }
    let level = scan.rest().strip_prefix(' ').unwrap_or("");
    let is_log4j =
        ["INFO ", "WARN ", "ERROR ", "DEBUG ", "TRACE ", "FATAL "].iter().any(|name| level.starts_with(name));
    if first > 12 && second <= 12 && is_log4j && separator == b'/' {
        clock.at(2000 + first, second, third)
    } else {
        None
    }
}

/// Takes a number of seconds, milliseconds, microseconds or nanoseconds since the epoch, from 2001 to 2099.
pub(super) fn epoch(scan: &mut Scan<'_>) -> Option<Stamp> {
    let digits = scan.count_digits();
    let number: i128 = scan.rest().get(..digits)?.parse().ok()?;
    scan.skip(digits);
    let mut nanos = number * 10_i128.pow(19_u32.checked_sub(u32::try_from(digits).ok()?)?);
    let has_fraction = digits == 10 && scan.eat(b'.');
    if has_fraction {
        nanos += i128::from(fraction_digits(scan)?);
    }
    let seconds = i64::try_from(nanos / 1_000_000_000).ok()?;
    let time = Timestamp::new(seconds, u32::try_from(nanos % 1_000_000_000).ok()?)?;
    // A number of 10 digits can also be an id.
    let is_end = match scan.peek() {
        Some(b']') => true,
        None | Some(b' ' | b'\t' | b'\n') => digits > 10 || has_fraction,
        _ => false,
    };
    ((1_000_000_000..4_070_908_800).contains(&seconds) && is_end).then_some(Stamp::At(time))
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

/// Takes a date that begins with the name of a month or of a day of the week.
fn named(scan: &mut Scan<'_>) -> Option<Stamp> {
    let mut ahead = *scan;
    if let Some(month) = month(&mut ahead) {
        *scan = ahead;
        return month_first(scan, month);
    }
    if !is_weekday(scan.rest().get(..3)?) {
        return None;
    }
    scan.skip(3);
    let has_comma = scan.eat(b',');
    if scan.blanks() == 0 {
        return None;
    }
    if has_comma {
        return short(scan);
    }
    let month = month(scan)?;
    (scan.blanks() > 0).then_some(())?;
    let day = scan.one_or_two()?;
    (scan.blanks() > 0).then_some(())?;
    let clock = clock(scan)?;
    (scan.blanks() > 0).then_some(())?;
    let year = scan.digits(4)?;
    clock.at(year, month, day)
}

/// Takes `Mar  1 10:00:00`, and `Mar 1 2026 10:00:00`, after the month.
fn month_first(scan: &mut Scan<'_>, month: u32) -> Option<Stamp> {
    (scan.blanks() > 0).then_some(())?;
    let day = scan.one_or_two()?;
    scan.eat(b',');
    (scan.blanks() > 0).then_some(())?;
    if scan.count_digits() == 4 {
        let year = scan.digits(4)?;
        (scan.blanks() > 0).then_some(())?;
        return clock(scan)?.at(year, month, day);
    }
    let clock = clock(scan)?;
    (1..=31).contains(&day).then_some(Stamp::Yearless { month, day, clock })
}

/// Takes the name of a month.
fn month(scan: &mut Scan<'_>) -> Option<u32> {
    let [first, second, third] = [scan.peek()?, scan.peek_at(1)?, scan.peek_at(2)?].map(|byte| byte | 0x20);
    // The short names in English, which most lines contain.
    let short = match [first, second, third] {
        [b'j', b'a', b'n'] => 1,
        [b'f', b'e', b'b'] => 2,
        [b'm', b'a', b'r'] => 3,
        [b'a', b'p', b'r'] => 4,
        [b'm', b'a', b'y'] => 5,
        [b'j', b'u', b'n'] => 6,
        [b'j', b'u', b'l'] => 7,
        [b'a', b'u', b'g'] => 8,
        [b's', b'e', b'p'] => 9,
        [b'o', b'c', b't'] => 10,
        [b'n', b'o', b'v'] => 11,
        [b'd', b'e', b'c'] => 12,
        _ if !b"jfmasondJFMASOND".contains(&scan.peek()?) => return None,
        _ => 0,
    };
    if short > 0 && scan.peek_at(3).is_none_or(|byte| !byte.is_ascii_alphabetic() && byte < 0x80) {
        scan.skip(3);
        scan.eat(b'.');
        return Some(short);
    }
    let mut ahead = *scan;
    let word = ahead.take_while(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    let is_name = |name: &str| name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    let (_, month) = MONTHS.iter().find(|(name, _)| is_name(name)).filter(|_| word.len() >= 3)?;
    ahead.eat(b'.');
    *scan = ahead;
    Some(*month)
}

fn is_weekday(word: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| day.eq_ignore_ascii_case(word))
}

/// Takes a time of day with an optional fraction, an optional `AM` or `PM`, and an optional offset.
pub(super) fn clock(scan: &mut Scan<'_>) -> Option<Clock> {
    clock_of_half_day(scan).map(|(clock, _)| clock)
}

/// Takes a time of day. Returns whether it contains `AM` or `PM`.
fn clock_of_half_day(scan: &mut Scan<'_>) -> Option<(Clock, bool)> {
    let (hour, minute, second) = hour_minute_second(scan)?;
    let nanos = fraction(scan)?;
    let half = half(scan);
    let hour = match half {
        None => hour,
        Some(true) if hour > 0 => hour % 12 + 12,
        Some(false) if hour <= 12 => hour % 12,
        Some(_) => return None,
    };
    Some((rest_of_clock(scan, hour, minute, second, nanos)?, half.is_some()))
}

/// Takes `AM`, `PM`, `am`, `pm`, `a.m.` or `p.m.`. Returns whether it is the second half of the day.
fn half(scan: &mut Scan<'_>) -> Option<bool> {
    let mut ahead = *scan;
    // Java writes a narrow space.
    if !ahead.eat_text("\u{202f}") && !ahead.eat_text("\u{a0}") {
        ahead.eat(b' ');
    }
    let is_afternoon = match ahead.peek()? {
        b'A' | b'a' => false,
        b'P' | b'p' => true,
        _ => return None,
    };
    ahead.skip(1);
    let has_point = ahead.eat(b'.');
    if !ahead.eat(b'M') && !ahead.eat(b'm') || has_point && !ahead.eat(b'.') {
        return None;
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    // `pm.max_children`
    let is_joined = matches!(ahead.peek(), Some(b'.' | b'/' | b'-' | b'=' | b'\''));
    if ahead.peek().is_some_and(is_part) || is_joined && ahead.peek_at(1).is_some_and(is_part) {
        return None;
    }
    *scan = ahead;
    Some(is_afternoon)
}

fn hour_minute_second(scan: &mut Scan<'_>) -> Option<(u32, u32, u32)> {
    let hour = scan.one_or_two()?;
    if !scan.eat(b':') {
        return None;
    }
    let minute = scan.digits(2)?;
    let has_second = scan.peek() == Some(b':') && scan.peek_at(1).is_some_and(|byte| byte.is_ascii_digit());
    let second = if has_second {
        scan.skip(1);
        scan.digits(2)?
    } else {
        0
    };
    Some((hour, minute, second))
}

/// Takes the fraction. Returns nanoseconds.
fn fraction(scan: &mut Scan<'_>) -> Option<u32> {
    let is_digit = |ahead: usize| scan.peek_at(ahead).is_some_and(|byte| byte.is_ascii_digit());
    let has_fraction = match scan.peek() {
        Some(b'.' | b',') => is_digit(1),
        // `10:00:00:123` of log4j.
        Some(b':') => is_digit(1) && is_digit(2) && is_digit(3) && !is_digit(4),
        _ => false,
    };
    if !has_fraction {
        return Some(0);
    }
    scan.skip(1);
    fraction_digits(scan)
}

/// Takes the offset.
fn rest_of_clock(scan: &mut Scan<'_>, hour: u32, minute: u32, second: u32, nanos: u32) -> Option<Clock> {
    // A leap second is the first second of the next minute, as in Unix time.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (offset, is_local) = offset(scan)?;
    Some(Clock { is_local, second: hour * 3600 + minute * 60 + second, nanos, offset })
}

/// Takes the digits of a fraction of a second. Returns nanoseconds.
fn fraction_digits(scan: &mut Scan<'_>) -> Option<u32> {
    let digits = scan.take_while(|byte| byte.is_ascii_digit());
    let padded = digits.bytes().chain(core::iter::repeat(b'0')).take(9);
    (!digits.is_empty()).then(|| padded.fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
}

/// Takes an offset. Returns the offset of a timestamp, and whether there is no offset in the text. Returns `None` for a zone that
/// is ambiguous.
fn offset(scan: &mut Scan<'_>) -> Option<(Option<i16>, bool)> {
    let mut ahead = *scan;
    let blanks = ahead.blanks();
    match ahead.peek() {
        Some(b'Z' | b'z') if blanks == 0 => {
            scan.skip(1);
            return Some((None, false));
        }
        Some(sign @ (b'+' | b'-')) if blanks <= 1 => {
            ahead.skip(1);
            let hours = ahead.count_digits();
            let has_colon = hours == 2 && ahead.peek_at(2) == Some(b':');
            let parts = match hours {
                4 => ahead.digits(2).zip(ahead.digits(2)),
                2 if has_colon => {
                    let hours = ahead.digits(2);
                    ahead.skip(1);
                    hours.zip(ahead.digits(2))
                }
                2 if blanks == 0 => ahead.digits(2).zip(Some(0)),
                _ => None,
            };
            if let Some((hours, minutes)) = parts.filter(|(hours, minutes)| *hours <= 14 && *minutes < 60)
                && !ahead.peek().is_some_and(|byte| byte.is_ascii_alphanumeric())
            {
                *scan = ahead;
                let total = i16::try_from(hours * 60 + minutes).ok()?;
                return Some((Some(if sign == b'-' { -total } else { total }), false));
            }
        }
        Some(b'A'..=b'Z') if blanks == 1 => {
            let name = ahead.take_while(|byte| byte.is_ascii_uppercase());
            let is_word = !ahead.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_word && AMBIGUOUS_ZONES.contains(&name) {
                return None;
            }
            if let Some((_, minutes)) = ZONES.iter().find(|(zone, _)| *zone == name && is_word) {
                let is_offset = matches!(ahead.peek(), Some(b'+' | b'-'))
                    && ahead.peek_at(1).is_some_and(|byte| byte.is_ascii_digit());
                // `GMT+02:00`, `UTC+2`
                let minutes =
                    if is_offset { after_utc(&mut ahead).filter(|_| *minutes == 0)? } else { *minutes };
                *scan = ahead;
                return Some((Some(minutes).filter(|minutes| *minutes != 0), false));
            }
        }
        _ => {}
    }
    Some((None, true))
}

/// Takes the offset after `UTC` or `GMT`: `+2`, `+02`, `+0200` or `+02:00`. Returns minutes.
fn after_utc(scan: &mut Scan<'_>) -> Option<i16> {
    let is_west = scan.peek()? == b'-';
    scan.skip(1);
    let digits = scan.count_digits();
    let hours = scan.digits(digits.min(2))?;
    let minutes = match digits {
        1 | 2 if scan.eat(b':') => scan.digits(2)?,
        1 | 2 => 0,
        4 => scan.digits(2)?,
        _ => return None,
    };
    let total = i16::try_from(hours * 60 + minutes).ok().filter(|_| hours <= 14 && minutes < 60)?;
    Some(if is_west { -total } else { total })
}

/// The year of times without a year.
#[derive(Clone, Debug, Default)]
pub(super) struct Years {
    /// The zone of times without an offset. Without a zone, these times are in UTC.
    pub(super) zone: Option<Zone>,
    /// The time of the last change of the file, or the present for a stream, in seconds since the epoch.
    pub(super) latest: Option<i64>,
    /// The last time with a year in the same file.
    neighbour: Option<i64>,
}

impl Years {
    /// Returns the instant of a time. A time without a year is in the year that is nearest to the last time with a year. If
    /// there is none, the time is the latest one that is at most a day after the last change of the file. Without both,
    /// there is no instant.
    pub(super) fn resolve(&mut self, stamp: Stamp) -> Option<Timestamp> {
        let (month, day, clock) = match stamp {
            Stamp::At(time) => {
                self.neighbour = Some(time.unix_seconds());
                return Some(time);
            }
            Stamp::Local(time) => {
                self.neighbour = Some(time.unix_seconds());
                return self.in_zone(time);
            }
            Stamp::Yearless { month, day, clock } => (month, day, clock),
        };
        let time = self.in_some_year(month, day, clock)?;
        if clock.is_local { self.in_zone(time) } else { Some(time) }
    }

    /// Returns the instant at which the clocks of the zone show the time that UTC shows at `time`.
    fn in_zone(&self, time: Timestamp) -> Option<Timestamp> {
        let Some(zone) = &self.zone else { return Some(time) };
        let seconds = zone.instant_of(time.unix_seconds());
        let offset = i16::try_from(zone.offset_at(seconds) / 60).ok();
        Some(Timestamp::new(seconds, time.subsec_nanos())?.with_utc_offset_minutes(offset))
    }

    fn in_some_year(&self, month: u32, day: u32, clock: Clock) -> Option<Timestamp> {
        let year_of = |seconds: i64| civil_from_days(seconds.div_euclid(DAY)).0;
        if let Some(near) = self.neighbour {
            let year = year_of(near);
            let times = (year - 1..=year + 1).filter_map(|year| clock.on(year, month, day));
            return times.min_by_key(|time| time.unix_seconds().abs_diff(near));
        }
        let latest = self.latest? + DAY;
        let year = year_of(latest);
        // Eight years contain a 29 February.
        (year - 8..=year)
            .rev()
            .filter_map(|year| clock.on(year, month, day))
            .find(|time| time.unix_seconds() <= latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> Option<String> {
        let mut scan = Scan::new(text);
        let stamp = take(&mut scan)?;
        let mut years = Years { latest: Some(1_772_359_200), ..Years::default() };
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
}
