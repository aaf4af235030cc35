//! A reader with a time range returns the same entries as a filter on every entry, even if a clock was set back by one
//! hour.

use crate::common::streams::{End, numbers, write};
use fusewire::log::{LogEvent, LogReader};

const HOUR: u64 = 3_600_000_000_000;
const NOON: u64 = 1_700_000_000_000_000_000;

/// Creates a log of two processes. The clock of the first process steps back by one hour in its third segment.
fn log() -> (tempfile::TempDir, Vec<(u64, u64)>) {
    let directory = tempfile::tempdir().unwrap();
    let minute = |i: u64| NOON + i * HOUR / 60;
    let back = |i: u64| if i < 50 { minute(i) } else { minute(i) - HOUR };
    let first: Vec<u64> = (0..140).map(back).collect();
    let second: Vec<u64> = (0..90).map(|i| minute(i) + 7).collect();
    let mut all = Vec::new();
    for (id, times, end) in [(1, first, End::Crashed), (2, second, End::Sealed)] {
        let segments: Vec<Vec<u64>> = times.chunks(20).map(<[u64]>::to_vec).collect();
        write(directory.path(), id, u64::from(id) * 1000, &segments, end);
        all.extend(times.iter().enumerate().map(|(i, time)| (u64::from(id) * 1000 + i as u64, *time)));
    }
    (directory, all)
}

fn sorted(mut numbers: Vec<u64>) -> Vec<u64> {
    numbers.sort_unstable();
    numbers
}

#[test]
fn every_range_gives_what_filtering_gives() {
    let (directory, all) = log();
    let paths = [directory.path().to_owned()];
    let marks: Vec<u64> =
        (0..18).map(|i| NOON - HOUR - 5 + i * HOUR / 4).chain([all[70].1, all[71].1]).collect();
    for since in &marks {
        let mut reader = LogReader::options().since(*since).open(&paths).unwrap();
        let expected: Vec<u64> = all.iter().filter(|(_, time)| time >= since).map(|(n, _)| *n).collect();
        assert_eq!(sorted(numbers(&mut reader)), expected);
        for until in &marks {
            let mut reader = LogReader::options().since(*since).until(*until).open(&paths).unwrap();
            let within = |time: &u64| time >= since && time < until;
            let expected: Vec<u64> = all.iter().filter(|(_, time)| within(time)).map(|(n, _)| *n).collect();
            assert_eq!(sorted(numbers(&mut reader)), expected);
        }
    }
}

#[test]
fn the_last_ones_of_a_range_are_the_last_of_what_it_gives() {
    let (directory, _) = log();
    let paths = [directory.path().to_owned()];
    let options = LogReader::options().since(NOON + HOUR / 2).until(NOON + HOUR);
    let all = numbers(&mut options.clone().open(&paths).unwrap());
    for last in 0..all.len() as u64 + 2 {
        let mut reader = options.clone().open(&paths).unwrap();
        reader.seek_to_last(last).unwrap();
        assert_eq!(numbers(&mut reader), all[all.len().saturating_sub(last as usize)..]);
    }
}

#[test]
fn order_within_a_process_is_that_of_appending() {
    let (directory, _) = log();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let numbers = numbers(&mut reader);
    assert!(
        numbers.iter().filter(|n| **n < 2000).is_sorted()
            && numbers.iter().filter(|n| **n >= 2000).is_sorted()
    );
    assert_eq!(numbers.len(), 230);
}

#[test]
fn what_is_outside_of_the_range_is_not_even_opened() {
    let (directory, _) = log();
    let mut files: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    // The first segment of the first process has no entry in this range, and all its entries are damaged.
    let mut bytes = std::fs::read(&files[0]).unwrap();
    bytes[8192..12_000].fill(0xAA);
    std::fs::write(&files[0], bytes).unwrap();
    let paths = [directory.path().to_owned()];
    let is_loss = |event: &LogEvent<'_>| matches!(event, LogEvent::Lost { .. });
    let losses = |mut reader: LogReader| {
        let mut losses = 0;
        while let Some(event) = reader.next() {
            losses += u64::from(is_loss(&event));
        }
        losses
    };
    assert!(losses(LogReader::options().open(&paths).unwrap()) > 0);
    assert_eq!(losses(LogReader::options().since(NOON + HOUR).open(&paths).unwrap()), 0);
}
