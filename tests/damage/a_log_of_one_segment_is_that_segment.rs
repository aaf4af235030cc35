//! A reader of a log and a reader of its only segment return the same entries, frames and lost
//! ranges, whatever the damage. Neither reader fails.

use crate::common::random::Random;
use crate::common::segments::Fixture;
use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::{Event, Events, LostRange, Mode};

/// The result of a read: the offsets of the frames, the unreadable entries, and the lost ranges.
#[derive(Debug, Default, PartialEq)]
struct Found {
    entries: Vec<u64>,
    frames: Vec<u64>,
    unreadable: Vec<u64>,
    lost: Vec<LostRange>,
}

fn of_segment(bytes: &[u8]) -> Option<Found> {
    let mut found = Found::default();
    for event in Events::new(bytes, Mode::Recover).ok()? {
        match event.unwrap() {
            Event::Entry(frame, _) => found.entries.push(frame.offset),
            Event::Frame(frame) => found.frames.push(frame.offset),
            Event::Unreadable(frame, _) => found.unreadable.push(frame.offset),
            Event::Lost(range) => found.lost.push(range),
            other => panic!("{other:?}"),
        }
    }
    Some(found)
}

fn of_log(path: &std::path::Path, copy: bool) -> Option<Found> {
    let mut found = Found::default();
    let mut is_file = true;
    let mut reader = LogReader::options().copy(copy).open(&[path.to_owned()]).unwrap();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { frame, entry, .. } => {
                // The reader must not panic on any value.
                let _ = (entry.verify(), entry.to_owned());
                found.entries.push(frame.offset);
            }
            LogEvent::Frame { frame, .. } => found.frames.push(frame.offset),
            LogEvent::Unreadable { frame, .. } => found.unreadable.push(frame.offset),
            LogEvent::Lost { range, .. } => found.lost.push(range),
            LogEvent::DamagedHeader { .. } => {}
            LogEvent::UnreadableFile { .. } => is_file = false,
            other => panic!("{other:?}"),
        }
    }
    is_file.then_some(found)
}

/// Damages a segment at a random place.
fn damage(fixture: &mut Fixture, random: &mut Random) {
    let len = fixture.bytes.len() as u64;
    // Most of the damage hits used bytes.
    let end = if random.below(4) == 0 { len } else { fixture.data_end() as u64 };
    let at = random.below(end.min(len)) as usize;
    let part = (at + random.below(700) as usize).min(fixture.bytes.len());
    let (start, frame_len) = fixture.frames[random.below(fixture.frames.len() as u64) as usize];
    let slot = at / 16 * 16;
    match random.below(9) {
        0 | 1 => fixture.flip(at * 8 + random.below(8) as usize),
        2 => fixture.zero(at..part),
        3 => (at..part).for_each(|at| fixture.bytes[at] = random.next() as u8),
        4 if fixture.bytes.len() > start + frame_len => fixture.begin(start, frame_len),
        5 if slot + 16 < fixture.bytes.len() => fixture.begin(slot, 16 + random.below(2000) as usize),
        6 if slot + 16 < fixture.bytes.len() => fixture.close(slot),
        7 => fixture.set_tail(random.below(1100) as u32),
        // A segment that is cut in its first two pages would hide all other damage.
        _ if random.below(6) == 0 => fixture.cut(at.max(8192).min(len as usize)),
        _ => {}
    }
}

#[test]
fn whatever_happened_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("00000000000000000001-aaaaaaaa-00000003.fws");
    let mut random = Random(42);
    let (mut whole, mut lossy, mut none) = (0, 0, 0);
    for round in 0..150 {
        let (entries, sealed) = (3 + random.below(12), random.below(2) == 0);
        let make = if round % 2 == 0 { Fixture::new } else { Fixture::like };
        let mut fixture = make(entries, sealed);
        for _ in 0..random.below(4) {
            if fixture.bytes.len() > 8192 + 64 {
                damage(&mut fixture, &mut random);
            }
        }
        std::fs::write(&path, &fixture.bytes).unwrap();
        let expected = of_segment(&fixture.bytes);
        for copy in [false, true] {
            let found = of_log(&path, copy);
            // If the segment has neither a valid first page nor a frame, the log reports that the file is not a
            // segment.
            let nothing = expected.as_ref().is_some_and(|found| *found == Found::default());
            assert!(found == expected || nothing && found.is_none(), "round {round}: {found:?} {expected:?}");
        }
        match expected {
            Some(found) if found.lost.is_empty() => whole += 1,
            Some(_) => lossy += 1,
            None => none += 1,
        }
    }
    assert!(whole > 20 && lossy > 40, "{whole} {lossy} {none}");
}

#[test]
fn bytes_that_are_nothing_are_a_file_that_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.fws");
    let mut random = Random(1);
    let magic = [0x89, b'F', b'W', b'S', b'\r', b'\n', 0x1A, b'\n'];
    for len in [0, 1, 8, 100, 4096, 4100, 8192, 8193, 12_000] {
        for begins_well in [false, true] {
            let mut bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
            if begins_well && len >= 8 {
                bytes[..8].copy_from_slice(&magic);
            }
            std::fs::write(&path, &bytes).unwrap();
            for copy in [false, true] {
                assert_eq!(of_log(&path, copy), None, "{len}");
            }
        }
    }
}
