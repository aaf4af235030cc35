//! One peer in a process of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use fusewire_compare::memory::{self, resident};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::peer::Peer;

/// What is asked of the child.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Task {
    pub events: u64,
    /// Events in a row; then the thread pauses. 0: no pauses.
    pub burst: u64,
}

/// What it did. Times in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// Of each event: p50, p99, p99.9.
    pub each: [u64; 3],
    /// All of them together, without the clock of each, and without pauses.
    pub mean: f64,
    /// Of the thread that logs.
    pub allocations: u64,
    /// What is resident after the last event, and was not before the first.
    pub anonymous: u64,
}

/// The pause after a burst.
const PAUSE: Duration = Duration::from_millis(2);

/// In the child: logs, and says what it did.
pub fn work(peer: Peer, directory: &Path, task: Task) -> Result<()> {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 3)?;
    let before = resident().anonymous;
    let logger = peer.open(directory)?;
    // What is prepared in the background is ready, as in a service that has been started a moment ago; call sites are known.
    thread::sleep(Duration::from_millis(100));
    let half = task.events / 2;
    let (calls, _) = memory::allocated();
    in_bursts(0..half, task.burst, |n| {
        let before = Instant::now();
        logger.log(n);
        histogram.saturating_record(before.elapsed().as_nanos() as u64);
    });
    let spent = in_bursts(half..task.events, task.burst, |n| logger.log(n));
    let allocations = memory::allocated().0 - calls;
    let anonymous = resident().anonymous.saturating_sub(before);
    logger.finish()?;
    let done = Done {
        each: [0.5, 0.99, 0.999].map(|quantile| histogram.value_at_quantile(quantile)),
        mean: spent.as_nanos() as f64 / (task.events - half) as f64,
        allocations,
        anonymous,
    };
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

/// Does it for each number, in bursts. The time for it, without the pauses.
fn in_bursts(events: std::ops::Range<u64>, burst: u64, mut each: impl FnMut(u64)) -> Duration {
    let burst = if burst == 0 { u64::MAX } else { burst };
    let mut spent = Duration::ZERO;
    let mut next = events.start;
    while next < events.end {
        let end = events.end.min(next.saturating_add(burst));
        let began = Instant::now();
        (next..end).for_each(&mut each);
        spent += began.elapsed();
        next = end;
        if next < events.end {
            thread::sleep(PAUSE);
        }
    }
    spent
}

/// Runs the child to its end.
pub fn run(peer: Peer, directory: &Path, task: Task) -> Result<Done> {
    let name = peer.to_possible_value().context("no peer is skipped")?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--child").arg(serde_json::to_string(&task)?).arg("--peer").arg(name.get_name());
    command.arg("--dir").arg(directory).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        bail!("{}", output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Nanoseconds between two readings of the clock, the median of many.
pub fn clock() -> u128 {
    let mut spent: Vec<_> = (0..10_001).map(|_| Instant::now().elapsed().as_nanos()).collect();
    spent.sort_unstable();
    spent[spent.len() / 2]
}
