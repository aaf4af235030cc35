//! An entry of a line of text contains each word of the line: in the body, or in the attribute with the part before the body.
#![cfg(feature = "json")]

use std::path::Path;
use std::time::UNIX_EPOCH;

use fusewire::Limits;
use fusewire::decode::{EntryRef, Value};
use fusewire::encode::encode;
use fusewire::lines::Importer;

/// Returns the text of the body and of the attributes that describe the line, for each entry of text.
fn texts(input: &[u8]) -> Vec<(String, String, String)> {
    let mut buffer = vec![0; 1 << 20];
    let mut found = Vec::new();
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| {
        let encoded = encode(&mut buffer, &Limits::DEFAULT, |entry| write(entry)).unwrap();
        let report = encoded.report();
        let entry = EntryRef::new(encoded.bytes()).unwrap();
        let text = |key| match entry.get(key) {
            Some(Value::String(text)) => text.to_string(),
            _ => String::new(),
        };
        found.push((
            text("fusewire.import.format"),
            text("fusewire.import.header"),
            entry.body().to_string(),
        ));
        Ok(report)
    };
    Importer::new().changed_at(UNIX_EPOCH).import(input, sink).unwrap();
    found
}

#[test]
fn no_word_is_lost() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/logs");
    let (mut lines, mut recognised) = (0, 0);
    for file in std::fs::read_dir(logs).unwrap() {
        let path = file.unwrap().path();
        let input = std::fs::read(&path).unwrap();
        // A converted line has the rule of a JSON object: its values are in the entry.
        if path.extension().is_some_and(|name| name == "md") || input.contains(&0x1B) {
            continue;
        }
        let text = String::from_utf8_lossy(&input).into_owned();
        let entries = texts(&input);
        let mut rest: Vec<_> = entries
            .iter()
            .filter(|(format, ..)| !matches!(format.as_str(), "" | "logfmt" | "w3c" | "journal"))
            .map(|(format, header, body)| (format, format!("{header} {body}")))
            .collect();
        rest.reverse();
        let is_json =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).is_ok_and(|json| json.is_object());
        for line in text.lines().filter(|line| !line.trim().is_empty() && !is_json(line)) {
            // The line is in the current entry, or in the next one.
            let holds = |entry: &str| {
                line.split_whitespace().all(|word| entry.split_whitespace().any(|own| own == word))
            };
            if rest.last().is_some_and(|(_, entry)| !holds(entry))
                && rest.len() > 1
                && holds(&rest[rest.len() - 2].1)
            {
                rest.pop();
            }
            let Some((format, entry)) = rest.last() else { continue };
            let is_other =
                entries.iter().any(|(format, ..)| matches!(format.as_str(), "logfmt" | "w3c" | "journal"));
            assert!(holds(entry) || is_other, "{}: {format}:\n{line}\n{entry}", path.display());
            lines += 1;
            recognised += usize::from(*format != "text");
        }
    }
    assert!(lines > 100 && recognised > 90, "{lines} {recognised}");
}

#[test]
fn the_part_before_the_body_ends_with_a_whole_word() {
    for (line, header, body) in [
        ("2026-03-01 10:00:00,123:DEBUG:foo bar", "2026-03-01 10:00:00,123:DEBUG:foo", "foo bar"),
        ("2026-03-01 10:00:00 INFO foo bar", "2026-03-01 10:00:00 INFO", "foo bar"),
        (
            "2026-03-01 10:00:00|Warn|Auth|Auth-Failure ip",
            "2026-03-01 10:00:00|Warn|Auth|Auth-Failure",
            "Auth-Failure ip",
        ),
    ] {
        assert_eq!(texts(line.as_bytes()), [("plain".to_owned(), header.to_owned(), body.to_owned())]);
    }
}
