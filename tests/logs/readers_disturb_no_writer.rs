//! A reader changes no byte and takes no lock that can block a writer or the retention.

use std::fs::File;
use std::time::Duration;

use crate::common::streams::{End, append, create, write};
use fusewire::log::{LogReader, list};

/// Returns the name, the bytes and the modification time of every file.
fn files(directory: &std::path::Path) -> Vec<(std::ffi::OsString, Vec<u8>, std::time::SystemTime)> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let modified = file.metadata().unwrap().modified().unwrap();
            (file.file_name(), std::fs::read(file.path()).unwrap(), modified)
        })
        .collect();
    files.sort();
    files
}

#[test]
fn reading_leaves_everything_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let times: Vec<u64> = (1000..1010).collect();
    let crashed = write(path, 1, 0, &[times.clone(), times], End::Crashed);
    let mut live = create(path, 2, 0);
    append(&mut live, 1000, 0);
    let before = files(path);
    let mut reader = LogReader::options().open(&[path.to_owned()]).unwrap();
    while reader.next().is_some() {}
    assert!(!reader.wait(Duration::from_millis(300)).unwrap());
    assert_eq!(list(path).unwrap().segments.len(), 3);
    assert!(files(path) == before);
    // The reader exists and has the live segment open, but holds no lock.
    for file in &crashed {
        let file = File::open(file).unwrap();
        file.try_lock().unwrap();
        file.unlock().unwrap();
    }
    drop(reader);
    append(&mut live, 1001, 1);
    live.seal().unwrap();
}

#[test]
fn a_reader_can_read_what_it_must_not_write() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let files = write(directory.path(), 1, 0, &[vec![1, 2, 3]], End::Crashed);
    std::fs::set_permissions(&files[0], std::fs::Permissions::from_mode(0o444)).unwrap();
    let mut reader = LogReader::options().open(&[directory.path().to_owned()]).unwrap();
    assert_eq!(crate::common::streams::numbers(&mut reader), [0, 1, 2]);
}
