//! A scan visits each matching entry of a complete read exactly once: with and without indexes, with one and with
//! several threads, in sealed, live, truncated and damaged segments.

use std::fs;
use std::num::NonZero;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::common::checksum::commit_word;
use crate::common::shop::{n_of, random, remove_indexes, wanted, write};
use fusewire::decode::EntryRef;
use fusewire::log::{Found, Log, LogEvent, LogReader, Run, Scan, Visitor};
use fusewire::segment::{Event, FrameKind, Mode, Segment, SegmentOptions, SegmentWriter, Wanted};
use fusewire::{Limits, Severity, message};

/// The numbers of the visited entries, and the number of entries that an index counted.
#[derive(Default, Debug)]
struct Numbers {
    entries: Vec<i128>,
    told: u64,
    /// Whether the visitor accepts the counts of an index.
    content: bool,
}

impl Visitor for Numbers {
    fn run(&mut self, run: &Run<'_>) -> bool {
        self.told += if self.content { run.entries } else { 0 };
        self.content
    }

    fn entry(&mut self, found: &Found<'_>) {
        self.entries.push(n_of(&found.entry));
    }
}

fn scanned(scan: &Scan, matches: impl Fn(&EntryRef<'_>) -> bool + Sync) -> Vec<i128> {
    let scanned = scan.run(matches, Numbers::default).unwrap();
    assert!(scanned.lost.is_empty() && scanned.unreadable.is_empty(), "{scanned:?}");
    let mut numbers: Vec<_> = scanned.visitors.into_iter().flat_map(|visitor| visitor.entries).collect();
    numbers.sort_unstable();
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
    numbers.sort_unstable();
    numbers
}

/// Creates a log in `directory` in format 1.0 or 1.1, with segments of `size` bytes.
fn log(directory: &Path, size: u64, self_contained: bool) -> Log {
    let options = Log::options(directory).segment_size(size).first_segment_size(size);
    options.self_contained(self_contained).open().unwrap()
}

#[test]
fn whatever_is_looked_for() {
    [(512 << 10, true), (256 << 10, false)].into_iter().for_each(compare_with_reading);
}

fn compare_with_reading((size, self_contained): (u64, bool)) {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path(), size, self_contained);
    let mut dice = random(11);
    for n in 0..6_000 {
        log.append(|entry| write(&mut dice, n, entry));
    }
    // One segment remains live.
    let scan = Scan::new([directory.path()]);
    let mut matched = 0;
    let mut check = |rounds: u64| {
        for round in 0..rounds {
            let (wanted, matches) = wanted(&mut dice);
            let expected = read(directory.path(), &matches);
            matched += expected.len();
            let scan =
                scan.clone().copy(round % 4 == 0).threads(NonZero::new(1 + round as usize % 3).unwrap());
            assert_eq!(scanned(&scan.clone().wanted(wanted.clone()), &matches), expected, "{wanted:?}");
            // `Wanted` contains the complete condition, so the scan can use the counts of an index and need not read
            // the entries.
            let exactly = scan.wanted_exactly(wanted.clone());
            assert_eq!(scanned(&exactly, &matches), expected, "{wanted:?}");
            let content = || Numbers { content: true, ..Numbers::default() };
            let told = exactly.run(&matches, content).unwrap().visitors;
            let told: u64 = told.iter().map(|visitor| visitor.told + visitor.entries.len() as u64).sum();
            assert_eq!(told, expected.len() as u64, "{wanted:?}");
        }
    };
    check(40);
    assert!(remove_indexes(directory.path()) >= 4);
    check(10);
    assert!(matched > 10_000);
    drop(log);
}

#[test]
fn each_once_however_often_they_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let mut dice = random(14);
    for n in 0..100 {
        log.append(|entry| write(&mut dice, n, entry));
    }
    let mut paths: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "fws"));
    paths.extend([directory.path().to_owned(), directory.path().join(".")]);
    assert_eq!(scanned(&Scan::new(&paths), |_| true), (0..100).collect::<Vec<_>>());
}

#[test]
fn an_index_spares_reading() {
    [true, false].into_iter().for_each(spare_reading);
}

fn spare_reading(self_contained: bool) {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path(), 1 << 20, self_contained);
    let mut dice = random(12);
    for n in 0..5_000 {
        log.append(|entry| write(&mut dice, n, entry));
    }
    drop(log);
    let mut wanted = Wanted::default();
    wanted.of_severities([Severity::ERROR]);
    let is_error = |entry: &EntryRef<'_>| entry.severity() == Severity::ERROR;
    let scan = Scan::new([directory.path()]).wanted_exactly(wanted);
    let errors = scanned(&scan, is_error).len() as u64;
    let looked_at = |content| {
        let scanned = scan.run(is_error, || Numbers { content, ..Numbers::default() }).unwrap();
        scanned.looked_at
    };
    assert!(errors > 20);
    assert_eq!((looked_at(false), looked_at(true)), (errors, 0));
    // The scan does not open segments that are outside the time range.
    let mut old = Wanted::default();
    old.until = Some(1);
    let scanned = Scan::new([directory.path()]).wanted(old).run(|_| true, Numbers::default).unwrap();
    assert_eq!((scanned.segments, scanned.skipped > 0), (0, true));
}

#[test]
fn damage_is_told_where_it_is_met() {
    [(true, FrameKind::Entry), (false, FrameKind::Like)].into_iter().for_each(meet_damage);
}

/// Damages two frames of the kind `kind`, which are not the base of another entry.
fn meet_damage((self_contained, kind): (bool, FrameKind)) {
    let directory = tempfile::tempdir().unwrap();
    let log = log(directory.path(), 4 << 20, self_contained);
    let mut dice = random(13);
    for n in 0..3_000 {
        log.append(|entry| write(&mut dice, n, entry));
    }
    drop(log);
    let file = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
    let path = file.into_iter().find(|path| path.extension().unwrap() == "fws").unwrap();
    let is_error = |entry: &EntryRef<'_>| entry.severity() == Severity::ERROR;
    let mut wanted = Wanted::default();
    wanted.of_severities([Severity::ERROR]);
    let scan = Scan::new([directory.path()]).wanted(wanted);
    let errors = scanned(&scan, is_error);

    // The test flips a bit in the last byte of an error entry. Later it also flips a bit in the commit word of another
    // entry, so that the length of its frame is unknown.
    let segment = Segment::read_copy(&path).unwrap();
    let frames: Vec<(u64, u64, FrameKind)> = segment
        .events(Mode::Strict)
        .unwrap()
        .filter_map(|event| match event.unwrap() {
            Event::Entry(frame, entry) if is_error(&entry) => {
                Some((frame.offset, frame.len_on_disk(), frame.kind))
            }
            _ => None,
        })
        .collect();
    drop(segment);
    let candidate = |from| (from..frames.len()).find(|i| frames[*i].2 == kind).unwrap();
    let first = candidate(3);
    let second = candidate(first + 4);
    let flip = |at: u64| {
        let file = fs::File::options().read(true).write(true).open(&path).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x40], at).unwrap();
    };
    flip(frames[first].0 + frames[first].1 - 1);
    let after = scan.run(is_error, Numbers::default).unwrap();
    let mut found: Vec<_> = after.visitors.iter().flat_map(|visitor| visitor.entries.clone()).collect();
    found.sort_unstable();
    assert_eq!(found, [&errors[..first], &errors[first + 1..]].concat());
    assert_eq!(
        (after.lost.len(), after.lost[0].1.start, after.lost[0].1.len()),
        (1, frames[first].0, frames[first].1)
    );

    // If an index refers to a place without a frame, the scan reads the remainder of the segment.
    flip(frames[second].0);
    let after = scan.run(is_error, Numbers::default).unwrap();
    let mut found: Vec<_> = after.visitors.iter().flat_map(|visitor| visitor.entries.clone()).collect();
    found.sort_unstable();
    assert_eq!(found, [&errors[..first], &errors[first + 1..second], &errors[second + 1..]].concat());
    assert!(after.lost.iter().any(|(_, range)| range.start == frames[second].0), "{:?}", after.lost);
}

#[test]
fn entries_that_cannot_be_read_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut writer = SegmentWriter::create(&path, &SegmentOptions::default()).unwrap();
    writer.append(|entry| _ = entry.attr("n", &1)).unwrap();
    let (none, severity) = ([0xFF; 64], Severity::INFO);
    let intact = writer.append_frame(FrameKind::Entry, severity, &none).unwrap();
    let flipped = writer.append_frame(FrameKind::Entry, severity, &none).unwrap();
    writer.append(|entry| _ = entry.attr("n", &2)).unwrap();
    writer.seal().unwrap();
    // This frame contains no valid entry and has a wrong checksum, so it is damage.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.write_all_at(&[0xFE], flipped.offset + flipped.len - 8).unwrap();
    // A message with the same content.
    let mut frame = vec![0; 256];
    let len = message::write(&mut frame, &Limits::default(), |entry| _ = entry.attr("n", &3)).unwrap().len();
    frame.truncate(len);
    frame[16..].fill(0xFF);
    let payload = (u64::from_le_bytes(frame[..8].try_into().unwrap()) & 0x0FFF_FFFF) as u32;
    let padding = 16 + payload as usize;
    frame[padding..].fill(0);
    let word = commit_word(&frame, payload);
    frame[..8].copy_from_slice(&word.to_le_bytes());
    fs::write(directory.path().join("b.fwm"), &frame).unwrap();

    let scanned = Scan::new([directory.path()]).run(|_| true, Numbers::default).unwrap();
    let mut found: Vec<_> = scanned.visitors.iter().flat_map(|visitor| visitor.entries.clone()).collect();
    found.sort_unstable();
    assert_eq!(found, [1, 2]);
    let lost: Vec<_> = scanned.lost.iter().map(|(_, range)| range.start).collect();
    assert_eq!(lost, [flipped.offset]);
    let told: Vec<_> = scanned.unreadable_entries.iter().map(|(path, at, _)| (path.as_path(), *at)).collect();
    assert_eq!(told, [(&*path, intact.offset), (&*directory.path().join("b.fwm"), 0)]);
}
