//! A reader with a filter returns each matching entry exactly once, in the order of each process. The result is the
//! same with and without indexes, from segments and from lines, for the last entries of a log, and for entries that
//! arrive later.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::common::shop::{n_of, random, remove_indexes, wanted, write};
use fusewire::Severity;
use fusewire::decode::EntryRef;
use fusewire::log::{Log, LogEvent, LogReader};
use fusewire::segment::Wanted;

/// The first number of the second process. The entries of lines begin at twice this number.
const OTHER: i128 = 1_000_000;

fn numbers(reader: &mut LogReader) -> Vec<i128> {
    let mut numbers = Vec::new();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => numbers.push(n_of(&entry)),
            LogEvent::Frame { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    numbers
}

fn read(directory: &Path, matches: impl Fn(&EntryRef<'_>) -> bool) -> Vec<i128> {
    let mut numbers = Vec::new();
    let mut reader = LogReader::options().open(&[directory.to_path_buf()]).unwrap();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            numbers.extend(matches(&entry).then(|| n_of(&entry)));
        }
    }
    numbers
}

fn sorted(mut numbers: Vec<i128>) -> Vec<i128> {
    numbers.sort_unstable();
    numbers
}

/// Returns the numbers of the entries of process `i`.
fn of(numbers: &[i128], i: i128) -> Vec<i128> {
    numbers.iter().copied().filter(|n| *n / OTHER == i).collect()
}

/// The formats: whether each entry is written in full, and the size of the segments. The sizes give each log several
/// segments with an index.
const FORMATS: [(bool, u64); 2] = [(true, 256 << 10), (false, 128 << 10)];

/// Creates the logs of two processes that append at the same time. Each log has several segments, and its last segment
/// is live.
fn logs(directory: &Path, (self_contained, segment_size): (bool, u64)) -> [Log; 2] {
    let options = Log::options(directory).segment_size(segment_size).self_contained(self_contained);
    let logs = [0, 1].map(|_| options.clone().open().unwrap());
    let mut dice = random(21);
    for n in 0..4_000 {
        logs[0].append(|entry| write(&mut dice, n, entry));
        if n % 3 == 0 {
            logs[1].append(|entry| write(&mut dice, n + OTHER as u64, entry));
        }
    }
    logs
}

#[cfg(feature = "json")]
fn add_lines(directory: &Path) {
    let mut dice = random(22);
    let (mut buffer, mut lines) = (vec![0; 64 << 10], String::new());
    for n in 0..400 {
        let limits = fusewire::Limits::default();
        let write = |entry: &mut _| write(&mut dice, n + 2 * OTHER as u64, entry);
        let entry = fusewire::encode::encode(&mut buffer, &limits, write).unwrap();
        fusewire::json::write_entry(&EntryRef::new(entry.into_bytes()).unwrap(), &mut lines).unwrap();
        lines.push('\n');
    }
    fs::write(directory.join("app.jsonl"), lines).unwrap();
}

#[test]
fn with_indexes_and_without() {
    FORMATS.into_iter().for_each(compare_with_indexes_and_without);
}

fn compare_with_indexes_and_without(format: (bool, u64)) {
    let directory = tempfile::tempdir().unwrap();
    let logs = logs(directory.path(), format);
    #[cfg(feature = "json")]
    add_lines(directory.path());
    let paths = [directory.path().to_owned()];
    let mut dice = random(23);
    let (mut queries, mut matched) = (Vec::new(), 0);
    for round in 0..16 {
        let (wanted, matches) = wanted(&mut dice);
        let expected = read(directory.path(), &matches);
        let options = LogReader::options().copy(round % 3 == 0).filter(wanted.clone(), matches);
        let found = numbers(&mut options.clone().open(&paths).unwrap());
        assert_eq!(sorted(found.clone()), sorted(expected.clone()), "{wanted:?}");
        for process in 0..3 {
            assert_eq!(of(&found, process), of(&expected, process), "{wanted:?}");
        }
        for last in [1, 50, found.len() as u64 + 1] {
            let mut reader = options.clone().open(&paths).unwrap();
            reader.seek_to_last(last).unwrap();
            let expected = &found[found.len().saturating_sub(last as usize)..];
            assert_eq!(
                sorted(numbers(&mut reader)),
                sorted(expected.to_vec()),
                "the last {last}: {wanted:?}"
            );
        }
        matched += found.len();
        queries.push((options, found));
    }
    assert!(matched > 4_000, "{matched}");
    assert!(remove_indexes(directory.path()) >= 4);
    for (options, found) in queries {
        assert_eq!(numbers(&mut options.open(&paths).unwrap()), found);
    }
    drop(logs);
}

#[test]
fn a_range_of_times_holds_as_well() {
    FORMATS.into_iter().for_each(compare_a_range_of_times);
}

fn compare_a_range_of_times(format: (bool, u64)) {
    let directory = tempfile::tempdir().unwrap();
    let logs = logs(directory.path(), format);
    let middle = LogReader::options().open(&[directory.path().to_owned()]).map(|mut reader| {
        let mut times = Vec::new();
        while let Some(event) = reader.next() {
            if let LogEvent::Entry { entry, .. } = event {
                times.push(entry.time_unix_nano());
            }
        }
        times[times.len() / 2]
    });
    let middle = middle.unwrap();
    let in_range = |entry: &EntryRef<'_>| {
        let time = entry.time_unix_nano();
        entry.severity() >= Severity::WARN && time >= middle && time < middle + 500_000_000
    };
    let options = LogReader::options().since(middle).until(middle + 500_000_000);
    let options = options.filter(Wanted::default(), |entry| entry.severity() >= Severity::WARN);
    let found = numbers(&mut options.open(&[directory.path().to_owned()]).unwrap());
    assert!(found.len() > 10);
    assert_eq!(sorted(found), sorted(read(directory.path(), in_range)));
    drop(logs);
}

#[test]
fn what_comes_later_is_filtered_too() {
    FORMATS.into_iter().for_each(compare_later_entries);
}

fn compare_later_entries((self_contained, segment_size): (bool, u64)) {
    let directory = tempfile::tempdir().unwrap();
    let options = Log::options(directory.path()).segment_size(segment_size);
    let log = options.self_contained(self_contained).open().unwrap();
    let mut wanted = Wanted::default();
    wanted.of_severities([Severity::ERROR]);
    let options = LogReader::options().filter(wanted, |entry| entry.severity() == Severity::ERROR);
    let mut reader = options.open(&[directory.path().to_owned()]).unwrap();
    let (mut dice, mut found) = (random(24), Vec::new());
    for n in 0..4_000 {
        log.append(|entry| write(&mut dice, n, entry));
        if n % 500 == 0 {
            found.extend(numbers(&mut reader));
        }
    }
    // The reader opens some of these segments after they were sealed.
    while reader.wait(Duration::from_millis(20)).unwrap() {
        found.extend(numbers(&mut reader));
    }
    let expected = read(directory.path(), |entry| entry.severity() == Severity::ERROR);
    assert!(expected.len() > 20);
    assert_eq!(found, expected);
}
