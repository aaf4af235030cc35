//! The sizes of the entries of the load in other forms: as JSON lines, and as like entries.

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
    /// The size of the frame in a log with like entries.
    pub(super) like: u64,
}

/// Measures the entries of `worker`. Writes them to a log in a temporary directory.
pub(super) fn run(worker: &Worker) -> Result<Sizes> {
    let directory = tempfile::tempdir().context("cannot create a temporary directory")?;
    let log = Log::options(directory.path()).self_contained(false).open();
    let log = log.with_context(|| directory.path().display().to_string())?;
    let mut scratch = vec![0; Limits::DEFAULT.max_entry_bytes as usize];
    let mut line = Vec::new();
    let mut bytes = 0;
    for n in 0..ENTRIES {
        appending::written(&log, log.append(|entry| load::write(entry, worker, n)))?;
        let encoded = encode(&mut scratch, &Limits::DEFAULT, |entry| {
            entry.set_time_unix_nano(1_767_225_600_000_000_000 + n);
            load::write(entry, worker, n);
        })?;
        line.clear();
        json::append_entry(&EntryRef::new(encoded.bytes())?, &mut line);
        bytes += line.len() as u64 + 1;
    }
    Ok(Sizes { json: bytes / ENTRIES, like: log.stats().bytes / ENTRIES })
}
