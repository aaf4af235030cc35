//! The write limits do not apply to lines that are read. A reader has its own bounds, and reports a line above them.
#![cfg(feature = "json")]

use fusewire::Limits;
use fusewire::mixed::{MixedEvent, MixedReader};
use fusewire::segment::LostReason;

/// Returns the entries of `stream` as JSON, and the ranges of lines above the bounds.
fn read(stream: &[u8]) -> (Vec<String>, Vec<(u64, u64)>) {
    let mut reader = MixedReader::new(stream);
    let (mut entries, mut long) = (Vec::new(), Vec::new());
    while let Some(event) = reader.next().unwrap() {
        match event {
            MixedEvent::Entry { entry, .. } => {
                let mut line = Vec::new();
                fusewire::json::append_entry(&entry, &mut line);
                entries.push(String::from_utf8(line).unwrap());
            }
            MixedEvent::Lost { range } => {
                assert_eq!(range.reason, LostReason::LongLine);
                assert!(range.is_loss());
                long.push((range.start, range.end));
            }
            other => panic!("{other:?}"),
        }
    }
    (entries, long)
}

#[test]
fn no_write_limit_cuts_a_line() {
    let string = Limits::DEFAULT.max_string_bytes as usize;
    let wide: Vec<String> =
        (0..u32::from(Limits::DEFAULT.max_width) + 50).map(|n| format!("\"k{n}\":{n}")).collect();
    let values = [
        format!("\"{}needle\"", "x".repeat(string + 10)),
        format!("\"{}needle\"", "x".repeat(Limits::DEFAULT.max_entry_bytes as usize + 10)),
        format!("{{\"{}needle\":1}}", "k".repeat(usize::from(Limits::DEFAULT.max_key_bytes) + 10)),
        format!("{}\"needle\"{}", "[".repeat(40), "]".repeat(40)),
        format!("[{}]", vec!["1"; 60_000].join(",")),
        format!("{{{}}}", wide.join(",")),
    ];
    for value in values {
        let line = format!("{{\"attributes\":{{\"v\":{value}}}}}\n");
        // The line has the form of this crate, and then a form that is imported.
        assert_eq!(read(line.as_bytes()), (vec![line.trim_end().to_owned()], vec![]));
        let other = format!("{{ \"v\": {value}}}\n");
        assert_eq!(read(other.as_bytes()), (vec![line.trim_end().to_owned()], vec![]));
    }
    let text = format!("{}needle\n", "t".repeat(1 << 20));
    let (entries, long) = read(text.as_bytes());
    assert!(entries[0].contains("tneedle\""));
    assert_eq!((entries.len(), long.len()), (1, 0));
}

/// The levels of an entry are bounded, and those of a line are not.
#[test]
fn a_deeper_container_is_its_text() {
    for levels in [64, 65, 70, 100_000] {
        let deep =
            |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
        let (entries, long) =
            read(format!("{{\"v\":{}}}\n", deep(levels, r#"{"a": "needle\n"}"#)).as_bytes());
        let text = format!("{}{}", deep(levels - 64, r#"{\"a\": \"needle\\n\"}"#), "");
        let expected = format!("{{\"attributes\":{{\"v\":{}}}}}", deep(64, &format!("\"{text}\"")));
        assert_eq!((entries, long), (vec![expected], vec![]), "{levels}");
    }
    let any = format!(
        "{}{}{}",
        "{\"arrayValue\":{\"values\":[".repeat(90),
        "{\"stringValue\":\"needle\"}",
        "]}}".repeat(90)
    );
    let line = format!(
        "{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":[{{\"attributes\":[{{\"key\":\"v\",\"value\":{any}}}]}}]}}]}}]}}\n"
    );
    let (entries, long) = read(line.as_bytes());
    assert!(entries[0].contains("needle"), "{entries:?}");
    assert_eq!(long, []);
}

#[test]
fn a_line_above_the_bounds_is_reported_after_its_entries() {
    let line = format!("{{\"v\":[{}]}}\n", vec!["1"; 70_000].join(","));
    let stream = [b"{\"a\":1}\n", line.as_bytes(), b"{\"b\":1}\n"].concat();
    let (entries, long) = read(&stream);
    assert_eq!(entries.len(), 3);
    assert_eq!(long, [(8, 8 + line.len() as u64)]);
    let stream = ["x".repeat((16 << 20) + 5).as_str(), "\n{}\n"].concat();
    let (entries, long) = read(stream.as_bytes());
    assert_eq!(entries.len(), 3);
    assert_eq!(long, [(0, 16 << 20), (16 << 20, (16 << 20) + 6)]);
}

#[test]
fn limits_of_the_caller_cut_without_a_report() {
    let limits = Limits { max_string_bytes: 4, ..Limits::DEFAULT };
    let mut reader = MixedReader::with_limits(&b"{\"v\":\"longer\"}\n"[..], limits);
    let Some(MixedEvent::Entry { entry, .. }) = reader.next().unwrap() else { panic!() };
    assert_eq!(entry.get("v").unwrap().as_str(), Some("long"));
    assert!(reader.next().unwrap().is_none());
}
