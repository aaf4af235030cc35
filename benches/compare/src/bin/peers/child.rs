//! One peer in a separate process.

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

/// The task of the child.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Task {
    pub events: u64,
    /// The number of events in a burst, which ends with a pause; 0 means no pauses.
    pub burst: u64,
}

/// The result of the child. Times are in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// The time per event: p50, p99, p99.9.
    pub each: [u64; 3],
    /// The mean time per event, without clock readings and pauses.
    pub mean: f64,
    /// The number of allocations of the logging thread.
    pub allocations: u64,
    /// The growth of the anonymous memory from the first to the last event, in bytes.
    pub anonymous: u64,
}

/// The pause after a burst.
const PAUSE: Duration = Duration::from_millis(2);

/// Logs the events in the child, and prints the result.
pub fn work(peer: Peer, directory: &Path, task: Task) -> Result<()> {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 3)?;
    let before = resident().anonymous;
    let logger = peer.open(directory)?;
    // During the pause, the background threads start, as in a running service.
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

/// Calls the function for each number, in bursts. Returns the time without the pauses.
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

/// Runs the child and waits for its exit.
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

/// Returns the median time between two clock readings, in nanoseconds.
pub fn clock() -> u128 {
    let mut spent: Vec<_> = (0..10_001).map(|_| Instant::now().elapsed().as_nanos()).collect();
    spent.sort_unstable();
    spent[spent.len() / 2]
}
