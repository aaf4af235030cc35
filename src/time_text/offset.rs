//! Offsets from UTC in a text: numbers, abbreviations and names of zones.

use crate::text_scan::Scan;

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

/// The abbreviations of zones, with their offset in minutes. Ambiguous abbreviations have no offset: a time with such an
/// abbreviation is no time.
const ZONES: [(&str, Option<i16>); 31] = [
    ("UTC", Some(0)),
    ("GMT", Some(0)),
    ("WET", Some(0)),
    ("WEST", Some(60)),
    ("CET", Some(60)),
    ("CEST", Some(120)),
    ("EET", Some(120)),
    ("EEST", Some(180)),
    ("MSK", Some(180)),
    ("EST", Some(-300)),
    ("EDT", Some(-240)),
    ("CDT", Some(-300)),
    ("MST", Some(-420)),
    ("MDT", Some(-360)),
    ("PST", Some(-480)),
    ("PDT", Some(-420)),
    ("AKST", Some(-540)),
    ("AKDT", Some(-480)),
    ("JST", Some(540)),
    ("KST", Some(540)),
    ("AEST", Some(600)),
    ("AEDT", Some(660)),
    ("NZST", Some(720)),
    ("NZDT", Some(780)),
    ("CST", None),
    ("IST", None),
    ("BST", None),
    ("AST", None),
    ("SST", None),
    ("ADT", None),
    ("WST", None),
];

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

/// An offset in the form of a number.
#[derive(Clone, Copy)]
pub(super) struct Signed {
    /// Minutes east of UTC.
    minutes: i16,
    has_two_digits: bool,
    has_minutes: bool,
}

impl Signed {
    /// Returns the minutes. Returns `None` if the hours have one digit.
    pub(super) fn with_two_digits(self) -> Option<i16> {
        self.has_two_digits.then_some(self.minutes)
    }
}

/// Takes `+01:00`, `+0100`, `+01` or `+1`, from -23:59 to +23:59. Neither a letter nor a digit follows.
pub(super) fn signed(scan: &mut Scan<'_>) -> Option<Signed> {
    let mut ahead = *scan;
    let is_west = ahead.peek().filter(|sign| matches!(sign, b'+' | b'-'))? == b'-';
    ahead.skip(1);
    let digits = ahead.count_digits();
    let hours = ahead.digits(digits.min(2))?;
    let has_minutes = digits == 4 || ahead.eat(b':');
    let minutes = if has_minutes { ahead.digits(2)? } else { 0 };
    if !matches!(digits, 1 | 2 | 4)
        || hours > 23
        || minutes > 59
        || ahead.peek().is_some_and(|byte| byte.is_ascii_alphanumeric())
    {
        return None;
    }
    *scan = ahead;
    let total = i16::try_from(hours * 60 + minutes).ok()?;
    Some(Signed { minutes: if is_west { -total } else { total }, has_two_digits: digits > 1, has_minutes })
}

/// Takes an offset, if there is one: `Z`, `+01:00`, `+0100`, `+01`, `CET`, `UTC` or `GMT+01:00`. Returns `None` for an
/// abbreviation with several meanings.
///
/// The text after a time can resemble an offset: `12:00:00 -5 items`. After a blank, a number therefore needs minutes. No zone
/// differs from UTC by 15 hours or more.
pub(super) fn offset(scan: &mut Scan<'_>) -> Option<Offset> {
    let mut ahead = *scan;
    let blanks = ahead.blanks();
    if blanks > 1 {
        return Some(Offset::Absent);
    }
    let found = match ahead.peek() {
        Some(b'Z' | b'z')
            if blanks == 0 && !ahead.peek_at(1).is_some_and(|byte| byte.is_ascii_alphanumeric()) =>
        {
            ahead.skip(1);
            Offset::Utc
        }
        Some(b'+' | b'-') => match signed(&mut ahead) {
            Some(Signed { minutes, has_two_digits: true, has_minutes })
                if minutes.abs() < 15 * 60 && (has_minutes || blanks == 0) =>
            {
                Offset::East(minutes)
            }
            _ => return Some(Offset::Absent),
        },
        Some(b'A'..=b'Z') => abbreviation(&mut ahead)?,
        _ => return Some(Offset::Absent),
    };
    if found != Offset::Absent {
        *scan = ahead;
    }
    Some(found)
}

/// Takes an abbreviation of a zone, with a number after UTC: `CET`, `GMT+02:00`, `UTC+2`. Another word is no offset.
fn abbreviation(scan: &mut Scan<'_>) -> Option<Offset> {
    let name = scan.take_while(|byte| byte.is_ascii_uppercase());
    let is_word = !scan.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let Some((_, minutes)) = ZONES.iter().find(|(zone, _)| *zone == name && is_word) else {
        return Some(Offset::Absent);
    };
    let minutes = (*minutes)?;
    let has_number =
        matches!(scan.peek(), Some(b'+' | b'-')) && scan.peek_at(1).is_some_and(|byte| byte.is_ascii_digit());
    if has_number {
        // `CET+1` has several meanings.
        return signed(scan).filter(|_| minutes == 0).map(|signed| Offset::East(signed.minutes));
    }
    Some(if minutes == 0 { Offset::Utc } else { Offset::East(minutes) })
}

/// Takes an offset that no other text follows. It can also be ` Z`, ` +01` or `+20:00`.
pub(super) fn last_offset(scan: &mut Scan<'_>) -> Offset {
    let mut ahead = *scan;
    ahead.eat(b' ');
    let found = match ahead.peek() {
        Some(b'Z' | b'z') => {
            ahead.skip(1);
            Offset::Utc
        }
        _ => signed(&mut ahead).and_then(Signed::with_two_digits).map_or(Offset::Absent, Offset::East),
    };
    if found != Offset::Absent {
        *scan = ahead;
    }
    found
}

/// The names of zones that can follow a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Names with one of the areas of the database. Other text can follow the time.
    #[cfg_attr(not(feature = "json"), allow(dead_code, reason = "the import of lines uses it"))]
    Known,
    /// Also any name with a slash in brackets. No other text follows.
    Any,
}

/// Takes the name of a zone after a time: ` Europe/Berlin`, or `[Europe/Berlin]` without a blank before it.
pub(crate) fn zone_name<'l>(scan: &mut Scan<'l>, names: Names) -> Option<&'l str> {
    let is_open = scan.peek()? == b'[';
    let is_any = is_open && names == Names::Any;
    if !is_open && scan.peek()? != b' ' || !is_any && !scan.peek_at(1)?.is_ascii_uppercase() {
        return None;
    }
    let mut ahead = *scan;
    ahead.skip(1);
    let mut after_area = ahead;
    after_area.take_while(|byte| byte.is_ascii_alphabetic());
    if !is_open && after_area.peek() != Some(b'/') {
        return None;
    }
    let name =
        ahead.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+'));
    let is_zone = match name.split_once('/') {
        Some((area, _)) => is_any || AREAS.contains(&area),
        None => is_open && matches!(name, "UTC" | "GMT") || is_any && name == "Z",
    };
    if !is_zone || is_open && !ahead.eat(b']') {
        return None;
    }
    *scan = ahead;
    Some(name)
}
