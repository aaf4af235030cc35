//! A directory with segments, files of JSON lines and files of frames is one log. A reader returns every entry once in
//! the order of time, reports lost bytes with their file, and reports files that it cannot read.
#![cfg(all(unix, feature = "json"))]

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::streams::{End, write};
use fusewire::log::{LogEvent, LogReader, ReadOptions};
use fusewire::{Limits, json, message};

/// The time of the first entry in ns since the Unix epoch.
const BASE: u64 = 1_767_323_045_000_000_000;

fn line(n: u64) -> Vec<u8> {
    format!("{{\"time_unix_nano\":\"{}\",\"n\":{n}}}\n", BASE + n).into()
}

fn frame(n: u64) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let frame = message::write(&mut buffer, &Limits::DEFAULT, |entry| {
        entry.set_time_unix_nano(BASE + n);
        entry.attr("n", &n);
    });
    frame.unwrap().to_vec()
}

/// Returns a line as `write_entry` writes it.
fn written(n: u64) -> Vec<u8> {
    let frame = frame(n);
    let mut line = String::new();
    json::write_entry(&message::read(&frame).unwrap().0, &mut line).unwrap();
    line.push('\n');
    line.into_bytes()
}

fn file(directory: &Path, name: &str, pieces: impl Iterator<Item = Vec<u8>>) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, pieces.flatten().collect::<Vec<u8>>()).unwrap();
    path
}

/// Creates segments of two processes, one of which crashed, and three other files. The numbers up to `count` are
/// distributed over them in turn.
fn directory(count: u64) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let every = move |first: u64| (first..count).step_by(5);
    // Each writer numbers its own entries. The test identifies entries by their time.
    for (id, first, end) in [(1, 0, End::Sealed), (2, 1, End::Crashed)] {
        let times: Vec<u64> = every(first).map(|n| BASE + n).collect();
        write(path, id, 0, &[times], end);
    }
    file(path, "app.jsonl", every(2).map(line));
    file(path, "messages.fwm", every(3).map(frame));
    let mixed = every(4).enumerate().map(|(i, n)| [line, frame, written][i % 3](n));
    file(path, "app.log.1", mixed);
    directory
}

/// Returns the times of all available entries relative to `BASE`, and the other events as text.
fn read(reader: &mut LogReader) -> (Vec<u64>, Vec<String>) {
    let (mut places, mut told) = (Vec::new(), Vec::new());
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => places.push(entry.time_unix_nano().saturating_sub(BASE)),
            LogEvent::Frame { .. } => {}
            LogEvent::Lost { source, range } => {
                told.push(format!("{} {} {}", source.path().display(), range.start, range.end));
            }
            LogEvent::UnreadableFile { path, error } => told.push(format!("{} {error}", path.display())),
            other => panic!("{other:?}"),
        }
    }
    (places, told)
}

fn read_with(options: ReadOptions, directory: &Path) -> Vec<u64> {
    let (places, told) = read(&mut options.open(&[directory.to_owned()]).unwrap());
    assert_eq!(told, [""; 0]);
    places
}

#[test]
fn every_entry_comes_once_and_by_time() {
    let directory = directory(500);
    assert!(read_with(LogReader::options(), directory.path()).into_iter().eq(0..500));
}

#[test]
fn a_range_of_time_is_cut_out_of_all_of_them() {
    let directory = directory(300);
    let options = LogReader::options().since(BASE + 77).until(BASE + 233);
    assert!(read_with(options, directory.path()).into_iter().eq(77..233));
}

#[test]
fn reading_can_begin_a_few_entries_before_the_end() {
    let directory = directory(300);
    for last in [0, 1, 2, 7, 100, 299, 300, 1000] {
        let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
        reader.seek_to_last(last).unwrap();
        let (places, told) = read(&mut reader);
        assert!(places.iter().copied().eq(300_u64.saturating_sub(last)..300), "{last}: {places:?}");
        assert_eq!(told, [""; 0]);
        let mut reader = LogReader::options().until(BASE + 250).open(&[directory.path().to_owned()]).unwrap();
        reader.seek_to_last(last).unwrap();
        assert!(read(&mut reader).0.into_iter().eq(250_u64.saturating_sub(last)..250), "{last}");
    }
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    reader.seek_to_end();
    assert!(read(&mut reader).0.is_empty());
}

#[test]
fn files_can_be_named_one_by_one_whatever_they_are_called() {
    let directory = tempfile::tempdir().unwrap();
    let names = [
        file(directory.path(), "lines", (0..50).map(|n| line(n * 3))),
        file(directory.path(), "frames.bin", (0..50).map(|n| frame(n * 3 + 1))),
        file(directory.path(), "mixed.txt", (0..50).map(|n| [frame, line][n as usize % 2](n * 3 + 2))),
    ];
    let (places, told) = read(&mut LogReader::options().open(&names).unwrap());
    assert!(places.into_iter().eq(0..150));
    assert_eq!(told, [""; 0]);
    // The directory contains no file with a known name.
    assert!(read_with(LogReader::options(), directory.path()).is_empty());
    assert!(LogReader::options().open(&[directory.path().join("absent")]).is_err());
}

#[test]
fn more_files_than_are_open_at_once() {
    let directory = tempfile::tempdir().unwrap();
    for i in 0..150 {
        file(directory.path(), &format!("app.log.{i}"), (0..4).map(|n| line(i * 4 + n)));
    }
    assert!(read_with(LogReader::options(), directory.path()).into_iter().eq(0..600));
    let options = LogReader::options().follow(true);
    assert!(read_with(options, directory.path()).into_iter().eq(0..600));
}

#[test]
fn entries_without_a_time_keep_their_place() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.log"), [line(1), b"text of 1\n".to_vec(), line(4)].concat()).unwrap();
    fs::write(directory.path().join("b.log"), [line(2), b"text of 2\n".to_vec(), line(3)].concat()).unwrap();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let mut told = Vec::new();
    while let Some(event) = reader.next() {
        let LogEvent::Entry { entry, source, .. } = event else { panic!("{event:?}") };
        let name = source.path().file_stem().unwrap().to_str().unwrap();
        told.push(format!("{name} {}{}", entry.time_unix_nano().saturating_sub(BASE), entry.body()));
    }
    assert_eq!(told, ["a 1", "a 1text of 1", "b 2", "b 2text of 2", "b 3", "a 4"]);
}

#[test]
fn what_is_damaged_is_told_with_its_file_and_its_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let mut pieces = [line(0), frame(1), line(2), frame(3)];
    pieces[1][40] ^= 1;
    let path = file(directory.path(), "app.log", pieces.clone().into_iter());
    file(directory.path(), "cut.fwm", [frame(4), frame(5)[..50].to_vec()].into_iter());
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let (places, mut told) = read(&mut reader);
    told.sort();
    assert_eq!(places, [0, 2, 3, 4]);
    let start = pieces[0].len();
    let lost = format!("{} {start} {}", path.display(), start + pieces[1].len());
    let cut = directory.path().join("cut.fwm");
    let len = frame(4).len();
    assert_eq!(told, [lost, format!("{} {len} {}", cut.display(), len + 50)]);
}

#[test]
fn a_last_line_needs_no_end() {
    let directory = tempfile::tempdir().unwrap();
    let mut bytes = [line(0), line(1)].concat();
    bytes.pop();
    fs::write(directory.path().join("app.jsonl"), bytes).unwrap();
    assert_eq!(read_with(LogReader::options(), directory.path()), [0, 1]);
}

#[test]
fn compressed_files_are_told_and_others_are_nobody_s() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("app.log.1.zip"), b"PK\x03\x04text\n").unwrap();
    for name in ["README.md", ".hidden.log", "app.log.lock"] {
        fs::write(directory.path().join(name), b"text\n").unwrap();
    }
    fs::create_dir(directory.path().join("directory.log")).unwrap();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    let (places, mut told) = read(&mut reader);
    told.sort();
    assert_eq!((places.len(), told.len()), (0, 2), "{told:?}");
    assert!(told[0].contains("app.log.1.zip") && told[0].contains("compressed"), "{told:?}");
    assert!(told[1].contains("directory.log") && told[1].contains("not a regular file"), "{told:?}");
}
