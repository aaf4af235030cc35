//! Queries follow each rule and corner case of `schema/QUERY.md`.
#![cfg(feature = "query")]

use std::time::Duration;

use crate::common::shop;
use fusewire::decode::EntryRef;
use fusewire::encode::{EntryWriter, encode};
use fusewire::log::{Found, Log, Scan, Visitor};
use fusewire::query::{Field, Query, QueryOptions};
use fusewire::{Limits, Severity, Timestamp, TraceContext, Zone, map};

const NOON: u64 = 1_774_785_600_000_000_000;

fn holds(text: &str, write: impl FnOnce(&mut EntryWriter<'_>)) -> bool {
    let options = QueryOptions { now_unix_nano: NOON, zone: Zone::UTC };
    let query = Query::parse_with(text, &options).unwrap_or_else(|error| panic!("{error:#}"));
    let mut buffer = vec![0; 64 << 10];
    let entry = encode(&mut buffer, &Limits::default(), write).unwrap();
    query.matches(&EntryRef::new(entry.into_bytes()).unwrap())
}

fn sample(entry: &mut EntryWriter<'_>) {
    entry.set_severity(Severity::from_number(14));
    entry.set_body("007");
    entry.set_thread("60s");
    entry.set_target("1.50");
    entry
        .attr("n", &5_u64)
        .attr("half", &0.5)
        .attr("text", "500")
        .attr("nan", &f64::NAN)
        .attr("big", &u128::MAX);
    entry.attr("took", &Duration::from_secs(2)).attr("wait_ms", &2_000_u64).attr("ok", &true);
    entry.attr("born", &Timestamp::from_unix_nanos(NOON.cast_signed() - 1)).attr("null", &());
    entry.attr("a.b", &1_u64).attributes().slot("bytes").bytes(b"xyz");
    entry.attr("tags", &["eu", "", "eu"]).attr("none", &[0_u8; 0].as_slice()).attr("level", "loud");
    entry.attr("a", &map! { b = map! { c = 7 } }).attr("odd", &map! { "" = 1, x = 2 });
}

#[test]
fn for_each_rule() {
    for (text, expected) in [
        // A field that is always text is compared with the text in the query.
        ("body == 007", true),
        ("body in (7, 07)", false),
        ("thread == 60s", true),
        ("thread == 1m", false),
        ("target == 1.50 and target != 1.5", true),
        ("target in (null, 1.50) and target in (z, '1.50', a, 2, 1.50) and target not in (z, a, b)", true),
        // Numbers.
        ("half == .5 and half > .25 and half < +.75", true),
        ("n == 5.0 and n > -.5 and n < 1e1", true),
        ("big > 340282366920938463463374607431768211454", true),
        ("nan == nan or nan < 1 or nan >= 1", false),
        ("nan != 1", true),
        ("text == 500", false),
        ("text != 500 and text == '500'", true),
        ("ok < true or ok > false", false),
        ("null == null and not missing == null", true),
        // Durations.
        ("took == 2s and took > 1999ms and took in (2s)", true),
        ("wait_ms == 2s and wait_ms <= 2000 and wait_ms < 1m", true),
        ("took == 2 or took == 2000000000 or n < 1h", false),
        // Instants.
        ("born < now and born >= now-1s and born > today and born >= yesterday", true),
        ("born > 2026-03-29 and born < '2026-03-29T12:00:00Z'", true),
        // Levels.
        ("level == warn and level == warn2 and level == 14 and not level == 13", true),
        ("level > warn or level < warn", false),
        ("attributes.level == loud", true),
        // Paths.
        ("a.b == 1 and not exists a.b.c", true),
        ("tags[*] == eu and tags[1] == '' and tags[*] != eu and not tags[3] == eu", true),
        ("exists none and not exists none[*] and not none[*] != 5", true),
        ("odd[*] == 2 and odd.\"\" == 1", true),
        ("bytes == xyz and not bytes contains y", true),
        // Missing fields.
        ("missing != 1 or missing not in (1) or missing not contains a", false),
        ("not (missing == 1)", true),
        ("trace_id == 0 or trace_id != 5 or span_id == 0 or exists trace_id", false),
        ("exists body and exists took and not exists time", true),
    ] {
        assert_eq!(holds(text, sample), expected, "{text}");
        let written = Query::parse(text).unwrap().to_string();
        assert_eq!(holds(&written, sample), expected, "{text}, written as {written}");
    }
    assert!(holds("level == unspecified and level == 0 and not level < trace and not exists level", |_| ()));
    assert!(holds(
        "trace_id != 5 and span_id in (ff, 0a, 1) and trace_id in (9, 6, 0) and span_id not in (3, 2)",
        |entry| {
            entry.set_trace(TraceContext { trace_id: 6, span_id: 10, flags: 0 });
        }
    ));
}

struct Count(u64);

impl Visitor for Count {
    fn entry(&mut self, _: &Found<'_>) {
        self.0 += 1;
    }
}

#[test]
fn with_indexes_as_without() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(256 << 10).open().unwrap();
    let mut dice = shop::random(77);
    for n in 0..2_000 {
        log.append(|entry| {
            shop::write(&mut dice, n, entry);
            if n % 10 == 0 {
                entry.set_target("");
                entry.set_severity(Severity::UNSPECIFIED);
            }
        });
    }
    drop(log);
    let scan = Scan::new([directory.path()]);
    for text in [
        "trace_id == 0",
        "trace_id != 0",
        "not trace_id == 0",
        "trace_id in (0, 5)",
        "target == ''",
        "target in ('', nobody)",
        "level == unspecified",
        "not level > trace",
        "exists time and level in (0, warn)",
        "time != 2026-01-01",
        "time < 1970-01-01",
        "time >= now and time < yesterday",
        "fuse.any and target == shop",
        "(time < 2000-01-01 and level == error) or trace_id == 5",
    ] {
        let query = Query::parse(text).unwrap();
        let count = |scan: Scan| -> u64 {
            let scanned = scan.run(|entry| query.matches(entry), || Count(0)).unwrap();
            scanned.visitors.iter().map(|count| count.0).sum()
        };
        let expected = count(scan.clone());
        assert_eq!(count(scan.clone().wanted(query.wanted())), expected, "{text}");
        if query.is_told_by_wanted() {
            assert_eq!(count(scan.clone().wanted_exactly(query.wanted())), expected, "{text}");
        }
    }
}

#[test]
fn and_hostile_queries_stay_small() {
    let many = vec!["a =~ b"; 33].join(" or ");
    assert!(Query::parse(&many).unwrap_err().message().contains("regular expressions"));
    let deep = format!("a{} == 1", "[*]".repeat(5_000));
    assert!(Query::parse(&deep).unwrap_err().message().contains("steps"));
    assert!(Field::parse(&format!("a{}", ".b".repeat(5_000))).is_err());
}
