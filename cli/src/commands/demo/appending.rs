//! Many threads append to one log at once.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use fusewire::log::{Durability, Log, Outcome, Stats};

use super::load::{self, Worker};

/// Appends that are timed together: reading the clock for each would cost as much as half an append.
pub(super) const RUN: u64 = 500;
/// How long the disk may take for everything.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the threads did.
pub(super) struct Written {
    /// How many threads there were.
    pub(super) threads: u16,
    /// What the log says that it wrote meanwhile.
    pub(super) entries: u64,
    /// Bytes of their frames.
    pub(super) bytes: u64,
    /// How long all of it took.
    pub(super) elapsed: Duration,
    /// The time of each run of [`RUN`] appends of any thread, shortest first.
    pub(super) runs: Vec<Duration>,
    /// How long it took after that until all was on disk.
    pub(super) synced: Duration,
    /// All that the log did so far.
    pub(super) stats: Stats,
}

/// Lets each of the workers append its share of `entries`.
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
            runs.extend(thread.join().map_err(|_| anyhow!("a thread that appends ended early"))??);
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
            // A program would not look: what is dropped is counted, and the log tells of it.
            written(log, log.append(|entry| load::write(entry, worker, n)))?;
        }
        if first + RUN <= entries {
            runs.push(start.elapsed());
        }
    }
    Ok(runs)
}

/// An entry that is not written ends the demo, which shows that all are.
pub(super) fn written(log: &Log, outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Written(_) => Ok(()),
        Outcome::Dropped(cause) => bail!("{}: an entry was dropped: {cause}", log.directory().display()),
    }
}
