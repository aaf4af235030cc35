//! A process that calls `handle_sigbus` survives the truncation of a file that it reads: the reader returns the entries before,
//! and an error that contains the offset.
#![cfg(target_os = "linux")]

mod common {
    #[expect(dead_code, reason = "this test needs a part of it")]
    pub mod streams;
    pub mod victims;
}

use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::streams::{append, create};
use common::victims::{self, Victim, order, wait_until};
use fusewire::log::{Found, Log, LogEvent, LogReader, OnFull, Scan, Visitor};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter, handle_sigbus};

const ENTRIES: u64 = 10_000;
const CUT: u64 = 128 << 10;

fn truncate(path: &Path, len: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// Writes a sealed segment.
fn write(path: &Path) {
    let mut options = SegmentOptions::new(Resource::empty());
    options.size = 4 << 20;
    let mut writer = SegmentWriter::create(path, &options).unwrap();
    for n in 0..ENTRIES {
        append(&mut writer, n + 1, n);
    }
    writer.seal().unwrap();
}

fn check(error: &io::Error, at_most: u64) {
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
    let text = error.to_string();
    let rest = text.strip_prefix("offset ").unwrap();
    let (offset, rest) = rest.split_once(": ").unwrap();
    assert!(offset.parse::<u64>().unwrap() <= at_most, "{text}");
    assert!(rest.starts_with("the file was truncated while it was read"), "{text}");
}

/// The number of entries, and of files with errors, until the log ends.
fn read(reader: &mut LogReader, path: Option<&Path>) -> (u64, usize) {
    let (mut next, mut errors) = (0, 0);
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { entry, .. } => {
                assert_eq!(entry.get("n").unwrap().as_i128(), Some(next.into()));
                next += 1;
                if let Some(path) = path.filter(|_| next == 10) {
                    truncate(path, CUT);
                }
            }
            LogEvent::UnreadableFile { error, .. } => {
                check(error, 4 << 20);
                errors += 1;
            }
            LogEvent::Frame { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    (next, errors)
}

struct Truncate<'a>(&'a Path, u64);

impl Visitor for Truncate<'_> {
    fn entry(&mut self, _: &Found<'_>) {
        self.1 += 1;
        if self.1 == 10 {
            truncate(self.0, CUT);
        }
    }
}

#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    victims::begin();
    let directory: PathBuf = order("DIRECTORY").unwrap();
    let copy = order("COPY").unwrap();
    let path = directory.join("a.fws");
    handle_sigbus();
    handle_sigbus();
    match order::<String>("MODE").unwrap().as_str() {
        "reader" => {
            write(&path);
            let mut reader = LogReader::options().copy(copy).open(std::slice::from_ref(&path)).unwrap();
            let (entries, errors) = read(&mut reader, Some(&path));
            assert!((10..ENTRIES).contains(&entries), "{entries}");
            assert_eq!(errors, 1);
        }
        "scan" => {
            write(&path);
            let scan = Scan::new([&path]).copy(copy).threads(NonZero::<usize>::MIN);
            let scanned = scan.run(|_| true, || Truncate(&path, 0)).unwrap();
            let entries = scanned.visitors[0].1;
            assert!((10..ENTRIES).contains(&entries), "{entries}");
            assert!(scanned.lost.is_empty());
            assert_eq!(scanned.unreadable.len(), 1);
            check(&scanned.unreadable[0].1, 4 << 20);
        }
        // More than are guarded: the others are read with system calls.
        "many" => {
            let paths: Vec<PathBuf> = (1..=140)
                .map(|id| {
                    let mut writer = create(&directory, id, 0);
                    append(&mut writer, u64::from(id), u64::from(id) - 1);
                    let path = writer.path().to_owned();
                    std::mem::forget(writer);
                    path
                })
                .collect();
            let mut reader = LogReader::options().copy(copy).open(std::slice::from_ref(&directory)).unwrap();
            assert_eq!(read(&mut reader, None), (140, 0));
            paths.iter().for_each(|path| truncate(path, 4096));
            reader.wait(Duration::ZERO).unwrap();
            assert_eq!(read(&mut reader, None), (0, 140));
        }
        // A process that writes guards its own maps as well.
        _ => {
            let log = Log::options(&directory).on_full(OnFull::Block(victims::HANGS)).open().unwrap();
            let append = |n: u64| log.append(|entry| _ = entry.attr("n", &n)).is_written();
            assert!((0..10).all(append));
            let mut reader = LogReader::options().copy(copy).open(std::slice::from_ref(&directory)).unwrap();
            assert_eq!(read(&mut reader, None), (10, 0));
            for file in fs::read_dir(&directory).unwrap() {
                truncate(&file.unwrap().path(), 0);
            }
            // Until the log notices, appends go to pages that are gone.
            (0..10).for_each(|n| _ = append(n));
            let mut errors = 0;
            wait_until("the reader notices", || {
                reader.wait(Duration::from_millis(1)).unwrap();
                while let Some(event) = reader.next() {
                    errors += u32::from(matches!(event, LogEvent::UnreadableFile { .. }));
                }
                errors > 0
            });
        }
    }
}

#[test]
fn entries_before_are_read() {
    for mode in ["reader", "scan", "many", "writer"] {
        for copy in [false, true] {
            let directory = tempfile::tempdir().unwrap();
            let orders: [(&str, &dyn ToString); 3] =
                [("DIRECTORY", &directory.path().display()), ("MODE", &mode), ("COPY", &copy)];
            Victim::start("victim", &orders).succeed();
        }
    }
}
