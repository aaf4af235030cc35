//! A process is killed with SIGKILL while its threads append. Every entry whose append returned must be in the log.

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

/// Threads of the victim.
const THREADS: u16 = 4;
/// What their names begin with.
const CREW: &str = "victim";
/// Each of them says how far it is each time it has appended this many entries.
const STEP: u64 = 250;
/// The victim is killed some time after it has appended so many, wherever its threads are then.
const KILL_AT: u64 = 20_000;
const GRACE: Duration = Duration::from_micros(1_500);
/// The most that each thread appends, should nobody kill it.
const MOST: u64 = 100_000;
/// Small, so that segments change while they append.
const SEGMENT: u64 = 4 << 20;

/// What is left of the victim.
pub(super) struct Killed {
    /// How many of its threads appended.
    pub(super) threads: u16,
    /// Entries whose append had returned, as far as the threads could say so.
    pub(super) told: u64,
    /// Entries that are there.
    pub(super) found: u64,
    /// Of those that the threads had told of, how many are not, or not in order.
    pub(super) missing: u64,
    /// Whether nothing else is there.
    is_sound: bool,
}

impl Killed {
    /// Whether every entry is there whose append had returned.
    pub(super) fn is_complete(&self) -> bool {
        self.missing == 0 && self.is_sound
    }
}

/// Starts this program once more as the victim, kills it, and reads what it wrote to `directory`.
pub(super) fn run(directory: &Path) -> Result<Killed> {
    let before = input::segments_in(directory)?;
    let told = kill(directory)?;
    // Its alone: what was there before is checked already.
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

/// Lets the victim append, and kills it. How many appends had returned in each of its threads.
fn kill(directory: &Path) -> Result<[u64; THREADS as usize]> {
    let program = env::current_exe().context("cannot find the path of this program")?;
    let mut victim = Command::new(program)
        .args(["demo", "--victim"])
        .arg(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the process to kill")?;
    let mut said = victim.stdout.take().ok_or_else(|| anyhow!("the process to kill has no standard output"))?;
    let mut told = [0; THREADS as usize];
    while told.iter().sum::<u64>() < KILL_AT && hear(&mut said, &mut told) {}
    // They have just spoken; hit them in the middle of their work instead.
    thread::sleep(GRACE);
    victim.kill().context("cannot kill the process")?;
    victim.wait().context("cannot wait for the killed process")?;
    // What they said between our last look and their end counts too.
    while hear(&mut said, &mut told) {}
    Ok(told)
}

/// What a thread says: its number and how far it is, in one word, so that words of several do not mix.
fn word(thread: u16, count: u64) -> [u8; 8] {
    (u64::from(thread) << 48 | count).to_le_bytes()
}

/// Takes note of the next word. Whether there was one.
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

/// The victim: its threads append until it is killed.
pub(super) fn append_until_killed(directory: &Path) -> Result<()> {
    let about = || directory.display().to_string();
    // Not through the lock of standard output: the command has that, and these are its threads.
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
    // Faster than its killer. It waits, and ends by itself only where the killer has ended.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
