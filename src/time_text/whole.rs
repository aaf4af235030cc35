//! A text that is one time, for example the member of an object.

#[cfg(any(feature = "query", test))]
use super::calendar::SECONDS_PER_DAY;
#[cfg(any(feature = "query", test))]
use super::calendar::day_number;
#[cfg(any(feature = "query", test))]
use super::clock::time_of_day as clock;
use super::dated::dated;
use super::offset::{Names, Offset, last_offset, zone_name};
use super::rfc3339::rfc3339;
use super::spelled::Spelled;
use crate::text_scan::Scan;

/// No time is longer, in bytes.
const LONGEST: usize = 80;

/// Parses a text that is one time. Blanks at both ends are ignored. A date without a time of day is no time.
pub(crate) fn whole(text: &str) -> Option<Spelled> {
    rfc3339(text).or_else(|| general(text.trim()))
}

fn general(text: &str) -> Option<Spelled> {
    if text.len() > LONGEST {
        return None;
    }
    let mut scan = Scan::new(text);
    let mut spelled = dated(&mut scan).filter(|dated| dated.clock.is_consistent)?.spelled()?;
    if spelled.offset == Offset::Absent {
        spelled.offset = last_offset(&mut scan);
    }
    if matches!(spelled.offset, Offset::East(_)) && !scan.is_at_end() {
        skip_repeated_zone(&mut scan, text);
    }
    if let Some(name) = zone_name(&mut scan, Names::Any) {
        spelled = spelled.in_named_zone(name)?;
    }
    // `+0100 (Central European Time)`
    let is_comment =
        spelled.offset != Offset::Absent && scan.rest().starts_with(" (") && scan.rest().ends_with(')');
    (scan.is_at_end() || is_comment).then_some(spelled)
}

/// Skips the zone and the monotonic clock that Go writes after an offset: `+0100 CET m=+0.01`, `+0530 +0530`.
fn skip_repeated_zone(scan: &mut Scan<'_>, text: &str) {
    let mut ahead = *scan;
    let before = (text.len() - scan.rest().len()).checked_sub(1).and_then(|at| text.as_bytes().get(at));
    if before.is_some_and(u8::is_ascii_digit) && ahead.eat(b' ') {
        let name = ahead.take_while(|byte| byte.is_ascii_alphanumeric());
        let is_name = (2..=5).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_name || name.is_empty() && last_offset(&mut ahead) != Offset::Absent {
            *scan = ahead;
        }
    }
    if scan.rest().starts_with(" m=") {
        scan.skip(scan.rest().len());
    }
}

/// Parses a date without a time of day, `2026-01-02`, `2026/01/02` or `2026.01.02`, as its first second.
#[cfg(any(feature = "query", test))]
pub(crate) fn date(text: &str) -> Option<Spelled> {
    let mut scan = Scan::new(text);
    let (year, month, day) = super::dated::date(&mut scan)?;
    let local = day_number(year.into(), month.into(), day.into())? * SECONDS_PER_DAY;
    scan.is_at_end().then_some(Spelled { local, nanos: 0, offset: Offset::Absent, is_exact: false })
}

/// Parses a time of day: `03:04`, `03:04:05.5`. Returns seconds and nanoseconds after midnight.
#[cfg(any(feature = "query", test))]
pub(crate) fn time_of_day(text: &str) -> Option<(i64, u32)> {
    let mut scan = Scan::new(text);
    let clock = clock(&mut scan).filter(|clock| clock.is_consistent && scan.is_at_end())?;
    Some((clock.second.into(), clock.nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

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
    fn a_text_with_several_meanings_is_no_time() {
        for text in NO_TIMES {
            assert_eq!(whole(text), None, "{text}");
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
