//! A directory that is watched for new segments.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::log::listing::is_segment_name;

/// How long a directory is believed not to have changed because its time of change has not.
const BELIEVE: Duration = Duration::from_millis(100);
/// For how long after a change further ones may have the same time: clocks of file systems tick every 1 to 10 ms.
const TICK: Duration = Duration::from_millis(20);

/// A directory that is watched for new segments.
pub(super) struct Directory {
    path: PathBuf,
    /// Names seen, and in which look last.
    known: HashMap<OsString, u64>,
    looks: u64,
    /// The directory's time of change before the last look.
    modified: Option<SystemTime>,
    /// When that was first seen.
    changed: Instant,
    looked: Instant,
}

impl Directory {
    pub(super) fn new(path: PathBuf) -> Self {
        let now = Instant::now();
        Self { path, known: HashMap::new(), looks: 0, modified: None, changed: now, looked: now }
    }

    /// Whether there may be names that have not been seen. Costs a call of the system.
    pub(super) fn is_due(&self) -> bool {
        self.looks == 0
            || self.changed.elapsed() < TICK
            || self.looked.elapsed() >= BELIEVE
            || self.modified() != self.modified
    }

    fn modified(&self) -> Option<SystemTime> {
        fs::metadata(&self.path).ok()?.modified().ok()
    }

    /// The segments that have come since the last look.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn look(&mut self) -> io::Result<Vec<PathBuf>> {
        // Before the names: what changes meanwhile is looked for again.
        let modified = self.modified();
        self.looked = Instant::now();
        if modified != self.modified {
            (self.modified, self.changed) = (modified, self.looked);
        }
        self.looks += 1;
        let mut new = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            if !is_segment_name(name.as_ref()) {
                continue;
            }
            match self.known.get_mut(&name) {
                Some(seen) => *seen = self.looks,
                None => {
                    new.push(entry.path());
                    self.known.insert(name, self.looks);
                }
            }
        }
        // A name that one look did not bring may have been missed by it alone.
        let looks = self.looks;
        self.known.retain(|_, seen| *seen + 1 >= looks);
        Ok(new)
    }
}
