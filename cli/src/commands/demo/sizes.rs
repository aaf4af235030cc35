//! The sizes of the entries of the load as JSON lines and in both formats of segments.

use anyhow::{Context, Result};
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json;
use fusewire::log::Log;

use super::appending;
use super::load::{self, Worker};

/// The number of entries that are measured.
const ENTRIES: u64 = 10_000;

/// The mean size of an entry in bytes.
pub(super) struct Sizes {
    /// The size of the JSON line with its line end.
    pub(super) json: u64,
    /// The size of the frame in a log of format 1.0.
    pub(super) full: u64,
    /// The size of the frame in a log of format 1.1.
    pub(super) like: u64,
}

/// Measures the entries of `worker`. Writes them to logs in temporary directories.
pub(super) fn run(worker: &Worker) -> Result<Sizes> {
    Ok(Sizes { json: in_json(worker)?, full: in_log(worker, true)?, like: in_log(worker, false)? })
}

fn in_log(worker: &Worker, self_contained: bool) -> Result<u64> {
    let directory = tempfile::tempdir().context("cannot create a temporary directory")?;
    let log = Log::options(directory.path()).self_contained(self_contained).open();
    let log = log.with_context(|| directory.path().display().to_string())?;
    for n in 0..ENTRIES {
        appending::written(&log, log.append(|entry| load::write(entry, worker, n)))?;
    }
    Ok(log.stats().bytes / ENTRIES)
}

fn in_json(worker: &Worker) -> Result<u64> {
    let mut scratch = vec![0; Limits::DEFAULT.max_entry_bytes as usize];
    let mut line = Vec::new();
    let mut bytes = 0;
    for n in 0..ENTRIES {
        let encoded = encode(&mut scratch, &Limits::DEFAULT, |entry| {
            entry.set_time_unix_nano(1_767_225_600_000_000_000 + n);
            load::write(entry, worker, n);
        })?;
        line.clear();
        json::append_entry(&EntryRef::new(encoded.bytes())?, &mut line);
        bytes += line.len() as u64 + 1;
    }
    Ok(bytes / ENTRIES)
}
