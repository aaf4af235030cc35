//! Metrics of the entries in a log: each entry is counted once, when the reader returns it.

mod count;
mod server;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fusewire::log::{LogEvent, LogReader, list_uncounted};
use rustix::io::Errno;

pub(crate) use count::{Counts, Files, all};

/// Time between two checks for a scrape and for the end, if the log has no new entries.
const PATIENCE: Duration = Duration::from_millis(20);

/// Time between two such checks, if the log has new entries.
const TURN: Duration = Duration::from_millis(20);

/// Minimum time between two listings of the files.
const LISTED: Duration = Duration::from_secs(5);

/// Counts all entries. Returns the files that cannot be read, with their errors.
pub(crate) fn read(reader: &mut LogReader, counts: &mut Counts) -> Vec<(PathBuf, String)> {
    let mut unreadable = Vec::new();
    while let Some(event) = reader.next() {
        if let LogEvent::UnreadableFile { path, error } = event {
            unreadable.push((path.to_owned(), error.to_string()));
            continue;
        }
        counts.take(&event);
    }
    unreadable
}

/// Follows the log and serves its metrics at `address` until `ended`. Calls `started` with the address and the port.
///
/// # Errors
/// Returns an error if the server cannot listen at `address`, or if a directory of the log cannot be read any more.
pub(crate) fn serve(
    mut reader: LogReader,
    paths: &[PathBuf],
    address: &str,
    ended: &AtomicBool,
    started: impl FnOnce(&str),
) -> Result<()> {
    let server = server::Server::start(address)?;
    started(&server.address());
    let mut counts = Counts::default();
    let mut listed = (None, Files::default());
    while !ended.load(Ordering::Relaxed) {
        let is_at_end = read_for_a_turn(&mut reader, &mut counts);
        counts.is_caught_up |= is_at_end;
        if server.is_asked() {
            if listed.0.is_none_or(|at: Instant| at.elapsed() >= LISTED) {
                // If a directory cannot be read now, the previous numbers of files remain.
                let files = files(paths).unwrap_or(listed.1);
                listed = (Some(Instant::now()), files);
            }
            server.publish(counts.to_metrics(&listed.1).to_prometheus());
        }
        if is_at_end && let Err(error) = reader.wait(PATIENCE) {
            if !is_passing(&error) {
                return Err(error.into());
            }
            thread::sleep(PATIENCE);
        }
    }
    Ok(())
}

/// Counts events for at most [`TURN`]. Returns whether there are no more events now.
fn read_for_a_turn(reader: &mut LogReader, counts: &mut Counts) -> bool {
    let start = Instant::now();
    while start.elapsed() < TURN {
        match reader.next() {
            Some(event) => counts.take(&event),
            None => return true,
        }
    }
    false
}

/// Returns whether `error` is a lack of file descriptors or of memory, which can end.
fn is_passing(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::INTR].contains(&errno))
}

/// Returns the numbers and sizes of the files of a log. Does not read their entries.
///
/// # Errors
/// Returns an error if a directory cannot be read.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Files> {
    let mut files = Files::default();
    for path in paths {
        let directory = if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new(".")) };
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let listing = list_uncounted(directory).with_context(|| path.display().to_string())?;
        files.add(&listing, |file| path.is_dir() || file.file_name() == path.file_name());
    }
    Ok(files)
}
