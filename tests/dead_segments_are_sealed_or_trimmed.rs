//! A process that opens a directory completes the segments of dead processes. It seals intact segments, frees the
//! unused space of damaged segments and deletes empty segments. No byte of a frame changes.
#![cfg(target_os = "linux")]

mod common {
    pub mod checksum;
    pub mod victims;
}

use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use common::victims::{Victim, order, wait_until};
use fusewire::log::{Life, Log, LogEvent, LogReader, list};
use fusewire::segment::{Resource, Segment, SegmentOptions, SegmentWriter, State, verify};

/// The offset of the word that records the end of a stream, and the word of a process that died.
const END: u64 = 4096 + 256;
const DIED: u64 = 2 | (!2_u32 as u64) << 32;

fn open(directory: &Path) -> Log {
    Log::options(directory).open().unwrap()
}

/// Returns the entries of a log as JSON.
fn json(directory: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut reader = LogReader::options().open(&[directory.to_path_buf()]).unwrap();
    while let Some(event) = reader.next() {
        if let LogEvent::Entry { entry, .. } = event {
            let mut line = String::new();
            fusewire::json::write_entry(&entry, &mut line).unwrap();
            lines.push(line);
        }
    }
    lines
}

fn word(path: &Path, at: u64) -> u64 {
    let mut bytes = [0; 8];
    fs::File::open(path).unwrap().read_exact_at(&mut bytes, at).unwrap();
    u64::from_le_bytes(bytes)
}

fn on_disk(path: &Path) -> u64 {
    fs::metadata(path).unwrap().blocks() * 512
}

/// Returns the paths of the segments of the directory, ordered by name.
fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = list(directory).unwrap().segments.into_iter().map(|info| info.path).collect();
    paths.sort();
    paths
}

/// Creates the segment of a writer that died, with `entries` entries and free space.
fn dead(directory: &Path, name: &str, sequence: u64, entries: u64) -> PathBuf {
    let mut options = SegmentOptions::new(Resource::empty());
    (options.size, options.sequence, options.stream_id) = (1 << 20, sequence, [7; 16]);
    let path = directory.join(name);
    let mut writer = SegmentWriter::create(&path, &options).unwrap();
    for n in 0..entries {
        writer.append(|entry| _ = entry.attr("n", &n)).unwrap();
    }
    drop(writer);
    path
}

#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    let directory: PathBuf = order("DIRECTORY").unwrap();
    let log = open(&directory);
    log.append(|entry| entry.set_body("the only line"));
    match order::<String>("END").unwrap().as_str() {
        "drop" => drop(log),
        "exit" => std::process::exit(0),
        "abort" => std::process::abort(),
        _ => {
            fs::write(directory.with_extension("ready"), "").unwrap();
            loop {
                std::thread::park();
            }
        }
    }
}

#[test]
fn one_line_takes_24_kib_after_any_end() {
    for end in ["drop", "exit", "abort", "kill"] {
        let temporary = tempfile::tempdir().unwrap();
        let directory = temporary.path().join("log");
        let mut victim = Victim::start("victim", &[("DIRECTORY", &directory.display()), ("END", &end)]);
        if end == "kill" {
            wait_until("the line", || directory.with_extension("ready").exists());
            victim.kill();
        }
        victim.end();
        let before = json(&directory);
        assert_eq!(before.len(), 1, "{end}");
        let first = segments(&directory).remove(0);
        let bytes = fs::read(&first).unwrap();
        let log = open(&directory);
        // A worker completes a large segment after `open` returns.
        wait_until("the dead segment to be trimmed", || {
            let listed = list(&directory).unwrap().segments;
            let left: Vec<_> = listed.iter().filter(|info| info.life == Life::Sealed).collect();
            left.len() == 1 && left[0].path == first && left[0].disk_bytes <= 24 << 10
        });
        let index = first.with_extension("fwi");
        assert!(!index.exists());
        drop(log);
        assert_eq!(json(&directory), before, "{end}");
        let data_end = Segment::read_copy(&first).unwrap().trailer().unwrap().data_end as usize;
        assert!(fs::read(&first).unwrap()[8192..data_end] == bytes[8192..data_end], "{end}");
        assert!(verify(&Segment::read_copy(&first).unwrap()).unwrap().is_clean(), "{end}");
    }
}

#[test]
fn whole_segments_are_sealed_and_get_an_index() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path();
    let path = dead(directory, "1-07070707-00000000.fws", 0, 2_000);
    let (bytes, lines) = (fs::read(&path).unwrap(), json(directory));
    drop(open(directory));
    let segment = Segment::read_copy(&path).unwrap();
    assert_eq!(segment.state(), State::Sealed);
    let report = verify(&segment).unwrap();
    assert!(report.is_clean() && report.entries == 2_000, "{report:?}");
    let data_end = segment.trailer().unwrap().data_end as usize;
    assert!(segment.as_bytes()[..4096] == bytes[..4096]);
    assert!(segment.as_bytes()[8192..data_end] == bytes[8192..data_end]);
    assert_eq!(json(directory), lines);
    assert_eq!(word(&path, END), DIED);
    assert!(path.with_extension("fwi").exists());
    assert!(on_disk(&path) < data_end as u64 + (16 << 10));
    // A sealed segment does not change when another process opens the log.
    let after = fs::read(&path).unwrap();
    drop(open(directory));
    assert!(fs::read(&path).unwrap() == after);
}

#[test]
fn unused_segments_are_deleted_and_the_one_before_is_the_last() {
    let temporary = tempfile::tempdir().unwrap();
    let used = dead(temporary.path(), "1-07070707-00000000.fws", 0, 10);
    let unused = dead(temporary.path(), "2-07070707-00000001.fws", 1, 0);
    drop(open(temporary.path()));
    assert!(used.exists() && !unused.exists());
    assert_eq!(word(&used, END), DIED);
}

#[test]
fn only_the_last_segment_of_a_stream_shows_its_end() {
    let temporary = tempfile::tempdir().unwrap();
    let first = dead(temporary.path(), "1-07070707-00000000.fws", 0, 10);
    let last = dead(temporary.path(), "2-07070707-00000001.fws", 1, 10);
    drop(open(temporary.path()));
    assert_eq!((word(&first, END), word(&last, END)), (0, DIED));
    assert!(segments(temporary.path()).iter().all(|path| word(path, 4096 + 64) == 1));
}

#[test]
fn damaged_segments_keep_every_byte_and_give_their_free_tail_back() {
    // The damage is an incomplete append, a frame with wrong bytes, bytes in the unused space, or zeros in the last
    // entry before the tail.
    for damage in ["intent", "bit", "space", "zeros"] {
        let temporary = tempfile::tempdir().unwrap();
        let path = dead(temporary.path(), "1-07070707-00000000.fws", 0, 100);
        let end = verify(&Segment::read_copy(&path).unwrap()).unwrap().frame_bytes + 8192;
        let file = fs::File::options().write(true).open(&path).unwrap();
        match damage {
            "intent" => file.write_all_at(&(1_000_u64 | 1 << 28).to_le_bytes(), end).unwrap(),
            "bit" => file.write_all_at(b"\xff", end - 20).unwrap(),
            "space" => file.write_all_at(b"text", end + 70_000).unwrap(),
            _ => file.write_all_at(&[0; 64], end - 64).unwrap(),
        }
        drop(file);
        let (mut bytes, lines) = (fs::read(&path).unwrap(), json(temporary.path()));
        let before = on_disk(&path);
        drop(open(temporary.path()));
        assert_eq!(word(&path, END), DIED, "{damage}");
        let after = fs::read(&path).unwrap();
        bytes[END as usize..][..16].copy_from_slice(&after[END as usize..][..16]);
        assert!(after == bytes, "{damage}");
        assert!(on_disk(&path) + (512 << 10) < before, "{damage}: {} of {before} bytes", on_disk(&path));
        assert_eq!(json(temporary.path()), lines, "{damage}");
        let listed = list(temporary.path()).unwrap();
        assert_eq!(listed.segments[0].life, Life::Crashed, "{damage}");
    }
}

#[test]
fn files_that_are_not_understood_are_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path();
    // Another file than a segment, and with a byte that is not zero.
    let zeros = directory.join("1-07070707-00000000.fws");
    fs::write(&zeros, [vec![0; 64 << 10], vec![1]].concat()).unwrap();
    let header = dead(directory, "2-07070707-00000001.fws", 1, 10);
    let later = dead(directory, "3-07070707-00000002.fws", 2, 10);
    let cut = dead(directory, "4-07070707-00000003.fws", 3, 10);
    fs::write(directory.join("5.fws"), "").unwrap();
    fs::write(directory.join("6.fws"), "text").unwrap();
    fs::create_dir(directory.join("7.fws")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", directory.join("8.fws")).unwrap();
    let hidden = directory.join(".9.fws");
    fs::copy(&header, &hidden).unwrap();
    let write = |path: &Path, bytes: &[u8], at| {
        fs::File::options().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
    };
    write(&header, b"?", 40);
    // The header has a flag that permits reading but not writing.
    let mut page = fs::read(&later).unwrap()[..4096].to_vec();
    page[20] = 1;
    let crc = common::checksum::crc32(0, &page[..4092]);
    page[4092..].copy_from_slice(&crc.to_le_bytes());
    write(&later, &page, 0);
    fs::File::options().write(true).open(&cut).unwrap().set_len(10_000).unwrap();
    let files = [&zeros, &header, &later, &cut, &hidden];
    let before = files.map(|path| fs::read(path).unwrap());
    let log = open(directory);
    assert!(log.append(|entry| entry.set_body("written")).is_written());
    drop(log);
    for (path, bytes) in files.into_iter().zip(before) {
        assert!(fs::read(path).unwrap() == bytes, "{}", path.display());
    }
}

#[test]
fn a_segment_whose_process_lives_is_left_alone() {
    let temporary = tempfile::tempdir().unwrap();
    let other = open(temporary.path());
    for n in 0..10 {
        other.append(|entry| _ = entry.attr("n", &n));
    }
    let before = segments(temporary.path());
    drop(open(temporary.path()));
    assert!(other.append(|entry| _ = entry.attr("n", &10)).is_written());
    assert_eq!(other.stats().rotations, 0);
    assert!(before.iter().all(|path| path.exists() && word(path, 4096 + 64) == 0 && word(path, END) == 0));
    drop(other);
    assert_eq!(json(temporary.path()).len(), 11);
}

/// An account that can write to the directory could otherwise have the process change files elsewhere.
#[test]
fn a_segment_that_other_accounts_can_change_is_left_alone() {
    use std::os::unix::fs::PermissionsExt;
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().join("log");
    fs::create_dir(&directory).unwrap();
    let writable = dead(&directory, "1-07070707-0.fws", 0, 3);
    fs::set_permissions(&writable, fs::Permissions::from_mode(0o666)).unwrap();
    let linked = dead(&directory, "2-07070707-1.fws", 1, 3);
    fs::hard_link(&linked, temporary.path().join("elsewhere")).unwrap();
    let target = dead(temporary.path(), "target", 2, 3);
    std::os::unix::fs::symlink(&target, directory.join("3-07070707-2.fws")).unwrap();
    let own = dead(&directory, "4-07070707-3.fws", 3, 3);
    drop(open(&directory));
    for path in [&writable, &linked, &target] {
        assert_eq!((word(path, 4096 + 64), word(path, END)), (0, 0), "{}", path.display());
    }
    assert_eq!((word(&own, 4096 + 64), word(&own, END)), (1, DIED));
}
