//! Every line of a log becomes an entry or is counted. The entry of a JSON line contains the complete content of the
//! line.
#![cfg(feature = "json")]

use std::path::Path;

use crate::common::random::Random;
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::{EntryWriter, encode};
use fusewire::json::write_entry;
use fusewire::lines::{ImportReport, Importer};
use serde_json::{Map, Value, json};

/// Imports `input`. Returns each entry as JSON, and the report.
fn import(input: &[u8], limits: &Limits) -> (Vec<Value>, ImportReport) {
    let mut buffer = vec![0; limits.max_entry_bytes as usize];
    let mut entries = Vec::new();
    let mut importer = Importer::new();
    importer
        .import(input, |write| {
            let entry = encode(&mut buffer, limits, |entry| write(entry)).unwrap();
            let read = EntryRef::new(entry.bytes()).unwrap();
            read.verify().unwrap();
            let mut line = String::new();
            write_entry(&read, &mut line).unwrap();
            entries.push(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")));
            Ok(entry.report())
        })
        .unwrap();
    (entries, importer.report().clone())
}

fn import_one(line: &str) -> Value {
    let (mut entries, report) = import(line.as_bytes(), &Limits::default());
    assert_eq!((report.lines, entries.len()), (1, 1), "{line}");
    entries.remove(0)
}

/// Returns whether two JSON values have the same meaning. Numbers are compared by value, and objects in their order.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.to_string(), b.to_string());
            a == b || (a.contains(['.', 'e', 'E']) && a.parse::<f64>().unwrap() == b.parse::<f64>().unwrap())
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((ka, a), (kb, b))| ka == kb && same(a, b))
        }
        _ => a == b,
    }
}

/// Returns the expected attributes: the members of `line` that are not in the header of the entry.
fn expected_attributes(line: &Map<String, Value>, entry: &Value) -> Map<String, Value> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let severity = |value: &Value| {
        let named = text(value).map(|text| text.to_uppercase());
        let bunyan = value.as_u64().filter(|n| n % 10 == 0 && *n >= 10).and_then(|n| {
            ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
                .get(n as usize / 10 - 1)
                .map(|name| (*name).to_owned())
        });
        let is = text(&entry["severity"]);
        is.is_some() && (named == is || bunyan == is)
    };
    let in_header = |key: &str, value: &Value| match key {
        "time" | "timestamp" | "@timestamp" | "ts" | "instant" | "__REALTIME_TIMESTAMP" => {
            !entry["time"].is_null()
        }
        "level" | "lvl" | "severity" | "log.level" => severity(value),
        "PRIORITY" => !entry["severity"].is_null(),
        "msg" | "message" | "MESSAGE" | "body" => value == &entry["body"],
        "logger" | "target" => value == &entry["target"],
        "thread" | "threadName" => value == &entry["thread"],
        "trace_id" => value == &entry["trace_id"],
        "span_id" => value == &entry["span_id"],
        "trace_flags" => entry["trace_flags"] == 1,
        _ => false,
    };
    let mut left = Map::new();
    for (key, value) in line {
        if let ("fields" | "@fields" | "log", Some(members)) = (key.as_str(), value.as_object()) {
            let rest: Map<_, _> = members
                .iter()
                .filter(|(k, v)| !in_header(k, v))
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            // A line of tracing-subscriber: the fields are attributes.
            if key == "fields" && line["level"].is_string() && line["target"].is_string() {
                left.extend(rest);
                continue;
            }
            if !rest.is_empty() || members.is_empty() {
                left.insert(key.clone(), Value::Object(rest));
            }
        } else if !in_header(key, value) {
            left.insert(key.clone(), value.clone());
        }
    }
    left
}

#[test]
fn every_line_of_every_real_log_is_accounted_for() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/logs");
    let mut files = 0;
    for file in std::fs::read_dir(logs).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            continue;
        }
        files += 1;
        let input = std::fs::read(&path).unwrap();
        let (entries, report) = import(&input, &Limits::default());
        assert_eq!(report.bytes, input.len() as u64);
        assert_eq!(report.lines, report.json_lines + report.text_lines + report.empty_lines);
        assert_eq!(report.tripped_entries, 0, "{}: the defaults cut nothing of these", path.display());
        if path.ends_with("logfile_otel_collector.jsonl") {
            assert_eq!((report.json_lines, report.entries), (6, 11));
            continue;
        }
        // `each_word_of_a_line_is_in_its_entry` verifies the lines of text.
        if entries.iter().any(|entry| {
            entry
                .get("attributes")
                .and_then(|all| all.get("fusewire.import.format"))
                .is_some_and(|format| format != "text")
        }) {
            continue;
        }
        let mut entries = entries.iter();
        for line in input.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() {
                continue;
            }
            let entry = entries.next().unwrap();
            let mut attributes = entry.get("attributes").cloned().unwrap_or(json!({}));
            // The mark of an entry with the time of the entry before it is not a part of the line.
            let mark = attributes.as_object_mut().unwrap().remove("fusewire.import.time");
            let mut entry = entry.clone();
            if let Some(mark) = mark {
                let time = entry.as_object_mut().unwrap().remove("time");
                assert!(mark == "previous" && time.is_some(), "{entry}");
            }
            let entry = &entry;
            match serde_json::from_slice::<Value>(line) {
                Ok(Value::Object(object)) => {
                    let expected = Value::Object(expected_attributes(&object, entry));
                    assert!(same(&expected, &attributes), "{}:\n{expected}\n{entry}", path.display());
                }
                _ => {
                    assert_eq!(entry["body"], String::from_utf8_lossy(line).as_ref());
                    assert_eq!(attributes["fusewire.import.format"], "text");
                    let original = attributes.get("log.record.original");
                    assert_eq!(original.is_some(), core::str::from_utf8(line).is_err());
                }
            }
        }
        assert!(entries.next().is_none());
    }
    assert!(files >= 20);
}

#[test]
fn records_of_opentelemetry_become_entries_of_their_own() {
    let line = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "pay"}}]},
        "scopeLogs": [{"scope": {"name": "scope.a"}, "logRecords": [
            {"timeUnixNano": "1700000000000000001", "severityNumber": 9, "severityText": "INFO",
             "body": {"stringValue": "one"}, "traceId": "5b8aa5a2d2c872e8321cf37308d69df2", "spanId": "051581bf3cb55c13",
             "attributes": [{"key": "n", "value": {"intValue": "5"}}, {"key": "b", "value": {"bytesValue": "AQI="}},
                            {"key": "l", "value": {"arrayValue": {"values": [{"doubleValue": 1.5}, {"boolValue": true}]}}},
                            {"key": "m", "value": {"kvlistValue": {"values": [{"key": "x", "value": {}}]}}}]},
            {"severityNumber": 17, "severityText": "kaputt", "body": {"kvlistValue": {"values": []}}}
        ]}]
    }]});
    let (entries, report) = import(line.to_string().as_bytes(), &Limits::default());
    assert_eq!((report.json_lines, report.entries), (1, 2));
    assert_eq!(
        entries[0],
        json!({"time": "2023-11-14T22:13:20.000000001Z", "severity": "INFO",
            "trace_id": "5b8aa5a2d2c872e8321cf37308d69df2", "span_id": "051581bf3cb55c13", "target": "scope.a", "body": "one",
            "attributes": {"n": 5, "b": {"$bytes": "AQI="}, "l": [1.5, true], "m": {"x": null},
                "resource": {"service.name": "pay"}}})
    );
    assert_eq!(entries[1]["severity"], "ERROR");
    assert_eq!(entries[1]["attributes"]["severityText"], "kaputt");
    assert_eq!(entries[1]["attributes"]["body"], json!({}));
}

#[test]
fn what_the_header_cannot_give_back_stays_an_attribute() {
    for (line, attributes) in [
        (r#"{"level":"notice","msg":"a"}"#, json!({"level": "notice"})),
        (r#"{"level":"DEBUG5","msg":"a"}"#, json!({"level": "DEBUG5"})),
        (r#"{"level":35,"msg":"a"}"#, json!({"level": 35})),
        (r#"{"level":"nonsense"}"#, json!({"level": "nonsense"})),
        (r#"{"time":"xxx","ts":5}"#, json!({"time": "xxx", "ts": 5})),
        (r#"{"msg":"a","message":"b"}"#, json!({"message": "b"})),
        (r#"{"msg":""}"#, json!({"msg": ""})),
        (r#"{"msg":{"a":1}}"#, json!({"msg": {"a": 1}})),
        (
            r#"{"trace_id":"00000000000000000000000000000000"}"#,
            json!({"trace_id": "00000000000000000000000000000000"}),
        ),
        (r#"{"fields":{}}"#, json!({"fields": {}})),
    ] {
        assert_eq!(import_one(line)["attributes"], attributes, "{line}");
    }
}

#[test]
fn numbers_keep_their_value_or_their_text() {
    let line = r#"{"n":[0,-1,18446744073709551615,-170141183460469231731687303715884105728,
        340282366920938463463374607431768211455,340282366920938463463374607431768211456,1e400,-0,1.0,1e-7,0.1,5e-324]}"#
        .replace('\n', " ");
    let expected = r#"[0,-1,18446744073709551615,-170141183460469231731687303715884105728,
        340282366920938463463374607431768211455,"340282366920938463463374607431768211456","1e400",-0.0,1.0,1e-7,0.1,5e-324]"#;
    let expected: Value = serde_json::from_str(expected).unwrap();
    assert!(same(&import_one(&line)["attributes"]["n"], &expected), "{}", import_one(&line));
}

#[test]
fn what_serde_json_reads_is_json() {
    // Other readers accept these lines, at least to the end of the object.
    let lenient = [
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        "{\"a\":\"\u{1}\"}",
        r#"{"a":1,}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":1}}"#,
        r#"{"a":1} x"#,
    ];
    for (line, is_json) in [
        ("{}", true),
        (" \t{ \"a\" : [ ] , \"b\" : { } } ", true),
        (r#"{"a":"\u00e9\ud83e\udd80\n\/\"\\"}"#, true),
        (r#"{"a":"\ud800"}"#, false),
        (r#"{"a":"\udc00\ud800"}"#, false),
        (r#"{"a":"\x"}"#, false),
        ("{\"a\":\"\u{1}\"}", false),
        (r#"{"a":01}"#, false),
        (r#"{"a":1.}"#, false),
        (r#"{"a":.5}"#, false),
        (r#"{"a":+1}"#, false),
        (r#"{"a":1e}"#, false),
        (r#"{"a":-}"#, false),
        (r#"{"a":1,}"#, false),
        (r#"{"a" 1}"#, false),
        (r#"{"a":[1,]}"#, false),
        (r#"{"a":[1}"#, false),
        (r#"{"a":nul}"#, false),
        (r#"{"a":1}}"#, false),
        (r#"{"a":1} x"#, false),
        (r#"{"a":"b}"#, false),
        ("[1]", false),
        ("\"text\"", false),
    ] {
        let (_, report) = import(line.as_bytes(), &Limits::default());
        assert_eq!(report.json_lines == 1, is_json || lenient.contains(&line), "{line}");
        let serde = serde_json::from_str::<Value>(line).is_ok_and(|value| value.is_object());
        assert_eq!(serde, is_json, "{line}");
    }
}

fn random_json(random: &mut Random, depth: u64) -> Value {
    match random.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.below(2) == 1),
        2 => json!(random.next().cast_signed() >> random.below(60)),
        3 => json!(random.next()),
        4 => json!(f64::from_bits(random.next())),
        5 => json!(random.text(30)),
        6 => (0..random.below(5)).map(|_| random_json(random, depth - 1)).collect(),
        _ => Value::Object(
            (0..random.below(5)).map(|_| (random.text(6), random_json(random, depth - 1))).collect(),
        ),
    }
}

#[test]
fn random_json_comes_back_as_it_was() {
    let mut random = Random(17);
    for _ in 0..5_000 {
        let data = random_json(&mut random, 5);
        let line = json!({ "data": data });
        let entry = import_one(&line.to_string());
        assert!(same(&entry["attributes"], &line), "{line}\n{entry}");
    }
}

#[test]
fn a_line_nested_a_hundred_thousand_deep_is_cut_in_a_small_stack() {
    let line = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(100_000), "]".repeat(100_000));
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    let import = move || {
        let mut buffer = vec![0; 64 << 10];
        let mut json = String::new();
        let sink = |write: &dyn Fn(&mut EntryWriter<'_>)| {
            let entry = encode(&mut buffer, &Limits::default(), |entry| write(entry)).unwrap();
            write_entry(&EntryRef::new(entry.bytes()).unwrap(), &mut json).unwrap();
            Ok(entry.report())
        };
        Importer::new().import(line.as_bytes(), sink).unwrap();
        json
    };
    let json = thread.spawn(import).unwrap().join().unwrap();
    let entry: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(entry["attributes"]["a"], json!([[[[[[[[null]]]]]]]]));
    assert_eq!(entry["attributes"]["b"], 2);
    assert_eq!(entry["fuse"]["trips"]["depth"]["count"], 1);
    assert_eq!(entry["fuse"]["values"], json!([{"path": "/a/0/0/0/0/0/0/0/0", "cut": ["depth"]}]));
}

#[test]
fn what_the_fuse_cuts_of_a_line_the_entry_says() {
    let wide: Vec<u32> = (0..300).collect();
    let line = json!({"wide": wide, "tail": {"k": "x".repeat(20_000)}});
    let entry = import_one(&line.to_string());
    assert_eq!(entry["attributes"]["wide"].as_array().unwrap().len(), 256);
    assert_eq!(entry["attributes"]["tail"]["k"].as_str().unwrap().len(), 16 << 10);
    let values =
        json!([{"path": "/wide", "cut": ["children"], "dropped": 44}, {"path": "/tail/k", "cut": ["value"]}]);
    assert_eq!(entry["fuse"]["values"], values);
    assert_eq!(entry["fuse"]["trips"]["width"], json!({"count": 1, "lost": 44, "in": ["attributes"]}));
    assert_eq!(entry["fuse"]["trips"]["string"]["lost"], 20_000 - (16 << 10));
}

/// Each entry contains the data of an OpenTelemetry line that belongs to no single record. A line that does not have
/// the form of the encoding is imported as an ordinary object.
#[test]
fn opentelemetry_lines_lose_nothing_around_their_records() {
    let line = json!({"resourceLogs": [{
        "resource": {"attributes": [], "droppedAttributesCount": 3}, "schemaUrl": "r",
        "scopeLogs": [{"schemaUrl": "s", "scope": {"name": "n", "version": "1",
                "attributes": [{"key": "a", "value": {"stringValue": "b"}}]},
            "logRecords": [
                {"body": "plain", "attributes": [{"key": "i", "value": {"intValue": "99999999999999999999"}},
                    {"key": "x", "value": 7}, {"key": "f", "value": {"doubleValue": "NaN"}},
                    {"key": "two", "value": {"stringValue": "a", "intValue": "1"}},
                    {"key": "v", "value": {"arrayValue": {"values": 5}}}]},
                {"timeUnixNano": "1000000000", "attributes": [{"name": "no list"}]}
            ]}]
    }]});
    let (entries, report) = import(line.to_string().as_bytes(), &Limits::default());
    assert_eq!((report.json_lines, report.entries), (1, 2));
    let shared = json!({"scope.version": "1", "scope": {"a": "b"}, "scope.schemaUrl": "s", "resource": {},
        "resource.droppedAttributesCount": 3, "resource.schemaUrl": "r"});
    let with_shared = |mut own: Value| {
        own.as_object_mut().unwrap().extend(shared.as_object().unwrap().clone());
        own
    };
    let own = json!({"body": "plain", "i": "99999999999999999999", "x": 7, "f": {"$float": "NaN"},
        "two": {"stringValue": "a", "intValue": "1"}, "v": {"arrayValue": {"values": 5}}});
    assert_eq!(entries[0]["attributes"], with_shared(own));
    assert_eq!(entries[1]["attributes"], with_shared(json!({"attributes": [{"name": "no list"}]})));
    assert_eq!(entries[1]["time"], "1970-01-01T00:00:01Z");
    assert_eq!(entries[1]["target"], "n");
    for line in [
        json!({"resourceLogs": []}),
        json!({"resourceLogs": "text"}),
        json!({"resourceLogs": [{"scopeLogs": []}]}),
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": []}]}]}),
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [5]}]}]}),
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}], "other": 1}),
        json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{}], "other": 1}]}]}),
    ] {
        assert_eq!(import_one(&line.to_string())["attributes"], line, "{line}");
    }
}

/// A resource that many records share adds work for each record. A hostile line must not cause work that is quadratic
/// in its length.
#[test]
fn a_large_resource_of_very_many_records_is_not_written_into_each() {
    let resource = format!("{{\"attributes\":[{}0]}}", "0,".repeat(1 << 20));
    let records = format!("{{}}{}", ",{}".repeat(1 << 20));
    let line = format!(
        "{{\"resourceLogs\":[{{\"resource\":{resource},\"scopeLogs\":[{{\"logRecords\":[{records}]}}]}}]}}"
    );
    let entry = import_one(&line);
    assert!(entry["fuse"]["trips"]["width"]["count"].as_u64().unwrap() > 0);
}

#[test]
fn times_that_the_header_rounds_stay_attributes() {
    for (line, attributes) in [
        (r#"{"time":"2016-12-31T23:59:60Z"}"#, json!({"time": "2016-12-31T23:59:60Z"})),
        (r#"{"time":"2016-12-31T23:59:59.1234567891Z"}"#, json!({"time": "2016-12-31T23:59:59.1234567891Z"})),
        (r#"{"time":"2016-12-31T23:59:59,123456789+01:00"}"#, Value::Null),
        (r#"{"ts":1446249499.3229999}"#, Value::Null),
        (r#"{"ts":"1446249499.1234567891"}"#, json!({"ts": "1446249499.1234567891"})),
        (r#"{"instant":{"epochSecond":1,"nanoOfSecond":2}}"#, Value::Null),
        (
            r#"{"instant":{"epochSecond":1,"nanoOfSecond":2,"zone":"x"}}"#,
            json!({"instant": {"epochSecond": 1, "nanoOfSecond": 2, "zone": "x"}}),
        ),
        (
            r#"{"instant":{"epochSecond":1,"nanoOfSecond":"2"}}"#,
            json!({"instant": {"epochSecond": 1, "nanoOfSecond": "2"}}),
        ),
    ] {
        let entry = import_one(line);
        assert!(entry["time"].is_string(), "{line}");
        assert_eq!(entry.get("attributes").unwrap_or(&Value::Null), &attributes, "{line}");
    }
    let entry = import_one(r#"{"trace_flags":"00","n":[1e-400,0e-400]}"#);
    assert_eq!(entry["attributes"]["trace_flags"], "00");
    assert_eq!(entry["attributes"]["n"][0], "1e-400");
    assert!(entry["attributes"]["n"][1].is_number());
}

#[test]
fn journald_s_messages_in_bytes_are_read() {
    let long = vec![b'a'; 1000];
    let entry = import_one(&json!({ "MESSAGE": long }).to_string());
    assert_eq!(entry, json!({"body": "a".repeat(1000)}));
    let entry = import_one(r#"{"MESSAGE":[104,105,0,255]}"#);
    assert_eq!(entry, json!({"body": "hi\0\u{fffd}", "attributes": {"MESSAGE": {"$bytes": "aGkA/w=="}}}));
    for line in
        [r#"{"MESSAGE":[104,256]}"#, r#"{"MESSAGE":[]}"#, r#"{"MESSAGE":[1,"a"]}"#, r#"{"MESSAGE":[1,[2]]}"#]
    {
        assert_eq!(import_one(line), json!({"attributes": serde_json::from_str::<Value>(line).unwrap()}));
    }
}

/// The text of each line is imported in pieces, without a gap.
#[test]
fn lines_over_the_longest_are_kept_in_pieces_and_counted_once() {
    let max = Importer::MAX_LINE;
    for (input, lines, pieces) in [
        ("x".repeat(max), 1, 1),
        ("x".repeat(max) + "\n", 1, 1),
        ("x".repeat(max) + "\r\n{}\n", 2, 1),
        ("x".repeat(2 * max + 5) + "\n\n", 2, 3),
    ] {
        let (entries, report) = import(input.as_bytes(), &Limits::default());
        assert_eq!((report.lines, report.pieces, report.bytes), (lines, pieces, input.len() as u64));
        assert_eq!(report.lines, report.json_lines + report.text_lines + report.empty_lines);
        assert_eq!(report.text_lines, 1);
        assert_eq!(entries.len() as u64, report.pieces + report.json_lines);
    }
}

#[test]
fn what_serde_json_reads_is_json_also_in_mutated_lines() {
    const PARTS: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u00e9",
        "\\ud83e\\udd80",
        "\\udc00",
        "0",
        "-",
        "1",
        ".5",
        "e+3",
        "E",
        "true",
        "null",
        " ",
        "\t",
        "\u{7f}",
        "é",
        "\u{1}",
    ];
    let mut random = Random(23);
    let (mut valid, mut invalid) = (0, 0);
    for _ in 0..20_000 {
        let line = json!({ "data": random_json(&mut random, 3) }).to_string();
        let mut chars: Vec<String> = line.chars().map(String::from).collect();
        for _ in 0..random.below(3) {
            let at = random.below(chars.len() as u64) as usize;
            let part = PARTS[random.below(PARTS.len() as u64) as usize].to_owned();
            match random.below(3) {
                0 => chars[at] = part,
                1 => chars.insert(at, part),
                _ => drop(chars.remove(at)),
            }
        }
        let line: String = chars.concat();
        let serde = serde_json::from_str::<Value>(&line).is_ok_and(|value| value.is_object());
        let (_, report) = import(line.as_bytes(), &Limits::default());
        // A line that is not valid JSON can be JSON with the differences that readers accept.
        assert!(report.json_lines == 1 || !serde, "{line}");
        assert_eq!(report.json_lines + report.text_lines, 1, "{line}");
        *(if serde { &mut valid } else { &mut invalid }) += 1;
    }
    assert!(valid > 2_000 && invalid > 2_000, "{valid} {invalid}");
}
