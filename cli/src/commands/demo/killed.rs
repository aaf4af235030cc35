//! The kill of a process with SIGKILL while its threads append. Every entry whose append returned must be in the log.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use super::load::{self, Worker};
use super::{appending, options, readback};
use crate::input;

/// The number of threads of the victim.
const THREADS: u16 = 4;
/// The prefix of the names of these threads.
const CREW: &str = "victim";
/// The number of appended entries after which a thread reports its progress.
const STEP: u64 = 250;
/// The number of reported entries after which the victim is killed.
const KILL_AT: u64 = 20_000;
/// The delay before the kill. The delay makes a kill during an append likely.
const GRACE: Duration = Duration::from_micros(1_500);
/// The maximum number of entries per thread.
const MOST: u64 = 100_000;
/// The size of a segment, in bytes. It is small, so that rotations happen.
const SEGMENT: u64 = 4 << 20;

/// The log of the killed victim.
pub(super) struct Killed {
    /// The number of appending threads.
    pub(super) threads: u16,
    /// The number of completed appends that the threads reported.
    pub(super) told: u64,
    /// The number of entries in the log.
    pub(super) found: u64,
    /// The number of reported entries that are missing or out of order.
    pub(super) missing: u64,
    /// Whether the log contains no other entries and no known losses.
    is_sound: bool,
}

impl Killed {
    /// Returns whether the log contains every entry whose append was reported.
    pub(super) fn is_complete(&self) -> bool {
        self.missing == 0 && self.is_sound
    }
}

/// Starts this program as the victim, kills it, and reads its entries in `directory`.
pub(super) fn run(directory: &Path) -> Result<Killed> {
    let before = input::segments_in(directory)?;
    let told = kill(directory)?;
    // The comparison covers only the segments of the victim, because the others are already checked.
    let mut left = input::segments_in(directory)?;
    left.retain(|path| !before.contains(path));
    let found = readback::run(&left, &Worker::all(CREW, THREADS))?;
    let missing = told.iter().zip(&found.equal).map(|(told, found)| told.saturating_sub(*found)).sum();
    Ok(Killed {
        threads: THREADS,
        told: told.iter().sum(),
        found: found.entries(),
        missing,
        is_sound: found.is_sound(),
    })
}

/// Starts and kills the victim. Returns the reported appends of each thread.
fn kill(directory: &Path) -> Result<[u64; THREADS as usize]> {
    let program = env::current_exe().context("cannot find the path of this program")?;
    let mut victim = Command::new(program)
        .args(["demo", "--victim"])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the process to kill")?;
    let mut said =
        victim.stdout.take().ok_or_else(|| anyhow!("the process to kill has no standard output"))?;
    let mut told = [0; THREADS as usize];
    while told.iter().sum::<u64>() < KILL_AT && hear(&mut said, &mut told) {}
    // After the delay, the threads are probably in an append.
    thread::sleep(GRACE);
    victim.kill().context("cannot kill the process")?;
    victim.wait().context("cannot wait for the killed process")?;
    // Also reads the reports that the victim wrote before its end.
    while hear(&mut said, &mut told) {}
    Ok(told)
}

/// Returns the report of a thread: its number and its progress. The report is one word, so that its write is atomic.
fn word(thread: u16, count: u64) -> [u8; 8] {
    (u64::from(thread) << 48 | count).to_le_bytes()
}

/// Reads the next report into `told`. Returns `false` if there are no more reports.
fn hear(said: &mut impl Read, told: &mut [u64]) -> bool {
    let mut bytes = [0; 8];
    if said.read_exact(&mut bytes).is_err() {
        return false;
    }
    let word = u64::from_le_bytes(bytes);
    let thread = usize::try_from(word >> 48).ok().and_then(|thread| told.get_mut(thread));
    thread.is_some_and(|told| {
        *told = word & ((1 << 48) - 1);
        true
    })
}

/// Runs the victim, whose threads append until it is killed.
pub(super) fn append_until_killed(directory: &Path) -> Result<()> {
    let about = || directory.display().to_string();
    // A duplicate of standard output, because the command holds its lock.
    let says = File::from(io::stdout().as_fd().try_clone_to_owned().context("standard output")?);
    let log = options(directory, "fusewire-demo-victim").segment_size(SEGMENT).open().with_context(about)?;
    thread::scope(|scope| {
        let running: Vec<_> = Worker::all(CREW, THREADS)
            .into_iter()
            .map(|worker| {
                let (log, mut says) = (log.clone(), &says);
                scope.spawn(move || {
                    for n in 0..MOST {
                        appending::written(&log, log.append(|entry| load::write(entry, &worker, n)))?;
                        if (n + 1).is_multiple_of(STEP) {
                            says.write_all(&word(worker.number, n + 1))?;
                        }
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        running
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("an appending thread panicked"))?)
    })?;
    // After the last entry, the victim waits until it is killed or standard input is closed.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
