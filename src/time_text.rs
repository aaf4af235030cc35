//! The times in lines of logs, in the spellings of common loggers.
//!
//! [`whole`] parses a text that is one time, for example the member of an object. [`prefix`] parses the time at the
//! beginning of a line. Both return a [`Spelled`], because the instant of a time without an offset depends on the zone of the
//! log. A text that can have several meanings is no time: a wrong time is worse than none.

use crate::rfc3339::day_number;
use crate::time::Timestamp;
use crate::zone::Zone;

/// The names of months. The first three letters of a name are its abbreviation.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The names of weekdays, likewise.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// The abbreviations of zones that mean one offset, in hours. Ambiguous abbreviations have no offset: a time with such an
/// abbreviation is no time.
const ZONES: [(&str, Option<i8>); 28] = [
    ("UTC", Some(0)),
    ("GMT", Some(0)),
    ("WET", Some(0)),
    ("WEST", Some(1)),
    ("CET", Some(1)),
    ("CEST", Some(2)),
    ("EET", Some(2)),
    ("EEST", Some(3)),
    ("MSK", Some(3)),
    ("JST", Some(9)),
    ("KST", Some(9)),
    ("AEST", Some(10)),
    ("AEDT", Some(11)),
    ("NZST", Some(12)),
    ("NZDT", Some(13)),
    ("EDT", Some(-4)),
    ("CDT", Some(-5)),
    ("CST", None),
    ("EST", Some(-5)),
    ("MST", Some(-7)),
    ("MDT", Some(-6)),
    ("PST", Some(-8)),
    ("PDT", Some(-7)),
    ("AKST", Some(-9)),
    ("AKDT", Some(-8)),
    ("BST", None),
    ("IST", None),
    ("AST", None),
];
/// No time is longer, in bytes.
const LONGEST: usize = 80;

/// The offset of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offset {
    /// UTC, without a statement about the zone of the producer.
    Utc,
    /// Minutes east of UTC.
    East(i16),
    /// The text has no offset. The zone of the log applies.
    Absent,
}

/// A time as a text states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    /// The date and the time of day, as the number of seconds after 1970-01-01 00:00:00 on the same clock.
    local: i64,
    nanos: u32,
    pub(crate) offset: Offset,
    /// Whether the instant contains everything that the text contains. A leap second and a tenth digit of the fraction are
    /// lost, and so is a form that differs from RFC 3339.
    #[cfg_attr(not(feature = "json"), allow(dead_code, reason = "the import of lines uses it"))]
    pub(crate) is_exact: bool,
}

impl Spelled {
    /// Returns the instant. A time without an offset is a time in `zone`; without a zone, it is a time in UTC, and the offset
    /// of the result is unknown.
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
}

/// Parses a text that is one time. Blanks at both ends are ignored. A date without a time of day is no time.
pub(crate) fn whole(text: &str) -> Option<Spelled> {
    if let Some(spelled) = rfc3339(text) {
        return Some(spelled);
    }
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let mut reader = Reader { rest: text.as_bytes(), is_whole: true };
    let spelled = reader.time()?;
    reader.rest.is_empty().then_some(spelled)
}

/// Parses the time at the beginning of a line. Returns the time and the number of its bytes. The bytes after the time do
/// not continue a number or a word.
///
/// Numbers are no times here: the first number of a line can have any meaning.
#[allow(dead_code, reason = "for the readers of text formats")]
pub(crate) fn prefix(line: &str) -> Option<(Spelled, usize)> {
    let bytes = line.as_bytes();
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
    let mut reader = Reader { rest: bytes, is_whole: false };
    let spelled = reader.time()?;
    let len = bytes.len() - reader.rest.len();
    let is_end = !reader.rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_end.then_some((spelled, len))
}

/// Parses a date without a time of day, `2026-01-02` or `2026/01/02`, as its first second.
#[cfg(any(feature = "query", test))]
pub(crate) fn date(text: &str) -> Option<Spelled> {
    let mut reader = Reader { rest: text.as_bytes(), is_whole: true };
    let day = reader.ordered_date()?;
    let (local, nanos) = (day * 86_400, 0);
    reader.rest.is_empty().then_some(Spelled { local, nanos, offset: Offset::Absent, is_exact: false })
}

/// Parses a time of day: `03:04`, `03:04:05.5`. Returns seconds and nanoseconds after midnight.
#[cfg(any(feature = "query", test))]
pub(crate) fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let mut reader = Reader { rest: text.as_bytes(), is_whole: true };
    let clock = reader.clock()?;
    reader.rest.is_empty().then_some((clock.second, clock.nanos))
}

/// Parses the most common form without a general parser.
#[inline]
fn rfc3339(text: &str) -> Option<Spelled> {
    let time = Timestamp::parse_rfc3339(text)?;
    let is_leap = text.get(17..19) == Some("60");
    let has_fraction = matches!(text.as_bytes().get(19), Some(b'.' | b','));
    let fraction = text.bytes().skip(20).take_while(u8::is_ascii_digit).count();
    let is_exact = !is_leap && (!has_fraction || fraction <= 9);
    let offset = match time.utc_offset_minutes() {
        Some(minutes) => Offset::East(minutes),
        None if text.ends_with(['Z', 'z']) => Offset::Utc,
        None => Offset::Absent,
    };
    let local = time.unix_seconds() + i64::from(time.utc_offset_minutes().unwrap_or(0)) * 60;
    Some(Spelled { local, nanos: time.subsec_nanos(), offset, is_exact })
}

/// A time of day.
struct Clock {
    second: i64,
    nanos: u32,
}

/// A reader that removes the parts of a time from the beginning of a text.
#[derive(Clone, Copy)]
struct Reader<'t> {
    rest: &'t [u8],
    /// Whether the text contains nothing but the time.
    is_whole: bool,
}

impl Reader<'_> {
    fn time(&mut self) -> Option<Spelled> {
        let first = *self.rest.first()?;
        if first.is_ascii_alphabetic() {
            return self.named();
        }
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match (digits, self.rest.get(digits)?) {
            (4, b'-' | b'/') => {
                let day = self.ordered_date()?;
                self.one_of(b"Tt_ ")?;
                self.finish(day)
            }
            (8, b'T' | b' ') => {
                let (year, month, day) = (self.digits(4)?, self.digits(2)?, self.digits(2)?);
                let day = day_number(year, month, day)?;
                if self.one_of(b"T").is_some() {
                    let clock = self.compact_clock()?;
                    return self.after_clock(day, clock);
                }
                self.one_of(b" ")?;
                self.finish(day)
            }
            (1 | 2, b'/' | b'-' | b' ') => self.day_first(),
            _ => None,
        }
    }

    /// Parses `2026-01-02` or `2026/01/02`. Returns the number of the day.
    fn ordered_date(&mut self) -> Option<i64> {
        let year = self.digits(4)?;
        let separator = self.one_of(b"-/")?;
        let month = self.digits(2)?;
        self.one_of(&[separator])?;
        day_number(year, month, self.digits(2)?)
    }

    /// Parses a time that begins with the day of the month: `02/Jan/2026:03:04:05`, `2 Jan 2026 03:04:05`,
    /// `02-Jan-2026 03:04:05`.
    fn day_first(&mut self) -> Option<Spelled> {
        let day = self.one_or_two()?;
        let separator = self.one_of(b"/- ")?;
        let month = self.month()?;
        self.one_of(&[separator])?;
        let year = self.digits(4)?;
        self.one_of(if separator == b'/' { b": " } else { b" T" })?;
        let day = day_number(year, month, day)?;
        self.finish(day)
    }

    /// Parses a time that begins with the name of a weekday or of a month.
    fn named(&mut self) -> Option<Spelled> {
        let mut ahead = *self;
        if let Some(month) = ahead.month() {
            // `Jan 02, 2026 03:04:05 AM` of `java.util.logging`. Without a year, the caller must know the year.
            ahead.one_of(b" ")?;
            let day = ahead.padded_day()?;
            ahead.one_of(b",")?;
            ahead.one_of(b" ")?;
            let year = ahead.digits(4)?;
            ahead.one_of(b" ")?;
            *self = ahead;
            let day = day_number(year, month, day)?;
            return self.finish(day);
        }
        self.weekday()?;
        if self.one_of(b",").is_some() {
            // `Fri, 02 Jan 2026 03:04:05 GMT` of RFC 2822.
            self.one_of(b" ")?;
            return self.day_first();
        }
        self.one_of(b" ")?;
        let month = self.month()?;
        self.one_of(b" ")?;
        let day = self.padded_day()?;
        self.one_of(b" ")?;
        let mut ahead = *self;
        if let Some(year) = ahead.digits(4)
            && ahead.one_of(b" ").is_some()
        {
            // `Fri Jan 02 2026 03:04:05 GMT+0100 (...)` of JavaScript.
            *self = ahead;
            let day = day_number(year, month, day)?;
            return self.finish(day);
        }
        // `Fri Jan  2 03:04:05 2026` of `ctime`, and with a zone before the year of `date`.
        let clock = self.clock()?;
        let offset = match self.rest {
            [b' ', zone, ..] if zone.is_ascii_alphabetic() => {
                self.one_of(b" ")?;
                self.abbreviation()?
            }
            _ => Offset::Absent,
        };
        self.one_of(b" ")?;
        let day = day_number(self.digits(4)?, month, day)?;
        let local = day * 86_400 + clock.second;
        Some(Spelled { local, nanos: clock.nanos, offset, is_exact: false })
    }

    /// Parses the time of day and the offset of a time of the day `day`.
    fn finish(&mut self, day: i64) -> Option<Spelled> {
        let clock = self.clock()?;
        self.after_clock(day, clock)
    }

    fn after_clock(&mut self, day: i64, clock: Clock) -> Option<Spelled> {
        let (local, nanos) = (day * 86_400 + clock.second, clock.nanos);
        let offset = self.offset()?;
        let spelled = Spelled { local, nanos, offset, is_exact: false };
        self.zone_name(spelled)
    }

    /// Parses `03:04`, `03:04:05`, `03:04:05.123`, `03:04:05,123` or `03:04:05:123`, and `AM` or `PM` after it.
    fn clock(&mut self) -> Option<Clock> {
        let hour = self.one_or_two()?;
        self.one_of(b":")?;
        let minute = self.digits(2)?;
        let (mut second, mut nanos) = (0, 0);
        if let [b':', digit, ..] = self.rest
            && digit.is_ascii_digit()
        {
            self.one_of(b":")?;
            second = self.digits(2)?;
            nanos = self.fraction();
        }
        self.clock_of(hour, minute, second, nanos)
    }

    /// Parses `030405` or `030405.123`.
    fn compact_clock(&mut self) -> Option<Clock> {
        let (hour, minute, second) = (self.digits(2)?, self.digits(2)?, self.digits(2)?);
        let nanos = self.fraction();
        self.clock_of(hour, minute, second, nanos)
    }

    fn clock_of(&mut self, hour: i64, minute: i64, second: i64, nanos: u32) -> Option<Clock> {
        let hour = match self.half() {
            Some(_) if !(1..=12).contains(&hour) => return None,
            Some(is_afternoon) => hour % 12 + if is_afternoon { 12 } else { 0 },
            None => hour,
        };
        // A leap second becomes the first second of the next minute, as in Unix time.
        let exists = hour < 24 && minute < 60 && second <= 60 && !self.starts_with_digit();
        exists.then_some(Clock { second: hour * 3600 + minute * 60 + second, nanos })
    }

    /// Parses `AM` or `PM`. Returns whether it is `PM`.
    fn half(&mut self) -> Option<bool> {
        let rest = self.rest.strip_prefix(b" ").unwrap_or(self.rest);
        let is_afternoon = match rest {
            [b'A' | b'a', b'M' | b'm', ..] => false,
            [b'P' | b'p', b'M' | b'm', ..] => true,
            _ => return None,
        };
        let rest = rest.get(2..)?;
        if rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        self.rest = rest;
        Some(is_afternoon)
    }

    /// Parses a fraction of a second. Returns nanoseconds; digits after the ninth are ignored. After a colon, a fraction has
    /// three digits.
    fn fraction(&mut self) -> u32 {
        let [separator @ (b'.' | b',' | b':'), digits @ ..] = self.rest else { return 0 };
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 || (*separator == b':' && count != 3) {
            return 0;
        }
        let (fraction, rest) = digits.split_at(count);
        self.rest = rest;
        let padded = fraction.iter().copied().chain(core::iter::repeat(b'0')).take(9);
        padded.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    }

    /// Parses an offset: `Z`, `+01:00`, `+0100`, `+01`, `UTC`, `CET`, `GMT+0100`, each with or without a blank before it.
    /// Returns `None` for an abbreviation that is not known to mean one offset.
    fn offset(&mut self) -> Option<Offset> {
        let (blank, rest) = match self.rest {
            [b' ', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let after = rest.get(1);
        match rest.first() {
            Some(b'Z' | b'z')
                if (self.is_whole || !blank) && !after.is_some_and(u8::is_ascii_alphanumeric) =>
            {
                self.rest = &rest[1..];
                Some(Offset::Utc)
            }
            Some(b'+' | b'-') => {
                let mut ahead = Reader { rest, ..*self };
                let Some(minutes) = ahead.numeric_offset(blank && !self.is_whole) else {
                    return Some(Offset::Absent);
                };
                *self = ahead;
                self.skip_repeated_zone();
                Some(Offset::East(minutes))
            }
            Some(first) if first.is_ascii_uppercase() => {
                let mut ahead = Reader { rest, ..*self };
                let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                let is_known = rest.get(..len).is_some_and(|word| zone(word).is_some());
                if !is_known {
                    // The word belongs to the rest of the line.
                    return Some(Offset::Absent);
                }
                let offset = ahead.abbreviation()?;
                *self = ahead;
                Some(offset)
            }
            _ => Some(Offset::Absent),
        }
    }

    /// Parses an abbreviation of a zone, with a numeric offset after `GMT` and `UTC`.
    fn abbreviation(&mut self) -> Option<Offset> {
        let len = self.rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let (word, rest) = self.rest.split_at_checked(len)?;
        let hours = zone(word)??;
        self.rest = rest;
        if hours == 0 && matches!(rest.first(), Some(b'+' | b'-')) && matches!(word, b"GMT" | b"UTC") {
            let minutes = self.numeric_offset(false)?;
            self.skip_comment();
            return Some(Offset::East(minutes));
        }
        Some(if hours == 0 { Offset::Utc } else { Offset::East(i16::from(hours) * 60) })
    }

    /// Parses `+01:00`, `+0100` or `+01`. If `is_long` is set, the minutes are required: `12:00:00 -5 items` has no offset.
    fn numeric_offset(&mut self, is_long: bool) -> Option<i16> {
        let is_west = self.one_of(b"+-")? == b'-';
        let hours = self.digits(2)?;
        let mut ahead = *self;
        let has_colon = ahead.one_of(b":").is_some();
        let minutes = match ahead.digits(2) {
            Some(minutes) => {
                *self = ahead;
                minutes
            }
            None if is_long || (has_colon && self.is_whole) => return None,
            None => 0,
        };
        if hours > 23 || minutes > 59 || self.starts_with_digit() {
            return None;
        }
        let total = i16::try_from(hours * 60 + minutes).ok()?;
        Some(if is_west { -total } else { total })
    }

    /// Skips the zone that Go writes after an offset, `+0100 CET m=+0.01`, and a comment in parentheses.
    fn skip_repeated_zone(&mut self) {
        let [b' ', rest @ ..] = self.rest else { return };
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let is_zone = match rest.get(..len) {
            Some(word) if self.is_whole => (2..=5).contains(&len) && word.iter().all(u8::is_ascii_uppercase),
            Some(word) => zone(word).is_some(),
            None => false,
        };
        if is_zone {
            self.rest = rest.get(len..).unwrap_or(&[]);
        } else if self.is_whole && rest.first().is_some_and(|byte| matches!(byte, b'+' | b'-')) {
            // A zone without an abbreviation: `+0530 +0530`.
            let mut ahead = Reader { rest, ..*self };
            if ahead.numeric_offset(false).is_some() {
                *self = ahead;
            }
        }
        if self.is_whole && self.rest.starts_with(b" m=") {
            self.rest = &[];
        }
        self.skip_comment();
    }

    /// Skips a comment after a whole time: ` (Central European Time)`.
    fn skip_comment(&mut self) {
        if self.is_whole && self.rest.starts_with(b" (") && self.rest.ends_with(b")") {
            self.rest = &[];
        }
    }

    /// Parses the name of a zone in brackets: `[Europe/Paris]`. After an offset it adds nothing. Without an offset, it
    /// determines the offset.
    fn zone_name(&mut self, spelled: Spelled) -> Option<Spelled> {
        let [b'[', rest @ ..] = self.rest else { return Some(spelled) };
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+');
        let len = rest.iter().take_while(|byte| is_part(byte)).count();
        let name = core::str::from_utf8(rest.get(..len)?).ok()?;
        if rest.get(len) != Some(&b']') || !(name.contains('/') || matches!(name, "UTC" | "GMT" | "Z")) {
            // `10:00:00[main]`
            return (!self.is_whole).then_some(spelled);
        }
        self.rest = rest.get(len + 1..)?;
        if spelled.offset != Offset::Absent {
            return Some(spelled);
        }
        let zone = if name.contains('/') { Zone::named(name)? } else { Zone::UTC };
        let offset = zone.offset_at(zone.instant_of(spelled.local));
        let offset =
            if zone == Zone::UTC { Offset::Utc } else { Offset::East(i16::try_from(offset / 60).ok()?) };
        Some(Spelled { offset, ..spelled })
    }

    fn starts_with_digit(&self) -> bool {
        self.rest.first().is_some_and(u8::is_ascii_digit)
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        let number = digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })?;
        self.rest = rest;
        Some(number)
    }

    fn one_or_two(&mut self) -> Option<i64> {
        self.digits(2).or_else(|| self.digits(1))
    }

    /// Parses the day of a month: `2`, `02` or ` 2`.
    fn padded_day(&mut self) -> Option<i64> {
        let _ = self.one_of(b" ");
        self.one_or_two()
    }

    fn one_of(&mut self, allowed: &[u8]) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        allowed.contains(first).then(|| {
            self.rest = rest;
            *first
        })
    }

    /// Removes a word that is one of `names` or an abbreviation of it. Returns its index.
    fn name(&mut self, names: &[&str]) -> Option<usize> {
        let len = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = self.rest.split_at_checked(len)?;
        let is_it = |name: &str| {
            word.eq_ignore_ascii_case(if len == 3 { &name.as_bytes()[..3] } else { name.as_bytes() })
        };
        let place = names.iter().position(|name| is_it(name))?;
        self.rest = rest;
        Some(place)
    }

    /// Parses the name of a month. Returns its number.
    fn month(&mut self) -> Option<i64> {
        i64::try_from(self.name(&MONTHS)?).ok().map(|place| place + 1)
    }

    fn weekday(&mut self) -> Option<()> {
        self.name(&WEEKDAYS).map(|_| ())
    }
}

/// Returns the offset of an abbreviation in hours, `Some(None)` if it is ambiguous, and `None` if it is not an
/// abbreviation of a zone.
fn zone(word: &[u8]) -> Option<Option<i8>> {
    ZONES.iter().find(|(name, _)| name.as_bytes() == word).map(|(_, hours)| *hours)
}

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
    let mut reader = Reader { rest: digits.as_bytes(), is_whole: true };
    let year = reader.digits(4).filter(|year| (1990..2100).contains(year))?;
    let day = day_number(year, reader.digits(2)?, reader.digits(2)?)?;
    let clock = reader.compact_clock()?;
    let local = day * 86_400 + clock.second;
    Some(Spelled { local, nanos: 0, offset: Offset::Absent, is_exact: false })
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

    /// The spellings of 2026-03-01T10:00:00.5 or of 2026-03-01T10:00:00 in a zone one hour east of UTC, and the instants.
    /// `local` marks times in the zone of the log.
    const SPELLINGS: &[(&str, &str)] = &[
        // RFC 3339 and its variants
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01t10:00:00z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00.5+01:00", "2026-03-01T10:00:00.500+01:00"),
        ("2026-03-01T10:00:00,5-0130", "2026-03-01T10:00:00.500-01:30"),
        ("2026-03-01T10:00:00+01", "2026-03-01T10:00:00+01:00"),
        ("2026-03-01 10:00:00 +0100", "2026-03-01T10:00:00+01:00"),
        ("2026-03-01 10:00:00.123456 +0100", "2026-03-01T10:00:00.123456+01:00"),
        ("2026-03-01 10:00:00 UTC", "2026-03-01T10:00:00Z"),
        ("2026-03-01 10:00:00 GMT", "2026-03-01T10:00:00Z"),
        ("2026-03-01 10:00:00.123 CET", "2026-03-01T10:00:00.123+01:00"),
        ("2026-03-01 10:00:00 EST", "2026-03-01T10:00:00-05:00"),
        ("2026-03-01 10:00:00 GMT+01:00", "2026-03-01T10:00:00+01:00"),
        ("2026-03-01T10:00Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01 10:00", "local"),
        ("2026-03-01 10:00:00", "local"),
        ("2026-03-01_10:00:00", "local"),
        ("2026/03/01 10:00:00", "local"),
        ("2026-03-01 10:00:00:000", "local"),
        ("2026-03-01 10:00:00 AM", "local"),
        (" 2026-03-01T10:00:00Z ", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00.123456789123Z", "2026-03-01T10:00:00.123456789Z"),
        ("2016-12-31T23:59:60.999Z", "2017-01-01T00:00:00.999Z"),
        // The name of a zone in brackets
        ("2026-03-01T10:00:00+01:00[Europe/Paris]", "2026-03-01T10:00:00+01:00"),
        ("2026-03-01T10:00:00Z[UTC]", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00[UTC]", "2026-03-01T10:00:00Z"),
        // Go, with the monotonic clock
        ("2026-03-01 10:00:00 +0000 UTC", "2026-03-01T10:00:00+00:00"),
        ("2026-03-01 10:00:00.5 +0100 CET m=+0.012", "2026-03-01T10:00:00.500+01:00"),
        ("2026-03-01 10:00:00 +0530 +0530", "2026-03-01T10:00:00+05:30"),
        // The basic form
        ("20260301T100000Z", "2026-03-01T10:00:00Z"),
        ("20260301T100000.123+0100", "2026-03-01T10:00:00.123+01:00"),
        ("20260301 10:00:00", "local"),
        // RFC 2822, access logs, and other forms with a name of the month
        ("Sun, 01 Mar 2026 10:00:00 GMT", "2026-03-01T10:00:00Z"),
        ("Sun, 1 Mar 2026 10:00:00 +0100", "2026-03-01T10:00:00+01:00"),
        ("Sun, 1 Mar 2026 10:00 +0100 (CET)", "2026-03-01T10:00:00+01:00"),
        ("01 Mar 2026 10:00:00.500", "local .5"),
        ("01-Mar-2026 10:00:00.500", "local .5"),
        ("01/Mar/2026:10:00:00 +0100", "2026-03-01T10:00:00+01:00"),
        ("1/mar/2026:10:00:00 -0000", "2026-03-01T10:00:00+00:00"),
        ("Mar 01, 2026 10:00:00 AM", "local"),
        ("March 1, 2026 10:00:00", "local"),
        // `ctime`, `date`, Apache and JavaScript
        ("Sun Mar  1 10:00:00 2026", "local"),
        ("Sun Mar 01 10:00:00.500000 2026", "local .5"),
        ("Sun Mar  1 10:00:00 UTC 2026", "2026-03-01T10:00:00Z"),
        ("Sun Mar  1 10:00:00 CET 2026", "2026-03-01T10:00:00+01:00"),
        ("Sun Mar 01 2026 10:00:00 GMT+0100 (Central European Standard Time)", "2026-03-01T10:00:00+01:00"),
    ];

    /// Texts that are no times, because they can have several meanings or do not exist.
    const NO_TIMES: &[&str] = &[
        "",
        "now",
        "10:00:00",
        "2026-03-01",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T10:60:00Z",
        "2026-03-01T10:00:00.Z",
        "2026-03-01T10.00.00Z",
        "2026-03-01 13:00:00 PM",
        "2026-03-01T10:00:00+24:00",
        "2026-03-01T10:00:00[Mars/Olympus]",
        "2026-03-01T10:00:00[main]",
        "2026-03-01 10:00:00 IST",
        "2026-03-01 10:00:00 CST",
        "2026-03-01 10:00:00 XYZ",
        "2026-060T10:00:00Z",
        "3/1/2026 10:00:00 AM",
        "01.03.2026 10:00:00",
        "01/Mar/26:10:00:00 +0100",
        "Mar  1 10:00:00",
        "Sun Mar  1 10:00:00",
        "Sol, 01 Mar 2026 10:00:00 GMT",
        "202603011000",
        "20260301T1000Z",
        "２０２６-03-01T10:00:00Z",
        "@4000000065f2a1b0075bcd15",
    ];

    fn told(spelled: Spelled) -> String {
        let zone = Zone::fixed(3600);
        let text = spelled.instant(Some(&zone)).unwrap().to_string();
        match spelled.offset {
            Offset::Absent if text == "2026-03-01T10:00:00+01:00" => "local".to_owned(),
            Offset::Absent if text == "2026-03-01T10:00:00.500+01:00" => "local .5".to_owned(),
            Offset::Absent => format!("local, but {text}"),
            _ => text,
        }
    }

    #[test]
    fn each_spelling_is_the_time_that_it_states() {
        for (text, expected) in SPELLINGS {
            let spelled = whole(text).unwrap_or_else(|| panic!("{text}: no time"));
            assert_eq!(told(spelled), *expected, "{text}");
        }
    }

    #[test]
    fn each_spelling_can_begin_a_line() {
        for (text, expected) in SPELLINGS.iter().filter(|(text, _)| !text.starts_with(' ')) {
            for rest in
                ["", " ERROR failed", " [main] INFO  shop - paid", "] done", ": x", "\tx", " - x", " 5 items"]
            {
                let line = format!("{text}{rest}");
                let (spelled, len) = prefix(&line).unwrap_or_else(|| panic!("{line}: no time"));
                assert_eq!(told(spelled), *expected, "{line}");
                // Comments and the monotonic clock are a part of the rest of the line.
                let is_comment = text.contains('(') || text.contains("m=") || text.contains("+0530 +0530");
                assert!(len == text.len() || (is_comment && len < text.len()), "{line}: {len}");
            }
        }
    }

    #[test]
    fn a_text_with_several_meanings_is_no_time() {
        for text in NO_TIMES {
            assert_eq!(whole(text), None, "{text}");
        }
        for line in
            ["2026-03-01", "2026-03-01T10:00:00x", "2026-03-01 10:00:001", "2026-03-01 10:00:00 CST LOG: x"]
        {
            assert_eq!(prefix(line), None, "{line}");
        }
    }

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
        assert_eq!(told(of_14_digits("20260301100000").unwrap()), "local");
        for text in ["17723592001234", "20260229100000", "2026030110000", "20260301240000"] {
            assert_eq!(of_14_digits(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_without_an_offset_is_in_the_zone_of_the_log() {
        let spelled = whole("2026-03-01 10:00:00").unwrap();
        let told = |zone: Option<&Zone>| spelled.instant(zone).unwrap().to_string();
        assert_eq!(told(None), "2026-03-01T10:00:00Z");
        assert_eq!(told(Some(&Zone::fixed(-5400))), "2026-03-01T10:00:00-01:30");
        assert_eq!(date("2026-03-01").map(|day| day.local), Some(1_772_323_200));
        assert_eq!(time_of_day("03:04:05.5"), Some((11_045, 500_000_000)));
    }
}
