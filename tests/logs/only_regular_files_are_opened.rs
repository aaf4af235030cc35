//! A FIFO, a socket, a directory or a symbolic link with the name of a log file stops no reader and no writer: it is named, and
//! skipped. A path that the caller names may be a symbolic link.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use crate::common::watchdog::Watchdog;
use fusewire::decode::EntryRef;
use fusewire::log::{Found, Log, LogEvent, LogReader, OnFull, Scan, Visitor, list};

fn fifo(path: &Path) {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the path ends with a zero and outlives the call.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o644) }, 0);
}

fn write(directory: &Path, entries: u64) {
    let log = Log::options(directory).on_full(OnFull::Block(Duration::from_secs(60))).open().unwrap();
    for n in 0..entries {
        assert!(log.append(|entry| _ = entry.attr("n", &n).attr("text", &"x".repeat(500))).is_written());
    }
    log.shutdown(Duration::from_secs(60)).unwrap();
}

/// A directory with a log of 1,000 entries, and files of other types.
fn hostile(directory: &Path, elsewhere: &Path) -> BTreeMap<String, &'static str> {
    write(elsewhere, 10);
    let target = list(elsewhere).unwrap().segments.remove(0).path;
    let mut expected = BTreeMap::new();
    for extension in ["fws", "jsonl", "log.1"] {
        let path = |name: &str| directory.join(format!("{name}.{extension}"));
        fifo(&path("fifo"));
        drop(UnixListener::bind(path("socket")).unwrap());
        fs::create_dir(path("directory")).unwrap();
        symlink(&target, path("link")).unwrap();
        symlink("/nowhere", path("dangling")).unwrap();
        for (name, kind) in [
            ("fifo", "FIFO"),
            ("socket", "socket"),
            ("directory", "directory"),
            ("link", "symbolic link"),
            ("dangling", "symbolic link"),
        ] {
            expected.insert(format!("{name}.{extension}"), kind);
        }
    }
    expected
}

struct Count(u64);

impl Visitor for Count {
    fn entry(&mut self, _: &Found<'_>) {
        self.0 += 1;
    }
}

/// Checks the errors about `files`, and returns the names of the files.
fn check<'a>(
    errors: impl Iterator<Item = (&'a Path, &'a std::io::Error)>,
    expected: &BTreeMap<String, &'static str>,
) {
    let mut found = BTreeMap::new();
    for (path, error) in errors {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = error.to_string();
        let kind = text.strip_prefix("not a regular file (").unwrap().split_once("); skipped").unwrap().0;
        assert!(found.insert(name, kind.to_owned()).is_none(), "told twice");
    }
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(name, kind)| (name.clone(), (*kind).to_owned())).collect();
    assert_eq!(found, expected);
}

#[test]
fn others_are_named_and_skipped() {
    let _watchdog = Watchdog::over("readers of files of other types");
    let temporary = tempfile::tempdir().unwrap();
    let (directory, elsewhere) = (temporary.path().join("log"), temporary.path().join("elsewhere"));
    fs::create_dir(&directory).unwrap();
    let expected = hostile(&directory, &elsewhere);
    // Writers come to an end, too, and read past them when they look for segments of dead processes.
    write(&directory, 1_000);
    for file in fs::read_dir(&directory).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "fwi") {
            fs::remove_file(&path).unwrap();
            fifo(&path);
        }
    }
    let listing = list(&directory).unwrap();
    assert_eq!(listing.segments.iter().filter_map(|info| info.entries).sum::<u64>(), 1_000);
    check(listing.unreadable.iter().map(|(path, error)| (path.as_path(), error)), &expected);

    let (mut entries, mut errors) = (0, Vec::new());
    let mut reader = LogReader::options().open(std::slice::from_ref(&directory)).unwrap();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { .. } => entries += 1,
            LogEvent::UnreadableFile { path, error } => {
                errors.push((path.to_owned(), std::io::Error::other(error.to_string())));
            }
            _ => {}
        }
    }
    assert_eq!(entries, 1_000);
    check(errors.iter().map(|(path, error)| (path.as_path(), error)), &expected);

    let scanned = Scan::new([&directory]).run(|_: &EntryRef<'_>| true, || Count(0)).unwrap();
    assert_eq!(scanned.visitors.iter().map(|count| count.0).sum::<u64>(), 1_000);
    check(scanned.unreadable.iter().map(|(path, error)| (path.as_path(), error)), &expected);
}

#[test]
fn a_named_path_may_be_a_link() {
    let _watchdog = Watchdog::over("a named link");
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join("log");
    write(&directory, 10);
    let segment = list(&directory).unwrap().segments.remove(0).path;
    let link = temporary.path().join("link.fws");
    symlink(segment, &link).unwrap();
    let fifo_path = temporary.path().join("fifo.fws");
    fifo(&fifo_path);
    let mut reader = LogReader::options().open(std::slice::from_ref(&link)).unwrap();
    let mut entries = 0;
    while let Some(event) = reader.next() {
        entries += u64::from(matches!(event, LogEvent::Entry { .. }));
    }
    assert_eq!(entries, 10);
    let scanned = Scan::new([&link]).run(|_: &EntryRef<'_>| true, || Count(0)).unwrap();
    assert_eq!(scanned.visitors.iter().map(|count| count.0).sum::<u64>(), 10);
    let error = LogReader::options().open(&[fifo_path]).unwrap_err();
    assert_eq!(error.to_string(), "not a regular file (FIFO)");
}
