//! A date and a time of day in the spellings of common loggers.

use super::clock::{Clock, clock, compact};
use super::names::{month, weekday};
use super::spelled::Spelled;
use crate::text_scan::Scan;

/// The parts of a time with a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dated {
    /// The year. `Mar  1 10:00:00` has none.
    pub(crate) year: Option<u32>,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) clock: Clock,
}

impl Dated {
    /// Returns the time. Returns `None` if the text contains no year, or if the date does not exist.
    pub(crate) fn spelled(self) -> Option<Spelled> {
        self.clock.on(self.year?.into(), self.month, self.day)
    }
}

/// Takes a date and a time of day. Their order is certain: the year has four digits, and the month is a name or follows the
/// year.
pub(crate) fn dated(scan: &mut Scan<'_>) -> Option<Dated> {
    match scan.count_digits() {
        0 => named(scan),
        1 | 2 => day_first(scan),
        4 => year_first(scan),
        8 => basic(scan),
        _ => None,
    }
}

/// Takes `2026-03-01`, `2026/03/01` or `2026.03.01`. Returns year, month and day.
pub(super) fn date(scan: &mut Scan<'_>) -> Option<(u32, u32, u32)> {
    let year = scan.digits(4)?;
    let separator = scan.peek().filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
    scan.skip(1);
    let month = scan.digits(2)?;
    if !scan.eat(separator) {
        return None;
    }
    Some((year, month, scan.digits(2)?))
}

/// Moves after the separator of a date and a time of day.
pub(crate) fn between(scan: &mut Scan<'_>) -> Option<()> {
    if matches!(scan.peek(), Some(b'T' | b't' | b'_')) && scan.peek_at(1)?.is_ascii_digit() {
        scan.skip(1);
        return Some(());
    }
    scan.eat(b',');
    // A blank pads an hour of one digit.
    (1..=2).contains(&scan.blanks()).then_some(())
}

fn blanks(scan: &mut Scan<'_>) -> Option<()> {
    (scan.blanks() > 0).then_some(())
}

/// Takes `2026-03-01T10:00:00.123+01:00` and similar forms.
fn year_first(scan: &mut Scan<'_>) -> Option<Dated> {
    let (year, month, day) = date(scan)?;
    between(scan)?;
    Some(Dated { year: Some(year), month, day, clock: clock(scan)? })
}

/// Takes `20260301T100000`, `20260301 10:00:00` and `20260301-10:00:00`.
fn basic(scan: &mut Scan<'_>) -> Option<Dated> {
    let (year, month, day) = (scan.digits(4)?, scan.digits(2)?, scan.digits(2)?);
    scan.peek().filter(|byte| matches!(byte, b'T' | b' ' | b'-' | b'_'))?;
    scan.skip(1);
    let clock = if scan.count_digits() == 6 { compact(scan)?.with_offset(scan)? } else { clock(scan)? };
    Some(Dated { year: Some(year), month, day, clock })
}

/// Takes `01/Mar/2026:10:00:00`, `1 Mar 2026 10:00:00` or `01-Mar-2026 10:00:00`.
fn day_first(scan: &mut Scan<'_>) -> Option<Dated> {
    let day = scan.one_or_two()?;
    let separator = scan.peek().filter(|byte| matches!(byte, b'/' | b'-' | b' ' | b'.'))?;
    scan.skip(1);
    let month = month(scan)?;
    if !scan.eat(separator) {
        return None;
    }
    let year = scan.digits(4)?;
    if !scan.eat(b':') {
        between(scan)?;
    }
    Some(Dated { year: Some(year), month, day, clock: clock(scan)? })
}

/// Takes a date that begins with the name of a month or of a weekday.
fn named(scan: &mut Scan<'_>) -> Option<Dated> {
    if let Some(month) = month(scan) {
        return month_first(scan, month);
    }
    weekday(scan)?;
    let has_comma = scan.eat(b',');
    blanks(scan)?;
    if has_comma {
        // `Sun, 01 Mar 2026 10:00:00 GMT` of RFC 2822.
        return day_first(scan);
    }
    let month = month(scan)?;
    blanks(scan)?;
    let day = scan.one_or_two()?;
    blanks(scan)?;
    if scan.count_digits() == 4 {
        // `Sun Mar 01 2026 10:00:00 GMT+0100` of JavaScript.
        let year = scan.digits(4)?;
        blanks(scan)?;
        return Some(Dated { year: Some(year), month, day, clock: clock(scan)? });
    }
    // `Sun Mar  1 10:00:00 2026` of `ctime`, and with a zone before the year of `date`.
    let clock = clock(scan)?;
    blanks(scan)?;
    Some(Dated { year: Some(scan.digits(4)?), month, day, clock })
}

/// Takes `Mar  1 10:00:00`, `Mar 1 2026 10:00:00` and `Mar 01, 2026 10:00:00`, after the month.
fn month_first(scan: &mut Scan<'_>, month: u32) -> Option<Dated> {
    blanks(scan)?;
    let day = scan.one_or_two()?;
    scan.eat(b',');
    blanks(scan)?;
    if scan.count_digits() != 4 {
        return Some(Dated { year: None, month, day, clock: clock(scan)? });
    }
    let year = scan.digits(4)?;
    scan.eat(b',');
    blanks(scan)?;
    Some(Dated { year: Some(year), month, day, clock: clock(scan)? })
}
