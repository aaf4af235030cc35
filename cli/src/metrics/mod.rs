//! Metrics of the entries in a log: each entry is counted once, when the reader returns it.

mod count;
mod damage;
mod server;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fusewire::log::{LogEvent, LogReader, list_uncounted};

pub(crate) use count::{Counts, Files, all};
use damage::Reports;

use crate::outcome::Outcome;

/// Time between two checks for a scrape and for the end, if the log has no new entries.
const PATIENCE: Duration = Duration::from_millis(20);

/// Time between two such checks, if the log has new entries.
const TURN: Duration = Duration::from_millis(20);

/// Minimum time between two listings of the files.
const LISTED: Duration = Duration::from_secs(5);

/// Files that could not be read completely.
#[derive(Default)]
pub(crate) struct Incomplete {
    /// The files that cannot be read, with their errors.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
    /// The messages about damage.
    pub(crate) damaged: Vec<String>,
}

/// Counts all entries. Returns the files that could not be read completely.
pub(crate) fn read(reader: &mut LogReader, counts: &mut Counts) -> Incomplete {
    let (mut incomplete, mut reports) = (Incomplete::default(), Reports::default());
    while let Some(event) = reader.next() {
        if let LogEvent::UnreadableFile { path, error } = &event {
            let error = io::Error::new(error.kind(), error.to_string());
            incomplete.unreadable.push(((*path).to_owned(), error));
            continue;
        }
        incomplete.damaged.extend(reports.describe(&event));
        counts.take(&event);
    }
    incomplete
}

/// Follows the log and serves its metrics at `address` until `ended` is set. Calls `report` with the address of the metrics, and
/// with a message about each damage, each file that cannot be read, and each directory that is no longer readable.
///
/// # Errors
/// Returns an error if the server cannot listen at `address`.
pub(crate) fn serve(
    mut reader: LogReader,
    paths: &[PathBuf],
    address: &str,
    ended: &AtomicBool,
    mut report: impl FnMut(&str),
) -> Result<()> {
    let server = server::Server::start(address)?;
    report(&format!("http://{}/metrics", server.address()));
    let (mut counts, mut reports) = (Counts::default(), Reports::default());
    let mut listed = (None, Files::default());
    let mut is_failing = false;
    while !ended.load(Ordering::Relaxed) {
        let is_at_end = read_for_a_turn(&mut reader, &mut counts, &mut reports, &mut report);
        counts.is_caught_up |= is_at_end;
        if server.is_asked() {
            if listed.0.is_none_or(|at: Instant| at.elapsed() >= LISTED) {
                let mut files = Files::default();
                for path in paths {
                    if add_files(&mut files, path).is_err() {
                        files.add_unreadable();
                    }
                }
                listed = (Some(Instant::now()), files);
            }
            server.publish(counts.to_metrics(&listed.1).to_prometheus());
        }
        if is_at_end {
            let waited = reader.wait(PATIENCE);
            if let Err(error) = &waited {
                if !is_failing {
                    report(&format!("cannot read the directory: {error}; trying again"));
                }
                thread::sleep(PATIENCE);
            }
            is_failing = waited.is_err();
        }
    }
    Ok(())
}

/// Counts events for at most [`TURN`], and reports damage. Returns whether there are no more events now.
fn read_for_a_turn(
    reader: &mut LogReader,
    counts: &mut Counts,
    reports: &mut Reports,
    report: &mut impl FnMut(&str),
) -> bool {
    let start = Instant::now();
    while start.elapsed() < TURN {
        let Some(event) = reader.next() else { return true };
        if let LogEvent::UnreadableFile { path, error } = &event {
            report(&Outcome::message_of_unreadable(path, error));
        } else if let Some(message) = reports.describe(&event) {
            report(&message);
        }
        counts.take(&event);
    }
    false
}

/// Returns the numbers and sizes of the files of a log. Does not read their entries.
///
/// # Errors
/// Returns an error if a directory cannot be read.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Files> {
    let mut files = Files::default();
    for path in paths {
        add_files(&mut files, path).with_context(|| path.display().to_string())?;
    }
    Ok(files)
}

/// Adds the files of the directory `path`, or the file `path`.
fn add_files(files: &mut Files, path: &Path) -> io::Result<()> {
    let is_directory = fs::metadata(path)?.is_dir();
    let directory = if is_directory { path } else { path.parent().unwrap_or(Path::new(".")) };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    files.add(&list_uncounted(directory)?, |file| is_directory || file.file_name() == path.file_name());
    Ok(())
}
