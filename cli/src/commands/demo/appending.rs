//! The load: several threads append to one log.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use fusewire::log::{Durability, Log, Outcome, Stats};

use super::load::{self, Worker};

/// Number of appends that are timed together, because a clock access takes about half the time of an append.
pub(super) const RUN: u64 = 500;
/// Maximum time of the flush to disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// The result of the load.
pub(super) struct Written {
    /// The number of threads.
    pub(super) threads: u16,
    /// The number of written entries.
    pub(super) entries: u64,
    /// The size of the frames of these entries, in bytes.
    pub(super) bytes: u64,
    /// The duration of the load.
    pub(super) elapsed: Duration,
    /// The durations of all runs of [`RUN`] appends, in ascending order.
    pub(super) runs: Vec<Duration>,
    /// The duration of the flush to disk after the load.
    pub(super) synced: Duration,
    /// The statistics of the log.
    pub(super) stats: Stats,
}

/// Starts a thread for each worker. Each worker appends its share of `entries`.
pub(super) fn run(log: &Log, workers: &[Worker], entries: u64) -> Result<Written> {
    let threads = u16::try_from(workers.len())?;
    let before = log.stats();
    let start = Instant::now();
    let mut runs = thread::scope(|scope| {
        let running: Vec<_> = workers
            .iter()
            .map(|worker| {
                let log = log.clone();
                scope.spawn(move || append(&log, worker, worker.share(entries, threads)))
            })
            .collect();
        let mut runs = Vec::new();
        for thread in running {
            runs.extend(thread.join().map_err(|_| anyhow!("an appending thread panicked"))??);
        }
        anyhow::Ok(runs)
    })?;
    let elapsed = start.elapsed();
    runs.sort_unstable();
    let start = Instant::now();
    log.flush(Durability::Disk, PATIENCE).with_context(|| log.directory().display().to_string())?;
    let synced = start.elapsed();
    let stats = log.stats();
    let (entries, bytes) = (stats.entries - before.entries, stats.bytes - before.bytes);
    Ok(Written { threads, entries, bytes, elapsed, runs, synced, stats })
}

fn append(log: &Log, worker: &Worker, entries: u64) -> Result<Vec<Duration>> {
    let mut runs = Vec::with_capacity(usize::try_from(entries / RUN)?);
    for first in (0..entries).step_by(usize::try_from(RUN)?) {
        let start = Instant::now();
        for n in first..entries.min(first + RUN) {
            // Other programs can ignore the outcome: the log counts dropped entries.
            written(log, log.append(|entry| load::write(entry, worker, n)))?;
        }
        if first + RUN <= entries {
            runs.push(start.elapsed());
        }
    }
    Ok(runs)
}

/// Returns an error if an entry was dropped.
pub(super) fn written(log: &Log, outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Written(_) => Ok(()),
        Outcome::Dropped(cause) => bail!("{}: an entry was dropped: {cause}", log.directory().display()),
    }
}
