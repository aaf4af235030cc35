//! A directory that is watched for new files.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crate::log::files::{NameKind, kind_of_name};
use crate::log::listing::is_segment_name;

/// How long a directory is believed not to have changed because its time of change has not.
const BELIEVE: Duration = Duration::from_millis(100);
/// For how long after a change further ones may have the same time: clocks of file systems tick every 1 to 10 ms.
const TICK: Duration = Duration::from_millis(20);

/// For so many looks names of files are remembered that had one, to tell that another file has it.
const REMEMBER: u64 = 1 << 16;
/// The number of no file.
const GONE: u64 = u64::MAX;

/// What has come to a directory.
#[derive(Default)]
pub(super) struct News {
    pub(super) segments: Vec<PathBuf>,
    /// Other files of a log, and whether another one had the name.
    pub(super) files: Vec<(PathBuf, bool)>,
}

/// A directory that is watched for new files.
pub(super) struct Directory {
    path: PathBuf,
    /// Names seen, in which look last, and of which file.
    known: HashMap<OsString, (u64, u64)>,
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

    /// What has come since the last look.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn look(&mut self) -> io::Result<News> {
        // Before the names: what changes meanwhile is looked for again.
        let modified = self.modified();
        self.looked = Instant::now();
        if modified != self.modified {
            (self.modified, self.changed) = (modified, self.looked);
        }
        self.looks += 1;
        let mut news = News::default();
        // All names before the first one is noted: after an error, the next look returns them.
        for entry in fs::read_dir(&self.path)?.collect::<io::Result<Vec<_>>>()? {
            let name = entry.file_name();
            let is_segment = is_segment_name(name.as_ref());
            if !is_segment && kind_of_name(name.as_ref()) == NameKind::Other {
                continue;
            }
            // A segment's name is its own for ever.
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

    /// Forgets names that are gone, and which files those had that were no segments. A name that one look did not bring may have
    /// been missed by it alone.
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
