//! An entry from a line without a time has the time of the entry before it in its file: a stack trace stays with its error.

#![cfg(feature = "json")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use fusewire::decode::{EntryRef, Value};
use fusewire::encode::encode;
use fusewire::lines::Importer;
use fusewire::log::{Found, LogEvent, LogReader, ReadOptions, Scan, Visitor};
use fusewire::mixed::WithoutTime;
use fusewire::{Limits, Timestamp};

const STACK: &str = "first words\n\
    {\"time\":\"2026-03-01T10:00:00Z\",\"msg\":\"started\"}\n\
    {\"time\":\"2026-03-01T10:05:00+01:00\",\"level\":\"error\",\"msg\":\"payment failed\"}\n\
    java.lang.IllegalStateException: no such order\n\
    \tat shop.Cart.pay(Cart.java:7)\n\
    {\"msg\":\"an object without a time\"}\n\
    {\"time\":\"2026-03-01T10:10:00Z\",\"msg\":\"retried\"}\n";

fn nanos(text: &str) -> u64 {
    u64::try_from(Timestamp::parse_rfc3339(text).unwrap().unix_nanos()).unwrap()
}

/// Returns the time, a mark, and the beginning of the body of an entry.
fn told(entry: &EntryRef<'_>) -> String {
    let time = entry.timestamp().map_or_else(|| "-".to_owned(), |time| time.to_string());
    let mark = match entry.get("fusewire.import.time") {
        Some(Value::String(text)) if text == "previous" => "~",
        Some(_) => panic!("an unknown mark"),
        None => " ",
    };
    let body = entry.body().to_string();
    format!("{time}{mark}{}", body.trim_start().split(' ').next().unwrap())
}

fn read(options: ReadOptions, paths: &[PathBuf]) -> (Vec<String>, WithoutTime) {
    let mut reader = options.open(paths).unwrap();
    let mut all = Vec::new();
    while let Some(event) = reader.next() {
        let LogEvent::Entry { entry, .. } = event else { panic!("{event:?}") };
        all.push(told(&entry));
    }
    (all, reader.without_time())
}

fn counts(previous: u64, none: u64) -> WithoutTime {
    let mut counts = WithoutTime::default();
    (counts.previous, counts.none) = (previous, none);
    counts
}

#[test]
fn in_every_window() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    fs::write(&path, STACK).unwrap();
    let (all, count) = read(LogReader::options(), std::slice::from_ref(&path));
    let expected = [
        "- first",
        "2026-03-01T10:00:00Z started",
        "2026-03-01T10:05:00+01:00 payment",
        "2026-03-01T10:05:00+01:00~java.lang.IllegalStateException:",
        "2026-03-01T10:05:00+01:00~at",
        "2026-03-01T10:05:00+01:00~an",
        "2026-03-01T10:10:00Z retried",
    ];
    assert_eq!((all, count), (expected.map(str::to_owned).to_vec(), counts(3, 1)));

    let error = nanos("2026-03-01T10:05:00+01:00");
    let window = LogReader::options().since(error).until(error + 1);
    let (all, count) = read(window, std::slice::from_ref(&path));
    assert_eq!((all, count), (expected[2..6].iter().map(|told| (*told).to_owned()).collect(), counts(3, 1)));

    struct Bodies(Vec<String>);
    impl Visitor for Bodies {
        fn entry(&mut self, found: &Found<'_>) {
            self.0.push(told(&found.entry));
        }
    }
    let scanned =
        Scan::new([&path]).run(|entry| entry.time_unix_nano() == error, || Bodies(Vec::new())).unwrap();
    let (bodies, scanned) = scanned.split();
    assert_eq!(bodies.into_iter().flat_map(|bodies| bodies.0).collect::<Vec<_>>(), expected[2..6]);
    assert_eq!(scanned.without_time, counts(3, 1));
}

#[test]
fn in_the_order_of_several_files() {
    let directory = tempfile::tempdir().unwrap();
    let paths = [directory.path().join("a.log"), directory.path().join("b.log")];
    fs::write(
        &paths[0],
        "{\"time\":1772359200,\"msg\":\"a1\"}\ntrace-a\n{\"time\":1772359203,\"msg\":\"a3\"}\n",
    )
    .unwrap();
    fs::write(
        &paths[1],
        "{\"time\":1772359201,\"msg\":\"b1\"}\ntrace-b\n{\"time\":1772359202,\"msg\":\"b2\"}\n",
    )
    .unwrap();
    let (all, count) = read(LogReader::options(), &paths);
    let bodies: Vec<&str> = all.iter().map(|told| told.rsplit([' ', '~']).next().unwrap()).collect();
    assert_eq!(bodies, ["a1", "trace-a", "b1", "trace-b", "b2", "a3"]);
    assert_eq!(count, counts(2, 0));
}

#[test]
fn after_a_pause_and_from_the_last_entries() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    fs::write(&path, "{\"time\":1772359200,\"msg\":\"failed\"}\n").unwrap();
    // The reader reaches the end of the file and closes it. The rest of the stack trace arrives later.
    let mut reader = LogReader::options().open(std::slice::from_ref(&path)).unwrap();
    while reader.next().is_some() {}
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"at later\nat end\n").unwrap();
    let mut all = Vec::new();
    while all.len() < 2 {
        match reader.next() {
            Some(LogEvent::Entry { entry, .. }) => all.push(told(&entry)),
            Some(event) => panic!("{event:?}"),
            None => _ = reader.wait(std::time::Duration::from_secs(1)).unwrap(),
        }
    }
    assert_eq!(all, ["2026-03-01T10:00:00Z~at", "2026-03-01T10:00:00Z~at"]);
    assert_eq!(reader.without_time(), counts(2, 0));

    // The last two entries begin in the stack trace.
    let mut reader = LogReader::options().open(&[path]).unwrap();
    reader.seek_to_last(2).unwrap();
    let mut all = Vec::new();
    while let Some(LogEvent::Entry { entry, .. }) = reader.next() {
        all.push(told(&entry));
    }
    assert_eq!(all, ["2026-03-01T10:00:00Z~at", "2026-03-01T10:00:00Z~at"]);
}

#[test]
fn and_an_import_gives_the_same_entries() {
    let mut all = Vec::new();
    let mut importer = Importer::new();
    let result = importer.import(STACK.as_bytes(), |write| {
        // The first buffer is too small for each entry.
        let mut small = [0; 16];
        let _ = encode(&mut small, &Limits::default(), |entry| write(entry));
        let mut buffer = [0; 1024];
        let entry = encode(&mut buffer, &Limits::default(), |entry| write(entry)).unwrap();
        all.push(told(&EntryRef::new(entry.bytes()).unwrap()));
        Ok(entry.report())
    });
    result.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    fs::write(&path, STACK).unwrap();
    assert_eq!((all, importer.report().without_time), read(LogReader::options(), &[path]));

    // A second input does not continue the first one.
    let mut first = None;
    let result = importer.import(&b"words\n"[..], |write| {
        let mut buffer = [0; 1024];
        let entry = encode(&mut buffer, &Limits::default(), |entry| write(entry)).unwrap();
        first = Some(told(&EntryRef::new(entry.bytes()).unwrap()));
        Ok(entry.report())
    });
    result.unwrap();
    assert_eq!(first.as_deref(), Some("- words"));
}

#[test]
fn but_not_in_place_of_a_time_that_is_not_understood() {
    let lines = "{\"time\":1772359200,\"msg\":\"a\"}\n{\"time\":\"3/1/2026 10:00:00 AM\",\"msg\":\"b\"}\n\
        {\"ts\":639079632001234567,\"msg\":\"c\"}\n{\"time\":null,\"msg\":\"d\"}\n{\"ts\":\"?\",\"time\":1772359201,\"msg\":\"e\"}\n";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.jsonl");
    fs::write(&path, lines).unwrap();
    let (all, count) = read(LogReader::options(), &[path]);
    assert_eq!(
        all,
        ["2026-03-01T10:00:00Z a", "- b", "- c", "2026-03-01T10:00:00Z~d", "2026-03-01T10:00:01Z e"]
    );
    assert_eq!(count, counts(1, 2));

    let lines = "2026-03-01 10:00:00 INFO a\n260301 10:00:00 b\n01/02/2026 10:00:00 c\nd\n";
    let path = directory.path().join("app.log");
    fs::write(&path, lines).unwrap();
    let (all, count) = read(LogReader::options(), &[path]);
    assert_eq!(all, ["2026-03-01T10:00:00Z a", "- 260301", "- 01/02/2026", "2026-03-01T10:00:00Z~d"]);
    assert_eq!(count, counts(1, 2));
}

#[test]
fn but_a_line_that_fusewire_wrote_stays_as_it_is() {
    let lines = "{\"time\":\"2026-03-01T10:00:00Z\",\"body\":\"a\"}\n{\"body\":\"without a time\"}\ntext\n";
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.jsonl");
    fs::write(&path, lines).unwrap();
    let (all, count) = read(LogReader::options(), &[path]);
    assert_eq!(all, ["2026-03-01T10:00:00Z a", "- without", "2026-03-01T10:00:00Z~text"]);
    assert_eq!(count, counts(1, 1));
}
