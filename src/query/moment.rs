//! Points in time as people write them: `2026-01-02 03:04`, `03:04`, `yesterday`, `15m`, `1772359200`.

use core::str::FromStr;

use crate::time_text::number::{of_14_digits, of_number};
use crate::time_text::offset::Offset;
use crate::time_text::spelled::Spelled;
use crate::time_text::whole::{date, time_of_day, whole};

use super::QueryOptions;
use super::literal::duration;
use super::syntax::{Literal, Range};

const DAY: i64 = 86_400;
const SECOND: i128 = 1_000_000_000;

/// A point in time as people write it, for example `2026-01-02 03:04`, `03:04`, `yesterday` or `15m`.
///
/// Queries, the options `--since` and `--until` of the command line, and the Python package parse times with this type.
/// `schema/QUERY.md` lists the forms. The instant of a relative form depends on the current time, and the instant of a time
/// without an offset depends on the time zone.
///
/// ```
/// use fusewire::Zone;
/// use fusewire::query::{Moment, QueryOptions};
///
/// // 2026-03-01 at noon in a zone one hour east of UTC.
/// let options = QueryOptions { now_unix_nano: 1_772_362_800_000_000_000, zone: Zone::fixed(3600) };
/// let instant = |text: &str| text.parse::<Moment>().map(|moment| moment.unix_nano(&options) / 1_000_000_000);
/// assert_eq!(instant("11:30"), Ok(1_772_361_000));
/// assert_eq!(instant("30m"), instant("11:30"));
/// assert_eq!(instant("2026-03-01"), instant("today"));
/// assert_eq!(instant("1772361000"), instant("2026-03-01T10:30:00Z"));
/// assert!(instant("soon").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// Nanoseconds since the Unix epoch.
    Instant(i128),
    /// A date and a time of day in the zone of the options.
    Local(Spelled),
    /// A time of the day this number of days after the current day: seconds and nanoseconds after midnight.
    Day(i64, i64, u32),
    /// Nanoseconds before the current time.
    Ago(i128),
}

/// The forms of a moment, for messages.
const FORMS: &str = "expected a time such as 2026-01-02, `2026-01-02 03:04:05`, 2026-01-02T03:04:05Z, 03:04, today, yesterday \
                     or now, an age such as 90s, 15m, 2h, 3d or 1w, or a number of seconds since 1970";

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let kind = Kind::parse(text).ok_or_else(|| format!("`{text}` is not a time: {FORMS}"))?;
        Ok(Self(kind))
    }
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        let (first, rest) = text.split_once(' ').map_or((text, ""), |(first, rest)| (first, rest.trim()));
        let day = match first.to_ascii_lowercase().as_str() {
            "yesterday" => Some(-1),
            "today" => Some(0),
            "tomorrow" => Some(1),
            _ => None,
        };
        if let Some(day) = day {
            let (second, nanos) = if rest.is_empty() { (0, 0) } else { time_of_day(rest)? };
            return Some(Self::Day(day, second, nanos));
        }
        if let Some(rest) = text.get(..3).filter(|now| now.eq_ignore_ascii_case("now")).map(|_| &text[3..]) {
            return match rest.trim_start().split_at_checked(1) {
                None => Some(Self::Ago(0)),
                Some(("-", ago)) => length(ago).map(Self::Ago),
                Some(("+", ahead)) => length(ahead).map(|nanos| Self::Ago(-nanos)),
                Some(_) => None,
            };
        }
        // `-15m` is the same as `15m`, because a log rarely contains entries of the future.
        let age = text.strip_suffix(" ago").unwrap_or(text.strip_prefix('-').unwrap_or(text));
        if let Some(ago) = length(age) {
            return Some(Self::Ago(ago));
        }
        if let Some((time, _)) = of_number(text.strip_prefix('@').unwrap_or(text)) {
            return Some(Self::Instant(time.unix_nanos()));
        }
        if let Some(spelled) = whole(text).or_else(|| date(text)).or_else(|| of_14_digits(text)) {
            return Some(match spelled.offset {
                Offset::Absent => Self::Local(spelled),
                _ => Self::Instant(spelled.instant(None)?.unix_nanos()),
            });
        }
        time_of_day(text).map(|(second, nanos)| Self::Day(0, second, nanos))
    }
}

/// Parses a duration of one or more parts: `90s`, `1h30m`, `1h 30m`. Returns nanoseconds.
fn length(text: &str) -> Option<i128> {
    let mut parts = text.split_whitespace().peekable();
    parts.peek()?;
    parts.try_fold(0_i128, |total, part| {
        total.checked_add(duration(part).filter(|nanos| *nanos >= 0 && !part.starts_with('-'))?)
    })
}

/// Parses a duration such as `800ms`, `15m`, `1h30m` or `90d`. Returns nanoseconds. A day has 24 hours.
///
/// # Errors
/// Returns the expected form if `text` is not a duration.
///
/// ```
/// use fusewire::query::parse_duration;
///
/// assert_eq!(parse_duration("1h30m"), Ok(5_400_000_000_000));
/// assert!(parse_duration("soon").is_err());
/// ```
pub fn parse_duration(text: &str) -> Result<i128, String> {
    length(text).ok_or_else(|| {
        format!("`{text}` is not a duration: expected a form such as 800ms, 90s, 15m, 6h or 2d")
    })
}

impl Moment {
    /// Returns the instant in nanoseconds since the Unix epoch. `options` contains the current time and the time zone. If the
    /// clocks skip a local time, the result is later by the length of the gap. If a local time occurs twice, the result is
    /// the first occurrence.
    #[must_use]
    pub fn unix_nano(&self, options: &QueryOptions) -> i128 {
        match &self.0 {
            Kind::Instant(nanos) => *nanos,
            Kind::Local(spelled) => {
                spelled.instant(Some(&options.zone)).map_or(0, crate::Timestamp::unix_nanos)
            }
            Kind::Day(day, second, nanos) => {
                let local = (today(options) + day) * DAY + second;
                i128::from(options.zone.instant_of(local)) * SECOND + i128::from(*nanos)
            }
            Kind::Ago(ago) => i128::from(options.now_unix_nano).saturating_sub(*ago),
        }
    }
}

/// Returns the number of the current day in the zone of the options. Day 0 is 1970-01-01.
fn today(options: &QueryOptions) -> i64 {
    #[expect(clippy::cast_possible_wrap, reason = "2^64 nanoseconds are 2^34 seconds")]
    let now = (options.now_unix_nano / 1_000_000_000) as i64;
    (now + i64::from(options.zone.offset_at(now))).div_euclid(DAY)
}

/// Returns the moment that a literal denotes, in nanoseconds since the Unix epoch.
pub(super) fn moment_of(literal: &Literal, options: &QueryOptions) -> Option<i128> {
    match literal {
        Literal::Now(ago) => Some(i128::from(options.now_unix_nano) - ago),
        Literal::Text(text) | Literal::Word(text) => {
            text.parse::<Moment>().ok().map(|moment| moment.unix_nano(options))
        }
        _ => None,
    }
}

/// Returns the moment of a literal that is compared with a time. A number counts from the epoch, and a duration ends now.
pub(super) fn time_of(literal: &Literal, options: &QueryOptions) -> Option<i128> {
    let number = |text: String| of_number(&text).map(|(time, _)| time.unix_nanos());
    match literal {
        Literal::Int(value) => {
            let text = value.to_string();
            number(text.clone())
                .or_else(|| Some(of_14_digits(&text)?.instant(Some(&options.zone))?.unix_nanos()))
        }
        Literal::Float(value) => number(value.to_string()),
        Literal::Duration(ago) => Some(i128::from(options.now_unix_nano) - ago.abs()),
        _ => moment_of(literal, options),
    }
}

/// Returns the first moment of a range and the first moment after it.
pub(super) fn range(range: &Range, options: &QueryOptions) -> (i128, i128) {
    let day = |day| Moment(Kind::Day(day, 0, 0)).unix_nano(options);
    match range {
        // There is no upper limit: the clock of a producer can be ahead of this clock.
        Range::Last(nanos) => (i128::from(options.now_unix_nano).saturating_sub(*nanos), i128::MAX),
        Range::Today => (day(0), day(1)),
        Range::Yesterday => (day(-1), day(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::zone::Zone;

    /// Returns the instant of `text` at `now` in `zone`.
    fn meant(text: &str, now: &str, zone: Zone) -> Result<String, String> {
        let now = u64::try_from(Timestamp::parse_rfc3339(now).unwrap().unix_nanos()).unwrap();
        let nanos = text.parse::<Moment>()?.unix_nano(&QueryOptions { now_unix_nano: now, zone });
        Ok(crate::time_text::number::from_nanos(nanos).unwrap().to_string())
    }

    #[test]
    fn each_form_of_the_table_in_the_specification_is_a_moment() {
        let table = include_str!("../../schema/QUERY.md").split("### Times").nth(1).unwrap();
        let table = table.split("\n\n").find(|part| part.starts_with('|')).unwrap();
        let mut forms = 0;
        for row in table.lines().skip(2) {
            let cell = row.split('|').nth(1).unwrap();
            for form in cell.split('`').skip(1).step_by(2) {
                let text = form.trim_matches('"');
                assert!(text.parse::<Moment>().is_ok(), "{form}");
                // The form is also a literal of a query.
                let query = format!("time >= {form}");
                assert!(crate::query::Query::parse(&query).is_ok(), "{query}");
                forms += 1;
            }
        }
        assert!(forms >= 20, "{forms}");
    }

    #[test]
    fn a_text_that_is_no_time_is_refused_with_the_forms() {
        for text in [
            "",
            "soon",
            "2026-13-01",
            "25:00",
            "-",
            "--5m",
            "15",
            "m",
            "5x",
            "13:30pm",
            "2026-02-30 10:00",
            "now-",
            "now - -5m",
            "now*2",
            "yesterday 25:00",
            "today noon",
            "12345678901",
            "1h -5m",
            "ago",
            "@",
        ] {
            let error = text.parse::<Moment>().unwrap_err();
            assert!(error.contains("yesterday"), "{text}: {error}");
        }
    }

    #[cfg(feature = "zones")]
    #[test]
    fn every_form_means_what_people_mean() {
        let berlin = || Zone::parse("Europe/Berlin").unwrap();
        // On this day, the local time skips the hour after 2:00.
        for (text, instant) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.25+05:45", "2026-01-01T21:19:05.250Z"),
            ("2026-01-02 03:04:05-08", "2026-01-02T11:04:05Z"),
            ("2026-01-02 03:04:05", "2026-01-02T02:04:05Z"),
            ("2026-01-02T03:04", "2026-01-02T02:04:00Z"),
            ("2026/01/02 03:04", "2026-01-02T02:04:00Z"),
            ("2026-01-02", "2026-01-01T23:00:00Z"),
            ("2026-07-02", "2026-07-01T22:00:00Z"),
            ("03:04", "2026-03-29T01:04:00Z"),
            ("11:30:15.5", "2026-03-29T09:30:15.500Z"),
            ("yesterday 11:30", "2026-03-28T10:30:00Z"),
            ("now", "2026-03-29T10:00:00Z"),
            ("now - 1h", "2026-03-29T09:00:00Z"),
            ("now+90s", "2026-03-29T10:01:30Z"),
            ("today", "2026-03-28T23:00:00Z"),
            ("Yesterday", "2026-03-27T23:00:00Z"),
            ("tomorrow", "2026-03-29T22:00:00Z"),
            ("90s", "2026-03-29T09:58:30Z"),
            ("1h30m", "2026-03-29T08:30:00Z"),
            ("1h 30m", "2026-03-29T08:30:00Z"),
            ("2d", "2026-03-27T10:00:00Z"),
            ("1w", "2026-03-22T10:00:00Z"),
            ("-15m", "2026-03-29T09:45:00Z"),
            ("15m ago", "2026-03-29T09:45:00Z"),
            ("1772359200", "2026-03-01T10:00:00Z"),
            ("@1772359200.5", "2026-03-01T10:00:00.500Z"),
            ("1772359200123", "2026-03-01T10:00:00.123Z"),
            ("20260301100000", "2026-03-01T09:00:00Z"),
            ("01/Mar/2026:10:00:00 +0100", "2026-03-01T09:00:00Z"),
            ("02:30", "2026-03-29T01:30:00Z"),
            ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),
        ] {
            let found = meant(text, "2026-03-29T12:00:00+02:00", berlin());
            assert_eq!(found.as_deref(), Ok(instant), "{text}");
        }
        // A day does not begin at the offset of now.
        assert_eq!(meant("today", "2026-10-25T12:00:00+01:00", berlin()).unwrap(), "2026-10-24T22:00:00Z");
        assert_eq!(meant("tomorrow", "2026-10-25T12:00:00+01:00", berlin()).unwrap(), "2026-10-25T23:00:00Z");
    }

    #[cfg(feature = "zones")]
    mod property {
        use proptest::prelude::*;

        use super::*;

        const ZONES: [&str; 6] = [
            "UTC",
            "Europe/Berlin",
            "America/St_Johns",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Africa/Casablanca",
        ];

        proptest! {
            #[test]
            fn a_local_time_has_the_instant_that_jiff_computes(
                second in 1_577_836_800_i64..1_893_456_000,
                nanos in 0..1_000_000_000_i32,
                form in 0..6_usize,
                zone in 0..ZONES.len(),
            ) {
                let civil = jiff::Timestamp::new(second, nanos).unwrap().to_zoned(jiff::tz::TimeZone::UTC).datetime();
                let (form, unit) = [
                    ("%Y-%m-%d %H:%M:%S%.9f", jiff::Unit::Nanosecond),
                    ("%Y-%m-%dT%H:%M:%S", jiff::Unit::Second),
                    ("%Y/%m/%d %H:%M", jiff::Unit::Minute),
                    ("%Y-%m-%d", jiff::Unit::Day),
                    ("%a, %d %b %Y %H:%M:%S", jiff::Unit::Second),
                    ("%Y%m%d%H%M%S", jiff::Unit::Second),
                ][form];
                let round = jiff::civil::DateTimeRound::new().smallest(unit).mode(jiff::RoundMode::Trunc);
                let expected = civil.round(round).unwrap().to_zoned(jiff::tz::TimeZone::get(ZONES[zone]).unwrap()).unwrap();
                let options = QueryOptions { now_unix_nano: 0, zone: Zone::parse(ZONES[zone]).unwrap() };
                let text = civil.strftime(form).to_string();
                let found = text.parse::<Moment>().unwrap().unix_nano(&options);
                prop_assert_eq!(found, expected.timestamp().as_nanosecond(), "{}", text);
            }

            #[test]
            fn no_text_is_too_strange(text in "[-0-9:TZ+. /a-zA-Z,()\\[\\]@é]{0,40}") {
                if let Ok(moment) = text.parse::<Moment>() {
                    let _ = moment.unix_nano(&QueryOptions::default());
                }
            }
        }
    }
}
