//! A reader that follows a live segment continues if bytes of the segment change. At the end, the reader
//! has returned every intact entry exactly once.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use crate::common::random::Random;
use crate::common::streams::{append, create_full, create_like};
use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::{Event, Mode, Segment, SegmentWriter};

const LONG: Duration = Duration::from_secs(20);

/// Returns the numbers of the available entries, and the number of lost bytes.
fn read(reader: &mut LogReader) -> (Vec<u64>, u64) {
    let (mut entries, mut lost) = (Vec::new(), 0);
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => {
                entries.push(entry.get("n").and_then(|n| n.as_i128()).unwrap() as u64);
            }
            LogEvent::Lost { range, .. } => lost += range.len(),
            _ => {}
        }
    }
    (entries, lost)
}

#[test]
fn damage_while_it_is_read() {
    let mut random = Random(7);
    let mut full = 0;
    for round in 0..30 {
        let directory = tempfile::tempdir().unwrap();
        // If a base is damaged, its dependants are lost too.
        let is_like = round % 2 == 0;
        let create = if is_like { create_like } else { create_full };
        let mut writer = create(directory.path(), 1, 0);
        let file = OpenOptions::new().read(true).write(true).open(writer.path()).unwrap();
        let copy = round % 3 == 0;
        let mut reader = LogReader::options().copy(copy).open(&[directory.path().to_owned()]).unwrap();
        let (mut entries, mut lost) = (Vec::new(), 0);
        for n in 0..40 {
            let before = writer.tail();
            append(&mut writer, 1000 + n, n);
            if random.below(6) == 0 {
                // The damage can hit any byte of the frame, including its first word.
                let at = before + random.below(writer.tail() - before);
                file.write_all_at(&[random.next() as u8], at).unwrap();
            }
            if random.below(3) == 0 {
                let (more, gaps) = read(&mut reader);
                entries.extend(more);
                lost += gaps;
            }
        }
        let tail = writer.tail();
        drop(writer);
        while reader.wait(Duration::from_millis(150)).unwrap() {
            let (more, gaps) = read(&mut reader);
            entries.extend(more);
            lost += gaps;
        }
        let (mut intact, mut gaps) = (Vec::new(), 0);
        let segment =
            Segment::read_copy(&std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path());
        for event in segment.unwrap().events(Mode::Recover).unwrap() {
            match event.unwrap() {
                Event::Entry(_, entry) => {
                    intact.push(entry.get("n").and_then(|n| n.as_i128()).unwrap() as u64);
                }
                Event::Lost(range) => gaps += range.len(),
                _ => {}
            }
        }
        assert_eq!((&entries, lost), (&intact, gaps), "round {round}, tail {tail}");
        assert!(is_like || entries.len() >= 20);
        full += usize::from(is_like && entries.len() >= 20);
    }
    assert!(full >= 7, "{full}");
}

#[test]
fn a_damaged_last_frame_is_told_when_the_process_has_ended() {
    [create_full, create_like].into_iter().for_each(damage_the_last_frame);
}

fn damage_the_last_frame(create: fn(&Path, u8, u64) -> SegmentWriter) {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = create(directory.path(), 1, 0);
    append(&mut writer, 1000, 0);
    let at = writer.tail();
    append(&mut writer, 1001, 1);
    let file = OpenOptions::new().write(true).open(writer.path()).unwrap();
    file.write_all_at(b"!", at + 30).unwrap();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    assert_eq!(read(&mut reader), (vec![0], 0));
    let len = writer.tail() - at;
    writer.seal().unwrap();
    assert!(reader.wait(LONG).unwrap());
    assert_eq!(read(&mut reader), (vec![], len));
}
