//! The service under load: a separate process, which is killed after the last request.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;
use fusewire_compare::memory::{self, Resident};
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::loggers::{Arm, Logger};
use crate::request::{Value, large_state, state};

/// The task of the child.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Task {
    pub seconds: u64,
    /// The number of requests per second.
    pub rate: u64,
    pub workers: usize,
    /// The interval between requests that log a large map: every `large_every`-th request; 0 means no
    /// request.
    pub large_every: u64,
}

/// The result of the child. Times are in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    pub requests: u64,
    /// The duration of the logging calls: p50, p99, p99.9, max.
    pub stall: [u64; 4],
    /// The delay from the scheduled start of a request to the end of its logging call: p50, p99, p99.9, max.
    pub delay: [u64; 4],
    /// The total number of allocations in all logging calls.
    pub allocations: u64,
    pub allocated: u64,
    pub dropped: u64,
    pub before: Resident,
    pub peak: Resident,
}

/// Serves the requests in the child, prints the result, and waits for SIGKILL.
pub fn work(arm: Arm, directory: &Path, task: Task) -> Result<()> {
    let states = (state(), large_state());
    let logger = arm.open(directory)?;
    thread::sleep(Duration::from_millis(200));
    let before = memory::resident();
    let (next, done) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = Instant::now() + Duration::from_millis(50);
    let (served, peak) = thread::scope(|scope| {
        let peak = scope.spawn(|| memory::peak(&done));
        let workers: Vec<_> =
            (0..task.workers).map(|_| scope.spawn(|| serve(&*logger, task, &states, &next, start))).collect();
        let served: Vec<_> =
            workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect();
        done.store(true, Ordering::Relaxed);
        (served, peak.join().expect("sampling does not panic"))
    });
    let mut all = Served::new()?;
    for one in &served {
        all.stall.add(&one.stall)?;
        all.delay.add(&one.delay)?;
        all.allocations += one.allocations;
        all.allocated += one.allocated;
    }
    let told = Done {
        requests: task.seconds * task.rate,
        stall: quantiles(&all.stall),
        delay: quantiles(&all.delay),
        allocations: all.allocations,
        allocated: all.allocated,
        dropped: logger.dropped(),
        before,
        peak,
    };
    println!("{}", serde_json::to_string(&told)?);
    // The log is not closed, because a killed service does not close it either.
    thread::sleep(Duration::from_secs(600));
    Ok(())
}

struct Served {
    stall: Histogram<u64>,
    delay: Histogram<u64>,
    allocations: u64,
    allocated: u64,
}

impl Served {
    fn new() -> Result<Self> {
        // The histograms hold values up to one minute, and are allocated with their full size before the
        // measurement.
        let histogram = || Histogram::new_with_bounds(1, 60_000_000_000, 3);
        Ok(Self { stall: histogram()?, delay: histogram()?, allocations: 0, allocated: 0 })
    }
}

fn serve(
    logger: &dyn Logger,
    task: Task,
    (small, large): &(Value, Value),
    next: &AtomicU64,
    start: Instant,
) -> Served {
    let mut served = Served::new().expect("three digits");
    let interval = Duration::from_nanos(1_000_000_000 / task.rate.max(1));
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= task.seconds * task.rate {
            return served;
        }
        let due = start + interval * u32::try_from(n).unwrap_or(u32::MAX);
        wait_until(due);
        let is_large = task.large_every > 0 && n % task.large_every == task.large_every / 2;
        let state = if is_large { large } else { small };
        let (calls, bytes) = memory::allocated();
        let before = Instant::now();
        logger.log(n, state);
        let after = Instant::now();
        let (calls_after, bytes_after) = memory::allocated();
        served.stall.saturating_record((after - before).as_nanos() as u64);
        served.delay.saturating_record((after - due).as_nanos() as u64);
        served.allocations += calls_after - calls;
        served.allocated += bytes_after - bytes;
    }
}

/// Sleeps until shortly before the deadline, then spins.
fn wait_until(due: Instant) {
    const SPIN: Duration = Duration::from_micros(60);
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        if left > SPIN {
            thread::sleep(left - SPIN);
        } else {
            std::hint::spin_loop();
        }
    }
}

fn quantiles(histogram: &Histogram<u64>) -> [u64; 4] {
    let at = |quantile| histogram.value_at_quantile(quantile);
    [at(0.5), at(0.99), at(0.999), histogram.max()]
}

/// Runs the child until its last request, and kills it.
pub fn run(arm: Arm, directory: &Path, task: Task) -> Result<Done> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--child")
        .arg(serde_json::to_string(&task)?)
        .arg("--arm")
        .arg(arm.to_possible_value().context("no arm is skipped")?.get_name())
        .arg("--dir")
        .arg(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut said)?;
    child.kill()?;
    child.wait()?;
    serde_json::from_str(&said)
        .with_context(|| format!("{}: the child exited before the last request", arm.title()))
}
