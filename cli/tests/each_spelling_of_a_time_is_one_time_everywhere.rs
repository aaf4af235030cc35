//! A spelling of a time is the same time at the beginning of a line, in a member of an object, in a query and in an option. The
//! table shows the spellings that only some of these places accept; `schema/LINES.md` and `schema/QUERY.md` state the reasons.

mod common;

use std::time::{Duration, UNIX_EPOCH};

use common::fusewire;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::lines::Importer;
use fusewire::{Limits, Timestamp, Zone};

/// The places that accept a spelling: lines, objects, and queries with options.
type Places = (bool, bool, bool);

const EVERYWHERE: Places = (true, true, true);
const LINES: Places = (true, false, false);
const TEXTS: Places = (false, true, true);
const OBJECTS: Places = (false, true, false);
const QUERIES: Places = (false, false, true);
const NOWHERE: Places = (false, false, false);

/// The spellings, the instants in a zone one hour east of UTC, and the places that accept the spelling.
const SPELLINGS: &[(&str, &str, Places)] = &[
    // RFC 3339 and its variants
    ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00Z", EVERYWHERE),
    ("2026-03-01t10:00:00z", "2026-03-01T10:00:00Z", EVERYWHERE),
    ("2026-03-01T10:00:00.5+01:00", "2026-03-01T10:00:00.500+01:00", EVERYWHERE),
    ("2026-03-01T10:00:00,5-0130", "2026-03-01T10:00:00.500-01:30", EVERYWHERE),
    ("2026-03-01T10:00:00+01", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-03-01 10:00:00 +0100", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-03-01T10:00:00.123456789123Z", "2026-03-01T10:00:00.123456789Z", EVERYWHERE),
    ("2016-12-31T23:59:60.999Z", "2017-01-01T00:00:00.999Z", EVERYWHERE),
    ("2026-03-01T10:00Z", "2026-03-01T10:00:00Z", EVERYWHERE),
    ("2026-03-01 10:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-03-01 10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-03-01  9:00:00", "2026-03-01T09:00:00+01:00", EVERYWHERE),
    ("2026-03-01, 10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-03-01_10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026/03/01 10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026.03.01 10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-03-01 10:00:00:123", "2026-03-01T10:00:00.123+01:00", EVERYWHERE),
    // Halves of the day
    ("2026-03-01 10:00:00 PM", "2026-03-01T22:00:00+01:00", EVERYWHERE),
    ("2026-03-01 12:00:00am", "2026-03-01T00:00:00+01:00", EVERYWHERE),
    ("2026-03-01 10:00:00.5 p.m. CET", "2026-03-01T22:00:00.500+01:00", EVERYWHERE),
    ("2026-03-01 10:00:00\u{202f}PM", "2026-03-01T22:00:00+01:00", EVERYWHERE),
    // Abbreviations and names of zones
    ("2026-03-01 10:00:00 UTC", "2026-03-01T10:00:00Z", EVERYWHERE),
    ("2026-03-01T10:00:00UTC", "2026-03-01T10:00:00Z", EVERYWHERE),
    ("2026-03-01 10:00:00 EST", "2026-03-01T10:00:00-05:00", EVERYWHERE),
    ("2026-03-01 10:00:00 NZDT", "2026-03-01T10:00:00+13:00", EVERYWHERE),
    ("2026-03-01 10:00:00 AKST", "2026-03-01T10:00:00-09:00", EVERYWHERE),
    ("2026-03-01 10:00:00 GMT+01:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-03-01 10:00:00 GMT+0000", "2026-03-01T10:00:00+00:00", EVERYWHERE),
    ("2026-03-01 10:00:00 UTC+2", "2026-03-01T10:00:00+02:00", EVERYWHERE),
    ("2026-03-01T10:00:00+01:00[Europe/Paris]", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("2026-07-01T10:00:00[Europe/Paris]", "2026-07-01T10:00:00+02:00", EVERYWHERE),
    ("2026-07-01 10:00:00 America/New_York", "2026-07-01T10:00:00-04:00", EVERYWHERE),
    ("2026-03-01T10:00:00[Europe/London]", "2026-03-01T10:00:00+00:00", EVERYWHERE),
    ("2026-03-01T10:00:00[UTC]", "2026-03-01T10:00:00Z", EVERYWHERE),
    // The basic form
    ("20260301T100000Z", "2026-03-01T10:00:00Z", EVERYWHERE),
    ("20260301T100000.123+0100", "2026-03-01T10:00:00.123+01:00", EVERYWHERE),
    ("20260301 10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    // Names of months
    ("Sun, 01 Mar 2026 10:00:00 GMT", "2026-03-01T10:00:00Z", EVERYWHERE),
    ("Sunday, 1 March 2026 10:00:00 +0100", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("01 Mar 2026 10:00:00.500", "2026-03-01T10:00:00.500+01:00", EVERYWHERE),
    ("01-Mar-2026 10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("01/Mar/2026:10:00:00 +0100", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("1/mar/2026:10:00:00 -0000", "2026-03-01T10:00:00+00:00", EVERYWHERE),
    ("1 août 2026 10:00:00", "2026-08-01T10:00:00+01:00", EVERYWHERE),
    ("1 Dezember 2026 10:00:00", "2026-12-01T10:00:00+01:00", EVERYWHERE),
    ("Mar 01, 2026 10:00:00 AM", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("Mar 1 2026 10:00:00", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("March 1, 2026, 10:00:00 PM", "2026-03-01T22:00:00+01:00", EVERYWHERE),
    ("Sun Mar  1 10:00:00 2026", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("Sun Mar  1 10:00:00 CET 2026", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    ("Sun Mar 01 2026 10:00:00 GMT+0100", "2026-03-01T10:00:00+01:00", EVERYWHERE),
    // Numbers
    ("1772359200123", "2026-03-01T10:00:00.123Z", EVERYWHERE),
    ("1772359200123456", "2026-03-01T10:00:00.123456Z", EVERYWHERE),
    ("1772359200123456789", "2026-03-01T10:00:00.123456789Z", EVERYWHERE),
    ("1772359200.5", "2026-03-01T10:00:00.500Z", EVERYWHERE),
    // Forms that are times only at the beginning of a line
    ("Mar  1 10:00:00", "2026-03-01T10:00:00+01:00", LINES),
    ("13/01/2026 10:00:00", "2026-01-13T10:00:00+01:00", LINES),
    ("01.03.2026 10:00:00", "2026-03-01T10:00:00+01:00", LINES),
    ("01/02/2026 10:00:00 PM", "2026-01-02T22:00:00+01:00", LINES),
    ("Tue, 13/01/2026 10:00:00", "2026-01-13T10:00:00+01:00", LINES),
    ("26/03/01 10:00:00", "2026-03-01T10:00:00+01:00", LINES),
    ("2026-03-01 13:00:00 PM", "2026-03-01T13:00:00+01:00", LINES),
    // Forms that are times only as a whole text
    ("1772359200", "2026-03-01T10:00:00Z", TEXTS),
    ("1.7723592e9", "2026-03-01T10:00:00Z", TEXTS),
    ("20260301100000", "2026-03-01T10:00:00+01:00", TEXTS),
    ("/Date(1772359200123)/", "2026-03-01T10:00:00.123Z", OBJECTS),
    ("2026-03-01", "2026-03-01T00:00:00+01:00", QUERIES),
    // No times
    ("2026-03-01 10:00:00 CST", "", NOWHERE),
    ("2026-03-01 10:00:00 IST", "", NOWHERE),
    ("2026-03-01 10:00:00 CET+1", "", NOWHERE),
    ("2026-02-29T10:00:00Z", "", NOWHERE),
    ("2026-03-01T24:00:00Z", "", NOWHERE),
    ("2026-03-01 0:00:00 PM", "", NOWHERE),
    ("2026-03-01T10:00:00[Europe/Atlantis]", "", NOWHERE),
    ("01/02/2026 10:00:00", "", NOWHERE),
    ("123456789012", "", NOWHERE),
];

/// Spellings that are whole times, and whose beginning is a time of a line: the rest of the line begins with the second text.
const LONGER: &[(&str, &str, &str)] = &[
    ("2026-03-01 10:00:00 Z", "2026-03-01T10:00:00Z", "Z"),
    ("2026-03-01 10:00:00 +02", "2026-03-01T10:00:00+02:00", "+02"),
    ("2026-03-01 10:00:00 +20:00", "2026-03-01T10:00:00+20:00", "+20:00"),
    ("2026-03-01 10:00:00 +0100 CET m=+0.012", "2026-03-01T10:00:00+01:00", "CET m=+0.012"),
    ("2026-03-01 10:00:00 +0530 +0530", "2026-03-01T10:00:00+05:30", "+0530"),
    ("Sun Mar 01 2026 10:00:00 GMT+0100 (CET)", "2026-03-01T10:00:00+01:00", "(CET)"),
];

/// Returns the time of the entry of a line, and its body.
fn imported(line: &str) -> (String, String) {
    let mut found = Vec::new();
    // 2026-03-01 at noon.
    let changed = UNIX_EPOCH + Duration::from_secs(1_772_366_400);
    let mut importer = Importer::new().zone(Zone::fixed(3600)).changed_at(changed);
    let mut buffer = [0; 4096];
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| {
        let entry = encode(&mut buffer, &Limits::DEFAULT, |entry| write(entry)).unwrap();
        let view = EntryRef::new(entry.bytes()).unwrap();
        let time = view.timestamp().map_or(String::new(), |time| time.to_string());
        found.push((time, view.body().to_string()));
        Ok(entry.report())
    };
    importer.import(line.as_bytes(), sink).unwrap();
    assert_eq!(found.len(), 1, "{line}");
    found.remove(0)
}

/// Asserts that a query and an option accept `text` as the instant `time`, or refuse it.
fn compare_query(text: &str, time: Option<&str>) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("three.jsonl");
    let instant = Timestamp::parse_rfc3339(time.unwrap_or("2026-03-01T10:00:00Z")).unwrap();
    let nanos = i64::try_from(instant.unix_nanos()).unwrap();
    let lines = [nanos - 1, nanos, nanos + 1]
        .map(|nanos| format!("{{\"time\":\"{}\",\"msg\":\"m\"}}\n", Timestamp::from_unix_nanos(nanos)));
    std::fs::write(&file, lines.concat()).unwrap();
    let file = file.to_str().unwrap();
    let expected = |count: &str| time.map_or((2, String::new()), |_| (0, count.to_owned()));
    let query = format!("time = \"{text}\"");
    let run = fusewire(["query", &query, file, "--count", "--tz", "+01:00"]);
    assert_eq!((run.code, run.stdout.trim().to_owned()), expected("1"), "{query}: {}", run.stderr);
    let run = fusewire(["query", "", file, "--count", "--tz", "+01:00", "--since", text]);
    assert_eq!((run.code, run.stdout.trim().to_owned()), expected("2"), "{text}: {}", run.stderr);
}

#[test]
fn by_the_table() {
    for (text, time, (lines, objects, queries)) in SPELLINGS {
        let expected = |is_time: bool| if is_time { *time } else { "" };
        assert_eq!(imported(&format!("{text} ERROR failed")).0, expected(*lines), "line: {text}");
        let object = format!("{{\"time\":\"{text}\",\"msg\":\"m\"}}");
        assert_eq!(imported(&object).0, expected(*objects), "object: {text}");
        compare_query(text, queries.then_some(*time));
    }
    for (text, time, rest) in LONGER {
        assert_eq!(imported(&format!("{{\"time\":\"{text}\",\"msg\":\"m\"}}")).0, *time, "object: {text}");
        compare_query(text, Some(time));
        let (time, body) = imported(&format!("{text} failed"));
        assert!(time.starts_with("2026-03-01T10:00:00") && body.starts_with(rest), "{text}: {time} {body}");
    }
}
