//! A parser of times: `2026-01-02 03:04`, `03:04`, `yesterday`, `15m`.

use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use jiff::civil::{Date, DateTime, Time};
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::output::time::Zone;

/// A parsed time. Its instant depends on the time zone and on the current time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TimePoint {
    /// A time with an offset from UTC.
    Instant(Timestamp),
    /// A local time with a date.
    Civil(DateTime),
    /// A local time of the current day.
    Today(Time),
    /// The start of the day that is this number of days before today.
    DaysAgo(i32),
    /// A duration before the current time.
    Ago(SignedDuration),
}

const FORMS: &str = "expected a time such as 2026-01-02, `2026-01-02 03:04:05`, 2026-01-02T03:04:05Z, 03:04, today, yesterday \
                     or now, or an age such as 90s, 15m, 2h, 3d or 1w";

impl FromStr for TimePoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        match text.to_ascii_lowercase().as_str() {
            "now" => return Ok(Self::Ago(SignedDuration::ZERO)),
            "today" => return Ok(Self::DaysAgo(0)),
            "yesterday" => return Ok(Self::DaysAgo(1)),
            _ => {}
        }
        // `-15m` is equal to `15m`, because a log contains no entries of the future.
        if let Some(ago) = ago(text.strip_prefix('-').unwrap_or(text)) {
            return Ok(Self::Ago(ago));
        }
        // A text with an offset from UTC must not be parsed as a local time.
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::Instant(instant));
        }
        let date_and_time = || text.parse::<DateTime>().ok().map(Self::Civil);
        let date = || text.parse::<Date>().ok().map(|date| Self::Civil(date.to_datetime(Time::midnight())));
        let time = || text.contains(':').then(|| text.parse::<Time>().ok())?.map(Self::Today);
        let is_date = text.get(4..5) == Some("-");
        let found = if is_date { date_and_time().or_else(date) } else { time() };
        found.ok_or_else(|| format!("`{text}` is not a time: {FORMS}"))
    }
}

/// Parses a duration: `90s`, `15m`, `2h`, `3d`, `1w`, `500ms`, or a sum such as `1h30m`.
pub(crate) fn ago(text: &str) -> Option<SignedDuration> {
    let mut total = SignedDuration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(digits);
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let millis: i64 = match unit {
            "ms" => 1,
            "s" | "sec" => 1_000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 7 * 86_400_000,
            _ => return None,
        };
        let span = SignedDuration::from_millis(number.parse::<i64>().ok()?.checked_mul(millis)?);
        total = total.checked_add(span)?;
        rest = after.trim_start();
    }
    (!text.is_empty()).then_some(total)
}

/// Parses a duration such as `800ms`, `15m` or `90d`; returns nanoseconds, never 0.
///
/// # Errors
/// Returns the expected form if `text` is not a duration.
pub(crate) fn length(text: &str) -> Result<u64, String> {
    let nanos = ago(text).and_then(|span| u64::try_from(span.as_nanos()).ok());
    match nanos {
        Some(0) => Err(format!("`{text}` is not a duration: expected more than 0")),
        Some(nanos) => Ok(nanos),
        None => Err(format!("`{text}` is not a duration: expected a form such as 800ms, 90s, 15m, 6h or 2d")),
    }
}

impl TimePoint {
    /// Returns the time in nanoseconds since the Unix epoch. `now` provides the current time and the time zone. If the clocks
    /// skip the local time, the result is later by the length of the gap. If the local time occurs twice, the result is the
    /// first occurrence.
    ///
    /// # Errors
    /// Returns an error if the time is not between the years 1970 and 2554.
    pub(crate) fn unix_nanos(&self, now: &Zoned) -> Result<u64> {
        let zone = now.time_zone();
        let instant = match self {
            Self::Instant(instant) => *instant,
            Self::Civil(civil) => civil.to_zoned(zone.clone())?.timestamp(),
            Self::Today(time) => now.date().to_datetime(*time).to_zoned(zone.clone())?.timestamp(),
            Self::DaysAgo(days) => {
                let day = now.date().checked_sub(jiff::Span::new().days(*days))?;
                day.to_zoned(zone.clone())?.timestamp()
            }
            Self::Ago(ago) => now.timestamp().checked_sub(*ago)?,
        };
        u64::try_from(instant.as_nanosecond())
            .map_err(|_| anyhow!("{instant}: expected a time between the years 1970 and 2554"))
    }
}

/// The range of `--since` and `--until`, in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Range {
    /// The start of the range.
    pub(crate) since: Option<u64>,
    /// The end of the range, exclusive.
    pub(crate) until: Option<u64>,
}

impl Range {
    /// Returns the range relative to the current time in `zone`.
    pub(crate) fn new(since: Option<&TimePoint>, until: Option<&TimePoint>, zone: &Zone) -> Result<Self> {
        let now = zone.now();
        let nanos = |point: Option<&TimePoint>, name: &str| {
            point.map(|point| point.unix_nanos(&now).with_context(|| name.to_owned())).transpose()
        };
        let range = Self { since: nanos(since, "--since")?, until: nanos(until, "--until")? };
        match (range.since, range.until) {
            (Some(since), Some(until)) if since >= until => {
                Err(anyhow!("--since: expected a time before --until"))
            }
            _ => Ok(range),
        }
    }

    /// Returns whether the range has a start or an end.
    pub(crate) fn is_bounded(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Returns whether the range overlaps the times from the first to the last of `times`.
    pub(crate) fn overlaps(&self, times: (u64, u64)) -> bool {
        self.since.is_none_or(|since| times.1 >= since) && self.until.is_none_or(|until| times.0 < until)
    }

    /// Returns whether the range contains an entry of this time. A bounded range contains no entry without a time.
    pub(crate) fn contains(&self, unix_nanos: u64) -> bool {
        let begun = self.since.is_none_or(|since| unix_nanos >= since);
        let ended = self.until.is_some_and(|until| unix_nanos >= until);
        !self.is_bounded() || (unix_nanos != 0 && begun && !ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the instant of `text` in Berlin at noon on 29 March 2026. On this day, the local time skips the hour after
    /// 2:00.
    fn meant(text: &str) -> Result<String, String> {
        let now: Zoned = "2026-03-29T12:00:00[Europe/Berlin]".parse().unwrap();
        let point: TimePoint = text.parse()?;
        let nanos = point.unix_nanos(&now).map_err(|error| error.to_string())?;
        Ok(Timestamp::from_nanosecond(i128::from(nanos)).unwrap().to_string())
    }

    #[test]
    fn every_form_means_what_people_mean() {
        for (text, instant) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.25+05:45", "2026-01-01T21:19:05.25Z"),
            ("2026-01-02 03:04:05-08", "2026-01-02T11:04:05Z"),
            ("2026-01-02 03:04:05", "2026-01-02T02:04:05Z"),
            ("2026-01-02T03:04", "2026-01-02T02:04:00Z"),
            ("2026-01-02", "2026-01-01T23:00:00Z"),
            ("03:04", "2026-03-29T01:04:00Z"),
            ("11:30:15.5", "2026-03-29T09:30:15.5Z"),
            ("now", "2026-03-29T10:00:00Z"),
            ("today", "2026-03-28T23:00:00Z"),
            ("Yesterday", "2026-03-27T23:00:00Z"),
            ("90s", "2026-03-29T09:58:30Z"),
            ("1h30m", "2026-03-29T08:30:00Z"),
            ("2d", "2026-03-27T10:00:00Z"),
            ("1w", "2026-03-22T10:00:00Z"),
            ("-15m", "2026-03-29T09:45:00Z"),
        ] {
            assert_eq!(meant(text).as_deref(), Ok(instant), "{text}");
        }
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_the_one_after_the_gap() {
        assert_eq!(meant("02:30").unwrap(), "2026-03-29T01:30:00Z");
        assert_eq!(meant("2026-10-25 02:30").unwrap(), "2026-10-25T00:30:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused_with_the_forms() {
        for text in
            ["", "soon", "2026-13-01", "25:00", "-", "--5m", "15", "m", "5x", "12:30pm", "2026-02-30 10:00"]
        {
            let error = text.parse::<TimePoint>().unwrap_err();
            assert!(error.contains("yesterday"), "{text}: {error}");
        }
        assert!(meant("1960-01-01").unwrap_err().contains("1970"));
        assert!(meant("99999999999w").is_err());
    }
}
