//! `verify` compares the end of the previous segment in the header of a segment with the end of this segment, if both are sealed.

mod common;

use std::path::Path;

use common::{Run, TempDir};
use fusewire::segment::{SegmentOptions, SegmentWriter};

/// Writes two segments of a stream. The second segment contains the end of the first plus `wrong`. Verifies their directory
/// after a call of `change`.
fn verified(seals: bool, wrong: u64, change: impl Fn(&Path)) -> Run {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let mut options = SegmentOptions::default();
    options.size = SegmentOptions::MIN_SIZE;
    let mut first = SegmentWriter::create(&logs.join("a.fws"), &options).unwrap();
    first.append(|entry| entry.set_body("first")).unwrap();
    options.sequence = 1;
    options.stream_id = first.header().stream_id;
    options.previous_id = first.header().segment_id;
    options.previous_end = first.tail() + wrong;
    let mut second = SegmentWriter::create(&logs.join("b.fws"), &options).unwrap();
    second.append(|entry| entry.set_body("second")).unwrap();
    if seals {
        first.seal().unwrap();
    } else {
        drop(first);
    }
    second.seal().unwrap();
    change(&logs);
    common::run(common::command(["verify", "logs"]).current_dir(directory.path()))
}

#[test]
fn equal_ends_are_intact() {
    let run = verified(true, 0, |_| ());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.ends_with(": all intact\n"), "{run:?}");
}

#[test]
fn different_ends_are_reported() {
    let run = verified(true, 64, |_| ());
    assert_eq!(run.code, 3, "{run:?}");
    let start = "fusewire: logs/b.fws: offset 128: bad end of the previous segment: expected ";
    let end = run.stderr.strip_prefix(start);
    let (expected, found) = end.and_then(|end| end.split_once(" from logs/a.fws, found ")).expect("a report");
    let [expected, found] = [expected, found.trim_end()].map(|end| end.parse::<u64>().unwrap());
    assert_eq!(found, expected + 64);
    assert!(run.stdout.ends_with(": 1 wrong end of a previous segment\n"), "{run:?}");
}

#[test]
fn a_segment_that_is_missing_or_not_sealed_is_not_compared() {
    for run in [
        verified(true, 64, |logs| std::fs::remove_file(logs.join("a.fws")).unwrap()),
        verified(false, 64, |_| ()),
    ] {
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    }
}
