//! Another program truncates or overwrites a segment while a command reads it: the command prints the entries before, reports
//! the file with an offset, and ends with code 3. It never ends by a signal or a panic.

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{TempDir, command, fusewire, segments};
use fusewire::log::Log;

const ENTRIES: u64 = 30_000;
const CUT: u64 = 256 << 10;

/// Writes a log of one sealed segment that is larger than the buffers of a command and of a pipe.
fn large() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let logs = directory.path().join("logs");
    let log = Log::options(&logs).segment_size(16 << 20).open().unwrap();
    for n in 0..ENTRIES {
        let appended = log.append(|entry| {
            entry.set_time_unix_nano(1_700_000_000_000_000_000 + n);
            entry.set_body("überall dieselbe Nachricht, und genau so lang wie diese");
            entry.attr("n", &n);
        });
        assert!(appended.is_written());
    }
    drop(log);
    let files = segments(&logs);
    let size = |path: &PathBuf| path.metadata().unwrap().len();
    let largest = files.into_iter().max_by_key(size).unwrap();
    (directory, largest)
}

#[test]
fn a_truncated_file_costs_the_entries_after_the_cut() {
    for access in [None, Some("--copy")] {
        let (_directory, path) = large();
        let arguments = ["cat".as_ref(), path.as_os_str()].into_iter().chain(access.map(AsRef::as_ref));
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        output.read_line(&mut first).unwrap();
        // The pipe is full, so the command waits.
        File::options().write(true).open(&path).unwrap().set_len(CUT).unwrap();
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        let status = child.wait().unwrap();
        let lines = rest.lines().count() as u64;
        assert!(lines > 100 && lines < ENTRIES / 2, "{lines}: {stderr}");
        assert!(stderr.contains(&format!("{}: offset ", path.display())), "{stderr}");
        assert!(stderr.contains("the file was truncated while it was read"), "{stderr}");
        assert!(stderr.contains("; use --copy for files"), "{stderr}");
        assert_eq!(status.code(), Some(3), "{access:?}: {stderr}");
    }
}

/// Runs `read` while another thread overwrites and restores parts of the file.
fn while_it_changes(path: &Path, read: impl FnOnce()) {
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let original = std::fs::read(path).unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let file = File::options().write(true).open(path).unwrap();
            let mut state = 7_u64;
            while !is_done.load(Ordering::Acquire) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % (original.len() - 16);
                file.write_all_at(&state.to_le_bytes(), at as u64).unwrap();
                file.write_all_at(&original[at..at + 8], at as u64).unwrap();
            }
        });
        let _done = Done(&is_done);
        read();
    });
}

#[test]
fn an_overwritten_file_is_printed_as_text() {
    let (_directory, path) = large();
    while_it_changes(&path, || {
        for _ in 0..4 {
            for arguments in
                [&["cat"][..], &["query", "n > 10"], &["query", "n > 10", "--count"], &["verify"]]
            {
                let run = fusewire(arguments.iter().map(AsRef::as_ref).chain([path.as_os_str()]));
                assert!(matches!(run.code, 0 | 3), "{arguments:?}: {}", run.stderr);
                assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
            }
        }
    });
}
