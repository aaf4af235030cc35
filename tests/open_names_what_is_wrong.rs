//! If a log cannot be opened, the error contains the file, the system call and the reason. If the log can work without
//! a missing feature, it opens. No resource limit of the process kills the log.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod common {
    pub mod disks;
    pub mod logs;
    pub mod victims;
}

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::disks::{Kind, disk_or_skip};
use common::logs::{self, Numbered};
use common::victims::{self, Scene, order};
use fusewire::log::{DropCause, Durability, Log, OnFull};

/// Returns the error of `open` in `directory`. Checks that the error names the directory or a file in it.
fn refused(directory: &Path) -> io::Error {
    let error = Log::options(directory).open().err().expect("it cannot be opened");
    assert!(error.to_string().starts_with(directory.to_str().unwrap()), "{error}");
    error
}

#[test]
fn what_is_no_directory() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("file");
    std::fs::write(&file, "a file").unwrap();
    let error = refused(&file);
    assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    assert!(error.to_string().contains(": open: Not a directory"), "{error}");
    assert_eq!(refused(&file.join("below")).kind(), io::ErrorKind::NotADirectory);
    assert_eq!(std::fs::read(&file).unwrap(), b"a file");
    // `open` creates missing directories.
    let deep = base.path().join("a/b/c");
    assert!(Log::options(&deep).open().unwrap().append(|_| ()).is_written());
    assert!(deep.is_dir());
}

#[test]
fn a_file_system_that_is_read_only() {
    let Some(disk) = disk_or_skip(Kind::Tmpfs, 16 << 20) else { return };
    let there = disk.root().join("there");
    std::fs::create_dir(&there).unwrap();
    disk.remount("ro");
    for directory in [disk.root().join("missing"), there] {
        let error = refused(&directory);
        assert_eq!(error.kind(), io::ErrorKind::ReadOnlyFilesystem, "{error}");
    }
}

#[test]
fn options_that_make_no_sense() {
    let directory = tempfile::tempdir().unwrap();
    let options = || Log::options(directory.path().join("log"));
    for (name, options) in [
        ("file_mode", options().file_mode(0o400)),
        ("file_mode", options().file_mode(0o10_0640)),
        ("dir_mode", options().dir_mode(0o640)),
    ] {
        let error = options.open().err().expect("it makes no sense");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().starts_with(name), "{error}");
    }
    assert!(!directory.path().join("log").exists());
}

/// Sets a limit of a resource for this process.
fn set_limit(resource: libc::__rlimit_resource_t, bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: the structure outlives the call.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

fn become_nobody() {
    // SAFETY: these system calls access no memory of the process.
    unsafe { assert_eq!((libc::setgid(65_534), libc::setuid(65_534)), (0, 0)) };
}

/// Makes all later calls of the system call `number` fail with `error`.
fn deny(number: u32, error: u32) {
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        step(0x20, 0, 0, 0),
        step(0x15, 0, 1, number),
        step(0x06, 0, 0, 0x0005_0000 | error),
        step(0x06, 0, 0, 0x7FFF_0000),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: the filter outlives the calls, which copy it.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program), 0);
    }
}

/// Applies the restrictions of its orders to itself, logs, and writes a report.
#[test]
#[ignore = "is started by the other tests"]
fn victim() {
    victims::begin();
    let (directory, receipts): (PathBuf, PathBuf) = (order("DIRECTORY").unwrap(), order("RECEIPTS").unwrap());
    let entries: u64 = order("ENTRIES").unwrap();
    if let Some(bytes) = order("FSIZE") {
        set_limit(libc::RLIMIT_FSIZE, bytes);
    }
    if let Some(bytes) = order("AS") {
        set_limit(libc::RLIMIT_AS, bytes);
    }
    if let Some(number) = order("CALL") {
        deny(number, order("ERROR").unwrap());
    }
    // A disk that is late drops no entry. A victim without the right to create a segment does not wait.
    let on_full = match order::<bool>("NOBODY") {
        Some(_) => OnFull::OverwriteOldest,
        None => OnFull::Block(Duration::from_secs(60)),
    };
    let report = match Log::options(directory).on_full(on_full).open() {
        Err(error) => format!("{error}"),
        Ok(log) => {
            if order::<bool>("NOBODY").is_some() {
                become_nobody();
            }
            let append = |n| log.append(|entry| Numbered { thread: 0, n, text: 500 }.write(entry));
            let written = (0..entries).filter(|n| append(*n).is_written()).count();
            let flushed = log.flush(Durability::Disk, Duration::from_secs(60)).is_ok();
            let stats = log.stats();
            assert_eq!(stats.drops.total(), stats.drops.by_cause(DropCause::Full));
            drop(log);
            format!("written {written} dropped {} flushed {flushed}", stats.drops.total())
        }
    };
    // If the victim cannot write the file, it prints the report.
    if std::fs::write(receipts.join("report"), &report).is_err() {
        eprintln!("{report}");
    }
}

/// Runs a victim. Returns its report, the number of readable entries, and the scene.
fn report(orders: &[(&str, &dyn ToString)]) -> (String, usize, Scene) {
    let scene = Scene::new();
    // A victim that changes its user must be able to write the report.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&scene.receipts, open).unwrap();
    scene.start("victim", 0, orders).succeed();
    let report = std::fs::read_to_string(scene.receipts.join("report")).unwrap_or_default();
    let read = logs::read(&scene.log);
    assert_eq!(read.lost, [], "{report}");
    (report, read.entries.len(), scene)
}

#[test]
fn a_limit_of_file_sizes_makes_segments_smaller_or_is_named() {
    for (limit, written) in [(1 << 20, 3_000), (64 << 10, 1_000), (20_000, 300)] {
        let (report, entries, _scene) = report(&[("ENTRIES", &written), ("FSIZE", &limit)]);
        assert_eq!(report, format!("written {written} dropped 0 flushed true"));
        assert_eq!(entries, written, "{limit}");
    }
    let (report, entries, scene) = report(&[("ENTRIES", &1), ("FSIZE", &10_000)]);
    assert!(report.starts_with(scene.log.to_str().unwrap()) && report.contains("RLIMIT_FSIZE"), "{report}");
    assert!(report.contains("10000") && report.contains("16384"), "{report}");
    assert_eq!(entries, 0);
}

#[test]
fn a_limit_of_the_address_space_makes_segments_smaller() {
    let (report, entries, _scene) = report(&[("ENTRIES", &10_000), ("AS", &(100_u64 << 20))]);
    assert_eq!((report.as_str(), entries), ("written 10000 dropped 0 flushed true", 10_000));
}

#[test]
fn rights_that_are_given_up_make_counted_drops() {
    // SAFETY: this system call accesses no memory of the process.
    if unsafe { libc::geteuid() } != 0 {
        println!("skipped: not root");
        return;
    }
    let (report, entries, _scene) = report(&[("ENTRIES", &1_000), ("NOBODY", &true)]);
    let words: Vec<_> = report.split(' ').collect();
    let (written, dropped): (usize, usize) = (words[1].parse().unwrap(), words[3].parse().unwrap());
    // The log uses the first segment completely.
    assert!(written > 64 && written + dropped == 1_000, "{report}");
    assert_eq!(entries, written);
}

#[test]
fn system_calls_that_are_refused_are_done_without() {
    use libc::{ENOSYS, EPERM};
    let without = [
        libc::SYS_fallocate,
        libc::SYS_renameat2,
        libc::SYS_flock,
        libc::SYS_madvise,
        libc::SYS_fdatasync,
        libc::SYS_fstatfs,
        libc::SYS_statfs,
        libc::SYS_getrandom,
        libc::SYS_memfd_create,
        libc::SYS_statx,
        libc::SYS_fchmod,
        libc::SYS_prlimit64,
        libc::SYS_linkat,
    ];
    for call in without {
        for error in [EPERM, ENOSYS] {
            let (report, entries, _scene) = report(&[("ENTRIES", &300), ("CALL", &call), ("ERROR", &error)]);
            assert_eq!(report, "written 300 dropped 0 flushed true", "call {call}, error {error}");
            assert_eq!(entries, 300, "call {call}, error {error}");
        }
    }
}
