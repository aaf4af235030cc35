//! A service that logs through `tracing`: `cargo run --release --example tracing_service --features tracing`.
//!
//! The example serves requests in two threads, each request in a span, and compares the JSON layer with Fusewire. The
//! two versions differ only in the lines marked BEFORE and AFTER.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fusewire::bridge::tracing::Layer;
use fusewire::log::{Log, LogEvent, LogReader};
use fusewire::segment::Resource;
use tracing::{Subscriber, debug, error, info, info_span, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

const THREADS: u64 = 2;
const REQUESTS: u64 = 5_000;
const LEVEL: LevelFilter = LevelFilter::INFO;

/// Serves one request, and logs like a handler with database calls.
fn serve(thread: u64, n: u64) {
    let trace_id = u128::from(thread + 1) << 64 | u128::from(n + 1);
    let request =
        info_span!("request", trace_id, method = "POST", path = "/orders", status = tracing::field::Empty);
    let _request = request.enter();
    debug!(bytes = 512 + n % 100, "request read");
    let failed = {
        let query = info_span!("query", table = "orders", rows = tracing::field::Empty);
        let _query = query.enter();
        query.record("rows", n % 7);
        info!(spent_us = 120 + n % 900, cached = n.is_multiple_of(3), "orders found");
        n % 500 == 499
    };
    if n % 50 == 7 {
        warn!(attempt = 2, order = ?("A", n), "payment retried");
    }
    if failed {
        let error = std::io::Error::other("card declined");
        error!(error = &error as &(dyn std::error::Error + 'static), "payment failed");
    }
    request.record("status", if failed { 502_u16 } else { 200 });
    info!(user = n % 97, amount = 12.5, "served");
}

/// Returns the times of all requests of all threads, in ascending order.
fn run(subscriber: impl Subscriber + Send + Sync + 'static) -> Vec<Duration> {
    let dispatch = tracing::Dispatch::new(subscriber);
    let mut times: Vec<Duration> = thread::scope(|scope| {
        let work = |n: u64| {
            let dispatch = &dispatch;
            let work = move || {
                let _default = tracing::dispatcher::set_default(dispatch);
                let request = |i| {
                    let start = Instant::now();
                    serve(n, i);
                    start.elapsed()
                };
                (0..REQUESTS).map(request).collect::<Vec<_>>()
            };
            thread::Builder::new().name(format!("worker-{n}")).spawn_scoped(scope, work)
        };
        let threads: Vec<_> = (0..THREADS).filter_map(|n| work(n).ok()).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect()
    });
    times.sort();
    times
}

/// A file and the number of bytes written to it.
#[derive(Clone)]
struct Counted(Arc<std::fs::File>, Arc<AtomicU64>);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn report(name: &str, times: &[Duration], entries: u64, bytes: u64) {
    let at = |permille: usize| times.get(times.len() * permille / 1_000).copied().unwrap_or_default();
    println!(
        "{name:<10} {entries:>6} entries  {:>5.1} MB  logging time per request {:>7.1?} (p50), {:>7.1?} (p99), {:>7.1?} (p99.9)",
        bytes as f64 / 1e6,
        at(500),
        at(990),
        at(999),
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::temp_dir().join(format!("fusewire-tracing-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;

    // BEFORE
    let file = Counted(Arc::new(std::fs::File::create(directory.join("service.jsonl"))?), Arc::default());
    let writer = file.clone();
    let subscriber =
        tracing_subscriber::fmt().json().with_max_level(LEVEL).with_writer(move || writer.clone()).finish();
    let times = run(subscriber);
    let lines = std::fs::read(directory.join("service.jsonl"))?;
    let entries = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
    report("JSON file", &times, entries, file.1.load(Ordering::Relaxed));

    // AFTER: these lines replace them.
    let log = Log::options(directory.join("log")).resource(Resource::of_this_process("shop")).open()?;
    let guard = log.guard();
    let subscriber = tracing_subscriber::registry().with(Layer::new(log.clone())).with(LEVEL);
    let times = run(subscriber);
    let stats = log.stats();
    report("Fusewire", &times, stats.entries, stats.bytes);
    println!("{} entries dropped", stats.drops.total());

    // The log is readable while the service runs and after it is killed.
    println!("\nthe first failed request and its entries:");
    let mut reader = LogReader::options().open(&[log.directory().to_owned()])?;
    let mut failed = None;
    while let Some(event) = reader.next() {
        let LogEvent::Entry { entry, .. } = event else { continue };
        if entry.body().to_str() == Ok("payment failed") {
            failed = Some(entry.trace().trace_id);
            break;
        }
    }
    let mut reader = LogReader::options().open(&[log.directory().to_owned()])?;
    while let Some(event) = reader.next() {
        let LogEvent::Entry { entry, .. } = event else { continue };
        if Some(entry.trace().trace_id) == failed {
            let mut line = String::new();
            fusewire::json::write_entry(&entry, &mut line)?;
            println!("{line}");
        }
    }
    // A service drops the guard at the end of `main`. The log is then sealed, and its process is listed as stopped.
    drop((guard, reader));
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
