//! A reader that copies from a map, a reader that copies with system calls and a reader of views find the same frames
//! and the same losses in a damaged segment as `Segment::events` does.
#![cfg(unix)]

use std::path::Path;

use crate::common::like;
use crate::common::random::Random;
use crate::common::watchdog::Watchdog;
use fusewire::decode::EntryRef;
use fusewire::log::{LogEvent, LogReader, ReadOptions};
use fusewire::segment::{
    Event, LostRange, LostReason, Mode, Resource, Segment, SegmentOptions, SegmentWriter,
};

const SIZE: u64 = 256 << 10;
const DAMAGES: u64 = 150;

/// A frame: its offset, and its bytes. Or a loss.
type Finding = Result<(u64, Vec<u8>), LostRange>;

/// Writes a segment with entries of 100 bytes to 20 KiB.
fn segment(path: &Path, is_sealed: bool) -> Vec<u8> {
    let mut options = SegmentOptions::new(Resource::empty());
    // The test converts the full entries to like entries.
    options.self_contained = true;
    options.size = SIZE;
    let mut writer = SegmentWriter::create(path, &options).unwrap();
    for n in 0..400_u64 {
        let text = "x".repeat(if n % 50 == 7 { 10_000 } else { n as usize % 90 });
        writer
            .append(|entry| {
                entry.set_time_unix_nano(n + 1);
                entry.attr("n", &n).attr("text", text.as_str());
            })
            .unwrap();
    }
    if is_sealed {
        writer.seal().unwrap();
    } else {
        drop(writer);
    }
    std::fs::read(path).unwrap()
}

/// Damages the bytes after the first page. The first damage is none.
fn damage(bytes: &mut Vec<u8>, number: u64, random: &mut Random) {
    for _ in 0..number.min(1 + number % 4) {
        let at = 4096 + random.below(bytes.len() as u64 - 4096 - 64) as usize;
        match random.below(6) {
            0 | 1 => bytes[at] ^= 1 << random.below(8),
            2 => {
                let end = (at + random.below(40_000) as usize).min(bytes.len());
                bytes[at..end].fill(0);
            }
            3 => {
                let end = (at + random.below(3000) as usize).min(bytes.len());
                bytes[at..end].iter_mut().for_each(|byte| *byte = random.below(256) as u8);
            }
            // A frame at another place.
            4 => {
                let from = at / 16 * 16;
                let to = 4096 + random.below(bytes.len() as u64 - 4096) as usize / 16 * 16;
                let len = (bytes.len() - from.max(to)).min(512);
                bytes.copy_within(from..from + len, to);
            }
            _ => bytes.truncate(at.max(12_288)),
        }
    }
}

fn bytes_of(entry: &EntryRef<'_>) -> Vec<u8> {
    let mut buffer = Vec::new();
    entry.to_bytes(&mut buffer).unwrap().to_vec()
}

fn by_events(path: &Path) -> Vec<Finding> {
    let segment = Segment::read_copy(path).unwrap();
    let found = segment.events(Mode::Recover).unwrap().map(|event| match event.unwrap() {
        Event::Entry(frame, entry) => Ok((frame.offset, bytes_of(&entry))),
        Event::Frame(frame) | Event::Unreadable(frame, _) => Ok((frame.offset, frame.payload.to_vec())),
        Event::Lost(range) => Err(range),
        other => panic!("{other:?}"),
    });
    found.collect()
}

fn by_reader(options: ReadOptions, path: &Path) -> Vec<Finding> {
    let mut reader = options.open(&[path.to_owned()]).unwrap();
    let mut found = Vec::new();
    while let Some(event) = reader.next() {
        found.push(match event {
            LogEvent::Entry { frame, entry, .. } => Ok((frame.offset, bytes_of(&entry))),
            LogEvent::Frame { frame, .. } | LogEvent::Unreadable { frame, .. } => {
                Ok((frame.offset, frame.payload.to_vec()))
            }
            LogEvent::Lost { range, .. } => Err(range),
            other => panic!("{other:?}"),
        });
    }
    found
}

#[test]
fn in_damaged_segments() {
    let _watchdog = Watchdog::over("reading damaged segments in all ways");
    let directory = tempfile::tempdir().unwrap();
    for (is_sealed, has_like_entries) in [(true, false), (false, false), (true, true), (false, true)] {
        let path = directory.path().join(format!("{is_sealed}{has_like_entries}.fws"));
        let mut original = segment(&path, is_sealed);
        if has_like_entries {
            let like = like::converted(&original);
            assert!(like.frames.iter().filter(|(.., base)| base.is_some()).count() > 300);
            original = like.bytes;
        }
        let mut random = Random(11 + u64::from(is_sealed));
        let (mut losses, mut without_base) = (0, 0);
        for number in 0..DAMAGES {
            let mut bytes = original.clone();
            damage(&mut bytes, number, &mut random);
            std::fs::write(&path, &bytes).unwrap();
            let expected = by_events(&path);
            losses += expected.iter().filter(|found| found.is_err()).count();
            let is_without =
                |found: &&Finding| matches!(found, Err(range) if matches!(range.reason, LostReason::Base(_)));
            without_base += expected.iter().filter(is_without).count();
            // SAFETY: only this thread changes the file, and not while a reader exists.
            let in_place = unsafe { LogReader::options().in_place() };
            let ways = [
                ("map", LogReader::options()),
                ("calls", LogReader::options().copy(true)),
                ("views", in_place),
            ];
            for (way, options) in ways {
                let found = by_reader(options, &path);
                assert!(
                    found == expected,
                    "{way}, damage {number}, sealed {is_sealed}, like entries {has_like_entries}"
                );
            }
        }
        assert!(losses > 100, "{losses}");
        assert_eq!(without_base > 100, has_like_entries, "{without_base}");
    }
}
