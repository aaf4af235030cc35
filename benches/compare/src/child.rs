//! One logger in a separate process, so that its memory can be measured and it can be killed.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::arms::{Arm, Logger};

/// The task of the child.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Task {
    pub threads: usize,
    /// The number of events that each thread logs.
    pub events: u64,
    /// The number of events in a burst, which ends with a pause; 0 means no pauses.
    pub burst: u64,
}

/// The result of the child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
    /// The time until the last event and until the log was closed, in ns of one thread and without pauses.
    pub spent: u64,
    pub complete: u64,
    pub dropped: Option<u64>,
    /// The peak of the anonymous memory in bytes.
    pub anonymous: u64,
}

/// The pause after a burst.
const PAUSE: Duration = Duration::from_millis(2);

/// Logs the events in the child, and prints the result.
pub fn work(arm: Arm, directory: &Path, task: Task) -> Result<()> {
    let logger = arm.open(directory)?;
    // During the pause, the background threads of the logger start, as in a running service.
    thread::sleep(Duration::from_millis(100));
    let start = Barrier::new(task.threads);
    let before = Instant::now();
    let logged: Vec<(Histogram<u64>, Duration)> = thread::scope(|scope| {
        let logging: Vec<_> =
            (0..task.threads).map(|_| scope.spawn(|| log(&*logger, task, &start))).collect();
        logging.into_iter().map(|thread| thread.join().expect("a logger does not panic")).collect()
    });
    // The memory is measured before the queue is empty.
    let anonymous = peak_anonymous()?;
    let dropped = logger.finish()?;
    let complete = before.elapsed();
    let mut all = Histogram::<u64>::new_with_bounds(1, 10_000_000_000, 3)?;
    for (histogram, _) in &logged {
        all.add(histogram)?;
    }
    let spent = logged.iter().map(|(_, spent)| *spent).max().unwrap_or_default();
    let done = Done {
        p50: all.value_at_quantile(0.5),
        p99: all.value_at_quantile(0.99),
        p999: all.value_at_quantile(0.999),
        max: all.max(),
        spent: spent.as_nanos() as u64,
        complete: complete.as_nanos() as u64,
        dropped,
        anonymous,
    };
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

fn log(logger: &dyn Logger, task: Task, start: &Barrier) -> (Histogram<u64>, Duration) {
    // The histogram holds values up to 10 s, and is allocated with its full size before the measurement.
    let mut histogram = Histogram::new_with_bounds(1, 10_000_000_000, 3).expect("three digits");
    let mut spent = Duration::ZERO;
    let burst = if task.burst == 0 { task.events } else { task.burst };
    let mut left = task.events;
    start.wait();
    while left > 0 {
        let began = Instant::now();
        for _ in 0..burst.min(left) {
            let before = Instant::now();
            logger.log();
            histogram.saturating_record(before.elapsed().as_nanos() as u64);
        }
        spent += began.elapsed();
        left -= burst.min(left);
        if left > 0 {
            thread::sleep(PAUSE);
        }
    }
    (histogram, spent)
}

/// Returns the peak of the anonymous memory in bytes: the current size, or the peak that follows from the high-water
/// mark if it is larger.
fn peak_anonymous() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let kilobytes = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().trim_end_matches(" kB").parse().ok()
    };
    // The kernel has no high-water mark of anonymous memory, so the current file and shared memory is subtracted from
    // the total.
    let files = kilobytes("RssFile:").unwrap_or(0) + kilobytes("RssShmem:").unwrap_or(0);
    let now = kilobytes("RssAnon:").context("RssAnon")?;
    Ok(now.max(kilobytes("VmHWM:").unwrap_or(0).saturating_sub(files).min(now * 4)) << 10)
}

fn command(arm: Arm, directory: &Path, task: Task) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--child").arg(serde_json::to_string(&task)?).arg("--arm").arg(arm_name(arm));
    command.arg("--dir").arg(directory).stdin(Stdio::null());
    Ok(command)
}

fn arm_name(arm: Arm) -> String {
    use clap::ValueEnum;
    arm.to_possible_value().expect("no arm is skipped").get_name().to_owned()
}

/// Runs the child and waits for its exit.
pub fn run(arm: Arm, directory: &Path, task: Task) -> Result<Done> {
    let output = command(arm, directory, task)?.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("{}: {}", arm.title(), output.status);
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Logs in the child until it is killed. Reports the number of completed calls after every 100 events.
pub fn be_killed(arm: Arm, directory: &Path) -> Result<()> {
    let logger = arm.open(directory)?;
    let mut stdout = std::io::stdout().lock();
    for n in 1_u64.. {
        logger.log();
        if n.is_multiple_of(100) {
            stdout.write_all(&n.to_le_bytes())?;
            stdout.flush()?;
            // The pause limits the rate to a rate that the thread of the logger can sustain.
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

/// Kills the child after `events` events. Returns the number of events that it reported.
pub fn kill(arm: Arm, directory: &Path, events: u64) -> Result<u64> {
    let task = Task { threads: 1, events: 0, burst: 0 };
    let mut child = command(arm, directory, task)?.arg("--kill").stdout(Stdio::piped()).spawn()?;
    let mut said = child.stdout.take().context("a pipe")?;
    let (mut told, mut word) = (0, [0; 8]);
    while told < events {
        said.read_exact(&mut word)?;
        told = u64::from_le_bytes(word);
    }
    child.kill()?;
    child.wait()?;
    while said.read_exact(&mut word).is_ok() {
        told = u64::from_le_bytes(word);
    }
    Ok(told)
}
