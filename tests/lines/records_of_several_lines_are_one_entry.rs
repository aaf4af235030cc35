//! A line without a time continues the record before it, if the record has a time. An import and a reader of streams divide the
//! lines alike, however the bytes arrive.
#![cfg(feature = "json")]

use std::io::Read;

use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::write_entry;
use fusewire::lines::Importer;
use fusewire::message;
use fusewire::mixed::{MixedEvent, MixedReader};

fn imported(input: &[u8]) -> (Vec<String>, fusewire::lines::ImportReport) {
    let mut buffer = vec![0; 4 << 20];
    let mut found = Vec::new();
    let sink = |write: &dyn Fn(&mut fusewire::encode::EntryWriter<'_>)| {
        let entry = encode(&mut buffer, &Limits::READER, |entry| write(entry)).unwrap();
        let mut json = String::new();
        write_entry(&EntryRef::new(entry.bytes()).unwrap(), &mut json).unwrap();
        found.push(json);
        Ok(entry.report())
    };
    let mut importer = Importer::new();
    importer.import(input, sink).unwrap();
    let report = importer.report().clone();
    (found, report)
}

/// An input that returns at most `most` bytes at once.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        let len = self.1.min(room.len());
        self.0.read(&mut room[..len])
    }
}

fn read(input: &[u8], most: usize) -> Vec<String> {
    let mut reader = MixedReader::new(Dribble(input, most));
    let mut found = Vec::new();
    while let Some(event) = reader.next().unwrap() {
        let MixedEvent::Entry { entry, .. } = event else { panic!("{event:?}") };
        let mut json = String::new();
        write_entry(&entry, &mut json).unwrap();
        found.push(json);
    }
    found
}

fn bodies(entries: &[String]) -> Vec<String> {
    let body = |json: &String| {
        serde_json::from_str::<serde_json::Value>(json).unwrap()["body"].as_str().unwrap().to_owned()
    };
    entries.iter().map(body).collect()
}

/// Returns the bodies, after a comparison of the two ways to read.
fn divided(input: &str) -> Vec<String> {
    let (expected, report) = imported(input.as_bytes());
    assert_eq!(report.lines, report.json_lines + report.text_lines + report.empty_lines, "{input}");
    assert_eq!(report.lines, input.split_inclusive('\n').count() as u64);
    assert_eq!(report.bytes, input.len() as u64);
    for most in [1, 7, 4096] {
        assert_eq!(read(input.as_bytes(), most), expected, "{most} bytes at once:\n{input}");
    }
    bodies(&expected)
}

#[test]
fn a_stack_trace_belongs_to_its_message() {
    let input = "2026-03-01 10:00:00 ERROR failed\n\
                 java.lang.IllegalStateException: no order\n\
                 \tat shop.Cart.pay(Cart.java:7)\n\
                 Caused by: java.io.IOException: timeout\n\
                 \n\
                 \t... 3 more\n\
                 \n\
                 2026-03-01 10:00:01 INFO next\n\
                 {\"level\":\"info\",\"msg\":\"json\"}\n\
                 Traceback (most recent call last):\n\
                 2026-03-01 10:00:02 INFO last\r\n\
                 end";
    assert_eq!(
        divided(input),
        [
            "failed\njava.lang.IllegalStateException: no order\n\tat shop.Cart.pay(Cart.java:7)\n\
             Caused by: java.io.IOException: timeout\n\n\t... 3 more",
            "next",
            "json",
            "Traceback (most recent call last):",
            "last\r\nend"
        ]
    );
}

#[test]
fn lines_without_a_time_before_them_are_entries() {
    assert_eq!(divided("one\n  two\nINFO: three\n  four\n"), ["one", "  two", "three", "  four"]);
}

#[test]
fn parts_of_a_line_are_joined() {
    let cri = "2026-03-01T10:00:00Z stdout P part one \n2026-03-01T10:00:00Z stdout P part two \n\
               2026-03-01T10:00:00Z stdout F end\n2026-03-01T10:00:00Z stdout F next\n\
               2026-03-01T10:00:01Z stdout P open \n2026-03-01T10:00:01Z stderr F other\n\
               2026-03-01T10:00:02Z stdout F failed\n2026-03-01T10:00:02Z stdout F \tat x\n";
    assert_eq!(divided(cri), ["part one part two end", "next", "open ", "other", "failed\n\tat x"]);
    let docker = "{\"log\":\"part one \",\"stream\":\"stdout\",\"time\":\"2026-03-01T10:00:01Z\"}\n\
                  {\"log\":\"part two\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-01T10:00:01Z\"}\n\
                  {\"log\":\"next\\n\",\"stream\":\"stdout\",\"time\":\"2026-03-01T10:00:01Z\"}\n";
    assert_eq!(divided(docker), ["part one part two", "next"]);
}

#[test]
fn an_object_of_several_lines_is_an_entry() {
    let pretty = |body: &str| {
        format!(
            "{{\n  \"time\": \"2026-03-01T10:00:00Z\",\n  \"msg\": \"{body}\",\n  \"n\": [\n    1\n  ]\n}}"
        )
    };
    let (a, b) = (pretty("a"), pretty("b"));
    let line = r#"{"msg":"line"}"#;
    for input in [
        format!("{a}\n{b}\n{line}\n"),
        format!("{line}\r\n{}\r\n", a.replace('\n', "\r\n")),
        format!("\u{feff}{a}{b}\n{line}"),
        format!("{a},\n\n{b}"),
        format!("[\n{a},\n{line}\n]\n"),
        format!("[{a},\n{b}]"),
        "[{\"msg\":\"a\"},{\"msg\":\"b\"},]\n".to_owned(),
        "{\"msg\":\"a\"},\n{\"msg\":\"b\"}\n".to_owned(),
        "{\"msg\":\"a\"}{\"msg\":\"b\"}\n".to_owned(),
    ] {
        let found = divided(&input);
        let expected = ["a", "b", "line"].into_iter().filter(|body| input.contains(&format!("\"{body}\"")));
        let mut sorted = found.clone();
        sorted.sort();
        assert_eq!(sorted, expected.collect::<Vec<_>>(), "{input}");
    }
}

#[test]
fn lines_that_do_not_become_an_object_are_kept() {
    for (input, expected) in [
        ("{\n  \"a\": 1,\nplain\n{\n", &["{", "  \"a\": 1,", "plain", "{"][..]),
        ("{\"msg\":\"torn\",\n{\"msg\":\"next\"}\n", &["{\"msg\":\"torn\",", "next"]),
        ("[\n  1\n]\n", &["[", "  1", "]"]),
        ("[\n{\"msg\":\"a\"}\n{\n", &["[", "a", "{"]),
        ("[]\n[{\"msg\":\"a\"},1]\n", &["[]", "[{\"msg\":\"a\"},1]"]),
        ("{\"msg\":\"a\"}, x\n", &["a", ", x"]),
        (
            "2026-03-01 10:00:00 INFO answer:\n{\n  \"a\": 1\n}\n2026-03-01 10:00:01 INFO next\n",
            &["answer:\n{\n  \"a\": 1\n}", "next"],
        ),
    ] {
        assert_eq!(divided(input), expected, "{input}");
    }
}

#[test]
fn the_level_of_java_is_in_the_second_line() {
    let input = "Mar 01, 2026 10:00:00 AM shop.Cart pay\nWARNING: slow\njava.io.IOException\n\tat x\n\
                 Mar 01, 2026 10:00:01 AM shop.Cart$1 <init>\nINFO: next\nINFO: alone\n";
    assert_eq!(divided(input), ["slow\njava.io.IOException\n\tat x", "next", "alone"]);
    let (entries, _) = imported(input.as_bytes());
    assert!(
        entries[0].starts_with(
            r#"{"time":"2026-03-01T10:00:00Z","severity":"WARN","target":"shop.Cart","body":"slow"#
        ),
        "{}",
        entries[0]
    );
}

#[test]
fn a_record_is_bounded() {
    let mut input = "2026-03-01 10:00:00 ERROR failed\n".to_owned();
    input.push_str(&"  at x\n".repeat(1030));
    let found = divided(&input);
    assert_eq!(found.len(), 1 + 7);
    assert_eq!(found[0].lines().count(), 1024);
    let mut input = "2026-03-01 10:00:00 ERROR failed\n".to_owned();
    input.push_str(&format!("  {}\n", "x".repeat(100 << 10)).repeat(3));
    assert_eq!(divided(&input).len(), 2);
}

#[test]
fn a_frame_ends_a_record() {
    let mut buffer = [0; 512];
    let frame = message::write(&mut buffer, &Limits::DEFAULT, |entry| entry.set_body("a frame")).unwrap();
    let stream = [b"2026-03-01 10:00:00 ERROR failed\n  at x\n", &*frame, b"  at y\n"].concat();
    for most in [1, 7, 4096] {
        assert_eq!(bodies(&read(&stream, most)), ["failed\n  at x", "a frame", "  at y"]);
    }
}
