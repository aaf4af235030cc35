//! A line that other programs read as JSON has a header and attributes, although it is not valid by RFC 8259. No byte of it is
//! lost.
#![cfg(feature = "json")]

use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::write_entry;
use fusewire::lines::{ImportReport, Importer};

/// Returns the entries of `lines` as JSON.
fn entries(lines: &[u8]) -> (Vec<String>, ImportReport) {
    let mut buffer = vec![0; 64 << 10];
    let mut entries = Vec::new();
    let mut importer = Importer::new();
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| {
        let entry = encode(&mut buffer, &Limits::DEFAULT, |entry| write(entry)).unwrap();
        let mut json = String::new();
        write_entry(&EntryRef::new(entry.bytes()).unwrap(), &mut json).unwrap();
        entries.push(json);
        Ok(entry.report())
    };
    importer.import(lines, sink).unwrap();
    let report = importer.report().clone();
    (entries, report)
}

#[test]
fn each_difference_from_json_is_read() {
    for (line, expected) in [
        // A byte order mark.
        (&b"\xEF\xBB\xBF{\"level\":\"error\",\"msg\":\"m\"}"[..], r#"{"severity":"ERROR","body":"m"}"#),
        // Numbers that are not finite.
        (
            br#"{"msg":"m","v":[NaN,Infinity,-Infinity,-1]}"#,
            r#"{"body":"m","attributes":{"v":[{"$float":"NaN"},{"$float":"Infinity"},{"$float":"-Infinity"},-1]}}"#,
        ),
        (br#"{"v":NaN}"#, r#"{"attributes":{"v":{"$float":"NaN"}}}"#),
        // Control characters in strings.
        (b"{\"msg\":\"raw\ttab \x1b[31m\"}", r#"{"body":"raw\ttab \u001b[31m"}"#),
        // A comma before a closing bracket.
        (br#"{"msg":"m","v":[1,2,],}"#, r#"{"body":"m","attributes":{"v":[1,2]}}"#),
        // The escapes of nginx, whose bytes can be one character.
        (br#"{"msg":"a \x22b\x22 \xC3\xA9\x0A"}"#, r#"{"body":"a \"b\" \u00e9\n"}"#),
        // Pairs of surrogates are unchanged.
        (br#"{"msg":"\ud83e\udd80","v":NaN}"#, r#"{"body":"\u1f980","attributes":{"v":{"$float":"NaN"}}}"#),
    ] {
        let (found, report) = entries(line);
        let expected = expected.replace(r"\u1f980", "\u{1f980}").replace(r"\u00e9", "\u{e9}");
        assert_eq!(found, [expected], "{}", String::from_utf8_lossy(line));
        assert_eq!((report.json_lines, report.text_lines, report.not_utf8_lines), (1, 0, 0));
    }
}

/// The text has U+FFFD in place of bytes and of halves of surrogate pairs. The entry also contains the line.
#[test]
fn a_replaced_byte_is_not_lost() {
    for (line, body, not_utf8) in [
        (&br#"{"msg":"cut emoji \ud83d"}"#[..], "cut emoji \u{fffd}", 0),
        (br#"{"msg":"\udce9 and \ud83d\ud83d"}"#, "\u{fffd} and \u{fffd}\u{fffd}", 0),
        (b"{\"msg\":\"one \xE9 byte\"}", "one \u{fffd} byte", 1),
        (br#"{"msg":"\xE9"}"#, "\u{fffd}", 0),
    ] {
        let (found, report) = entries(line);
        assert_eq!(found.len(), 1);
        let base64 = found[0].split_once(r#""log.record.original":{"$bytes":""#).unwrap();
        assert!(base64.0.contains(&format!("\"body\":\"{body}\"")), "{}", found[0]);
        assert_eq!((report.json_lines, report.not_utf8_lines), (1, not_utf8));
    }
}

#[test]
fn each_object_of_a_line_is_an_entry() {
    let (found, report) = entries(b"{\"msg\":\"a\"}{\"msg\":\"b\"} {\"v\":1}\n");
    assert_eq!(found, [r#"{"body":"a"}"#, r#"{"body":"b"}"#, r#"{"attributes":{"v":1}}"#]);
    assert_eq!((report.lines, report.json_lines, report.text_lines, report.entries), (1, 1, 0, 3));
    // The rest of the line is text.
    for rest in [r#"{"msg":"#, "// a comment"] {
        let (found, report) = entries(format!("{{\"msg\":\"a\"}} {rest}\n").as_bytes());
        let text = format!(
            "{{\"body\":{},\"attributes\":{{\"fusewire.import.format\":\"text\"}}}}",
            serde_json::to_string(rest).unwrap()
        );
        assert_eq!(found, [r#"{"body":"a"}"#, text.as_str()]);
        assert_eq!((report.json_lines, report.text_lines, report.entries), (1, 0, 2));
    }
}

#[test]
fn other_text_stays_text() {
    for line in [
        "{'msg': 'python'}",
        r#"{"msg":"m""#,
        r#"{"msg" "m"}"#,
        r#"{"msg":"\q"}"#,
        r#"{"v":nan}"#,
        r#"{"v":+1}"#,
        r#"{"v":Infinit}"#,
        r#"{"v":--Infinity}"#,
        r#"{"v":1,,}"#,
        r#"{,}"#,
        r#"{"v":[1}]"#,
        r#"{a:1}"#,
        "{} and text, which is no object",
        "{",
        "}{",
    ] {
        let (found, report) = entries(line.as_bytes());
        if line.starts_with("{} ") {
            assert_eq!((found.len(), report.json_lines), (2, 1));
            continue;
        }
        assert_eq!((report.text_lines, report.json_lines), (1, 0), "{line}");
        assert!(found[0].contains("fusewire.import.format"), "{line}: {}", found[0]);
    }
}

/// The work for a line with many objects is bounded.
#[test]
fn the_number_of_objects_in_a_line_is_bounded() {
    let (found, report) = entries("{\"a\":1}".repeat(70_000).as_bytes());
    assert_eq!((found.len(), report.entries), (65_537, 65_537));
}
