//! A reader that follows returns every entry once and in order, or reports the segments that were deleted before it
//! read them. This applies while a writer begins a new segment every few milliseconds and old segments are deleted.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::common::streams::{append, create};
use fusewire::log::{Log, LogEvent, LogOptions, LogReader, OnFull};

/// A time that is longer than every step of these tests.
const LONG: Duration = Duration::from_secs(20);

/// The number of the first entry and the number of entries of each segment.
type Written = Arc<Mutex<BTreeMap<u64, (u64, u64)>>>;

/// Writes `segments` segments one after the other, and sends the paths of the finished segments.
fn write(directory: &Path, id: u8, segments: u64, written: &Written, finished: &mpsc::Sender<PathBuf>) {
    let mut n = 0;
    for sequence in 0..segments {
        let mut writer = create(directory, id, sequence);
        let first = n;
        for i in 0..sequence % 23 {
            append(&mut writer, 1000 + n, n);
            n += 1;
            if i % 8 == 0 {
                thread::sleep(Duration::from_micros(300));
            }
        }
        written.lock().unwrap().insert(sequence, (first, n - first));
        finished.send(writer.path().to_owned()).unwrap();
        if sequence % 5 != 4 {
            writer.seal().unwrap();
        }
    }
}

/// Deletes all finished segments except the last `keep`.
fn delete(finished: mpsc::Receiver<PathBuf>, keep: usize) {
    let mut there = VecDeque::new();
    for path in finished {
        there.push_back(path);
        if there.len() > keep {
            std::fs::remove_file(there.pop_front().unwrap()).unwrap();
        }
    }
}

/// Follows a writer of 300 segments. Returns the number of missed entries.
fn follow(keep: usize, dawdle: impl Fn(u64, &Path, &Written)) -> u64 {
    let directory = tempfile::tempdir().unwrap();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let (written, done) = (Written::default(), Arc::new(AtomicBool::new(false)));
    let (finished, to_delete) = mpsc::channel();
    let threads = [
        thread::spawn({
            let (path, written, done) =
                (directory.path().to_owned(), Arc::clone(&written), Arc::clone(&done));
            move || {
                write(&path, 1, 300, &written, &finished);
                done.store(true, Ordering::Release);
            }
        }),
        thread::spawn(move || delete(to_delete, keep)),
    ];
    let (mut read, mut missed, mut next) = (0, 0, 0);
    loop {
        let was_done = done.load(Ordering::Acquire);
        while let Some(event) = reader.next() {
            match event {
                LogEvent::Entry { entry, .. } => {
                    let n = entry.get("n").unwrap().as_i128().unwrap() as u64;
                    assert_eq!(n, next, "twice, out of order, or lost silently");
                    (read, next) = (read + 1, next + 1);
                    dawdle(n, directory.path(), &written);
                }
                LogEvent::Missed { stream_id, sequences } => {
                    assert_eq!(stream_id, [1; 16]);
                    let written = written.lock().unwrap();
                    for sequence in sequences {
                        let (first, entries) = written[&sequence];
                        assert_eq!(first, next, "a segment that was read, too, or one out of order");
                        (missed, next) = (missed + entries, next + entries);
                    }
                }
                LogEvent::Frame { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        let more = reader.wait(Duration::from_millis(200)).unwrap();
        if was_done && !more {
            break;
        }
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let all: u64 = written.lock().unwrap().values().map(|(_, entries)| entries).sum();
    assert_eq!(read + missed, all);
    missed
}

#[test]
fn a_reader_that_keeps_up() {
    follow(4, |_, _, _| ());
}

#[test]
fn a_reader_that_falls_behind_is_told_what_it_lost() {
    let missed = follow(2, |n, directory, written| {
        let there = || std::fs::read_dir(directory).unwrap().count();
        // The reader pauses twice, until the writer has written and deleted many segments.
        for (at, segments) in [(200, 120), (2000, 290)] {
            while n == at && (written.lock().unwrap().len() < segments || there() > 4) {
                thread::sleep(Duration::from_millis(1));
            }
        }
    });
    assert!(missed > 0, "the reader was to fall behind");
}

/// The number of writing threads.
const THREADS: usize = 6;

/// The events of a reader of the entries of many threads.
#[derive(Default)]
struct Told {
    /// The numbers of the entries of each thread.
    entries: BTreeMap<i128, BTreeSet<i128>>,
    /// The segments of each stream that contained events, and the segments that were missed.
    seen: BTreeMap<[u8; 16], BTreeSet<u64>>,
    missed: BTreeMap<[u8; 16], BTreeSet<u64>>,
}

impl Told {
    /// Records an event.
    ///
    /// # Panics
    /// Panics if an entry arrives twice or out of order.
    fn note(&mut self, event: &LogEvent<'_>) {
        match event {
            LogEvent::Entry { source, entry, .. } => {
                let segment = source.segment().unwrap();
                let attribute = |key| entry.get(key).unwrap().as_i128().unwrap();
                let entries = self.entries.entry(attribute("thread")).or_default();
                assert!(entries.last().is_none_or(|last| *last < attribute("n")), "twice or out of order");
                entries.insert(attribute("n"));
                self.seen.entry(segment.stream_id).or_default().insert(segment.sequence);
            }
            LogEvent::Frame { source, .. } => {
                let segment = source.segment().unwrap();
                self.seen.entry(segment.stream_id).or_default().insert(segment.sequence);
            }
            LogEvent::Missed { stream_id, sequences } => {
                self.missed.entry(*stream_id).or_default().extend(sequences.clone());
            }
            other => panic!("{other:?}"),
        }
    }

    fn count(&self) -> usize {
        self.entries.values().map(BTreeSet::len).sum()
    }

    /// Follows `reader` until the writers have finished and no event arrives.
    fn follow(reader: &mut LogReader, is_done: &AtomicBool, dawdle: impl Fn(usize)) -> Self {
        let mut told = Self::default();
        let mut events = 0;
        loop {
            let was_done = is_done.load(Ordering::Acquire);
            while let Some(event) = reader.next() {
                told.note(&event);
                events += 1;
                dawdle(events);
            }
            if !reader.wait(Duration::from_millis(300)).unwrap() && was_done {
                return told;
            }
        }
    }
}

/// Appends `each` entries from each of six threads to two logs, which represent two processes.
fn append_from_threads(logs: &[Log; 2], each: u64) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let log = &logs[thread % 2];
            scope.spawn(move || {
                for n in 0..each {
                    // If the log has no space for an entry, it counts the dropped entry.
                    let _ = log.append(|entry| {
                        entry.attr("thread", &thread).attr("n", &n);
                    });
                }
            });
        }
    });
}

/// A guard that reports the end of the writers, even if a writer panics.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Returns the events of a reader that follows two writers with `options`.
fn told(
    options: impl Fn(&Path) -> LogOptions,
    each: u64,
    dawdle: impl Fn(usize, &AtomicBool),
) -> (Told, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let logs = [options(directory.path()).open().unwrap(), options(directory.path()).open().unwrap()];
    let is_done = AtomicBool::new(false);
    let told = thread::scope(|scope| {
        scope.spawn(|| {
            let _done = Done(&is_done);
            append_from_threads(&logs, each);
            assert!(logs.iter().all(|log| log.stats().rotations > 10));
            // Dropping the logs deletes the prepared segments. The reader must not report them as missed.
            drop(logs);
        });
        Told::follow(&mut reader, &is_done, |events| dawdle(events, &is_done))
    });
    (told, directory)
}

#[test]
fn every_entry_of_many_threads_comes_once_across_many_segments() {
    let options = |path: &Path| Log::options(path).segment_size(32 << 10).on_full(OnFull::Block(LONG));
    let (told, _directory) = told(options, 2000, |_, _| ());
    assert_eq!((told.count(), told.entries.len(), told.missed.len()), (12_000, 6, 0));
}

#[test]
fn what_retention_deletes_is_missed_and_nothing_else() {
    let options = |path: &Path| Log::options(path).segment_size(32 << 10).max_total_bytes(1 << 20);
    let (told, directory) = told(options, 3000, |events, is_done| {
        // The reader is slow at first. Then it stops until all entries are written.
        if events % 20 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        while events == 2000 && !is_done.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(!told.missed.is_empty() && told.count() < 18_000, "the reader was to fall behind");
    for (stream, missed) in &told.missed {
        let seen = &told.seen[stream];
        assert!(missed.is_disjoint(seen));
        let all: BTreeSet<u64> = missed.union(seen).copied().collect();
        assert_eq!(all, (0..all.len() as u64).collect(), "a segment that was neither read nor missed");
    }
    // The reader returned every entry that is still in the directory.
    let mut there = Told::default();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    while let Some(event) = reader.next() {
        there.note(&event);
    }
    assert!(there.count() > 100);
    assert!(there.entries.iter().all(|(thread, entries)| entries.is_subset(&told.entries[thread])));
}
