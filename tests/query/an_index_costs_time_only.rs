//! An index leads a reader to every matching entry and takes at most 2 % of the size of its segment, or 4 %
//! with like entries. A reader ignores an index that the segment does not name.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::common::shop::{n_of, random, wanted, write};
use fusewire::Severity;
use fusewire::decode::EntryRef;
use fusewire::log::Log;
use fusewire::segment::{Event, Mode, Segment, SegmentIndex, SegmentOptions, SegmentWriter, Wanted};

fn segment(directory: &Path, seed: u64, entries: u64, self_contained: bool) -> PathBuf {
    let path = directory.join(format!("{seed}.fws"));
    let mut options = SegmentOptions::default();
    options.self_contained = self_contained;
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    let mut dice = random(seed);
    for n in 0..entries {
        writer.append(|entry| write(&mut dice, n, entry)).unwrap();
    }
    writer.seal().unwrap();
    path
}

fn index_of(path: &Path) -> PathBuf {
    path.with_extension("fwi")
}

/// Returns the numbers of all matching entries, the numbers of the matching entries in the ranges of the index, and the
/// number of entries in these ranges.
fn found(
    segment: &Segment,
    index: &SegmentIndex,
    wanted: &Wanted,
    matches: impl Fn(&EntryRef<'_>) -> bool,
) -> (Vec<i128>, Vec<i128>, usize) {
    let ranges: Vec<_> = index.ranges(wanted).unwrap().collect();
    assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "in order: {ranges:?}");
    let (mut all, mut led_to, mut read) = (Vec::new(), Vec::new(), 0);
    let mut ahead = ranges.into_iter().peekable();
    for event in segment.events(Mode::Strict).unwrap() {
        let Event::Entry(frame, entry) = event.unwrap() else { continue };
        let at = usize::try_from(frame.offset).unwrap();
        while ahead.next_if(|range| range.end <= at).is_some() {}
        let inside = ahead.peek().is_some_and(|range| range.contains(&at));
        read += usize::from(inside);
        if matches(&entry) {
            all.push(n_of(&entry));
            led_to.extend(inside.then(|| n_of(&entry)));
        }
    }
    (all, led_to, read)
}

#[test]
fn it_leads_to_everything_that_is_looked_for_and_to_little_else() {
    [true, false].into_iter().for_each(leads_to_everything);
}

fn leads_to_everything(self_contained: bool) {
    let directory = tempfile::tempdir().unwrap();
    let path = segment(directory.path(), 1, 12_000, self_contained);
    let segment = Segment::read_copy(&path).unwrap();
    let index = SegmentIndex::read_copy(&path, &segment).unwrap();
    let share = if segment.header().unwrap().incompat == 0 { 50 } else { 25 };
    assert!(
        index.as_bytes().len() as u64 <= segment.trailer().unwrap().data_end / share + 4096,
        "{} bytes",
        index.as_bytes().len()
    );
    assert_eq!(index.entries(), 12_000);

    let mut dice = random(2);
    let (mut matched, mut read) = (0, 0);
    for _ in 0..120 {
        let (wanted, matches) = wanted(&mut dice);
        let (all, led_to, inside) = found(&segment, &index, &wanted, matches);
        assert_eq!(led_to, all, "{wanted:?}");
        if !wanted.is_anything() {
            (matched, read) = (matched + all.len(), read + inside);
        }
    }
    assert!(matched > 5_000, "{matched}");
    assert!(read < 120 * 12_000 / 4, "{read} entries read for {matched}");

    // These are the most frequent queries.
    let mut errors = Wanted::default();
    errors.of_severities([Severity::ERROR]);
    let (all, _, inside) = found(&segment, &index, &errors, |entry| entry.severity() == Severity::ERROR);
    assert_eq!(all.len(), inside, "the column tells the entries of a severity apart");
    let mut one = Wanted::default();
    one.traces.push(777);
    let (all, _, inside) = found(&segment, &index, &one, |entry| entry.trace().trace_id == 777);
    assert!(!all.is_empty() && inside <= 5 * 128, "{inside} entries read for a trace");
}

#[test]
fn whoever_makes_it_makes_the_same() {
    [(true, 512 << 10), (false, 256 << 10)].into_iter().for_each(makes_the_same);
}

fn makes_the_same((self_contained, size): (bool, u64)) {
    let directory = tempfile::tempdir().unwrap();
    let options = Log::options(directory.path()).segment_size(size).first_segment_size(size);
    let log = options.self_contained(self_contained).open().unwrap();
    let mut dice = random(3);
    for n in 0..6_000 {
        log.append(|entry| write(&mut dice, n, entry));
    }
    drop(log);
    let mut indexes = 0;
    for file in fs::read_dir(directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().unwrap() != "fws" {
            continue;
        }
        let segment = Segment::read_copy(&path).unwrap();
        let Some(index) = SegmentIndex::read_copy(&path, &segment) else {
            assert!(segment.trailer().unwrap().data_end < 64 << 10, "only what is small has none");
            continue;
        };
        indexes += 1;
        let copy = SegmentIndex::read_copy(&path, &segment).unwrap();
        let built = SegmentIndex::build(&segment).unwrap();
        assert_eq!(built.as_bytes(), fs::read(index_of(&path)).unwrap());
        assert_eq!(copy.counts(), index.counts());
        let counts = index.counts().unwrap();
        assert_eq!(counts.severities.iter().sum::<u64>(), segment.trailer().unwrap().entries);
        assert_eq!(counts.targets.iter().map(|target| target.1).sum::<u64>(), index.entries());
    }
    assert!(indexes >= 4, "{indexes}");
}

#[test]
fn a_lie_is_not_believed() {
    [true, false].into_iter().for_each(is_not_believed);
}

fn is_not_believed(self_contained: bool) {
    let directory = tempfile::tempdir().unwrap();
    let [path, other] = [1, 2].map(|seed| segment(directory.path(), seed, 3_000, self_contained));
    let segment = Segment::read_copy(&path).unwrap();
    let honest = fs::read(index_of(&path)).unwrap();
    let open = |bytes: &[u8]| {
        // The file is replaced, because a mapped file must not be changed.
        fs::remove_file(index_of(&path)).unwrap();
        fs::write(index_of(&path), bytes).unwrap();
        SegmentIndex::read_copy(&path, &segment)
    };
    let mut errors = Wanted::default();
    errors.of_severities([Severity::ERROR]);
    let expected: Vec<_> = open(&honest).unwrap().ranges(&errors).unwrap().collect();

    // The index must return no ranges or ranges that contain all expected entries. Without the column, the index
    // returns the zones, which contain the ranges of the column.
    let is_honest = |index: Option<SegmentIndex>| {
        let Some(index) = index else { return true };
        let ranges = index.ranges(&errors).map(|ranges| ranges.collect::<Vec<_>>());
        let holds = |ranges: &Vec<Range<usize>>| {
            let inside = |e: &Range<usize>| ranges.iter().any(|r| r.start <= e.start && e.end <= r.end);
            expected.iter().all(inside)
        };
        ranges.as_ref().is_none_or(holds)
    };
    assert!(open(&fs::read(index_of(&other)).unwrap()).is_none(), "the index of another segment");
    for len in (0..honest.len()).step_by(97) {
        assert!(is_honest(open(&honest[..len])), "cut at {len}");
    }
    let mut dice = random(4);
    for _ in 0..300 {
        let mut lie = honest.clone();
        let at = usize::try_from(dice.below(lie.len() as u64)).unwrap();
        lie[at] ^= 1 << dice.below(8);
        assert!(is_honest(open(&lie)), "a bit of byte {at}");
    }
    // A faulty program could write an index with valid checksums and wrong data. Here each zone contains a wrong number
    // of errors: zero.
    let mut lie = honest.clone();
    let zones = 120..120 + u32::from_le_bytes(lie[52..56].try_into().unwrap()) as usize;
    for zone in lie[zones.clone()].chunks_mut(64) {
        zone[20..24].fill(0);
    }
    let crc = crc32fast::hash(&lie[zones]);
    lie[56..60].copy_from_slice(&crc.to_le_bytes());
    let crc = crc32fast::hash(&lie[..112]);
    lie[112..116].copy_from_slice(&crc.to_le_bytes());
    assert!(open(&lie).is_none(), "the segment names another checksum");
    assert_eq!(open(&honest).unwrap().ranges(&errors).unwrap().collect::<Vec<_>>(), expected);
}

#[test]
fn it_goes_where_its_segment_goes() {
    let directory = tempfile::tempdir().unwrap();
    let open =
        || Log::options(directory.path()).segment_size(256 << 10).max_total_bytes(2 << 20).open().unwrap();
    let log = open();
    let mut dice = random(5);
    for n in 0..20_000 {
        log.append(|entry| write(&mut dice, n, entry));
    }
    assert!(log.stats().deleted_segments > 4);
    drop(log);
    let names = |extension: &str| {
        let files = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
        let mut names: Vec<_> =
            files.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
        names.sort();
        names
    };
    for index in names("fwi") {
        assert!(index.with_extension("fws").exists(), "{index:?} is of nothing");
    }
    assert!(names("fwi").len() >= 3);
    // The log deletes an old index without a segment. The time of the file makes the index old.
    let orphan = names("fwi")[0].clone();
    fs::remove_file(orphan.with_extension("fws")).unwrap();
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    fs::File::open(&orphan).unwrap().set_modified(old).unwrap();
    drop(open());
    assert!(!orphan.exists());
}
