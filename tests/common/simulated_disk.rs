//! A simulation of the state of a directory after a power cut.
//!
//! This module replaces the system calls that write to disk, and records the data that must survive. Each other page of
//! a file can have any earlier content of this page.
#![allow(dead_code, unreachable_pub)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::fd::RawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::random::Random;

const PAGE: usize = 4096;

/// The directory and the inode number of a file. The inode number does not change if the file is renamed.
type Place = (PathBuf, u64);

#[derive(Default)]
struct Disk {
    /// The directories with the observed files.
    watched: Vec<PathBuf>,
    /// The content of each file that must survive.
    synced: HashMap<Place, Vec<u8>>,
    /// The later contents of each file, and their times.
    seen: HashMap<Place, Vec<(u64, Vec<u8>)>>,
    /// The names that must survive.
    names: HashMap<PathBuf, HashSet<String>>,
    clock: u64,
}

static DISK: Mutex<Option<Disk>> = Mutex::new(None);

/// Locks the state, even after a panic, so that only the test that panicked fails.
fn locked() -> MutexGuard<'static, Option<Disk>> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Observes the files in `directory` from now on. None of them must survive before they are synced.
pub fn watch(directory: &Path) {
    locked().get_or_insert_default().watched.push(directory.to_owned());
}

/// Returns whether the name of the file or directory `path` must survive.
pub fn is_named(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let disk = locked();
    disk.as_ref().unwrap().names.get(path.parent().unwrap()).is_some_and(|names| names.contains(name))
}

/// Records the current contents of the files of `directory`.
pub fn look(directory: &Path) {
    let mut disk = locked();
    let disk = disk.as_mut().unwrap();
    disk.clock += 1;
    for (place, _, bytes) in files(directory) {
        disk.seen.entry(place).or_default().push((disk.clock, bytes));
    }
}

/// Returns the names and bytes of the segments that a power cut at this moment can leave in `directory`.
pub fn cut(directory: &Path, random: &mut Random) -> Vec<(String, Vec<u8>)> {
    look(directory);
    let disk = locked();
    let disk = disk.as_ref().unwrap();
    let mut left = Vec::new();
    // The percentage of pages with a content that was not synced: from none to all.
    let new = [0, 1, 10, 50, 90, 100][random.below(6) as usize];
    for (place, name, now) in files(directory) {
        let named = disk.names.get(directory).is_some_and(|names| names.contains(&name));
        if !named && random.below(2) == 0 {
            continue;
        }
        let synced = disk.synced.get(&place);
        if synced.is_none() && random.below(8) == 0 {
            left.push((name, Vec::new()));
            continue;
        }
        let nothing = vec![0; now.len()];
        let mut bytes = synced.unwrap_or(&nothing).clone();
        let seen = disk.seen.get(&place).map_or(&[][..], Vec::as_slice);
        for page in 0..bytes.len() / PAGE {
            // The first two pages describe the other pages. They are synced separately, so the percentage is also
            // separate.
            let new = if page < 2 { [0, 50, 100][random.below(3) as usize] } else { new };
            if !seen.is_empty() && random.below(100) < new {
                let range = page * PAGE..(page + 1) * PAGE;
                let one = &seen[random.below(seen.len() as u64) as usize].1;
                bytes[range.clone()].copy_from_slice(&one[range]);
            }
        }
        left.push((name, bytes));
    }
    left
}

/// Returns the place, the name and the bytes of each segment of `directory`.
fn files(directory: &Path) -> Vec<(Place, String, Vec<u8>)> {
    let mut files = Vec::new();
    for file in fs::read_dir(directory).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if let (true, Ok(bytes), Ok(metadata)) =
            (name.ends_with(".fws"), fs::read(file.path()), file.metadata())
        {
            files.push(((directory.to_owned(), metadata.ino()), name, bytes));
        }
    }
    files
}

/// Records a call that writes `descriptor` to disk. The call takes time. Bytes that are written during the call do not
/// have to survive.
fn sync(descriptor: RawFd) -> libc::c_int {
    // This path is also valid for a file that was deleted.
    let itself = format!("/proc/self/fd/{descriptor}");
    let path = fs::read_link(&itself).unwrap();
    if fs::metadata(&itself).unwrap().is_dir() {
        let names = fs::read_dir(&path).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let names = names.collect();
        thread::sleep(Duration::from_micros(100));
        locked().get_or_insert_default().names.insert(path, names);
        return 0;
    }
    let directory = path.parent().unwrap().to_owned();
    let (begun, bytes, place) = {
        let mut disk = locked();
        let disk = disk.get_or_insert_default();
        if !disk.watched.contains(&directory) {
            return 0;
        }
        let place = (directory, fs::metadata(&itself).unwrap().ino());
        disk.clock += 1;
        (disk.clock, fs::read(&itself).unwrap(), place)
    };
    thread::sleep(Duration::from_micros(100));
    let mut disk = locked();
    let disk = disk.as_mut().unwrap();
    if let Some(seen) = disk.seen.get_mut(&place) {
        seen.retain(|(when, _)| *when > begun);
    }
    disk.synced.insert(place, bytes);
    0
}

/// Replaces the function of the C library.
#[unsafe(no_mangle)]
extern "C" fn fsync(descriptor: RawFd) -> libc::c_int {
    sync(descriptor)
}

/// Replaces the function of the C library.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: RawFd) -> libc::c_int {
    sync(descriptor)
}
