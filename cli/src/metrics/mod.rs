//! What a log says, as metrics (F2): counted as it is read, once, and then as it grows.

mod count;
mod server;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use fusewire::log::{LogReader, list};

pub(crate) use count::{Counts, Files, all};

/// How long to wait before looking whether somebody wants an end.
const PATIENCE: Duration = Duration::from_millis(100);

/// Events that are counted before somebody who asks is let in.
const BATCH: usize = 4_096;

/// Counts what there is.
pub(crate) fn read(reader: &mut LogReader, counts: &mut Counts) {
    while let Some(event) = reader.next() {
        counts.take(&event);
    }
}

/// Follows the log, and answers who asks at `address`, until `ended`.
///
/// # Errors
/// Where nobody can listen there, or a directory cannot be read any more.
pub(crate) fn serve(
    mut reader: LogReader,
    paths: &[PathBuf],
    address: &str,
    ended: &AtomicBool,
    started: impl FnOnce(&str),
) -> Result<()> {
    let counts = Arc::new(Mutex::new(Counts::default()));
    let server = server::Server::start(address, Arc::clone(&counts), paths.to_vec())?;
    started(&server.address());
    loop {
        let mut more = true;
        while more {
            let mut counts = lock(&counts);
            for _ in 0..BATCH {
                match reader.next() {
                    Some(event) => counts.take(&event),
                    None => {
                        more = false;
                        break;
                    }
                }
            }
            if ended.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
        lock(&counts).is_caught_up = true;
        if ended.load(Ordering::Relaxed) {
            return Ok(());
        }
        reader.wait(PATIENCE)?;
    }
}

/// What is known of the files: as of now.
///
/// # Errors
/// Where a directory cannot be read.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Files> {
    let mut files = Files::default();
    for path in paths {
        let directory = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new(".")) };
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let listing = list(directory).with_context(|| path.display().to_string())?;
        files.add(&listing, |file| path.is_dir() || file.file_name() == path.file_name());
    }
    Ok(files)
}

/// A panic of somebody who counted leaves counts behind that are a little short, and nothing else.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
