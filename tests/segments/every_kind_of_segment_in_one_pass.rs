//! One pass reads sealed, live, crashed and damaged segments and other files. The reader returns every intact entry in
//! order, and reports each damage once.

use crate::common::streams::{End, append, create, write};
use fusewire::log::{Life, LogEvent, LogReader, Owner, list};
use fusewire::segment::LostRange;

/// The result of a pass over a directory: the entries, the gaps, and the numbers of damaged first pages, unreadable
/// files and missed segments.
#[derive(Default, Debug)]
struct Pass {
    entries: Vec<u64>,
    gaps: Vec<LostRange>,
    headers: usize,
    files: Vec<String>,
    missed: Vec<u64>,
}

fn pass(reader: &mut LogReader) -> Pass {
    let mut pass = Pass::default();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => {
                pass.entries.push(entry.get("n").unwrap().as_i128().unwrap() as u64);
            }
            LogEvent::Frame { .. } => {}
            LogEvent::Lost { range, .. } => pass.gaps.push(range),
            LogEvent::DamagedHeader { .. } => pass.headers += 1,
            LogEvent::UnreadableFile { path, .. } => {
                pass.files.push(path.file_name().unwrap().to_string_lossy().into_owned());
            }
            LogEvent::Missed { sequences, .. } => pass.missed.extend(sequences),
            other => panic!("{other:?}"),
        }
    }
    pass
}

fn times(range: std::ops::Range<u64>) -> Vec<u64> {
    range.map(|i| 1000 + 10 * i).collect()
}

/// Flips four bits of the byte at `at` of the file.
fn damage(path: &std::path::Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 0x55;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn every_intact_entry_comes_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    // The first process has six segments: one has a damaged frame, one has no first page, one is deleted, and the last
    // one crashed.
    let segments: Vec<Vec<u64>> = (0..6).map(|i| times(i * 10..i * 10 + 10)).collect();
    let files = write(path, 1, 0, &segments, End::Crashed);
    damage(&files[1], 9000);
    damage(&files[2], 100);
    std::fs::remove_file(&files[3]).unwrap();
    // The second process is alive.
    let mut live = create(path, 2, 0);
    append(&mut live, 1005, 100);
    append(&mut live, 1595, 101);
    // These files are not segments. One has the name of a segment.
    std::fs::write(path.join("00000000000000000001-aaaaaaaa-00000000.fws"), b"what is this?").unwrap();
    std::fs::write(path.join("empty.fws"), b"").unwrap();
    std::fs::write(path.join(".half.fws.1.tmp"), b"not yet").unwrap();
    std::fs::write(path.join("notes.txt"), b"not ours").unwrap();

    let mut reader = LogReader::options().open(&[path.to_owned()]).unwrap();
    let found = pass(&mut reader);
    let lost: Vec<u64> = (10..20).filter(|n| !found.entries.contains(n)).collect();
    assert_eq!((lost.len(), found.gaps.len(), found.headers), (1, 1, 1), "{found:?}");
    assert!(found.gaps[0].is_loss());
    let mut expected: Vec<u64> = (0..60).filter(|n| !(30..40).contains(n) && *n != lost[0]).collect();
    expected.insert(1, 100);
    expected.push(101);
    assert_eq!(found.entries, expected);
    assert_eq!(found.missed, [3]);
    let mut files = found.files;
    files.sort();
    assert_eq!(files, ["00000000000000000001-aaaaaaaa-00000000.fws", "empty.fws"]);
    append(&mut live, 2000, 102);
    assert!(reader.wait(std::time::Duration::from_secs(20)).unwrap());
    assert_eq!(pass(&mut reader).entries, [102]);
}

#[test]
fn a_listing_tells_what_each_one_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write(path, 1, 0, &[times(0..10), times(10..15)], End::Crashed);
    let mut live = create(path, 2, 0);
    append(&mut live, 77, 0);
    let spare = create(path, 2, 1);
    std::fs::write(path.join("none.fws"), b"what is this?").unwrap();
    let listing = list(path).unwrap();
    let told: Vec<_> = listing
        .segments
        .iter()
        .map(|info| (info.stream_id[0], info.sequence, info.life, info.owner, info.entries, info.times))
        .collect();
    let expected = [
        (1, 0, Life::Sealed, Owner::Gone, Some(10), Some((1000, 1090))),
        (1, 1, Life::Crashed, Owner::Gone, Some(5), Some((1100, 1140))),
        (2, 0, Life::Live, Owner::Alive, Some(1), Some((77, 77))),
        (2, 1, Life::Empty, Owner::Alive, Some(0), None),
    ];
    assert_eq!(told, expected);
    assert!(listing.segments.iter().all(|info| info.len == 64 << 10 && info.disk_bytes > 0));
    assert!(
        listing.segments[0].disk_bytes < listing.segments[1].disk_bytes || cfg!(not(target_os = "linux"))
    );
    assert_eq!(listing.unreadable.len(), 1);
    drop((live, spare));
    let owners: Vec<_> = list(path).unwrap().segments.iter().map(|info| info.owner).collect();
    assert_eq!(owners, [Owner::Gone; 4]);
}

#[test]
fn the_same_segment_twice_is_read_once() {
    let directory = tempfile::tempdir().unwrap();
    let files = write(directory.path(), 1, 0, &[times(0..10), times(10..20)], End::Sealed);
    std::fs::copy(&files[0], directory.path().join("copy.fws")).unwrap();
    let paths = [files[0].clone(), directory.path().to_owned(), files[1].clone()];
    let found = pass(&mut LogReader::options().open(&paths).unwrap());
    assert_eq!(found.entries, (0..20).collect::<Vec<_>>());
}

#[test]
fn what_is_behind_the_end_is_all_that_comes_after_seeking_to_it() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 1, 0, &[times(0..10), times(10..20)], End::Crashed);
    let mut live = create(directory.path(), 2, 0);
    append(&mut live, 1500, 100);
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    reader.seek_to_end();
    assert!(reader.next().is_none());
    append(&mut live, 1501, 101);
    let mut later = create(directory.path(), 3, 0);
    append(&mut later, 1502, 102);
    let mut entries = Vec::new();
    while entries.len() < 2 {
        assert!(reader.wait(std::time::Duration::from_secs(20)).unwrap());
        entries.extend(pass(&mut reader).entries);
    }
    assert_eq!(entries, [101, 102]);
}

#[test]
fn nothing_is_missed_between_segments_that_were_asked_for_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let files = write(directory.path(), 1, 0, &[times(0..10), times(10..20), times(20..30)], End::Sealed);
    let found = pass(&mut LogReader::options().open(&[files[2].clone(), files[0].clone()]).unwrap());
    assert_eq!(found.entries, (0..10).chain(20..30).collect::<Vec<_>>());
    assert!(found.missed.is_empty());
    assert!(LogReader::options().open(&[directory.path().join("none.fws")]).is_err());
}
