//! A log whose segments have like entries gives the same answers as the log without them: to a reader with and without a
//! filter, to a scan, for the last entries, for a range of times, through an index, as a stream of bytes, after salvage
//! and after recovery.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use crate::common::like::{convert_directory, converted, copy_directory};
use crate::common::shop::{n_of, random, wanted, write};
use fusewire::decode::EntryRef;
use fusewire::log::{Found, Log, LogEvent, LogReader, ReadOptions, Scan, Visitor};
use fusewire::mixed::{MixedEvent, MixedReader};
use fusewire::owned::Entry;
use fusewire::segment::{
    Resource, Segment, SegmentIndex, SegmentOptions, SegmentWriter, Series, recover, verify_file,
};

/// A log in both formats.
struct Both {
    full: tempfile::TempDir,
    like: tempfile::TempDir,
}

fn both() -> Both {
    let both = Both { full: tempfile::tempdir().unwrap(), like: tempfile::tempdir().unwrap() };
    let log = Log::options(both.full.path()).segment_size(256 << 10).self_contained(true).open().unwrap();
    let mut dice = random(31);
    for n in 0..3_000 {
        assert!(log.append(|entry| write(&mut dice, n, entry)).is_written());
    }
    drop(log);
    copy_directory(both.full.path(), both.like.path());
    let like = convert_directory(both.like.path());
    assert!(like > 2_000, "{like}");
    both
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "fws"));
    paths.sort();
    paths
}

fn drain(reader: &mut LogReader) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => {
                entry.verify().unwrap();
                entries.push(entry.to_owned().unwrap());
            }
            LogEvent::Frame { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    entries
}

fn read(options: &ReadOptions, directory: &Path) -> Vec<Entry> {
    drain(&mut options.clone().open(&[directory.to_owned()]).unwrap())
}

/// Returns the three ways to read.
fn ways() -> [ReadOptions; 3] {
    // SAFETY: no process changes the files while a reader exists.
    let in_place = unsafe { LogReader::options().in_place() };
    [LogReader::options(), LogReader::options().copy(true), in_place]
}

#[test]
fn to_a_reader() {
    let both = both();
    let expected = read(&LogReader::options(), both.full.path());
    assert_eq!(expected.len(), 3_000);
    for options in ways() {
        assert_eq!(read(&options, both.like.path()), expected);
        for last in [1, 7, 500, 2_999] {
            let mut reader = options.clone().open(&[both.like.path().to_owned()]).unwrap();
            reader.seek_to_last(last).unwrap();
            assert_eq!(drain(&mut reader), expected[3_000 - last as usize..]);
        }
        let (since, until) = (expected[700].time_unix_nano, expected[1_900].time_unix_nano);
        let range = options.since(since).until(until);
        assert_eq!(read(&range, both.like.path()), read(&range, both.full.path()));
        assert!(read(&range, both.like.path()).len() > 1_000);
    }
}

#[derive(Default)]
struct Numbers(Vec<i128>);

impl Visitor for Numbers {
    fn entry(&mut self, found: &Found<'_>) {
        found.entry.verify().unwrap();
        self.0.push(n_of(&found.entry));
    }
}

fn scan(scan: Scan, matches: impl Fn(&EntryRef<'_>) -> bool + Sync) -> Vec<i128> {
    let scanned = scan.threads(NonZero::new(2).unwrap()).run(matches, Numbers::default).unwrap();
    assert!(
        scanned.lost.is_empty() && scanned.unreadable.is_empty() && scanned.unreadable_entries.is_empty()
    );
    let mut numbers: Vec<_> = scanned.visitors.into_iter().flat_map(|numbers| numbers.0).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn to_a_filter_and_a_scan() {
    let both = both();
    let mut dice = random(32);
    let mut matched = 0;
    for round in 0..24 {
        let (wanted, matches) = wanted(&mut dice);
        let filter = ways()[round % 3].clone().filter(wanted.clone(), matches.clone());
        let expected = read(&filter, both.full.path());
        assert_eq!(read(&filter, both.like.path()), expected, "{wanted:?}");
        let of = |directory: &Path| {
            scan(Scan::new([directory]).wanted(wanted.clone()).copy(round % 2 == 0), matches.clone())
        };
        let found = of(both.like.path());
        assert_eq!(found, of(both.full.path()), "{wanted:?}");
        assert_eq!(found.len(), expected.len(), "{wanted:?}");
        matched += found.len();
    }
    assert!(matched > 2_000, "{matched}");
}

#[test]
fn to_a_verification_of_the_index() {
    let both = both();
    let mut indexes = 0;
    for (full, like) in segments(both.full.path()).iter().zip(segments(both.like.path())) {
        let (full, report) = (verify_file(full, false).unwrap(), verify_file(&like, false).unwrap());
        let (full, segment) = (full.segment.unwrap(), report.segment.unwrap());
        assert!(segment.is_clean(), "{segment}");
        assert_eq!((segment.entries, segment.times), (full.entries, full.times));
        let found = Segment::read_copy(&like).unwrap();
        if SegmentIndex::read_copy(&like, &found).is_some() {
            assert_eq!(report.index.unwrap(), Some(vec![]));
            indexes += 1;
        }
    }
    assert!(indexes >= 2, "{indexes}");
}

#[test]
fn as_a_stream() {
    let both = both();
    let entries = |directory: &Path| {
        let bytes: Vec<u8> = segments(directory).iter().flat_map(|path| fs::read(path).unwrap()).collect();
        let mut reader = MixedReader::new(&bytes[..]);
        let mut entries = Vec::new();
        while let Some(event) = reader.next().unwrap() {
            match event {
                MixedEvent::Entry { entry, .. } => entries.push(entry.to_owned().unwrap()),
                MixedEvent::Frame { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        entries
    };
    assert_eq!(entries(both.like.path()), entries(both.full.path()));
}

#[test]
fn after_salvage() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("01700000000000000000-01010101-00000000.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.stream_id) = (1 << 20, [1; 16]);
    options.self_contained = true;
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    let mut dice = random(33);
    for n in 0..1_500 {
        writer.append(|entry| write(&mut dice, n, entry)).unwrap();
    }
    drop(writer);
    let expected = read(&LogReader::options(), directory.path());
    let like = converted(&fs::read(&path).unwrap());
    assert!(like.frames.iter().filter(|(.., base)| base.is_some()).count() > 1_000);
    fs::write(&path, &like.bytes).unwrap();
    assert_eq!(read(&LogReader::options(), directory.path()), expected);
    // A log seals the segment of a dead process, and writes its index.
    drop(Log::options(directory.path()).open().unwrap());
    let report = verify_file(&path, false).unwrap();
    let segment = report.segment.unwrap();
    assert!(segment.is_clean() && segment.trailer.is_some(), "{segment}");
    assert_eq!(segment.entries, 1_500);
    assert_eq!(report.index.unwrap(), Some(vec![]));
    assert_eq!(read(&LogReader::options(), directory.path()), expected);
}

#[test]
fn after_recovery() {
    let both = both();
    let directory = tempfile::tempdir().unwrap();
    for (number, path) in segments(both.like.path()).iter().enumerate() {
        let mut options = SegmentOptions::new(Resource::empty());
        (options.size, options.stream_id) = (1 << 20, [number as u8 + 1; 16]);
        options.self_contained = true;
        let mut series = Series::create(directory.path(), options).unwrap();
        let segment = Segment::read_copy(path).unwrap();
        let report = recover(&segment, |frame| series.append_frame(frame).map(drop)).unwrap();
        assert_eq!(report.entries, segment.trailer().unwrap().entries);
        assert_eq!(report.lost_bytes(), 0);
        series.finish().unwrap();
    }
    let key = |entries: Vec<Entry>| {
        let mut entries: Vec<_> = entries.into_iter().map(|entry| format!("{entry:?}")).collect();
        entries.sort();
        entries
    };
    let recovered = read(&LogReader::options(), directory.path());
    assert!(key(recovered) == key(read(&LogReader::options(), both.full.path())));
    for path in segments(directory.path()) {
        assert_eq!(Segment::read_copy(&path).unwrap().header().unwrap().incompat, 0);
    }
}

/// A reader has a private copy of a base, so a process that changes the base later changes no entry.
#[test]
fn while_a_base_changes() {
    use std::os::unix::fs::FileExt;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = 4 << 20;
    options.self_contained = true;
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for n in 0..12_000_u64 {
        writer
            .append(|entry| {
                entry.set_body("the body of the base");
                entry.attr("n", &n).attr("text", "the text of the base");
            })
            .unwrap();
    }
    writer.seal().unwrap();
    let like = converted(&fs::read(&path).unwrap());
    // A reader copies at most 256 KiB in advance.
    assert!(like.frames.iter().skip(1).all(|(.., base)| *base == Some(0)) && like.end > 512 << 10);
    fs::write(&path, &like.bytes).unwrap();
    for copy in [false, true] {
        fs::write(&path, &like.bytes).unwrap();
        let mut reader = LogReader::options().copy(copy).open(std::slice::from_ref(&path)).unwrap();
        let mut numbers = Vec::new();
        while let Some(event) = reader.next() {
            let LogEvent::Entry { entry, .. } = event else { continue };
            entry.verify().unwrap();
            assert_eq!(entry.body(), "the body of the base");
            assert_eq!(entry.get("text").unwrap().as_str(), Some("the text of the base"));
            numbers.push(n_of(&entry));
            if numbers.len() == 2 {
                let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
                let (start, len, _) = like.frames[0];
                file.write_all_at(&vec![0xA5; len - 32], start as u64 + 32).unwrap();
            }
        }
        assert_eq!(numbers, (0..12_000).collect::<Vec<_>>());
    }
}
