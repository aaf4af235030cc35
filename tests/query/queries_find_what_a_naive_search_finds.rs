//! A query finds the entries that a naive search of their JSON finds: in the layout of this crate and in other
//! layouts, one by one and through a reader, with and without indexes. If the text of a query is parsed again, the
//! result is the same query.
#![cfg(all(feature = "query", feature = "json"))]

use std::fs;
use std::path::Path;

use crate::common::foreign::rebuilt;
use crate::common::like::{convert_directory, copy_directory};
use crate::common::naive::{Condition, condition, entry};
use crate::common::random::Random;
use crate::common::shop;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::log::{Found, Log, LogEvent, LogReader, Scan, Visitor};
use fusewire::query::Query;
use fusewire::{Limits, Severity, TraceContext, json};

#[test]
fn in_each_layout() {
    let mut dice = Random(0x5ea_4c4);
    let limits = Limits { max_width: 6, ..Limits::default() };
    let mut buffer = vec![0; 64 << 10];
    let entries: Vec<(Vec<u8>, Vec<u8>, serde_json::Value)> = (0..150)
        .map(|_| {
            let canonical =
                encode(&mut buffer, &limits, |to| entry(&mut dice, to)).unwrap().into_bytes().to_vec();
            let foreign = rebuilt(&canonical, &mut dice);
            let mut line = String::new();
            json::write_entry(&EntryRef::new(&canonical).unwrap(), &mut line).unwrap();
            (canonical, foreign, serde_json::from_str(&line).unwrap())
        })
        .collect();
    let (mut found, mut not_found) = (0, 0);
    for _ in 0..1_500 {
        let condition: Condition = condition(&mut dice, 3);
        let text = condition.to_string();
        let query = Query::parse(&text).unwrap_or_else(|error| panic!("{error:#}"));
        let again = Query::parse(&query.to_string()).unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!((&again, again.to_string()), (&query, query.to_string()));
        for (canonical, foreign, json) in &entries {
            let canonical = EntryRef::new(canonical).unwrap();
            let expected = condition.holds(json);
            assert_eq!(query.matches(&canonical), expected, "{text}\n{query}\n{json}");
            assert_eq!(query.matches(&EntryRef::new(foreign).unwrap()), expected, "{text}: {json}");
            *if expected { &mut found } else { &mut not_found } += 1;
        }
    }
    assert!(found > 30_000 && not_found > 30_000, "{found}, {not_found}");
}

#[test]
fn in_a_log_whose_parts_differ() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(256 << 10).open().unwrap();
    let mut dice = Random(0x109);
    let (mut buffer, mut entries) = (vec![0; 64 << 10], Vec::new());
    for part in 0..10_u64 {
        // Entries of one part have similar values, so that indexes can exclude zones.
        let severity = Severity::from_number((dice.next() % 25) as u8);
        let time = 1_767_323_045_000_000_000 + dice.below(3) * 86_400_000_000_000;
        let trace_id = u128::from(dice.below(4) * 0x1000 + 0x500);
        for n in 0..180 {
            let bytes = encode(&mut buffer, &Limits::default(), |to| {
                entry(&mut dice, to);
                if part % 3 > 0 {
                    to.set_severity(severity);
                    to.set_time_unix_nano(time);
                    to.set_trace(TraceContext { trace_id, span_id: 1, flags: 0 });
                }
                to.attr("n", &(part * 180 + n));
            });
            let entry = EntryRef::new(bytes.unwrap().into_bytes()).unwrap();
            let mut line = String::new();
            json::write_entry(&entry, &mut line).unwrap();
            let owned = entry.to_owned().unwrap();
            assert!(log.append(|to| owned.write_to(to)).is_written());
            entries.push(serde_json::from_str::<serde_json::Value>(&line).unwrap());
        }
    }
    drop(log);
    let files = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
    assert!(files.filter(|file| file.extension().is_some_and(|extension| extension == "fwi")).count() > 2);
    let (mut found, mut told) = (0, 0);
    for _ in 0..40 {
        let condition = condition(&mut dice, 3);
        let query = Query::parse(&condition.to_string()).unwrap();
        let expected: Vec<i128> =
            (0..).zip(&entries).filter(|(_, json)| condition.holds(json)).map(|(n, _)| n).collect();
        assert_eq!(scanned(directory.path(), &query), expected, "{query}");
        let reader = LogReader::options().query(&query).open(&[directory.path().to_owned()]).unwrap();
        assert_eq!(numbers(reader), expected, "{query}");
        found += expected.len();
        told += usize::from(!query.wanted().is_anything());
    }
    assert!(found > 5_000 && told > 5, "{found}, {told}");
}

/// Returns a random combination of conditions that indexes support.
fn about_a_shop(dice: &mut Random, depth: u64) -> String {
    match dice.below(if depth == 0 { 8 } else { 12 }) {
        0 => format!("level {} warn", ["==", "!=", "<", "<=", ">", ">="][dice.below(6) as usize]),
        1 => format!("level in (error, {})", 1 + dice.below(24)),
        2 => {
            let at = 1_700_000_000_000_000_000_i64 + dice.below(4_000).cast_signed() * 1_000_000;
            let op = ["<", "<=", ">", ">="][dice.below(4) as usize];
            format!("time {op} \"{}\"", fusewire::Timestamp::from_unix_nanos(at))
        }
        3 => format!("trace_id == {:x}", dice.below(800) + 1),
        4 => format!("trace_id in ({:x}, {:x})", dice.below(800) + 1, dice.below(800) + 1),
        5 => format!("target == {}", ["shop", "'shop::db'", "nobody"][dice.below(3) as usize]),
        6 => format!(
            "fuse.{}",
            ["any", "width > 0", "width == 0", "depth", "width != 1"][dice.below(5) as usize]
        ),
        7 => format!("n < {}", dice.below(4_000)),
        8 => format!("not ({})", about_a_shop(dice, depth - 1)),
        9 | 10 => format!("({}) and ({})", about_a_shop(dice, depth - 1), about_a_shop(dice, depth - 1)),
        _ => format!("({}) or ({})", about_a_shop(dice, depth - 1), about_a_shop(dice, depth - 1)),
    }
}

fn numbers(mut reader: LogReader) -> Vec<i128> {
    let mut numbers = Vec::new();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            numbers.push(shop::n_of(&entry));
        }
    }
    numbers.sort_unstable();
    numbers
}

struct Numbers(Vec<i128>);

impl Visitor for Numbers {
    fn entry(&mut self, found: &Found<'_>) {
        self.0.push(shop::n_of(&found.entry));
    }
}

fn scanned(directory: &Path, query: &Query) -> Vec<i128> {
    let scan = Scan::new([directory]);
    let scan = match query.is_told_by_wanted() {
        true => scan.wanted_exactly(query.wanted()),
        false => scan.wanted(query.wanted()),
    };
    let scanned = scan.run(|entry| query.matches(entry), || Numbers(Vec::new())).unwrap();
    let mut numbers: Vec<_> = scanned.visitors.into_iter().flat_map(|numbers| numbers.0).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn in_a_log_with_indexes_and_without() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(256 << 10).self_contained(true).open().unwrap();
    let mut dice = shop::random(31);
    for n in 0..4_000 {
        log.append(|entry| shop::write(&mut dice, n, entry));
    }
    let paths = [directory.path().to_owned()];
    let everything = |query: &Query| {
        let mut expected = Vec::new();
        let mut reader = LogReader::options().open(&paths).unwrap();
        while let Some(event) = reader.next() {
            if let LogEvent::Entry { entry, .. } = event {
                expected.extend(query.matches(&entry).then(|| shop::n_of(&entry)));
            }
        }
        expected.sort_unstable();
        expected
    };
    let mut all = Vec::new();
    for _ in 0..60 {
        let text = about_a_shop(&mut dice, 3);
        let query = Query::parse(&text).unwrap_or_else(|error| panic!("{error:#}"));
        let expected = everything(&query);
        assert_eq!(numbers(LogReader::options().query(&query).open(&paths).unwrap()), expected, "{text}");
        assert_eq!(scanned(directory.path(), &query), expected, "{text}");
        all.push((query, expected));
    }
    assert!(all.iter().any(|(query, _)| query.is_told_by_wanted()));
    assert!(all.iter().map(|(_, found)| found.len()).sum::<usize>() > 20_000);
    // The same log with like entries.
    let like = tempfile::tempdir().unwrap();
    copy_directory(directory.path(), like.path());
    assert!(convert_directory(like.path()) > 3_000);
    for (query, expected) in &all {
        let reader = LogReader::options().query(query).open(&[like.path().to_owned()]).unwrap();
        assert_eq!(numbers(reader), *expected, "{query}");
        assert_eq!(scanned(like.path(), query), *expected, "{query}");
    }
    for file in fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "fwi") {
            fs::remove_file(file).unwrap();
        }
    }
    for (query, expected) in &all[..15] {
        let options = LogReader::options().query(query);
        assert_eq!(numbers(options.open(&paths).unwrap()), *expected, "{query}");
    }
    drop(log);
}
