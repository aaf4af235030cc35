//! An entry that was written as JSON is restored as the same entry, including the trips of the circuit breaker. Lines
//! of other programs are not mistaken for such entries.
#![cfg(feature = "json")]

use crate::common::check;
use crate::common::model::{self, Model, Tree};
use crate::common::random::Random;
use crate::common::trees;
use fusewire::decode::EntryRef;
use fusewire::encode::{EntryWriter, encode};
use fusewire::error::EncodeError;
use fusewire::json::{Restorer, write_entry};
use fusewire::limits::OnType;
use fusewire::lines::Importer;
use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};
use fusewire::{Kind, KindSet, Limits, NodeFlags, Severity, TraceContext};
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Limits that are high enough for every entry of these tests.
fn large() -> Limits {
    Limits {
        max_depth: Limits::MAX_DEPTH,
        max_width: u16::MAX,
        max_entry_bytes: 1 << 20,
        max_string_bytes: 1 << 20,
        max_key_bytes: u16::MAX,
        ..Limits::default()
    }
}

fn json(entry: &[u8]) -> String {
    let mut line = String::new();
    write_entry(&EntryRef::new(entry).unwrap(), &mut line).unwrap();
    line
}

/// Restores an entry from the line and checks that it is valid. Returns `None` if the line is not a line of this crate.
fn restored(line: &str, limits: &Limits) -> Option<Vec<u8>> {
    let mut buffer = vec![0; limits.max_entry_bytes as usize];
    let mut restorer = Restorer::new();
    let mut known = false;
    let encoded = encode(&mut buffer, limits, |entry| known = restorer.restore(line, entry)).unwrap();
    assert_eq!(known, Restorer::recognises(line));
    check::sound(encoded.bytes(), encoded.report());
    known.then(|| encoded.bytes().to_vec())
}

/// Returns the entry without the properties that JSON does not contain.
fn as_said(entry: &[u8]) -> Entry {
    fn said(attributes: &mut [OwnedAttribute]) {
        for OwnedAttribute { value, flags, .. } in attributes {
            let unsaid = NodeFlags::FORMATTED.bits() | NodeFlags::WIDE.bits();
            *flags = NodeFlags::from_bits(flags.bits() & !unsaid);
            match value {
                OwnedValue::Int(number) if *number >= 0 => *value = OwnedValue::Uint(number.unsigned_abs()),
                // Every NaN becomes the same value here. The comparison of the JSON covers the bits.
                OwnedValue::Float(number) if number.is_nan() => *value = OwnedValue::Null,
                OwnedValue::Array { values: children, .. } | OwnedValue::Map { entries: children, .. } => {
                    said(children)
                }
                _ => {}
            }
        }
    }
    let mut entry = EntryRef::new(entry).unwrap().to_owned().unwrap();
    said(&mut entry.attributes);
    if entry.time_unix_nano == 0 {
        entry.utc_offset_minutes = None;
    }
    entry
}

/// Checks that the entry is restored from its line under the same and under large limits. Returns the line.
fn comes_back(entry: &[u8], limits: &Limits) -> String {
    let line = json(entry);
    for limits in [limits, &large()] {
        let again = restored(&line, limits).unwrap_or_else(|| panic!("not recognised: {line}"));
        assert_eq!(json(&again), line);
        assert_eq!(as_said(&again), as_said(entry), "{line}");
    }
    line
}

/// Replaces keys by keys with a meaning in JSON, in JSON pointers or in this crate, and by repeated keys.
fn with_hostile_keys(tree: &mut Tree, choices: &mut Random) {
    const KEYS: [&str; 14] = [
        "a",
        "b",
        "",
        "a/b",
        "~",
        "~1",
        "/",
        "$map",
        "$time",
        "$float",
        "é\n\"\\",
        "0",
        "\u{1}\u{7f}\u{9b}",
        "ab",
    ];
    fn inside(value: &mut Model, choices: &mut Random) {
        match value {
            Model::Array(values) => values.iter_mut().for_each(|value| inside(value, choices)),
            Model::Map(entries) => with_hostile_keys(entries, choices),
            _ => {}
        }
    }
    for (key, value) in tree {
        if choices.below(4) > 0 {
            *key = KEYS[choices.below(KEYS.len() as u64) as usize].to_owned();
        }
        inside(value, choices);
    }
}

/// Writes a header that is derived from `n`, with texts that low limits cut.
fn write_header(entry: &mut EntryWriter<'_>, n: u64) {
    let mut random = Random(n | 1);
    let mut some = |n: u64| if random.below(3) > 0 { n } else { 0 };
    entry.set_time_unix_nano(some(n));
    entry.set_utc_offset_minutes((some(1) == 1).then_some(n as i16));
    entry.set_severity(Severity::from_number(some(n % 256) as u8));
    let trace_id = u128::from(some(n)) << 64 | u128::from(some(n >> 7));
    entry.set_trace(TraceContext { trace_id, span_id: some(n), flags: some(n >> 3) as u8 });
    let text = |n: u64| "té\"x\\t".repeat(n as usize % 9);
    entry.set_target(&text(some(n)));
    entry.set_thread(&text(some(n >> 5)));
    entry.set_body(&text(some(n >> 11)));
}

/// Checks that entries of `tree` under `limits` are restored. If the limits refuse the entry, nothing is checked.
fn check(mut tree: Tree, n: u64, limits: Limits) {
    with_hostile_keys(&mut tree, &mut Random(n));
    let mut buffer = vec![0; 64 << 10];
    let encoded = encode(&mut buffer, &limits, |entry| {
        // The order of the calls differs from the order in the line.
        if n.is_multiple_of(2) {
            write_header(entry, n);
        }
        model::write(&tree, entry);
        if !n.is_multiple_of(2) {
            write_header(entry, n);
        }
    });
    match encoded {
        Ok(encoded) => {
            // A restored formatted text is an ordinary string.
            let max_string_bytes = limits.max_string_bytes.max(limits.max_formatted_bytes);
            comes_back(encoded.bytes(), &Limits { allowed_kinds: KindSet::ALL, max_string_bytes, ..limits });
        }
        Err(error) => assert!(!matches!(error, EncodeError::BufferTooSmall { .. })),
    }
}

proptest! {
    #![proptest_config(Config { cases: 80, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whole_entries_of_all_kinds(tree in trees::tree(40), n in any::<u64>()) {
        check(tree, n, Limits { on_type: OnType::Omit, ..Limits::default() });
    }

    #[test]
    fn entries_that_the_fuse_cut(tree in trees::tree(40), n in any::<u64>(), limits in trees::limits()) {
        check(tree, n, limits);
    }

    #[test]
    fn entries_that_are_full(tree in trees::tree(80), n in any::<u64>(), limits in trees::limits()) {
        check(tree, n, Limits { max_entry_bytes: 1024, max_width: 50, max_depth: 6, ..limits });
    }
}

/// A changed line is the line of another entry, or it is not recognised. A recognised line is written back without a
/// change.
#[test]
fn a_changed_line_is_recognised_only_where_it_could_have_been_written() {
    let limits = Limits {
        max_width: 3,
        max_depth: 2,
        max_string_bytes: 5,
        on_type: OnType::Replace,
        ..Limits::default()
    };
    let mut buffer = vec![0; 4096];
    let encoded = encode(&mut buffer, &limits, |entry| {
        write_header(entry, 0x1234_5678_9abc_def1);
        entry.set_severity(Severity::ERROR);
        let time = fusewire::Timestamp::new(-5, 1000).unwrap().with_utc_offset_minutes(Some(-90));
        entry.attr("time", &time).attr("$map", &[1.5, f64::NAN]);
        entry.attributes().slot("m").map().entry("$time", &1);
        entry.attr("dropped", "");
    });
    let first = json(encoded.unwrap().bytes());
    let encoded = encode(&mut buffer, &limits, |entry| {
        entry.attr("long", "more than five").attr("long", "x").attr("deep", &[[[1, -1, 0, 3]]]);
    });
    let second = json(encoded.unwrap().bytes());
    let parts: Vec<char> = "{}[]\",:\\/0123456789-+.eEabcdefTZnul$ ~\n\u{e9}".chars().collect();
    let mut random = Random(7);
    let mut known = 0;
    for line in [first, second] {
        assert!(Restorer::recognises(&line), "{line}");
        for _ in 0..8_000 {
            let mut chars: Vec<char> = line.chars().collect();
            let at = random.below(chars.len() as u64) as usize;
            let part = parts[random.below(parts.len() as u64) as usize];
            match random.below(4) {
                0 => chars[at] = part,
                1 => chars.insert(at, part),
                2 => drop(chars.remove(at)),
                _ => {
                    let end = at + random.below((chars.len() - at) as u64) as usize;
                    drop(chars.drain(at..end));
                }
            }
            let changed: String = chars.iter().collect();
            if let Some(entry) = restored(&changed, &large()) {
                assert_eq!(json(&entry), changed);
                known += 1;
            }
        }
    }
    assert!(known > 300, "{known}");
}

#[test]
fn escaped_characters_outside_ascii_come_back() {
    let limits = large();
    let mut buffer = vec![0; 1 << 16];
    let entry = encode(&mut buffer, &limits, |entry| {
        entry.set_body("tag \u{e0041}, smiley \u{1f600}, mark \u{200b}");
        entry.attr("key \u{e0042}", &"\u{10ffff}");
    })
    .unwrap()
    .bytes()
    .to_vec();
    let line = json(&entry);
    let mut escaped = String::new();
    for character in line.chars() {
        match character {
            ..='\x7e' => escaped.push(character),
            _ => character
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| escaped += &format!("\\u{unit:04x}")),
        }
    }
    assert!(escaped.is_ascii() && escaped.contains("\\udb40\\udc41"));
    let found = restored(&escaped, &limits).expect("a line of this crate");
    assert_eq!(as_said(&found), as_said(&entry));
    assert_eq!(json(&found), line);
    // A surrogate without its pair, and upper case, are of other programs.
    for (pair, other) in
        [("\\udb40\\udc41", "\\udb40"), ("\\udb40\\udc41", "\\udc41\\udb40"), ("\\udb40", "\\uDB40")]
    {
        assert_eq!(restored(&escaped.replace(pair, other), &limits), None, "{other}");
    }
}

#[test]
fn lines_of_others_are_told_from_ours() {
    for line in [
        "",
        "x",
        "{",
        "{} ",
        " {}",
        "[]",
        r#"{"attributes":{}}"#,
        r#"{"body":""}"#,
        r#"{"level":"INFO"}"#,
        r#"{"severity":"info"}"#,
        r#"{"severity":"UNSPECIFIED"}"#,
        r#"{"severity_number":24}"#,
        r#"{"time":"2026-01-02 03:04:05Z"}"#,
        r#"{"time":"2026-01-02T03:04:05.5Z"}"#,
        r#"{"time":"1970-01-01T00:00:00Z"}"#,
        r#"{"time":1700000000}"#,
        r#"{"body":"a","severity":"INFO"}"#,
        r#"{"trace_id":"00000000000000000000000000000000"}"#,
        r#"{"trace_id":"5B8AA5A2D2C872E8321CF37308D69DF2"}"#,
        r#"{"trace_flags":0}"#,
        r#"{"trace_flags":256}"#,
        r#"{"body":"a","body":"b"}"#,
        r#"{"body":"a\/b"}"#,
        r#"{"body":"\u0041"}"#,
        r#"{"body":"\u001B"}"#,
        r#"{"body":"\u000a"}"#,
        r#"{"attributes":[]}"#,
        r#"{"attributes":{"a" :1}}"#,
        r#"{"attributes":{"a":01}}"#,
        r#"{"attributes":{"a":-0}}"#,
        r#"{"attributes":{"a":1.50}}"#,
        r#"{"attributes":{"a":1E5}}"#,
        r#"{"attributes":{"a":1e400}}"#,
        r#"{"attributes":{"a":340282366920938463463374607431768211456}}"#,
        r#"{"attributes":{"a":{"$time":5}}}"#,
        r#"{"attributes":{"a":{"$time":"2026-02-30T00:00:00Z"}}}"#,
        r#"{"attributes":{"a":{"$nanos":1.0}}}"#,
        r#"{"attributes":{"a":{"$float":"nan"}}}"#,
        r#"{"attributes":{"a":{"$float":"NaN:7ff8000000000000"}}}"#,
        r#"{"attributes":{"a":{"$float":"NaN:0000000000000000"}}}"#,
        r#"{"attributes":{"a":{"$bytes":"QQ"}}}"#,
        r#"{"attributes":{"a":{"$bytes":"QR=="}}}"#,
        r#"{"attributes":{"a":{"$kind":[11,0]}}}"#,
        r#"{"attributes":{"a":{"$map":{}}}}"#,
        r#"{"attributes":{"a":{"$map":{"b":1}}}}"#,
        r#"{"attributes":{"a":{"$map":{"$time":1,"b":1}}}}"#,
        r#"{"dropped_attributes_count":0}"#,
        r#"{"dropped_attributes_count":4294967296}"#,
        r#"{"fuse":{"trips":{},"values":[]}}"#,
        r#"{"fuse":{"trips":{"depth":{"count":0,"lost":1,"in":[]}},"values":[]}}"#,
        r#"{"fuse":{"trips":{"width":{"count":1,"lost":1,"in":[]},"depth":{"count":1,"lost":1,"in":[]}},"values":[]}}"#,
        r#"{"attributes":{"a":1},"fuse":{"trips":{},"values":[{"path":"/b","cut":["key"]}]}}"#,
        r#"{"attributes":{"a":1},"fuse":{"trips":{},"values":[{"path":"/a","cut":[]}]}}"#,
        r#"{"attributes":{"a":1},"fuse":{"trips":{},"values":[{"path":"/a","cut":["children"],"dropped":1}]}}"#,
        r#"{"attributes":{"a":[]},"fuse":{"trips":{},"values":[{"path":"/a","cut":["children"]}]}}"#,
        r#"{"attributes":{"a":[]},"fuse":{"trips":{},"values":[{"path":"/a","cut":["key"],"dropped":1}]}}"#,
        r#"{"attributes":{"a":1},"other":1}"#,
        r#"{"attributes":{"a":1}}x"#,
    ] {
        assert_eq!(restored(line, &large()), None, "{line}");
    }
}

#[test]
fn values_of_repeated_keys_keep_what_was_cut_of_each() {
    let limits = Limits { max_string_bytes: 3, ..Limits::default() };
    let mut buffer = [0; 4096];
    let encoded = encode(&mut buffer, &limits, |entry| {
        entry
            .attr("k", "abc")
            .attr("k", &[1])
            .attr("k", "abcd")
            .attr("k", "abc")
            .attr("k", "abcd")
            .attr("k", "");
        entry.attributes().slot("m").map().entry("x", "abc");
        entry.attributes().slot("m").map().entry("x", "abcd").entry("x", "a");
    });
    let values = r#"[{"path":"/k","passed":2,"cut":["value"]},{"path":"/k","passed":1,"cut":["value"]},{"path":"/m/x","passed":1,"cut":["value"]}]"#;
    let line = comes_back(encoded.unwrap().bytes(), &limits);
    assert!(line.contains(values), "{line}");
}

#[test]
fn a_key_of_digits_is_told_from_a_place() {
    let limits = Limits { max_string_bytes: 3, ..Limits::default() };
    let mut buffer = [0; 4096];
    let encoded = encode(&mut buffer, &limits, |entry| {
        entry.attributes().slot("k").map().entry("1", "abc");
        entry.attr("k", &["abc", "abcd"]);
    });
    let line = comes_back(encoded.unwrap().bytes(), &limits);
    assert!(line.contains(r#"[{"path":"/k/1","passed":1,"cut":["value"]}]"#), "{line}");
}

/// Restores the entry under smaller limits. The new cuts are added to the earlier cuts.
#[test]
fn smaller_limits_cut_again_and_say_so() {
    let limits = Limits { max_width: 4, max_string_bytes: 8, ..Limits::default() };
    let mut buffer = [0; 4096];
    let encoded = encode(&mut buffer, &limits, |entry| {
        entry.attr("wide", &[1, 2, 3, 4, 5, 6]).attr("text", "longer than eight").attr("deep", &[[1]]);
    });
    let line = json(encoded.unwrap().bytes());
    let small = Limits { max_width: 2, max_string_bytes: 4, max_depth: 1, ..Limits::default() };
    let entry = as_said(&restored(&line, &small).unwrap());
    assert_eq!(entry.dropped_attributes_count, 1);
    let wide = OwnedValue::Array {
        values: [1, 2]
            .map(|n| OwnedAttribute {
                key: String::new(),
                value: OwnedValue::Uint(n),
                flags: NodeFlags::NONE,
            })
            .into(),
        dropped: Some(4),
    };
    assert_eq!(entry.attributes[0].value, wide);
    assert_eq!(entry.attributes[1].value, OwnedValue::String("long".into()));
    let trips: Vec<_> = entry.trips.iter().map(|trip| (trip.cause.name(), trip.count, trip.lost)).collect();
    assert_eq!(trips, [("width", 3, Some(5)), ("string", 2, Some(13))]);
}

/// These parts come only from other writers: text that is not UTF-8, a kind of a later version, and a damaged entry.
#[test]
fn what_an_entry_of_ours_cannot_hold_is_kept_beside_the_rest() {
    let line =
        r#"{"body":"b","attributes":{"t":{"$text":"YWL/"},"k":{"$kind":[12,99]},"n":1},"unreadable":"why"}"#;
    let entry = as_said(&restored(line, &large()).unwrap());
    assert_eq!(entry.body, "b");
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["t", "k", "n", "fusewire.unreadable"]);
    assert_eq!(entry.attributes[0].value, OwnedValue::Bytes(b"ab\xff".into()));
    let line = json(&restored(line, &large()).unwrap());
    assert!(line.contains(r#""k":{"$map":{"$kind":[12,99]}}"#), "{line}");
}

/// The code for a line uses loops, or recursion up to the depth limit, so a small stack is enough.
#[test]
fn deep_lines_are_cut_in_a_small_stack() {
    let nested = |levels: usize| {
        format!("{{\"attributes\":{{\"a\":{}1{},\"b\":2}}}}", "{\"m\":[".repeat(levels), "]}".repeat(levels))
    };
    let run = move || {
        let entry = restored(&nested(32), &Limits::default()).unwrap();
        assert_eq!(as_said(&entry).trips[0].count, 1);
        assert_eq!(as_said(&entry).attributes.len(), 2);
        assert_eq!(restored(&nested(33), &Limits::default()), None);
        assert_eq!(restored(&nested(100_000), &Limits::default()), None);
    };
    std::thread::Builder::new().stack_size(192 << 10).spawn(run).unwrap().join().unwrap();
}

/// The work is proportional to the length of the line, for nested wrapped maps, for long paths and for many values with
/// notes.
#[test]
fn hostile_lines_take_bounded_work() {
    let wrapped =
        format!("{{\"attributes\":{{\"a\":{}1{}}}}}", "{\"$map\":{".repeat(300_000), "}}".repeat(300_000));
    let key = "k".repeat(1 << 20);
    let children = "\"x\":0,".repeat(200_000);
    let long = format!(
        "{{\"attributes\":{{\"{key}\":{{{children}\"y\":0}}}},\"fuse\":{{\"trips\":{{}},\"values\":[{{\"path\":\"/{key}/z\",\"cut\":[\"key\"]}}]}}}}"
    );
    let array = format!(
        "{{\"attributes\":{{\"a\":[{}0]}},\"fuse\":{{\"trips\":{{}},\"values\":[{{\"path\":\"/a/{key}\",\"cut\":[\"key\"]}}]}}}}",
        "0,".repeat(500_000)
    );
    for line in [wrapped, long, array] {
        assert!(!Restorer::recognises(&line));
    }
}

/// The importer recognises lines of this crate among other lines.
#[test]
fn imported_lines_come_back_too() {
    let mut buffer = [0; 4096];
    let limits = Limits { max_string_bytes: 3, ..Limits::default() };
    let encoded = encode(&mut buffer, &limits, |entry| {
        write_header(entry, 77);
        entry
            .attr("bytes", &fusewire::encode::Bytes(b"\0\x01"))
            .attr("k", "abcd")
            .attr("k", &[f64::INFINITY]);
        entry.attr("spent", &std::time::Duration::from_secs(2));
    });
    let line = json(encoded.unwrap().bytes());
    let input = format!("{{\"level\":\"info\",\"attributes\":{{\"a\":1}}}}\n{line}\r\n{line} \nplain\n");
    let mut importer = Importer::new();
    let mut lines = Vec::new();
    let mut into = vec![0; 64 << 10];
    let sink = |write: &dyn Fn(&mut EntryWriter<'_>)| {
        // The first buffer is too small, so the entry is written twice.
        assert!(encode(&mut into[..120], &Limits::default(), |entry| write(entry)).is_err());
        let encoded = encode(&mut into, &Limits::default(), |entry| write(entry)).unwrap();
        lines.push(json(encoded.bytes()));
        Ok(encoded.report())
    };
    importer.import(input.as_bytes(), sink).unwrap();
    assert_eq!(lines[0], r#"{"severity":"INFO","attributes":{"attributes":{"a":1}}}"#);
    assert_eq!(lines[1], line);
    // A line of this crate does not end with a space. The importer keeps its content as the line of another program.
    assert!(lines[2].contains(r#""bytes":{"$map":{"$bytes":"AAE="}}"#), "{}", lines[2]);
    let report = importer.report();
    assert_eq!((report.lines, report.json_lines, report.restored_lines), (4, 3, 1));
}

#[test]
fn every_kind_is_refused_or_restored() {
    let line = r#"{"attributes":{"a":1}}"#;
    let mut buffer = [0; 1024];
    let limits = Limits { allowed_kinds: KindSet::ALL.without(Kind::Int), ..Limits::default() };
    let refused = encode(&mut buffer, &limits, |entry| assert!(Restorer::new().restore(line, entry)));
    assert!(matches!(refused, Err(EncodeError::SerializeBlocked { .. })));
}
