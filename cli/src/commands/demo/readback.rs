//! The comparison of the entries in the log with the written entries.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fusewire::Limits;
use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::log::{LogEvent, LogReader};
use fusewire::segment::FrameKind;

use super::load::{self, Worker};

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// For each worker, how many entries are there in the order in which it appended them, each once, and equal byte for
    /// byte.
    pub(super) equal: Vec<u64>,
    /// Entries that are not what their worker wrote at this place.
    pub(super) different: u64,
    /// Byte ranges, segments and entries of which is known that they are missing.
    pub(super) lost: u64,
    /// Bytes of the entries with their frames.
    pub(super) bytes: u64,
    /// How long it took.
    pub(super) elapsed: Duration,
}

impl Found {
    /// Whether nothing is there that should not be, and nothing is known to be missing.
    pub(super) fn is_sound(&self) -> bool {
        self.different == 0 && self.lost == 0
    }

    /// Entries of all workers.
    pub(super) fn entries(&self) -> u64 {
        self.equal.iter().sum()
    }
}

/// Reads what is in `paths` as one log, and writes each entry of `workers` once more to compare it.
pub(super) fn run(paths: &[PathBuf], workers: &[Worker]) -> Result<Found> {
    let start = Instant::now();
    let mut reader = LogReader::options().open(paths).context("cannot read the log")?;
    let mut found = Found { equal: vec![0; workers.len()], ..Found::default() };
    let mut scratch = vec![0; Limits::DEFAULT.max_entry_bytes as usize];
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { frame, entry, .. } => {
                if found.check(&entry, workers, &mut scratch)? {
                    found.bytes += frame.len_on_disk();
                }
            }
            LogEvent::Frame { frame, .. } => found.lost += u64::from(frame.kind == FrameKind::Loss),
            LogEvent::Lost { range, .. } => found.lost += u64::from(range.is_loss()),
            _ => found.lost += 1,
        }
    }
    found.elapsed = start.elapsed();
    Ok(found)
}

impl Found {
    /// Compares an entry with what its worker wrote. Whether it is one of theirs.
    fn check(&mut self, entry: &EntryRef<'_>, workers: &[Worker], scratch: &mut [u8]) -> Result<bool> {
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
        if expected.bytes() == entry.as_bytes() {
            *n += 1;
        } else {
            self.different += 1;
        }
        Ok(true)
    }
}
