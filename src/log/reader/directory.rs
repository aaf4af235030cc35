//! A directory that a reader watches for new files.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::log::files::is_log_file_name;
use crate::log::listing::is_segment_name;

/// The time for which an unchanged modification time is accepted as evidence that the directory has not changed.
const BELIEVE: Duration = Duration::from_millis(100);
/// The time after a change in which further changes may have the same modification time. The clocks of file systems
/// tick every 1 to 10 ms.
const TICK: Duration = Duration::from_millis(20);

/// The number of reads of the directory for which the name of a deleted file is remembered. If a file with this name
/// appears in that time, it is reported as another file.
const REMEMBER: u64 = 1 << 16;
/// The file number of a deleted file.
const GONE: u64 = u64::MAX;

/// The files that are new in a directory.
#[derive(Default)]
pub(super) struct News {
    pub(super) segments: Vec<PathBuf>,
    /// Files of a log that are not segments, and whether another file had the name before.
    pub(super) files: Vec<(PathBuf, bool)>,
}

/// A directory that a reader watches for new files.
pub(super) struct Directory {
    path: PathBuf,
    /// The known names, each with the number of the read that last found it and the number of its file.
    known: HashMap<OsString, (u64, u64)>,
    looks: u64,
    /// The modification time of the directory before the last read.
    modified: Option<SystemTime>,
    /// The time when this modification time was first seen.
    changed: Instant,
    looked: Instant,
}

impl Directory {
    pub(super) fn new(path: PathBuf) -> Self {
        let now = Instant::now();
        Self { path, known: HashMap::new(), looks: 0, modified: None, changed: now, looked: now }
    }

    /// Returns whether there may be new names. Costs one system call.
    pub(super) fn is_due(&self) -> bool {
        self.looks == 0
            || self.changed.elapsed() < TICK
            || self.looked.elapsed() >= BELIEVE
            || self.modified() != self.modified
    }

    fn modified(&self) -> Option<SystemTime> {
        fs::metadata(&self.path).ok()?.modified().ok()
    }

    /// Returns the files that are new since the last read.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn look(&mut self) -> io::Result<News> {
        // The time is read before the names. The next read finds the changes that happen in between.
        let modified = self.modified();
        self.looked = Instant::now();
        if modified != self.modified {
            (self.modified, self.changed) = (modified, self.looked);
        }
        self.looks += 1;
        let mut news = News::default();
        // All names are read before the first one is recorded: after an error, the next read returns them.
        for entry in fs::read_dir(&self.path)?.collect::<io::Result<Vec<_>>>()? {
            let name = entry.file_name();
            let is_segment = is_segment_name(name.as_ref());
            if !is_segment && !is_log_file_name(name.as_ref()) {
                continue;
            }
            // The name of a segment is never used for another file.
            let file = if is_segment { 0 } else { entry.ino() };
            let before = self.known.insert(name, (self.looks, file)).map(|(_, file)| file);
            if before == Some(file) {
                continue;
            }
            if is_segment {
                news.segments.push(entry.path());
            } else {
                news.files.push((entry.path(), before.is_some()));
            }
        }
        self.forget();
        Ok(news)
    }

    /// Removes the names of deleted segments, and marks other deleted files. A name that is missing from a single
    /// read is kept, because that read may have missed it.
    fn forget(&mut self) {
        let looks = self.looks;
        self.known.retain(|_, (seen, file)| {
            let is_gone = *seen + 1 < looks;
            let is_kept = *file != 0 && *seen + REMEMBER >= looks;
            if is_gone && *file != 0 {
                *file = GONE;
            }
            !is_gone || is_kept
        });
    }
}
