//! The error of an invalid query contains the column, the expected token and the found token. The work for hostile
//! texts is bounded.
#![cfg(feature = "query")]

use crate::common::counting::allocations;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::query::{Query, QueryOptions};
use fusewire::{Limits, Severity, Zone};

fn error(text: &str) -> (usize, String) {
    let error = Query::parse(text).expect_err(text);
    assert!(text.is_char_boundary(error.offset()));
    (error.column(), error.message().to_owned())
}

#[test]
fn with_its_column() {
    for (text, column, expected) in [
        ("status =", 9, "expected a value, found the end of the query"),
        ("status = and", 10, "expected a value, found `and`"),
        ("status 500", 8, "expected `and`, `or` or the end of the query, found `500`"),
        ("a.b", 0, ""),
        (
            "tags[*]",
            8,
            "expected a comparison such as `==`, `>`, `in` or `contains`, found the end of the query",
        ),
        ("tags[x] == 1", 6, "expected `*` or a number, found `x`"),
        ("tags[1 == 1", 8, "expected `]`, found `==`"),
        ("(a = 1", 7, "expected `)`, `and` or `or`, found the end of the query"),
        ("a = 1)", 6, "expected `and`, `or` or the end of the query, found `)`"),
        ("a = 1 and", 10, "expected a condition, found the end of the query"),
        ("or", 1, "expected a condition, found `or`"),
        ("a..b = 1", 1, "expected a key before and after each dot, found `a..b`"),
        ("a. = 1", 1, "expected a key before and after each dot, found `a.`"),
        ("\"a\". \"b\" = 1", 4, "expected a key before and after each dot, found `.`"),
        ("a..\"b\" = 1", 1, "expected a key before and after each dot, found `a..`"),
        ("5 > 3", 1, "expected a field name, found `5`"),
        (
            "level >= loud",
            10,
            "expected a level such as info, warn or error, or a number from 1 to 24, found `loud`",
        ),
        (
            "level = 25",
            9,
            "expected a level such as info, warn or error, or a number from 1 to 24, found `25`",
        ),
        (
            "level contains a",
            16,
            "expected a comparison of a level, as in `level >= warn`, found `contains \"a\"`",
        ),
        ("time > soon", 8, "expected a time such as"),
        ("time in last year", 14, "expected a duration such as 15m, found `year`"),
        ("time in future", 9, "expected `(`, `last 15m`, `today` or `yesterday`, found `future`"),
        ("duration in last 5m", 18, "expected `time` before `in last 5m`, found `duration`"),
        ("trace_id == xyz", 13, "expected a trace id of up to 32 hexadecimal digits, found `xyz`"),
        ("trace_id > 5", 12, "expected `==`, `!=` or `in` with a trace id, found `> 5`"),
        ("span_id == 12345678901234567", 12, "expected a span id of up to 16 hexadecimal digits"),
        ("fuse.deep > 0", 13, "expected `fuse.any` or `fuse.` and one of depth, width, type"),
        ("fuse.depth > x", 14, "expected a number to compare `fuse.depth` with, found `> x`"),
        ("body matches /(/", 14, "expected a regular expression, found `(`: unclosed group"),
        ("body =~ \"a{1000}{1000}\"", 9, "expected a regular expression of at most 1048576 bytes"),
        ("body matches /ab", 14, "expected `/` at the end of the regular expression"),
        ("a = \"b", 5, "expected `\"` at the end of the text, found the end of the query"),
        ("a = \"\\x\"", 6, "expected \\\\, \\\","),
        ("a = {}", 5, "expected a word, a text in quotes or an operator, found `{`"),
        ("a = 1e999", 5, "expected a number below 1.8e308, found `1e999`"),
        ("\u{e4}\u{f6} = \u{fc} x", 8, "expected `and`, `or` or the end of the query, found `x`"),
        ("a = 1\n and b = = 2", 10, "expected a value, found `=`"),
    ] {
        if column == 0 {
            assert!(Query::parse(text).is_ok(), "{text}");
            continue;
        }
        let (found, message) = error(text);
        assert!(found == column && message.starts_with(expected), "{text}\n{found}: {message}");
    }
}

#[test]
fn with_a_caret_below_it() {
    let error = Query::parse("level >= loud and x").unwrap_err();
    let expected = "column 10: expected a level such as info, warn or error, or a number from 1 to 24, found `loud`\n  \
                    level >= loud and x\n           ^^^^";
    assert_eq!(format!("{error:#}"), expected);
    let long = format!("{} and a = = 1\nand b", "a == 1 and ".repeat(100).trim_end_matches(" and "));
    let error = format!("{:#}", Query::parse(&long).unwrap_err());
    let lines: Vec<&str> = error.lines().collect();
    assert!(lines.len() == 3 && lines[1].len() < 130, "{error}");
    assert_eq!(lines[1].as_bytes()[lines[2].find('^').unwrap()], b'=');
}

#[test]
fn with_hostile_texts_bounded() {
    for text in [
        "(".repeat(65_536),
        "not ".repeat(16_000),
        format!("{}a{}", "(".repeat(65), ")".repeat(65)),
        "a[".repeat(30_000),
        "\u{0}".to_owned(),
        format!("a == {}", "9".repeat(60_000)),
        "a".repeat(65_537),
        "\"\\u{ffffffff}\"".to_owned(),
    ] {
        let error = Query::parse(&text).map(|query| query.to_string()).unwrap_err();
        assert!(format!("{error:#}").len() < 70_000);
    }
    assert!(Query::parse(&format!("{}a{}", "(".repeat(64), ")".repeat(64))).is_ok());
    let many = "a == 1 or ".repeat(6_000) + "b == 2";
    assert_eq!(Query::parse(&many).unwrap().to_string(), many);
}

#[test]
fn and_what_is_one_is_written_so_that_it_is_the_same() {
    for (text, written) in [
        ("", ""),
        ("timeout", "\"timeout\""),
        ("a=1 AND (b = 2 OR c = 3)", "a == 1 and (b == 2 or c == 3)"),
        ("!(a = 1 && b = 2)", "not (a == 1 and b == 2)"),
        ("not not a = 1", "a == 1"),
        ("((a) or b) or c", "(\"a\" or \"b\") or \"c\""),
        ("x > 1.50 and y < 90000ms and z == -0.0", "x > 1.5 and y < 90s and z == -0.0"),
        ("x in (a,'b c', null ,true)", "x in (a, \"b c\", null, true)"),
        ("\"odd key\".\"and\" = 1 or \"and\".x = 2", "\"odd key\".and == 1 or \"and\".x == 2"),
        ("a.\"b c\".d.\"e\" = 1", "a.\"b c\".d.e == 1"),
        ("body = 007 or thread in (now, 60s)", "body == 007 or thread in (now, 60s)"),
        (
            "a > .5 and b = .5s and c = 340282366920938463463374607431768211455",
            "a > 0.5 and b == 500ms and c == 340282366920938463463374607431768211455",
        ),
        ("a[0][*].b !~ /a\\/b\\d/", "a[0][*].b not matches \"a/b\\\\d\""),
        ("time>=now-90m and time in last 2h", "time >= now - 90m and time in last 2h"),
        ("trace_id = 0005B8aa", "trace_id == 0005B8aa"),
        ("fuse.any", "fuse.any"),
        ("level = 'warn'", "level == \"warn\""),
    ] {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(query.to_string(), written);
        assert_eq!(Query::parse(written).unwrap(), query, "{written}");
    }
}

/// Noon of 2026-03-29 UTC, in a time zone two hours west of UTC.
const NOON: QueryOptions =
    QueryOptions { now_unix_nano: 1_774_785_600_000_000_000, zone: Zone::fixed(-7200) };

#[test]
fn and_times_are_those_of_the_clock_and_the_zone() {
    let matches = |text: &str, time: &str| {
        let mut buffer = [0; 512];
        let time = fusewire::Timestamp::parse_rfc3339(time).unwrap().unix_nanos();
        let entry = encode(&mut buffer, &Limits::default(), |entry| {
            entry.set_time_unix_nano(time.try_into().unwrap());
        });
        let query = Query::parse_with(text, &NOON).unwrap_or_else(|error| panic!("{error:#}"));
        query.matches(&EntryRef::new(entry.unwrap().into_bytes()).unwrap())
    };
    for (text, first, before) in [
        ("time in today", "2026-03-29T02:00:00Z", "2026-03-29T01:59:59.999999999Z"),
        ("time in yesterday", "2026-03-28T02:00:00Z", "2026-03-28T01:59:59Z"),
        ("time in last 15m", "2026-03-29T11:45:00Z", "2026-03-29T11:44:59Z"),
        ("time >= now - 1h", "2026-03-29T11:00:00Z", "2026-03-29T10:59:59Z"),
        ("time >= 2026-03-29", "2026-03-29T02:00:00Z", "2026-03-29T01:59:59Z"),
        ("time >= \"2026-03-29 03:04\"", "2026-03-29T05:04:00Z", "2026-03-29T05:03:59Z"),
        ("time >= 2026-03-29T03:04:05Z", "2026-03-29T03:04:05Z", "2026-03-29T03:04:04Z"),
        ("time > yesterday", "2026-03-28T02:00:00.000000001Z", "2026-03-28T02:00:00Z"),
    ] {
        assert!(matches(text, first) && !matches(text, before), "{text}");
    }
    assert!(!matches("time in yesterday", "2026-03-29T02:00:00Z"));
    // An entry can be later than the clock of the query.
    assert!(matches("time in last 15m", "2026-03-29T12:00:01Z"));
}

#[test]
fn and_looking_allocates_nothing() {
    let mut buffer = [0; 1024];
    let entry = encode(&mut buffer, &Limits::default(), |entry| {
        entry.set_severity(Severity::WARN);
        entry.set_body("the gateway timed out");
        entry.attr("duration_ms", &5_310_u64).attr("tags", &["eu", "canary"]);
        entry.attributes().slot("request").map().entry("status", &502_u16).entry("path", "/pay");
    });
    let entry = EntryRef::new(entry.unwrap().into_bytes()).unwrap();
    for text in [
        "level >= warn and duration_ms > 5s and request.status in (500, 502)",
        "tags[*] == eu and body matches /time(d|s) out$/ and not target contains x",
        "\"timed\" and request.path starts_with /p and fuse.any == 0 and duration_ms < 1e9",
        "body icontains GATEWAY and (exists request or trace_id == 1)",
    ] {
        let query = Query::parse(text).unwrap_or_else(|error| panic!("{error:#}"));
        assert!(query.matches(&entry), "{text}");
        assert_eq!(allocations(|| query.matches(&entry)), (0, true), "{text}");
    }
}
