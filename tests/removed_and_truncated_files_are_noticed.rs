//! If another program removes, moves or truncates files of a log, the log begins new files, and the process survives. The log
//! counts the entries of removed and truncated files and adds a loss record, and one flush returns an error. Entries in a file
//! that was moved within the file system are not lost: the log completes the file.
#![cfg(target_os = "linux")]

mod common {
    pub mod victims;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::victims::{self, Victim, order, wait_until};
use fusewire::log::{DropCause, Durability, FlushError, Life, Log, LogEvent, LogReader, list};
use fusewire::segment::FrameKind;

const WAIT: Duration = Duration::from_secs(60);
const BEFORE: u64 = 100;
const AFTER: u64 = 20_000;

/// Returns the number of entries in the directory, and the number of entries that the loss records count.
fn read(directory: &Path) -> (u64, u64) {
    let (mut entries, mut lost) = (0, 0);
    let mut reader = LogReader::options().open(&[directory.to_path_buf()]).unwrap();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { .. } => entries += 1,
            LogEvent::Frame { frame, .. } if frame.kind == FrameKind::Loss => {
                let record = fusewire::decode::EntryRef::new(frame.payload).unwrap();
                lost += u64::try_from(record.get("count").unwrap().as_i128().unwrap()).unwrap();
            }
            _ => {}
        }
    }
    (entries, lost)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "fws")).collect()
}

fn truncate(path: &Path, len: u64) {
    fs::File::options().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// Removes the directory. Repeats the removal if a worker of the log has created a file in the meantime.
fn remove_directory(directory: &Path) {
    wait_until("the removal", || fs::remove_dir_all(directory).is_ok());
}

#[test]
#[ignore = "is started by the other test"]
fn victim() {
    victims::begin();
    let directory: PathBuf = order("DIRECTORY").unwrap();
    let log = Log::options(&directory).segment_size(1 << 20).open().unwrap();
    let append = |count: u64| {
        for n in 0..count {
            // The log drops and counts an append that finds no segment while the directory is absent.
            log.append(|entry| _ = entry.attr("n", &n));
        }
    };
    append(BEFORE);
    let aside = directory.with_extension("aside");
    let mode = order::<String>("MODE").unwrap();
    match mode.as_str() {
        "remove" => files(&directory).iter().for_each(|path| fs::remove_file(path).unwrap()),
        "rename" => {
            fs::create_dir(&aside).unwrap();
            let to = |path: &Path| aside.join(path.file_name().unwrap());
            files(&directory).iter().for_each(|path| fs::rename(path, to(path)).unwrap());
        }
        "remove the directory" => remove_directory(&directory),
        "rename the directory" => fs::rename(&directory, &aside).unwrap(),
        "truncate" => files(&directory).iter().for_each(|path| truncate(path, 0)),
        "cut" => files(&directory).iter().for_each(|path| truncate(path, 12_288)),
        _ => {
            for path in files(&directory) {
                fs::copy(&path, path.with_extension("1")).unwrap();
                truncate(&path, 0);
            }
        }
    }
    append(AFTER);
    let is_moved = aside.exists();
    let noticed = if is_moved { Ok(()) } else { Err(FlushError::Removed) };
    assert_eq!(log.flush(Durability::Disk, WAIT), noticed);
    assert_eq!(log.flush(Durability::Disk, WAIT), Ok(()));
    append(BEFORE);
    let written = log.stats().entries;
    log.shutdown(WAIT).unwrap();
    let lost = log.stats().drops.by_cause(DropCause::Removed);
    let dropped = log.stats().drops.total();
    assert_eq!(written + dropped - lost, 2 * BEFORE + AFTER);
    let (mut entries, mut told) = read(&directory);
    if is_moved {
        let segments = list(&aside).unwrap().segments;
        assert!(segments.iter().all(|info| info.life == Life::Sealed || info.life == Life::Empty));
        let moved = read(&aside);
        assert!(moved.0 >= BEFORE);
        (entries, told) = (entries + moved.0, told + moved.1);
    }
    assert_eq!(told, dropped);
    if mode.contains("truncate") || mode == "cut" {
        // The log can count an entry that a file still has, if another program truncates the file while the log seals it.
        assert!(entries + lost >= written, "{entries} entries, {lost} lost of {written}");
    } else {
        assert_eq!(entries + lost, written);
    }
    assert!(entries >= BEFORE && (lost >= 1) != is_moved, "{entries} entries, {lost} lost");
}

#[test]
fn and_their_entries_are_counted() {
    for mode in [
        "remove",
        "rename",
        "remove the directory",
        "rename the directory",
        "truncate",
        "cut",
        "copy and truncate",
    ] {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().join("log");
        let mut victim = Victim::start("victim", &[("DIRECTORY", &directory.display()), ("MODE", &mode)]);
        victim.succeed();
    }
}

#[test]
fn without_a_flush_within_a_second_or_so() {
    let temporary = tempfile::tempdir().unwrap();
    let log = Log::options(temporary.path()).open().unwrap();
    assert!(log.append(|entry| entry.set_body("lost")).is_written());
    files(temporary.path()).iter().for_each(|path| fs::remove_file(path).unwrap());
    wait_until("the removal to be noticed", || log.stats().drops.by_cause(DropCause::Removed) == 1);
    assert!(log.append(|entry| entry.set_body("kept")).is_written());
    drop(log);
    assert_eq!(read(temporary.path()), (1, 1));
}
