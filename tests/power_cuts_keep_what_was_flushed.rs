//! Entries that were flushed to disk survive a power cut, whichever later pages reach the disk and in whatever order.
//! An entry that was not flushed is returned completely, reported as lost, or absent without a trace. A reader never
//! returns a partial entry.
#![cfg(target_os = "linux")]

mod common {
    pub mod checksum;
    pub mod ledger;
    pub mod random;
    pub mod simulated_disk;
}

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use common::checksum::crc32;
use common::ledger::{Mark, segments};
use common::random::Random;
use common::simulated_disk::{cut, is_named, look, watch};
use fusewire::Severity;
use fusewire::log::{Durability, Log, LogEvent, LogReader, Owner, list};
use fusewire::segment::{Event, LostRange, Mode, Segment};

const THREADS: usize = 3;
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// The start, the end and the identity of each entry of a segment.
type Places = Vec<(u64, u64, Mark)>;

/// Returns the entries of a segment and the lost ranges.
fn read(segment: &Segment) -> (Places, Vec<LostRange>) {
    let (mut places, mut lost) = (Vec::new(), Vec::new());
    for event in segment.events(Mode::Recover).into_iter().flatten() {
        match event.unwrap() {
            Event::Entry(frame, entry) => {
                let mark = Mark::of(&entry);
                let mut expanded = Vec::new();
                let is_as_written = entry.to_bytes(&mut expanded).is_ok_and(|bytes| bytes == mark.bytes());
                assert!(is_as_written, "{mark:?} is not as it was written");
                places.push((frame.offset, frame.offset + frame.len_on_disk(), mark));
            }
            Event::Lost(range) => lost.push(range),
            Event::Frame(_) => {}
            event => panic!("{event:?}"),
        }
    }
    (places, lost)
}

/// The number of entries of each thread that must survive, counted from its first entry.
type Counts = [u64; THREADS];

/// Returns the current entries of a log, by the names of its segments.
fn truth(directory: &Path) -> BTreeMap<String, Places> {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    segments(directory).iter().map(|(path, _, segment)| (name(path), read(segment).0)).collect()
}

/// Compares the segments after a power cut with the entries before it. Returns the remaining entries.
fn check(left: &[(String, Vec<u8>)], truth: &BTreeMap<String, Places>) -> BTreeSet<(u64, u64)> {
    let mut there = BTreeSet::new();
    for (name, bytes) in left {
        let segment = Segment::from_vec(bytes.clone());
        let (found, lost) = read(&segment);
        let header = segment.header();
        let written = &truth[name];
        for place in &found {
            assert!(written.contains(place), "{place:?} of {name} was never there");
            assert!(there.insert((place.2.author.1, place.2.n)), "{place:?} is there twice");
        }
        // The end of the frames according to the file.
        let [low, high] = [4096, 4100]
            .map(|at| bytes.get(at..at + 4).map_or(0, |word| u32::from_le_bytes(word.try_into().unwrap())));
        let tail = if low == !high { u64::from(low) * 16 } else { 0 };
        let tail = segment.trailer().map_or(tail, |trailer| trailer.data_end);
        let durable = segment.durable_up_to();
        for (from, to, mark) in written.iter().filter(|place| !found.contains(place)) {
            assert!(
                *from >= durable,
                "{mark:?} at {from} of {name} is missing, and {durable} bytes are durable"
            );
            let left = bytes.get(*from as usize..*to as usize).unwrap_or(&[]);
            let traces = *from < tail || left.iter().any(|byte| *byte != 0);
            let told = header.is_err() || lost.iter().any(|range| range.start < *to && *from < range.end);
            assert!(
                told || !traces,
                "{mark:?} at {from} of {name} is missing, and nothing says so: {lost:?}"
            );
        }
    }
    there
}

/// Reads the segments after a power cut as a log of an earlier boot. Checks that the reader returns the same entries
/// and that no segment has a live owner.
fn check_log(left: &[(String, Vec<u8>)], there: &BTreeSet<(u64, u64)>) {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in left {
        let mut bytes = bytes.clone();
        if Segment::from_vec(bytes.clone()).header().is_ok() {
            bytes[64] ^= 0x55;
            let crc = crc32(0, &bytes[..4092]);
            bytes[4092..4096].copy_from_slice(&crc.to_le_bytes());
        }
        std::fs::write(directory.path().join(name), bytes).unwrap();
    }
    let listing = list(directory.path()).unwrap();
    assert!(listing.segments.iter().all(|segment| segment.owner == Owner::Gone));
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let mut read = BTreeSet::new();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            let mark = Mark::of(&entry);
            assert!(read.insert((mark.author.1, mark.n)), "{mark:?} is there twice");
        }
    }
    assert_eq!(read, *there);
}

/// The configuration of a run.
#[derive(Clone, Copy)]
struct Plan {
    segment: u64,
    /// Whether the test calls `flush`.
    flushes: bool,
    sync_every: Option<Duration>,
    sync_at: Option<Severity>,
}

/// The result of a run: the number of power cuts, and the numbers of promised and missing entries after the last one.
struct Outcome {
    cuts: u64,
    promised: usize,
    missing: u64,
}

fn run(plan: Plan, random: &mut Random) -> Outcome {
    let temporary = tempfile::tempdir().unwrap();
    let temporary_path = temporary.path().canonicalize().unwrap();
    let directory = temporary_path.join("logs").join("log");
    watch(&directory);
    let mut options = Log::options(&directory).segment_size(plan.segment);
    // Half of the runs write like entries.
    options = options.self_contained(random.below(2) == 0);
    if let Some(interval) = plan.sync_every {
        options = options.sync_every(interval);
    }
    if let Some(severity) = plan.sync_at {
        options = options.sync_at(severity);
    }
    let log = options.open().unwrap();
    let written = [const { AtomicU64::new(0) }; THREADS];
    let ending = AtomicBool::new(false);
    let read_written = || -> Counts { std::array::from_fn(|thread| written[thread].load(Ordering::Acquire)) };
    let mut outcome = Outcome { cuts: 0, promised: 0, missing: 0 };
    thread::scope(|scope| {
        for (thread, written) in written.iter().enumerate() {
            let (log, ending) = (&log, &ending);
            scope.spawn(move || {
                for n in (0..600).take_while(|_| !ending.load(Ordering::Relaxed)) {
                    let mark = Mark { author: (0, thread as u64), n };
                    assert!(log.append(|entry| mark.write(entry)).is_written());
                    written.store(n + 1, Ordering::Release);
                    thread::sleep(Duration::from_micros(30));
                }
            });
        }
        while read_written().iter().any(|written| *written < 30) {
            thread::sleep(Duration::from_micros(100));
        }
        let mut flushed: Counts = [0; THREADS];
        for _ in 0..12 {
            thread::sleep(Duration::from_micros(random.below(2_000)));
            look(&directory);
            if plan.flushes && random.below(2) == 0 {
                let before = read_written();
                log.flush(Durability::Disk, WEEK).unwrap();
                flushed = before;
                // The directories of the log must also survive.
                assert!(is_named(&directory) && is_named(directory.parent().unwrap()));
            }
            let severe = read_written();
            let left = cut(&directory, random);
            let there = check(&left, &truth(&directory));
            let mut promised = 0;
            for thread in 0..THREADS {
                let is_severe = |n: &u64| {
                    let mark = Mark { author: (0, thread as u64), n: *n };
                    plan.sync_at.is_some_and(|at| mark.severity() >= at)
                };
                for n in (0..flushed[thread]).chain((0..severe[thread]).filter(is_severe)) {
                    assert!(there.contains(&(thread as u64, n)), "entry {n} of thread {thread} was flushed");
                    promised += 1;
                }
            }
            if outcome.cuts.is_multiple_of(4) {
                check_log(&left, &there);
            }
            outcome.cuts += 1;
            outcome.promised = promised;
            outcome.missing += severe.iter().sum::<u64>().saturating_sub(there.len() as u64);
        }
        ending.store(true, Ordering::Relaxed);
    });
    outcome
}

#[test]
fn what_was_flushed_by_hand() {
    let mut random = Random(0xB007);
    let (mut cuts, mut missing) = (0, 0);
    for segment in [16 << 10, 64 << 10, 1 << 20, 32 << 10] {
        let outcome = run(Plan { segment, flushes: true, sync_every: None, sync_at: None }, &mut random);
        assert!(outcome.promised > 0);
        cuts += outcome.cuts;
        missing += outcome.missing;
    }
    // The simulated disk must lose some entries for a useful test.
    assert!(missing > 0, "nothing was missing after {cuts} power cuts");
}

#[test]
fn what_was_flushed_while_the_log_writes_to_disk_by_itself() {
    let mut random = Random(0xB008);
    for segment in [16 << 10, 64 << 10] {
        let sync_every = Some(Duration::from_millis(1));
        let outcome = run(Plan { segment, flushes: true, sync_every, sync_at: None }, &mut random);
        assert!(outcome.promised > 0);
    }
}

#[test]
fn what_is_severe_enough_to_wait_for_the_disk() {
    let mut random = Random(0xB009);
    for segment in [16 << 10, 64 << 10] {
        let sync_at = Some(Severity::ERROR);
        let outcome = run(Plan { segment, flushes: false, sync_every: None, sync_at }, &mut random);
        assert!(outcome.promised > 0);
    }
}

#[test]
fn of_what_was_never_flushed_nothing_half_written_is_there() {
    let mut random = Random(0xB00A);
    for segment in [16 << 10, 64 << 10] {
        let outcome = run(Plan { segment, flushes: false, sync_every: None, sync_at: None }, &mut random);
        assert_eq!((outcome.promised, outcome.missing > 0), (0, true));
    }
}

thread_local! {
    static STALLS: Cell<bool> = const { Cell::new(false) };
}
static STALLED: AtomicBool = AtomicBool::new(false);
static GO_ON: AtomicBool = AtomicBool::new(false);

#[test]
#[cfg(debug_assertions)]
fn what_was_written_behind_an_entry_that_is_still_being_written() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().canonicalize().unwrap();
    watch(&directory);
    let log = Log::options(&directory).segment_size(64 << 10).open().unwrap();
    fusewire::failpoint::set(|point| {
        if point == "copy" && STALLS.get() {
            STALLED.store(true, Ordering::Release);
            while !GO_ON.load(Ordering::Acquire) {
                thread::yield_now();
            }
        }
        false
    });
    let append = |thread, n| {
        let mark = Mark { author: (0, thread), n };
        assert!(log.append(|entry| mark.write(entry)).is_written());
    };
    append(0, 0);
    log.flush(Durability::Disk, WEEK).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            STALLS.set(true);
            append(1, 0);
        });
        while !STALLED.load(Ordering::Acquire) {
            thread::yield_now();
        }
        append(0, 1);
        log.flush(Durability::Disk, WEEK).unwrap();
        // Only the data that must survive is left in some of these results.
        let left: Vec<_> = (1..20).map(|seed| cut(&directory, &mut Random(seed))).collect();
        GO_ON.store(true, Ordering::Release);
        for left in left {
            let found: Vec<_> =
                left.into_iter().flat_map(|(_, bytes)| read(&Segment::from_vec(bytes)).0).collect();
            let marks: BTreeSet<_> = found.iter().map(|(_, _, mark)| (mark.author.1, mark.n)).collect();
            assert_eq!(marks, BTreeSet::from([(0, 0), (0, 1)]));
        }
    });
}
