//! A reader follows growing files of lines and frames in addition to segments. After rotation, truncation and deletion,
//! every entry is returned once, and the reader reports the change of the file.
#![cfg(all(unix, feature = "json"))]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::streams::{append, create};
use fusewire::log::{FileChange, LogEvent, LogReader};
use fusewire::{Limits, message};

/// A time that is longer than every step of these tests.
const LONG: Duration = Duration::from_secs(20);

fn line(n: u64) -> Vec<u8> {
    format!("{{\"msg\":\"hello\",\"n\":{n}}}\n").into()
}

fn frame(n: u64) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let frame = message::write(&mut buffer, &Limits::DEFAULT, |entry| {
        entry.attr("n", &n);
    });
    frame.unwrap().to_vec()
}

fn open(path: &Path) -> LogReader {
    LogReader::options().follow(true).open(&[path.to_owned()]).unwrap()
}

fn writer(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).unwrap()
}

/// An event of the reader.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Entry(u64),
    Text(String),
    Truncated,
    Replaced,
    Lost(u64),
}

fn told(event: &LogEvent<'_>) -> Option<Told> {
    Some(match event {
        LogEvent::Entry { entry, .. } => match entry.get("n") {
            Some(n) => Told::Entry(n.as_i128().unwrap() as u64),
            None => Told::Text(entry.body().to_string()),
        },
        LogEvent::Changed { change: FileChange::Truncated { .. }, .. } => Told::Truncated,
        LogEvent::Changed { change: FileChange::Replaced, .. } => Told::Replaced,
        LogEvent::Lost { range, .. } => Told::Lost(range.len()),
        LogEvent::Frame { .. } => return None,
        other => panic!("{other:?}"),
    })
}

/// Returns the next `count` events.
///
/// # Panics
/// Panics if the events do not arrive.
fn next(reader: &mut LogReader, count: usize) -> Vec<Told> {
    let mut all = Vec::new();
    while all.len() < count {
        while let Some(event) = reader.next() {
            all.extend(told(&event));
        }
        assert!(all.len() >= count || reader.wait(LONG).unwrap(), "nothing came behind {all:?}");
    }
    all
}

fn entries(numbers: impl IntoIterator<Item = u64>) -> Vec<Told> {
    numbers.into_iter().map(Told::Entry).collect()
}

/// Asserts that no event arrives for longer than the interval at which the reader checks the files.
fn assert_quiet(reader: &mut LogReader) {
    while reader.wait(Duration::from_millis(150)).unwrap() {
        while let Some(event) = reader.next() {
            assert_eq!(told(&event), None);
        }
    }
}

#[test]
fn entries_come_once_they_are_complete_however_they_are_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = writer(&directory.path().join("app.log"));
    let mut reader = open(directory.path());
    let pieces = [line(0), frame(1), b"text\n".to_vec(), frame(2), line(3)];
    for (i, piece) in pieces.iter().enumerate() {
        let cut = piece.len() * (i + 1) / (pieces.len() + 1);
        file.write_all(&piece[..cut]).unwrap();
        assert_quiet(&mut reader);
        file.write_all(&piece[cut..]).unwrap();
        let expected = match i {
            0 => Told::Entry(0),
            1 => Told::Entry(1),
            2 => Told::Text("text".to_owned()),
            i => Told::Entry(i as u64 - 1),
        };
        assert_eq!(next(&mut reader, 1), [expected]);
    }
    assert_quiet(&mut reader);
}

#[test]
fn segments_lines_and_frames_are_followed_side_by_side() {
    let directory = tempfile::tempdir().unwrap();
    let mut reader = open(directory.path());
    let mut segment = create(directory.path(), 1, 0);
    let (mut lines, mut frames) =
        (writer(&directory.path().join("a.jsonl")), writer(&directory.path().join("b.fwm")));
    for n in 0..60 {
        match n % 3 {
            0 => append(&mut segment, 1000 + n, n),
            1 => lines.write_all(&line(n)).unwrap(),
            _ => frames.write_all(&frame(n)).unwrap(),
        }
        assert_eq!(next(&mut reader, 1), entries([n]));
    }
}

#[test]
fn a_reader_that_did_not_mean_to_follow_may_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.jsonl");
    fs::write(&path, [line(0), line(1)].concat()).unwrap();
    let mut reader = LogReader::options().open(std::slice::from_ref(&path)).unwrap();
    assert_eq!(next(&mut reader, 2), entries(0..2));
    assert!(reader.next().is_none());
    writer(&path).write_all(&[line(2), line(3)].concat()).unwrap();
    assert!(reader.next().is_none(), "it has come to an end");
    assert_eq!(next(&mut reader, 2), entries(2..4));
}

#[test]
fn a_file_that_is_renamed_is_read_on_and_so_is_the_one_that_gets_its_name() {
    for (rotated, is_log) in [("app.log.1", true), ("app.old", false)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("app.log");
        let mut file = writer(&path);
        let mut reader = open(directory.path());
        file.write_all(&line(0)).unwrap();
        assert_eq!(next(&mut reader, 1), entries([0]));
        fs::rename(&path, directory.path().join(rotated)).unwrap();
        // The writer still uses the renamed file.
        file.write_all(&line(1)).unwrap();
        assert_eq!(next(&mut reader, 1), entries([1]), "{is_log}");
        writer(&path).write_all(&line(2)).unwrap();
        assert_eq!(next(&mut reader, 2), [Told::Replaced, Told::Entry(2)]);
        file.write_all(&line(3)).unwrap();
        assert_eq!(next(&mut reader, 1), entries([3]));
        assert_quiet(&mut reader);
    }
}

#[test]
fn a_file_that_is_truncated_is_told_and_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    let mut file = writer(&path);
    let mut reader = open(&path);
    file.write_all(&[line(0), line(1), b"{\"half".to_vec()].concat()).unwrap();
    assert_eq!(next(&mut reader, 2), entries(0..2));
    file.set_len(0).unwrap();
    // The partial line is returned as text, because its end can no longer arrive.
    assert_eq!(next(&mut reader, 2), [Told::Text("{\"half".to_owned()), Told::Truncated]);
    file.write_all(&line(2)).unwrap();
    assert_eq!(next(&mut reader, 1), entries([2]));
    // At the next check, the file is truncated and already longer than before.
    file.set_len(0).unwrap();
    file.write_all(&(3..40).flat_map(line).collect::<Vec<u8>>()).unwrap();
    let mut expected = vec![Told::Truncated];
    expected.extend(entries(3..40));
    assert_eq!(next(&mut reader, 38), expected);
    assert_quiet(&mut reader);
}

#[test]
fn a_file_that_is_named_is_waited_for_where_it_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lines");
    fs::write(&path, line(0)).unwrap();
    let mut reader = open(&path);
    assert_eq!(next(&mut reader, 1), entries([0]));
    fs::remove_file(&path).unwrap();
    assert_quiet(&mut reader);
    fs::write(&path, [line(1), frame(2)].concat()).unwrap();
    assert_eq!(next(&mut reader, 3), [Told::Replaced, Told::Entry(1), Told::Entry(2)]);
}

#[test]
fn damage_is_counted_while_the_file_is_followed() {
    let directory = tempfile::tempdir().unwrap();
    let mut file = writer(&directory.path().join("app.fwm"));
    let mut reader = open(directory.path());
    let mut damaged = frame(1);
    damaged[50] ^= 1;
    file.write_all(&[frame(0), damaged.clone(), frame(2)].concat()).unwrap();
    let lost = Told::Lost(damaged.len() as u64);
    assert_eq!(next(&mut reader, 3), [Told::Entry(0), lost, Told::Entry(2)]);
    // The rest of this frame never arrives, because its writer was killed. Another writer continues the file.
    file.write_all(&frame(3)[..70]).unwrap();
    assert_quiet(&mut reader);
    file.write_all(&[frame(4), line(5), frame(6)].concat()).unwrap();
    assert_eq!(next(&mut reader, 4), [Told::Lost(70), Told::Entry(4), Told::Entry(5), Told::Entry(6)]);
    file.write_all(&[0; 100]).unwrap();
    assert_eq!(next(&mut reader, 1), [Told::Lost(100)]);
    file.write_all(&line(7)).unwrap();
    assert_eq!(next(&mut reader, 1), entries([7]));
}

#[test]
fn the_last_entries_are_found_and_followed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    fs::write(&path, (0..1000).flat_map(|n| [line, frame][n as usize % 2](n)).collect::<Vec<u8>>()).unwrap();
    for last in [0, 3] {
        let mut reader = open(directory.path());
        reader.seek_to_last(last).unwrap();
        assert_eq!(next(&mut reader, last as usize), entries(1000 - last..1000));
        assert_quiet(&mut reader);
        writer(&path).write_all(&line(77)).unwrap();
        assert_eq!(next(&mut reader, 1), entries([77]));
        let len = fs::metadata(&path).unwrap().len() - line(77).len() as u64;
        writer(&path).set_len(len).unwrap();
    }
}

/// Writes `count` lines and frames, and rotates the files like logrotate after every 97 of them: the previous file is
/// `app.log.1`, and so on.
fn write_and_rotate(directory: &Path, count: u64, done: &AtomicBool) {
    let path = |i: u64| directory.join(if i == 0 { "app.log".to_owned() } else { format!("app.log.{i}") });
    let (mut file, mut files) = (writer(&path(0)), 1);
    for n in 0..count {
        file.write_all(&[line, frame][n as usize % 2](n)).unwrap();
        if n % 97 == 96 {
            for i in (0..files).rev() {
                fs::rename(path(i), path(i + 1)).unwrap();
            }
            files += 1;
            file = writer(&path(0));
            // The pause lets the reader follow while the writer writes.
            std::thread::sleep(Duration::from_millis(3));
        }
    }
    done.store(true, Ordering::Release);
}

#[test]
fn no_rotation_loses_or_repeats_an_entry() {
    const COUNT: u64 = 5_000;
    let directory = tempfile::tempdir().unwrap();
    let done = AtomicBool::new(false);
    let mut reader = open(directory.path());
    let mut seen = std::thread::scope(|scope| {
        scope.spawn(|| write_and_rotate(directory.path(), COUNT, &done));
        let mut seen = Vec::new();
        loop {
            let was_done = done.load(Ordering::Acquire);
            while let Some(event) = reader.next() {
                match told(&event) {
                    Some(Told::Entry(n)) => seen.push(n),
                    Some(Told::Replaced) | None => {}
                    other => panic!("{other:?}"),
                }
            }
            if !reader.wait(Duration::from_millis(200)).unwrap() && was_done {
                return seen;
            }
        }
    });
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..COUNT), "lost or repeated");
}

#[test]
fn lines_that_arrive_soon_continue_their_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    fs::write(&path, "2026-03-01 10:00:00 INFO old\n").unwrap();
    let mut reader = open(&path);
    let text = |text: &str| Told::Text(text.to_owned());
    assert_eq!(next(&mut reader, 1), [text("old")]);
    let mut file = writer(&path);
    file.write_all(b"2026-03-01 10:00:01 ERROR failed\n\tat a\n\tat b\n").unwrap();
    assert_eq!(next(&mut reader, 1), [text("failed\n\tat a\n\tat b")]);
    // The next record completes the one before it at once.
    file.write_all(b"2026-03-01 10:00:02 INFO one\n2026-03-01 10:00:03 INFO two\n").unwrap();
    assert_eq!(next(&mut reader, 2), [text("one"), text("two")]);
    // A line that arrives after the wait is an entry.
    file.write_all(b"\tat c\n").unwrap();
    assert_eq!(next(&mut reader, 1), [text("\tat c")]);
    // JSON does not wait.
    file.write_all(&line(7)).unwrap();
    assert_eq!(next(&mut reader, 1), entries([7]));
}

#[test]
fn the_last_record_counts_as_an_entry() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app.log");
    fs::write(&path, "2026-03-01 10:00:00 INFO one\n\tat a\n2026-03-01 10:00:01 INFO two\n\tat b\n").unwrap();
    let mut reader = open(&path);
    reader.seek_to_last(1).unwrap();
    assert_eq!(next(&mut reader, 1), [Told::Text("two\n\tat b".to_owned())]);
    let mut reader = open(&path);
    reader.seek_to_end();
    assert_quiet(&mut reader);
}
