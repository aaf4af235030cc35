//! `fusewire demo`: demonstrates the guarantees of Fusewire in about ten seconds.

mod appending;
mod hostile;
mod killed;
mod load;
mod readback;
mod report;
mod sizes;

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use fusewire::log::{Log, LogOptions, OnFull, Outcome as Appended};
use fusewire::segment::Resource;
use fusewire::{Severity, TripReport};

use crate::args::DemoArgs;
use crate::input;
use crate::outcome::Outcome;
use crate::output::Terminal;
use load::Worker;

/// The stack size of the thread that logs the hostile values, in bytes.
const SMALL_STACK: usize = 128 << 10;
/// The maximum size of a segment, in bytes.
const LARGEST_SEGMENT: u64 = 16 << 20;
/// The minimum size of a segment, in bytes.
const SMALLEST_SEGMENT: u64 = 256 << 10;
/// The approximate number of segments.
const SEGMENTS: u64 = 8;
/// The approximate size of an entry with its frame, in bytes.
const ENTRY: u64 = 110;

/// The result of logging one hostile value.
struct Survived {
    what: &'static str,
    elapsed: Duration,
    bytes: u64,
    report: TripReport,
}

/// Runs the demo.
pub(crate) fn run(args: &DemoArgs, terminal: &mut Terminal) -> Result<Outcome> {
    if let Some(directory) = &args.victim {
        killed::append_until_killed(directory)?;
        return Ok(Outcome::Clean);
    }
    let directory = directory(args)?;
    let workers = Worker::all("worker", args.threads.unwrap_or_else(default_threads));
    report::title(terminal, &directory)?;

    let size = (args.entries.saturating_mul(ENTRY) / SEGMENTS).clamp(SMALLEST_SEGMENT, LARGEST_SEGMENT);
    let log = options(&directory, "fusewire-demo").segment_size(size / 4096 * 4096).open();
    let log = log.with_context(|| directory.display().to_string())?;
    let survived = on_small_stack(|| hostile_values(&log))?;
    report::hostile(terminal, &survived, &directory)?;

    let written = appending::run(&log, &workers, args.entries)?;
    report::load(terminal, &written, &sizes::run(&workers[0])?)?;
    drop(log);

    let found = readback::run(slice::from_ref(&directory), &workers)?;
    report::read_back(terminal, &found, args.entries)?;

    let killed = killed::run(&directory)?;
    report::killed(terminal, &killed)?;
    report::next_steps(terminal, &directory)?;
    let is_complete = found.entries() == args.entries && found.is_sound();
    Ok(if is_complete && killed.is_complete() { Outcome::Clean } else { Outcome::Lossy })
}

fn directory(args: &DemoArgs) -> Result<PathBuf> {
    let Some(directory) = &args.dir else {
        let made = tempfile::Builder::new().prefix("fusewire-demo-").tempdir();
        // The directory is kept for the commands that the demo prints at its end.
        return Ok(made.context("cannot create a temporary directory")?.keep());
    };
    input::prepare_output(directory)?;
    fs::canonicalize(directory).with_context(|| directory.display().to_string())
}

fn default_threads() -> u16 {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    u16::try_from(cores.clamp(2, 8)).unwrap_or(2)
}

/// Returns the options of the log in `directory`. If the disk is full, the demo ends and deletes nothing.
fn options(directory: &Path, service: &str) -> LogOptions {
    Log::options(directory)
        .resource(Resource::of_this_process(service))
        .on_full(OnFull::DropBelow(Severity::UNSPECIFIED))
}

fn on_small_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("small".to_owned()).stack_size(SMALL_STACK);
        let running = thread.spawn_scoped(scope, work).context("cannot start a thread with a small stack")?;
        running.join().map_err(|_| anyhow!("the thread that logs the hostile values panicked"))?
    })
}

fn hostile_values(log: &Log) -> Result<Vec<Survived>> {
    let mut survived = Vec::new();
    for hostile in hostile::all() {
        let before = log.stats().bytes;
        let start = Instant::now();
        let outcome = log.append(|entry| {
            entry.set_severity(Severity::WARN);
            entry.set_target("demo::hostile");
            entry.set_body(hostile.what);
            entry.attr(hostile.key, &hostile.value);
        });
        let elapsed = start.elapsed();
        appending::written(log, outcome)?;
        if let Appended::Written(report) = outcome {
            let bytes = log.stats().bytes - before;
            survived.push(Survived { what: hostile.what, elapsed, bytes, report });
        }
    }
    Ok(survived)
}
