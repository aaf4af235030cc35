//! A count by fields, intervals and numbers is equal to a naive count of the same entries. The result is the same
//! with and without indexes, with one or several threads, from segments and from lines. The memory of a count is
//! bounded, and the result states the error that the bound causes.
#![cfg(all(feature = "query", feature = "json"))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZero;
use std::path::Path;

use crate::common::random::Random;
use crate::common::shop;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::log::{Log, LogEvent, LogReader, Scan};
use fusewire::query::aggregate::{Aggregation, Counted, Distinct};
use fusewire::query::{Field, Query};
use fusewire::segment::SegmentOptions;
use fusewire::{Limits, json};

type Key = (Option<u64>, Vec<Option<String>>);

#[derive(Default, Debug)]
struct Naive {
    count: u64,
    numbers: Vec<f64>,
    distinct: BTreeSet<String>,
}

/// The origin of the intervals in ns, half a minute after the epoch.
const ORIGIN: u64 = 30_000_000_000;

fn naive(directory: &Path, query: &Query, by: &[&str], every: Option<u64>) -> (BTreeMap<Key, Naive>, u64) {
    let (mut groups, mut without_time) = (BTreeMap::<Key, Naive>::new(), 0);
    let mut reader = LogReader::options().open(&[directory.to_owned()]).unwrap();
    while let Some(event) = reader.next() {
        let LogEvent::Entry { entry, .. } = event else { continue };
        if !query.matches(&entry) {
            continue;
        }
        let time = entry.time_unix_nano();
        let since = every.map(|every| (time.saturating_sub(ORIGIN) / every) * every + ORIGIN);
        if every.is_some() && time == 0 {
            without_time += 1;
            continue;
        }
        let value = |field: &&str| match *field {
            "level" => Some(entry.severity().to_string()),
            "target" => Some(entry.target().to_string()),
            name => entry.get(name).map(|value| {
                value.as_str().map_or_else(|| value.as_i128().unwrap().to_string(), str::to_owned)
            }),
        };
        let group = groups.entry((since, by.iter().map(value).collect())).or_default();
        group.count += 1;
        group.numbers.extend(entry.get("n").and_then(|n| n.as_f64()));
        let trace = entry.trace().trace_id;
        group.distinct.extend((trace != 0).then(|| format!("{trace:032x}")));
    }
    (groups, without_time)
}

/// Creates a log in format 1.0 or 1.1, and a file of lines.
fn log(directory: &Path, self_contained: bool) -> Log {
    // The sizes give the log several segments with an index in both formats.
    let (size, first) = if self_contained { (256 << 10, 64 << 10) } else { (128 << 10, 16 << 10) };
    let options = Log::options(directory).segment_size(size).first_segment_size(first);
    let log = options.self_contained(self_contained).open().unwrap();
    let mut dice = shop::random(41);
    for n in 0..4_000 {
        log.append(|entry| shop::write(&mut dice, n, entry));
    }
    let (mut buffer, mut lines) = (vec![0; 64 << 10], String::new());
    for n in 4_000..4_300 {
        let entry =
            encode(&mut buffer, &Limits::default(), |entry| shop::write(&mut dice, n, entry)).unwrap();
        json::write_entry(&EntryRef::new(entry.into_bytes()).unwrap(), &mut lines).unwrap();
        lines.push('\n');
    }
    fs::write(directory.join("app.jsonl"), lines).unwrap();
    log
}

fn keys(counted: &Counted) -> BTreeMap<Key, u64> {
    counted.groups().iter().map(|group| ((group.since, group.key.clone()), group.count)).collect()
}

#[test]
fn whatever_is_counted() {
    [true, false].into_iter().for_each(is_counted);
}

fn is_counted(self_contained: bool) {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path(), self_contained);
    let mut dice = Random(43);
    let bys: [&[&str]; 6] = [&[], &["level"], &["target"], &["level", "target"], &["nobody"], &["user", "n"]];
    let queries = [
        "",
        "level >= warn",
        "level in (debug, error) and n < 2000",
        "target == shop",
        "trace_id == 5",
        "exists long",
    ];
    for round in 0..25 {
        let (query, by) = (queries[dice.below(6) as usize], bys[dice.below(6) as usize]);
        let every = [None, Some(1_000_000_000), Some(60_000_000_000)][dice.below(3) as usize];
        let query = Query::parse(query).unwrap();
        let details = dice.below(2) == 0;
        let mut asked = Aggregation::new();
        for field in by {
            asked = asked.by(field.parse().unwrap());
        }
        if let Some(every) = every {
            asked = asked.every(NonZero::new(every).unwrap(), ORIGIN);
        }
        if details {
            asked = asked.number(Field::parse("n").unwrap()).distinct("trace_id".parse().unwrap());
        }
        let scan = Scan::new([directory.path()]).threads(NonZero::new(1 + round % 3).unwrap());
        let counted = asked.run(&scan, &query).unwrap();
        let (expected, without_time) = naive(directory.path(), &query, by, every);
        let context = format!("{query} by {by:?} every {every:?}");
        let counts: BTreeMap<Key, u64> =
            expected.iter().map(|(key, group)| (key.clone(), group.count)).collect();
        assert_eq!(keys(&counted), counts, "{context}");
        assert_eq!((counted.without_time, counted.others), (without_time, 0), "{context}");
        assert_eq!(counted.entries, counts.values().sum::<u64>() + without_time, "{context}");
        for group in counted.groups().iter().filter(|_| details) {
            let naive = &expected[&(group.since, group.key.clone())];
            let mut sorted = naive.numbers.clone();
            sorted.sort_by(f64::total_cmp);
            let numbers = group.numbers.as_ref().unwrap();
            assert_eq!(
                (numbers.count(), numbers.min(), numbers.max()),
                (sorted.len() as u64, sorted.first().copied(), sorted.last().copied())
            );
            for share in [0.0, 0.5, 0.9, 1.0] {
                let exact = sorted[((sorted.len() - 1) as f64 * share) as usize];
                let found = numbers.quantile(share).unwrap();
                assert!(
                    (found - exact).abs() <= exact * numbers.relative_error(),
                    "{context}: {share}: {found}, not {exact}"
                );
            }
            let (found, exact) =
                (group.distinct.as_ref().unwrap().estimate() as f64, naive.distinct.len() as f64);
            let off = if group.distinct.as_ref().unwrap().is_exact() {
                0.0
            } else {
                3.0 * Distinct::STANDARD_ERROR
            };
            assert!((found - exact).abs() <= exact * off, "{context}: {found}, not {exact}");
        }
        if round == 15 {
            let files = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
            files
                .filter(|file| file.extension().is_some_and(|found| found == "fwi"))
                .for_each(|file| fs::remove_file(file).unwrap());
        }
    }
    drop(log);
}

#[test]
fn an_index_counts_without_looking() {
    [true, false].into_iter().for_each(counts_without_looking);
}

/// Returns the number of bytes of the frames of each level.
fn bytes(directory: &Path) -> BTreeMap<String, u64> {
    let mut bytes = BTreeMap::new();
    let mut reader = LogReader::options().open(&[directory.to_owned()]).unwrap();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { frame, entry, .. } = event {
            *bytes.entry(entry.severity().to_string()).or_default() += frame.len_on_disk();
        }
    }
    bytes
}

fn counts_without_looking(self_contained: bool) {
    let directory = tempfile::tempdir().unwrap();
    drop(log(directory.path(), self_contained));
    fs::remove_file(directory.path().join("app.jsonl")).unwrap();
    let scan = Scan::new([directory.path()]);
    let by_level = Aggregation::new().by("level".parse().unwrap());
    let counted = by_level.run(&scan, &Query::parse("").unwrap()).unwrap();
    // The first segment and the last are too small for an index.
    assert!(counted.scanned.looked_at < 400 && counted.groups()[0].bytes.is_none(), "{counted:?}");
    let looked = by_level.look_at_every_entry().run(&scan, &Query::parse("").unwrap()).unwrap();
    assert_eq!(keys(&looked), keys(&counted));
    assert_eq!(looked.scanned.looked_at, 4_000);
    // An entry in full has more than 200 bytes.
    assert!(!self_contained || looked.groups().iter().all(|group| group.bytes.unwrap() > 200 * group.count));
    let found = looked.groups().iter().map(|group| (group.key[0].clone().unwrap(), group.bytes.unwrap()));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), bytes(directory.path()));
    assert!(looked.groups().iter().map(|group| group.tripped.unwrap()).sum::<u64>() > 0);
}

#[test]
fn groups_are_bounded_and_those_left_out_are_told() {
    let directory = tempfile::tempdir().unwrap();
    drop(log(directory.path(), SegmentOptions::SELF_CONTAINED));
    let scan = Scan::new([directory.path()]).threads(NonZero::new(2).unwrap());
    let asked = Aggregation::new().by("n".parse().unwrap()).max_groups(100);
    let counted = asked.run(&scan, &Query::parse("").unwrap()).unwrap();
    assert_eq!((counted.groups().len(), counted.entries, counted.others), (100, 4_300, 4_200));
}

/// Checks that the errors of counts with too little memory are within the bounds that the result states.
fn check_short(counted: &Counted, exact: &BTreeMap<Key, u64>) {
    let found = keys(counted);
    assert_eq!(found.values().sum::<u64>() + counted.others, counted.entries);
    assert_eq!(counted.entries, exact.values().sum::<u64>());
    for (key, exact) in exact {
        let found = found.get(key).copied().unwrap_or(0);
        assert!(
            found <= *exact && exact - found <= counted.short_by,
            "{key:?}: {found}, not {exact}: {counted:?}"
        );
    }
}

#[test]
fn the_largest_groups_are_found_however_late_they_begin() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).segment_size(256 << 10).open().unwrap();
    let mut dice = Random(47);
    let mut exact = BTreeMap::new();
    for n in 0..6_000_u64 {
        // Half of the users occur once. Of the other users, a few are frequent, and one begins late.
        let user = match dice.below(20) {
            0..10 => format!("{n:0200}"),
            10..15 if n > 3_000 => "late".to_owned(),
            _ => format!("user {}", dice.below(30) * dice.below(30) / 30),
        };
        log.append(|entry| {
            entry.attr("user", user.as_str()).attr("n", &n);
        });
        *exact.entry((None, vec![Some(user)])).or_default() += 1;
    }
    drop(log);
    let all = Query::parse("").unwrap();
    for threads in 1..=3 {
        let scan = Scan::new([directory.path()]).threads(NonZero::new(threads).unwrap());
        let asked = Aggregation::new().by("user".parse().unwrap());
        let whole = asked.run(&scan, &all).unwrap();
        assert_eq!((keys(&whole), whole.others, whole.short_by), (exact.clone(), 0, 0));
        for few in [asked.clone().max_groups(100), asked.clone().memory(150 << 10)] {
            for few in [few.clone(), few.distinct("n".parse().unwrap()).number("n".parse().unwrap())] {
                let counted = few.run(&scan, &all).unwrap();
                check_short(&counted, &exact);
                assert!((1..400).contains(&counted.short_by) && counted.groups().len() <= 400, "{counted:?}");
                assert_eq!(counted.groups()[0].key[0].as_deref(), Some("late"), "{counted:?}");
            }
        }
    }
}
