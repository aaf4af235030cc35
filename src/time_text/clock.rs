//! The time of day in a text.

use super::calendar::{SECONDS_PER_DAY, day_number};
use super::offset::{Offset, offset};
use super::spelled::Spelled;
use crate::text_scan::Scan;

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Seconds after midnight.
    pub(crate) second: u32,
    pub(crate) nanos: u32,
    pub(crate) offset: Offset,
    /// Whether the text contains `AM` or `PM`.
    pub(crate) has_half: bool,
    /// Whether the parts agree. Those of `13:00 PM` and `10:00.5` do not.
    pub(crate) is_consistent: bool,
}

impl Clock {
    /// Returns the time on a date. Returns `None` if the date does not exist.
    pub(crate) fn on(self, year: i64, month: u32, day: u32) -> Option<Spelled> {
        let days = day_number(year, month.into(), day.into())?;
        let local = days * SECONDS_PER_DAY + i64::from(self.second);
        Some(Spelled { local, nanos: self.nanos, offset: self.offset, is_exact: false })
    }

    /// Takes the offset.
    pub(super) fn with_offset(self, scan: &mut Scan<'_>) -> Option<Self> {
        Some(Self { offset: offset(scan)?, ..self })
    }
}

/// Takes a time of day and its offset: `03:04`, `03:04:05`, `03:04:05.123`, `03:04:05,123` or `03:04:05:123`, with an optional
/// `AM` or `PM`.
pub(crate) fn clock(scan: &mut Scan<'_>) -> Option<Clock> {
    time_of_day(scan)?.with_offset(scan)
}

/// Takes a time of day, as [`clock`], without its offset.
pub(crate) fn time_of_day(scan: &mut Scan<'_>) -> Option<Clock> {
    let (hour, minute, second) = hour_minute_second(scan)?;
    let before = scan.rest().len();
    let nanos = fraction(scan);
    let is_consistent = second.is_some() || scan.rest().len() == before;
    let clock = of_parts(scan, hour, minute, second.unwrap_or(0), nanos)?;
    Some(Clock { is_consistent: clock.is_consistent && is_consistent, ..clock })
}

/// Takes a time of day of six digits: `030405` or `030405.123`.
pub(crate) fn compact(scan: &mut Scan<'_>) -> Option<Clock> {
    let (hour, minute, second) = (scan.digits(2)?, scan.digits(2)?, scan.digits(2)?);
    let nanos = fraction(scan);
    of_parts(scan, hour, minute, second, nanos)
}

/// Takes `AM` or `PM` after the parts of a time of day.
fn of_parts(scan: &mut Scan<'_>, hour: u32, minute: u32, second: u32, nanos: u32) -> Option<Clock> {
    let half = half(scan);
    let hour_of_day = match half {
        None => hour,
        Some(true) if hour > 0 => hour % 12 + 12,
        Some(false) if hour <= 12 => hour % 12,
        Some(_) => return None,
    };
    // A leap second becomes the first second of the next minute, as in Unix time.
    let exists = hour < 24 && minute < 60 && second <= 60;
    exists.then_some(Clock {
        second: hour_of_day * 3600 + minute * 60 + second,
        nanos,
        offset: Offset::Absent,
        has_half: half.is_some(),
        is_consistent: half.is_none() || (1..=12).contains(&hour),
    })
}

/// Takes an hour, a minute and an optional second.
pub(crate) fn hour_minute_second(scan: &mut Scan<'_>) -> Option<(u32, u32, Option<u32>)> {
    let hour = scan.one_or_two()?;
    if !scan.eat(b':') {
        return None;
    }
    let minute = scan.digits(2)?;
    let has_second = scan.peek() == Some(b':') && scan.peek_at(1).is_some_and(|byte| byte.is_ascii_digit());
    if !has_second {
        return Some((hour, minute, None));
    }
    scan.skip(1);
    Some((hour, minute, Some(scan.digits(2)?)))
}

/// Takes the fraction of a second, if there is one. Returns nanoseconds; digits after the ninth are ignored. After a colon, a
/// fraction has three digits: `10:00:00:123` of log4j.
#[inline]
pub(super) fn fraction(scan: &mut Scan<'_>) -> u32 {
    let is_digit = |ahead: usize| scan.peek_at(ahead).is_some_and(|byte| byte.is_ascii_digit());
    let has_fraction = match scan.peek() {
        Some(b'.' | b',') => is_digit(1),
        Some(b':') => is_digit(1) && is_digit(2) && is_digit(3) && !is_digit(4),
        _ => false,
    };
    if !has_fraction {
        return 0;
    }
    scan.skip(1);
    let (mut nanos, mut unit) = (0, 100_000_000);
    while let Some(digit) = scan.peek().filter(u8::is_ascii_digit) {
        scan.skip(1);
        nanos += u32::from(digit - b'0') * unit;
        unit /= 10;
    }
    nanos
}

/// Takes `AM`, `PM`, `am`, `pm`, `a.m.` or `p.m.`. Returns whether it is the second half of the day.
fn half(scan: &mut Scan<'_>) -> Option<bool> {
    let mut ahead = *scan;
    let has_space = match ahead.peek()? {
        b'A' | b'a' | b'P' | b'p' => true,
        b' ' => ahead.eat(b' '),
        // Java writes a narrow space.
        _ => ahead.eat_text("\u{202f}") || ahead.eat_text("\u{a0}"),
    };
    if !has_space {
        return None;
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
    // `pm.max_children`. `PM-05:00` has an offset.
    let is_joined = match ahead.peek() {
        Some(b'.' | b'/' | b'=' | b'\'') => ahead.peek_at(1).is_some_and(is_part),
        Some(b'-') => ahead.peek_at(1).is_some_and(|byte| is_part(byte) && !byte.is_ascii_digit()),
        byte => byte.is_some_and(is_part),
    };
    if is_joined {
        return None;
    }
    *scan = ahead;
    Some(is_afternoon)
}
