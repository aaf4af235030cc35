//! A log of format 1.0 and the log of format 1.1 with the same entries give the same answers: to each query in a scan and in a
//! reader, to each field, and to each aggregation.
#![cfg(feature = "query")]

use std::num::NonZero;
use std::path::Path;
use std::time::Duration;

use crate::common::random::Random;
use fusewire::decode::EntryRef;
use fusewire::encode::{EntryWriter, MapWriter, ValueWriter};
use fusewire::log::{Found, Log, LogEvent, LogReader, OnFull, Scan, Visitor};
use fusewire::query::{Field, Query};
use fusewire::segment::FrameKind;
use fusewire::{Severity, Timestamp, TraceContext};

const ENTRIES: u64 = 1_500;
const SHAPES: u64 = 24;
/// The keys of the attributes. Some of them look like paths.
const KEYS: [&str; 9] = ["a", "b", "a.b", "b[1]", "long key", "", "ä", "status", "duration_ms"];
const TEXTS: [&str; 7] = ["", "a", "timeout", "the gateway timed out", "naïve", "x.y", "500"];

fn text(dice: &mut Random) -> &'static str {
    TEXTS[dice.below(7) as usize]
}

/// Writes a value. `shape` determines its kind, and `dice` its content.
fn value(shape: &mut Random, dice: &mut Random, depth: u64, slot: ValueWriter<'_, '_>) {
    match shape.below(if depth == 0 { 11 } else { 15 }) {
        0 => slot.null(),
        1 => slot.bool(dice.below(2) == 0),
        2 => slot.i64(dice.below(1_000).cast_signed() - 500),
        3 => slot.u64([0, 7, 500, u64::MAX][dice.below(4) as usize]),
        4 => slot.f64([0.5, -0.0, 500.0, f64::NAN, f64::INFINITY][dice.below(5) as usize]),
        5 | 6 => slot.str(text(dice)),
        7 => slot.bytes(text(dice).as_bytes()),
        8 => slot.i128(i128::from(dice.next()) << 60),
        9 => slot.timestamp(Timestamp::from_unix_nanos(dice.below(1 << 40).cast_signed())),
        10 => slot.duration_nanos(i128::from(dice.below(1_000)) * 1_000_000),
        11 | 12 => {
            let mut array = slot.array();
            for _ in 0..shape.below(4) {
                value(shape, dice, depth - 1, array.slot());
            }
        }
        _ => map(shape, dice, depth - 1, &mut slot.map()),
    }
}

fn map(shape: &mut Random, dice: &mut Random, depth: u64, map: &mut MapWriter<'_, '_>) {
    for _ in 0..shape.below(5) {
        let key = KEYS[shape.below(9) as usize];
        value(shape, dice, depth, map.slot(key));
    }
}

fn write(n: u64, dice: &mut Random, entry: &mut EntryWriter<'_>) {
    let mut shape = Random(0x5ee_d000 + dice.below(SHAPES) * 77_777);
    entry.set_time_unix_nano(1_700_000_000_000_000_000 + n * 1_000_000);
    entry.set_severity(Severity::from_number(shape.below(25) as u8));
    entry.set_target(text(&mut shape));
    entry.set_body(text(dice));
    entry.set_thread(text(dice));
    if dice.below(2) == 0 {
        let trace_id = u128::from(dice.below(5));
        entry.set_trace(TraceContext { trace_id, span_id: dice.below(3), flags: dice.below(2) as u8 });
    }
    let mut attributes = entry.attributes();
    attributes.slot("n").u64(n);
    // Some entries have more leaves than the reader remembers.
    let most = if shape.below(6) == 0 { 80 } else { 12 };
    for _ in 0..1 + shape.below(most) {
        let key = KEYS[shape.below(9) as usize];
        value(&mut shape, dice, 3, attributes.slot(key));
    }
    attributes.slot("last").str(text(dice));
}

/// Returns the paths of a full and of a like log with the same entries.
fn both() -> (tempfile::TempDir, tempfile::TempDir) {
    let directories = [true, false].map(|self_contained| {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path())
            .segment_size(256 << 10)
            .on_full(OnFull::Block(Duration::from_secs(60)))
            .self_contained(self_contained)
            .open()
            .unwrap();
        let mut dice = Random(0x1_1eaf);
        for n in 0..ENTRIES {
            assert!(log.append(|entry| write(n, &mut dice, entry)).is_written());
        }
        drop(log);
        directory
    });
    let [full, like] = directories;
    assert_eq!(like_frames(full.path()), 0);
    assert!(like_frames(like.path()) > ENTRIES / 2);
    (full, like)
}

fn events(options: &fusewire::log::ReadOptions, directory: &Path, mut visit: impl FnMut(&LogEvent<'_>)) {
    let mut reader = options.clone().open(&[directory.to_owned()]).unwrap();
    while let Some(event) = reader.next() {
        visit(&event);
    }
}

fn like_frames(directory: &Path) -> u64 {
    let mut count = 0;
    events(&LogReader::options(), directory, |event| {
        let LogEvent::Entry { frame, .. } = event else { return };
        count += u64::from(frame.kind == FrameKind::Like);
    });
    count
}

fn n_of(entry: &EntryRef<'_>) -> i128 {
    entry.get("n").unwrap().as_i128().unwrap()
}

fn path(dice: &mut Random) -> String {
    const PATHS: [&str; 16] = [
        "a",
        "b",
        "a.b",
        "b[1]",
        "a[0]",
        "a[2]",
        "a.a",
        "a.b.a",
        "b.status",
        "'long key'",
        "'ä'",
        "status",
        "duration_ms",
        "last",
        "nothing",
        "a.'long key'",
    ];
    PATHS[dice.below(16) as usize].to_owned()
}

fn condition(dice: &mut Random, depth: u64) -> String {
    let text = |dice: &mut Random| format!("'{}'", text(dice));
    match dice.below(if depth == 0 { 13 } else { 17 }) {
        11 => ["timeout", "'timed out'", "'x.y'", "'nothing'", "naïve", "'a'"][dice.below(6) as usize]
            .to_owned(),
        12 => ["'500'", "'true'", "'0.5'", "'1ms'", "'0000'"][dice.below(5) as usize].to_owned(),
        0 => format!("exists {}", path(dice)),
        1 | 2 => {
            let op = ["==", "!=", "<", "<=", ">", ">="][dice.below(6) as usize];
            let constants = ["500", "0", "0.5", "'a'", "null", "true", "10ms", "'timeout'", "-20"];
            format!("{} {op} {}", path(dice), constants[dice.below(9) as usize])
        }
        3 => format!("{} in (500, 'a', false)", path(dice)),
        4 => format!("{} contains {}", path(dice), text(dice)),
        5 => format!("{}[*] == {}", path(dice), text(dice)),
        6 => format!("{}[*].a > 3", path(dice)),
        7 => format!("body contains {}", text(dice)),
        8 => format!("thread == {}", text(dice)),
        9 => format!("target starts_with {}", text(dice)),
        10 => format!("level >= {}", 1 + dice.below(24)),
        13 => format!("not ({})", condition(dice, depth - 1)),
        14 | 15 => format!("({}) or ({})", condition(dice, depth - 1), condition(dice, depth - 1)),
        _ => format!("({}) and ({})", condition(dice, depth - 1), condition(dice, depth - 1)),
    }
}

struct Numbers(Vec<i128>);

impl Visitor for Numbers {
    fn entry(&mut self, found: &Found<'_>) {
        self.0.push(n_of(&found.entry));
    }
}

fn scanned(directory: &Path, query: &Query) -> Vec<i128> {
    let scan = Scan::new([directory]).wanted(query.wanted()).threads(NonZero::new(2).unwrap());
    let scanned = scan.run(|entry| query.matches(entry), || Numbers(Vec::new())).unwrap();
    assert!(scanned.lost.is_empty() && scanned.unreadable_entries.is_empty());
    let mut numbers: Vec<_> = scanned.visitors.into_iter().flat_map(|numbers| numbers.0).collect();
    numbers.sort_unstable();
    numbers
}

fn read(directory: &Path, query: &Query) -> Vec<i128> {
    let mut numbers = Vec::new();
    events(&LogReader::options().query(query), directory, |event| {
        if let LogEvent::Entry { entry, .. } = event {
            numbers.push(n_of(entry));
        }
    });
    numbers
}

#[test]
fn each_query() {
    let (full, like) = both();
    let mut dice = Random(0xa5_4e4);
    let mut found = 0;
    for _ in 0..120 {
        let text = condition(&mut dice, 2);
        let query = Query::parse(&text).unwrap_or_else(|error| panic!("{text}: {error:#}"));
        let expected = scanned(full.path(), &query);
        assert_eq!(scanned(like.path(), &query), expected, "{text}");
        assert_eq!(read(like.path(), &query), expected, "{text}");
        found += expected.len();
    }
    assert!((12_000..168_000).contains(&found), "{found}");
}

/// The answers to several queries that a reader evaluates in turn: a base remembers the places of a few paths only.
#[test]
fn many_queries_at_the_same_time() {
    let (full, like) = both();
    let mut dice = Random(0xa5_4e5);
    let queries: Vec<Query> = (0..40).map(|_| Query::parse(&condition(&mut dice, 1)).unwrap()).collect();
    let answers = |directory: &Path| {
        let mut answers = Vec::new();
        events(&LogReader::options(), directory, |event| {
            let LogEvent::Entry { entry, .. } = event else { return };
            answers.push(queries.iter().map(|query| query.matches(entry)).collect::<Vec<_>>());
        });
        answers
    };
    let expected = answers(full.path());
    assert_eq!(expected.len() as u64, ENTRIES);
    assert!(answers(like.path()) == expected);
}

#[test]
fn each_field() {
    let (full, like) = both();
    let mut dice = Random(0xa5_4e6);
    let mut fields: Vec<Field> =
        ["level", "time", "trace_id", "body", "thread", "target"].map(|name| name.parse().unwrap()).into();
    fields.extend((0..40).map(|_| path(&mut dice).parse::<Field>().unwrap()));
    let values = |directory: &Path| {
        let mut values = Vec::new();
        events(&LogReader::options(), directory, |event| {
            let LogEvent::Entry { entry, .. } = event else { return };
            for field in &fields {
                let mut text = String::new();
                let found = field.write(entry, &mut text);
                values.push((found, text, field.number(entry).map(f64::to_bits)));
            }
        });
        values
    };
    let expected = values(full.path());
    assert!(expected.iter().filter(|(found, ..)| *found).count() > 24_000);
    assert!(values(like.path()) == expected);
}
