//! The files and directories of a log have the given permissions, or 0640 and 0750 by default, for any umask.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fusewire::log::Log;

/// Collects the permissions of the directories and of the files below `directory`, by extension.
fn modes(directory: &Path, found: &mut BTreeMap<String, Vec<u32>>) {
    let mut note = |kind: &str, path: &Path| {
        let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let modes = found.entry(kind.to_owned()).or_default();
        modes.push(mode);
        modes.sort_unstable();
        modes.dedup();
    };
    note("directory", directory);
    let mut below = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => below.push(path),
            false => note(path.extension().unwrap().to_str().unwrap(), &path),
        }
    }
    for path in below {
        modes(&path, found);
    }
}

fn write(log: Log) {
    // The segments must be large enough for an index.
    for n in 0..2_000_u64 {
        assert!(log.append(|entry| _ = entry.attr("n", &n).attr("text", &"x".repeat(200))).is_written());
    }
    drop(log);
}

/// There is only one test because the umask belongs to the process.
#[test]
fn whatever_the_umask() {
    for umask in [0o000, 0o022, 0o077, 0o777] {
        let base = tempfile::tempdir().unwrap();
        // SAFETY: this system call accesses no memory of the process.
        unsafe { libc::umask(umask) };
        let (first, second) = (base.path().join("a/b/log"), base.path().join("c/log"));
        write(Log::options(&first).segment_size(256 << 10).open().unwrap());
        let told = Log::options(&second).segment_size(256 << 10).file_mode(0o600).dir_mode(0o700);
        write(told.open().unwrap());
        for (directory, file, folder) in [("a", 0o640, 0o750), ("c", 0o600, 0o700)] {
            let mut found = BTreeMap::new();
            modes(&base.path().join(directory), &mut found);
            let expected = [("directory", folder), ("fwi", file), ("fws", file), ("lock", 0o600)]
                .map(|(kind, mode)| (kind.to_owned(), vec![mode]));
            assert_eq!(found, BTreeMap::from(expected), "umask {umask:03o}");
        }
        // SAFETY: this system call accesses no memory of the process.
        unsafe { libc::umask(0o022) };
    }
}
