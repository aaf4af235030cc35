//! A process that appends is killed with SIGKILL: what it had been told is safe must be there.

use std::env;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use fusewire::segment::{AppendError, Segment, SegmentWriter, verify};

use super::{load, now, options};

/// The victim says how far it is each time it has appended this many entries.
const STEP: u64 = 250;
/// It is killed some time after it has appended so many, wherever it is then.
const KILL_AT: u64 = 20_000;
const GRACE: Duration = Duration::from_micros(1_500);
/// The number that stands for the victim's thread.
const THREAD: u16 = u16::MAX;

/// What is left of the victim.
pub(super) struct Killed {
    /// Entries whose append had returned, as far as the victim could say so.
    pub(super) told: u64,
    /// Entries that are there.
    pub(super) found: u64,
    /// Bytes lost of those that should be.
    pub(super) lost_bytes: u64,
}

impl Killed {
    /// Whether every entry is there whose append had returned.
    pub(super) fn is_complete(&self) -> bool {
        self.found >= self.told && self.lost_bytes == 0
    }
}

/// Starts this program once more as the victim, kills it, and reads what it wrote to `path`.
pub(super) fn run(path: &Path) -> Result<Killed> {
    let program = env::current_exe().context("this program's own path")?;
    let mut victim = Command::new(program)
        .args(["demo", "--victim"])
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("a process to kill")?;
    let mut said = victim.stdout.take().ok_or_else(|| anyhow!("the process to kill says nothing"))?;
    let mut told = 0;
    let mut word = [0; 8];
    while told < KILL_AT && said.read_exact(&mut word).is_ok() {
        told = u64::from_le_bytes(word);
    }
    // It has just spoken; hit it in the middle of its work instead.
    thread::sleep(GRACE);
    victim.kill().context("killing the process")?;
    victim.wait().context("the killed process")?;
    // What it said between our last look and its end counts too.
    while said.read_exact(&mut word).is_ok() {
        told = u64::from_le_bytes(word);
    }
    let about = || path.display().to_string();
    let report = verify(&Segment::open_trusted(path).with_context(about)?).with_context(about)?;
    Ok(Killed { told, found: report.entries, lost_bytes: report.lost_bytes() })
}

/// The victim: appends until it is killed.
pub(super) fn append_until_killed(path: &Path) -> Result<()> {
    let about = || path.display().to_string();
    let mut writer = SegmentWriter::create(path, &options()).with_context(about)?;
    let mut stdout = io::stdout().lock();
    for n in 0.. {
        match writer.append(|entry| load::write(entry, THREAD, n, now())) {
            Ok(_) => {}
            Err(AppendError::Full { .. }) => break,
            Err(error) => return Err(anyhow!(error).context(about())),
        }
        if (n + 1).is_multiple_of(STEP) {
            stdout.write_all(&(n + 1).to_le_bytes())?;
            stdout.flush()?;
        }
    }
    // Faster than its killer. It waits, and ends by itself only where the killer has ended.
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
