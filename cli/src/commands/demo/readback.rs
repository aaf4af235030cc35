//! The comparison of the entries in the log with the written entries.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::log::{LogEvent, LogReader};

use super::load::{self, Worker};

/// The result of the comparison.
#[derive(Default)]
pub(super) struct Found {
    /// The number of identical entries of each worker, in the order of its appends.
    pub(super) equal: Vec<u64>,
    /// The number of entries that differ from the expected entry of their worker.
    pub(super) different: u64,
    /// The number of reported losses: byte ranges, segments and entries.
    pub(super) lost: u64,
    /// The size of the entries with their frames, in bytes.
    pub(super) bytes: u64,
    /// The duration of the comparison.
    pub(super) elapsed: Duration,
}

impl Found {
    /// Returns whether the log contains no other entries and no known losses.
    pub(super) fn is_sound(&self) -> bool {
        self.different == 0 && self.lost == 0
    }

    /// Returns the number of identical entries of all workers.
    pub(super) fn entries(&self) -> u64 {
        self.equal.iter().sum()
    }
}

/// Reads `paths` as one log, and compares each entry of `workers` with a new encoding of it.
pub(super) fn run(paths: &[PathBuf], workers: &[Worker]) -> Result<Found> {
    let start = Instant::now();
    let mut reader = LogReader::options().open(paths).context("cannot read the log")?;
    let mut found = Found { equal: vec![0; workers.len()], ..Found::default() };
    let mut scratch = vec![0; Limits::DEFAULT.max_entry_bytes as usize];
    let mut expanded = Vec::new();
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { frame, entry, .. } => {
                if found.check(entry.to_bytes(&mut expanded)?, workers, &mut scratch)? {
                    found.bytes += frame.len_on_disk();
                }
            }
            LogEvent::Frame { frame, .. } => found.lost += u64::from(frame.loss_record().is_some()),
            LogEvent::Lost { range, .. } => found.lost += u64::from(range.is_loss()),
            _ => found.lost += 1,
        }
    }
    found.elapsed = start.elapsed();
    Ok(found)
}

impl Found {
    /// Compares the content of the entry `bytes` with that of the expected entry of its worker. Two entries with the same
    /// content can have their strings in different orders. Returns whether the entry belongs to a worker.
    fn check(&mut self, bytes: &[u8], workers: &[Worker], scratch: &mut [u8]) -> Result<bool> {
        let entry = EntryRef::new(bytes)?;
        let thread = entry.thread();
        let Some(worker) = workers.iter().find(|worker| thread == *worker.name()) else {
            self.different += u64::from(entry.target() == *load::TARGET);
            return Ok(false);
        };
        let n = &mut self.equal[usize::from(worker.number)];
        let expected = encode(scratch, &Limits::DEFAULT, |again| {
            again.set_time_unix_nano(entry.time_unix_nano());
            load::write(again, worker, *n);
        })?;
        if expected.bytes() == bytes || EntryRef::new(expected.bytes())?.to_owned()? == entry.to_owned()? {
            *n += 1;
        } else {
            self.different += 1;
        }
        Ok(true)
    }
}
