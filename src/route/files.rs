//! A line sink that writes files in a directory, with rotation by size and a byte budget.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use crate::format::segment::COMPAT_WRITE_LOCK;
use crate::map::clock::unix_nanos_now;
use crate::segment::create;
use crate::segment::lock;
use crate::segment::options::random_id;
use crate::segment::regular::{self, Links};

use super::sink::LineSink;

/// The extension of the files.
const EXTENSION: &str = "jsonl";

/// A sink that writes JSON lines to files in a directory. The directory can be the directory of a log: a
/// reader of the log also reads the files of lines.
///
/// One system call writes each line. A written line survives the end of the process. The sink creates a new
/// file when a file is full. The names sort by time, and two processes never write to the same file.
///
/// ```
/// use fusewire::route::{JsonFiles, LineSink};
///
/// # let directory = std::env::temp_dir().join(format!("fusewire-doc-json-files-{}", std::process::id()));
/// let files = JsonFiles::open(&directory)?;
/// files.write_line(b"{\"body\":\"paid\"}\n")?;
///
/// let file = std::fs::read_dir(&directory)?.next().unwrap()?.path();
/// assert_eq!(std::fs::read_to_string(file)?, "{\"body\":\"paid\"}\n");
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JsonFiles {
    directory: PathBuf,
    max_file_bytes: u64,
    max_total_bytes: Option<u64>,
    /// A random part of the names that identifies this writer.
    run: u32,
    current: ArcSwapOption<Current>,
    /// The number of the next file. The thread that creates the file holds the lock.
    next: Mutex<u64>,
}

struct Current {
    file: File,
    written: AtomicU64,
    /// Whether the file ends with an incomplete line, for example because the disk is full.
    torn: AtomicBool,
}

impl JsonFiles {
    /// The default size of a file: 64 MiB. After this number of bytes, a new file follows.
    pub const DEFAULT_FILE_BYTES: u64 = 64 << 20;

    /// Opens a sink in `directory` without a byte budget. Creates the directory, if it does not exist, and
    /// the first file.
    ///
    /// # Errors
    /// Returns the errors of the file system.
    pub fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with_bounds(directory, Self::DEFAULT_FILE_BYTES, None)
    }

    /// Opens a sink with bounds, in bytes: the size of a file, and the size of all such files in the
    /// directory.
    ///
    /// A file can exceed this size by the lines that are written when the file becomes full. If the total
    /// would exceed its bound, the oldest files are deleted, except files that are open for writing.
    ///
    /// # Errors
    /// Returns the errors of the file system.
    ///
    /// ```
    /// use fusewire::route::{JsonFiles, LineSink};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let files = JsonFiles::with_bounds(directory.path(), 64, Some(1 << 20))?;
    /// for _ in 0..10 {
    ///     files.write_line(b"{\"body\":\"a line of 32 bytes ....\"}\n")?;
    /// }
    /// assert!(std::fs::read_dir(directory.path())?.count() > 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with_bounds(
        directory: impl Into<PathBuf>,
        max_file_bytes: u64,
        max_total_bytes: Option<u64>,
    ) -> io::Result<Self> {
        let directory = directory.into();
        create::directory(&directory)?;
        let [a, b, c, d, ..] = random_id();
        let run = u32::from_be_bytes([a, b, c, d]);
        let (current, next) = (ArcSwapOption::empty(), Mutex::new(0));
        let files =
            Self { directory, max_file_bytes: max_file_bytes.max(1), max_total_bytes, run, current, next };
        files.follow(None)?;
        Ok(files)
    }

    /// Returns the file after `full`, and creates it if no other thread has created it.
    fn follow(&self, full: Option<&Arc<Current>>) -> io::Result<Arc<Current>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = self.current.load_full()
            && full.is_none_or(|full| !Arc::ptr_eq(full, &current))
        {
            return Ok(current);
        }
        if let Some(total) = self.max_total_bytes {
            make_room(&self.directory, total.saturating_sub(self.max_file_bytes))?;
        }
        let name = format!("{:020}-{:08x}-{next:08}.{EXTENSION}", unix_nanos_now(), self.run);
        let file = OpenOptions::new().append(true).create_new(true).open(self.directory.join(name))?;
        // A process that makes space deletes no file that its writer has locked. Without locks the oldest files go first all the same.
        lock::take(&file);
        *next += 1;
        let current = Arc::new(Current { file, written: AtomicU64::new(0), torn: AtomicBool::new(false) });
        self.current.store(Some(Arc::clone(&current)));
        Ok(current)
    }
}

impl LineSink for JsonFiles {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        let current = self.current.load();
        let followed;
        let current = match current.as_ref() {
            Some(current) if current.written.load(Ordering::Relaxed) < self.max_file_bytes => current,
            full => {
                followed = self.follow(full)?;
                &followed
            }
        };
        current.written.fetch_add(line.len() as u64, Ordering::Relaxed);
        current.write(line)
    }
}

impl Current {
    /// Appends a line with one system call, so that the lines of other threads do not interleave with the
    /// line.
    fn write(&self, line: &[u8]) -> io::Result<()> {
        let torn = self.torn.swap(false, Ordering::AcqRel);
        let begin: &[u8] = if torn { b"\n" } else { b"" };
        let parts = [IoSlice::new(begin), IoSlice::new(line)];
        let result = loop {
            match (&self.file).write_vectored(&parts) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(written) if written < begin.len() + line.len() => {
                    // A part of the line can be in the file. Other lines can follow this part, so the rest
                    // cannot be appended.
                    self.torn.store(true, Ordering::Release);
                    return Err(io::ErrorKind::WriteZero.into());
                }
                result => break result.map(drop),
            }
        };
        if torn && result.is_err() {
            self.torn.store(true, Ordering::Release);
        }
        result
    }
}

/// Deletes the oldest files of this kind until the rest has at most `bytes` bytes.
fn make_room(directory: &Path, bytes: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if is_ours(&entry.path())
            && let Ok(metadata) = entry.metadata()
        {
            files.push((entry.path(), metadata.len()));
        }
    }
    files.sort_unstable();
    let mut total: u64 = files.iter().map(|(_, len)| len).sum();
    for (path, len) in files {
        if total <= bytes {
            break;
        }
        if delete_if_unused(&path) {
            total -= len;
        }
    }
    Ok(())
}

/// Returns whether the name has the form of these files.
fn is_ours(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or("");
    let parts: Vec<&str> = stem.split('-').collect();
    let digits =
        |part: &str, len: usize| part.len() == len && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    path.extension().is_some_and(|extension| extension == EXTENSION)
        && matches!(parts[..], [time, run, number] if digits(time, 20) && digits(run, 8) && digits(number, 8))
}

fn delete_if_unused(path: &Path) -> bool {
    let Ok((file, _)) = regular::open(path, Links::Refused) else { return false };
    // Locks that need no right to write do not count: a reader must not keep a file.
    lock::is_held(&file, Some(COMPAT_WRITE_LOCK)) != Some(true) && fs::remove_file(path).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_begun_and_not_ended_spoils_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        let file = OpenOptions::new().append(true).create_new(true).open(&path).unwrap();
        (&file).write_all(b"{\"body\":\"cut o").unwrap();
        let current = Current { file, written: AtomicU64::new(0), torn: AtomicBool::new(true) };
        current.write(b"{}\n").unwrap();
        current.write(b"{}\n").unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "{\"body\":\"cut o\n{}\n{}\n");
    }
}
