//! Benchmark of `event!` with eleven values in both formats: the latency of each append, the throughput of two threads, and
//! appends without pauses.
//!
//! The formats take turns in five rounds, and the table shows medians. Each latency contains two readings of the clock. In
//! the bursts, the workers have time to prepare the next pages, as in a service. The logs are in the directory of the
//! build.

mod common;

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use common::{EVENT, Event};
use fusewire::log::Log;

/// The number of events of one run.
struct Size {
    bursts: u64,
    in_row: u64,
    rounds: usize,
}

/// The number of events in a burst.
const BURST: u64 = 1_000;
const PAUSE: Duration = Duration::from_millis(2);

/// The results of one round. The times are in ns.
struct Round {
    p50: f64,
    p99: f64,
    p999: f64,
    one_thread: f64,
    two_threads: f64,
    in_row: f64,
    bytes: f64,
    dropped: f64,
}

fn event(log: &Log, n: u64) {
    let event = Event { user_id: 4_711 + n, duration_ms: 200 + n % 97, ..EVENT };
    common::event(log, black_box(&event));
}

/// Returns the time of a call.
fn timed(call: impl FnOnce()) -> Duration {
    let start = Instant::now();
    call();
    start.elapsed()
}

/// Runs `use_log` with a new log. Returns its result, the bytes of the log for each entry, and the number of dropped entries.
fn with_log<T>(self_contained: bool, use_log: impl FnOnce(&Log) -> T) -> (T, f64, u64) {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let options = Log::options(directory.path()).self_contained(self_contained).max_total_bytes(4 << 30);
    let log = options.open().unwrap();
    let result = use_log(&log);
    let stats = log.stats();
    (result, stats.bytes as f64 / stats.entries as f64, stats.drops.total())
}

/// Returns the sorted latencies of appends in bursts.
fn latencies(log: &Log, bursts: u64) -> Vec<u64> {
    let mut found = Vec::with_capacity((bursts * BURST) as usize);
    for burst in 0..bursts {
        for n in 0..BURST {
            found.push(timed(|| event(log, burst * BURST + n)).as_nanos() as u64);
        }
        thread::sleep(PAUSE);
    }
    found.sort_unstable();
    found
}

/// Returns the events of all threads for each ns, without the pauses.
fn throughput(log: &Log, threads: u64, bursts: u64) -> f64 {
    let start = Barrier::new(threads as usize);
    let append = || {
        let mut spent = Duration::ZERO;
        for burst in 0..bursts {
            start.wait();
            spent += timed(|| (0..BURST).for_each(|n| event(log, burst * BURST + n)));
            thread::sleep(PAUSE);
        }
        spent
    };
    let spent = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(append)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    });
    (threads * bursts * BURST) as f64 / spent.as_nanos() as f64
}

fn round(self_contained: bool, size: &Size) -> Round {
    let (latencies, bytes, dropped) = with_log(self_contained, |log| latencies(log, size.bursts));
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize] as f64;
    let threads = |threads| with_log(self_contained, |log| throughput(log, threads, size.bursts));
    let ((one_thread, _, dropped_1), (two_threads, _, dropped_2)) = (threads(1), threads(2));
    let (in_row, _, dropped_3) =
        with_log(self_contained, |log| timed(|| (0..size.in_row).for_each(|n| event(log, n))));
    Round {
        p50: at(0.5),
        p99: at(0.99),
        p999: at(0.999),
        one_thread,
        two_threads,
        in_row: in_row.as_nanos() as f64 / size.in_row as f64,
        bytes,
        dropped: (dropped + dropped_1 + dropped_2 + dropped_3) as f64,
    }
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let size = if is_test {
        Size { bursts: 2, in_row: 2_000, rounds: 1 }
    } else {
        Size { bursts: 200, in_row: 1_500_000, rounds: 5 }
    };
    let mut rounds = [Vec::new(), Vec::new()];
    for _ in 0..size.rounds {
        for (rounds, self_contained) in rounds.iter_mut().zip([true, false]) {
            rounds.push(round(self_contained, &size));
        }
    }
    type Row = (&'static str, fn(&Round) -> f64);
    let rows: [Row; 9] = [
        ("latency p50, ns", |round| round.p50),
        ("latency p99, ns", |round| round.p99),
        ("latency p99.9, ns", |round| round.p999),
        ("one thread, million events/s", |round| round.one_thread * 1e3),
        ("two threads, million events/s", |round| round.two_threads * 1e3),
        ("two threads / one thread", |round| round.two_threads / round.one_thread),
        ("in a row, ns per event", |round| round.in_row),
        ("bytes per entry", |round| round.bytes),
        ("dropped entries", |round| round.dropped),
    ];
    println!("{:<32}{:>10}{:>10}{:>8}", "", "1.0", "1.1", "ratio");
    for (name, number) in rows {
        let [full, like] = [&rounds[0], &rounds[1]].map(|rounds| {
            let mut numbers: Vec<_> = rounds.iter().map(number).collect();
            numbers.sort_by(f64::total_cmp);
            numbers[numbers.len() / 2]
        });
        println!("{name:<32}{full:>10.1}{like:>10.1}{:>8.2}", like / full);
    }
}
