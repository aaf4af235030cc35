//! `fusewire demo`: what Fusewire does, in ten seconds, on this machine.

mod hostile;
mod killed;
mod load;
mod readback;
mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use fusewire::segment::{Resource, SegmentOptions, SegmentWriter, Series};
use fusewire::{Severity, TripReport};

use crate::args::DemoArgs;
use crate::input;
use crate::outcome::Outcome;
use crate::output::Terminal;

/// The stack of the thread that logs the hostile values: what a small worker thread has.
const SMALL_STACK: usize = 128 << 10;

/// One hostile value that was logged.
struct Survived {
    what: &'static str,
    elapsed: Duration,
    bytes: u64,
    report: TripReport,
}

/// What one thread wrote.
struct Written {
    thread: u16,
    entries: u64,
    bytes: u64,
    /// The time of each run of [`RUN`] appends, shortest first.
    runs: Vec<Duration>,
    segments: Vec<PathBuf>,
}

/// Appends that are timed together: reading the clock for each would cost as much as half an append.
const RUN: u64 = 500;

/// Runs the demo.
pub(crate) fn run(args: &DemoArgs, terminal: &mut Terminal) -> Result<Outcome> {
    if let Some(path) = &args.victim {
        killed::append_until_killed(path)?;
        return Ok(Outcome::Clean);
    }
    let directory = directory(args)?;
    let threads = args.threads.unwrap_or_else(default_threads);
    report::title(terminal, &directory)?;

    let path = directory.join("hostile.fws");
    let survived = on_small_stack(|| hostile_values(&path))?;
    report::hostile(terminal, &survived, &path)?;

    let before = Instant::now();
    let written = append_at_once(&directory, threads, args.entries)?;
    report::load(terminal, &written, before.elapsed())?;

    let before = Instant::now();
    let read = readback::run(&written)?;
    report::read_back(terminal, &read, before.elapsed(), args.entries)?;

    let killed = killed::run(&directory.join("killed.fws"))?;
    report::killed(terminal, &killed)?;
    report::next_steps(terminal, &directory, &path)?;
    Ok(if read.is_complete(args.entries) && killed.is_complete() { Outcome::Clean } else { Outcome::Lossy })
}

fn directory(args: &DemoArgs) -> Result<PathBuf> {
    let Some(directory) = &args.dir else {
        let made = tempfile::Builder::new().prefix("fusewire-demo-").tempdir();
        // Kept: the commands at the end are to be tried on it.
        return Ok(made.context("a directory for temporary files")?.keep());
    };
    input::prepare_output(directory)?;
    fs::canonicalize(directory).with_context(|| directory.display().to_string())
}

fn default_threads() -> u16 {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    u16::try_from(cores.clamp(2, 8)).unwrap_or(2)
}

fn on_small_stack<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("small".to_owned()).stack_size(SMALL_STACK);
        let running = thread.spawn_scoped(scope, work).context("a thread with a small stack")?;
        running.join().map_err(|_| anyhow!("the thread that logs the hostile values ended early"))?
    })
}

fn hostile_values(path: &Path) -> Result<Vec<Survived>> {
    let about = || path.display().to_string();
    let mut options = options();
    options.size = 1 << 20;
    let mut writer = SegmentWriter::create(path, &options).with_context(about)?;
    let mut survived = Vec::new();
    for hostile in hostile::all() {
        let start = Instant::now();
        let appended = writer
            .append(|entry| {
                entry.set_time_unix_nano(now());
                entry.set_severity(Severity::WARN);
                entry.set_target("demo::hostile");
                entry.set_body(hostile.what);
                entry.attr(hostile.key, &hostile.value);
            })
            .with_context(about)?;
        survived.push(Survived {
            what: hostile.what,
            elapsed: start.elapsed(),
            bytes: appended.len,
            report: appended.report,
        });
    }
    writer.seal().with_context(about)?;
    Ok(survived)
}

fn append_at_once(directory: &Path, threads: u16, entries: u64) -> Result<Vec<Written>> {
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || append(directory, thread, load::share(entries, threads, thread)))
            })
            .collect();
        running
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("a thread that appends ended early"))?)
            .collect()
    })
}

fn append(directory: &Path, thread: u16, entries: u64) -> Result<Written> {
    let about = || directory.display().to_string();
    let mut series = Series::create(directory, options()).with_context(about)?;
    let mut bytes = 0;
    let mut runs = Vec::new();
    for first in (0..entries).step_by(usize::try_from(RUN)?) {
        let start = Instant::now();
        for n in first..entries.min(first + RUN) {
            let appended = series.append(|entry| load::write(entry, thread, n, now())).with_context(about)?;
            bytes += appended.len;
        }
        if first + RUN <= entries {
            runs.push(start.elapsed());
        }
    }
    let segments = series.finish().with_context(about)?;
    runs.sort_unstable();
    Ok(Written { thread, entries, bytes, runs, segments })
}

fn options() -> SegmentOptions {
    let mut options = SegmentOptions::new(Resource::of_this_process("fusewire-demo"));
    options.prefault = true;
    options
}

/// Nanoseconds since the epoch.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}
