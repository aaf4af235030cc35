//! Instructions of one entry, counted by callgrind: the same eleven values through a closure, `event!` and serde, and
//! an event of `tracing` with six fields. The first column contains the encoding only, and the other columns the append to
//! a log in format 1.0 and in format 1.1.
//!
//! `cargo bench --features serde,tracing --bench instructions` prints a table. Each number is the difference between
//! two runs with different numbers of entries, so it does not contain the start of the program. Only the thread that
//! appends is counted. The row of `tracing` does not contain the instructions of a subscriber with a no-op layer. Other
//! runs of the benchmark need no valgrind and only execute each case.

mod common;

use std::hint::black_box;
use std::process::{Command, ExitCode};

use common::{Discard, EVENT, Event, attributes, header, write};
use fusewire::bridge::tracing::Layer;
use fusewire::log::{Appender, Log};
use tracing::{Dispatch, Subscriber, info};
use tracing_subscriber::prelude::*;

/// The number of entries of the shorter run, and the number of additional entries of the longer run.
const ENTRIES: u64 = 1_000;

struct Nothing;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Nothing {}

fn of_tracing(n: u64) {
    info!(
        order = n,
        amount = black_box(129.95),
        currency = black_box("EUR"),
        attempt = black_box(3_i64),
        cached = black_box(true),
        path = black_box("/api/v1/orders"),
        "request served"
    );
}

const CASES: [&str; 5] = ["closure", "event!", "serde", "no-op layer", "tracing"];

/// The destinations of the entries.
const COLUMNS: [&str; 3] = ["encode", "1.0", "1.1"];

/// Logs `entries` entries of a case. The amount and the order of an entry depend on its number.
fn run(case: &str, column: &str, entries: u64) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).self_contained(column != "1.1").index(false).open().unwrap();
    match column {
        "encode" => run_with(case, Discard::new(log), entries),
        _ => run_with(case, log, entries),
    }
}

fn run_with<A: Appender + Send + Sync + 'static>(case: &str, log: A, entries: u64) {
    let each = |one: &dyn Fn(u64)| (0..entries).for_each(|n| one(black_box(n)));
    let traced = |subscriber: Dispatch| tracing::dispatcher::with_default(&subscriber, || each(&of_tracing));
    let event = |n: u64| Event { user_id: 4711 + n, amount: 129.95 + n as f64, ..EVENT };
    match case {
        "closure" => each(&|n| _ = log.append(|entry| write(entry, black_box(&event(n))))),
        "event!" => each(&|n| common::event(&log, black_box(&event(n)))),
        "serde" => each(&|n| {
            let event = event(n);
            log.append(|entry| {
                header(entry, black_box(&event));
                entry.attrs_from(&attributes(black_box(&event)));
            });
        }),
        "no-op layer" => traced(tracing_subscriber::registry().with(Nothing).into()),
        "tracing" => traced(tracing_subscriber::registry().with(Layer::new(log)).into()),
        _ => panic!("unknown case {case}"),
    }
}

/// Returns the number of instructions of the first thread in a run, or `None` without valgrind.
fn instructions(case: &str, column: &str, entries: u64) -> Option<u64> {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--separate-threads=yes"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().ok()?)
        .args([case, column, &entries.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    // The file of the first thread has the number 1.
    let found = std::fs::read_to_string(directory.path().join("out-01"));
    let found = found.unwrap_or_else(|error| panic!("{case}: {error}: {text}"));
    let count = found.lines().find_map(|line| line.strip_prefix("totals: "));
    assert!(count.is_some(), "{case}: no count in {text}");
    count?.trim().parse().ok()
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [case, column, entries] = &arguments[..]
        && let Ok(entries) = entries.parse()
    {
        run(case, column, entries);
        return ExitCode::SUCCESS;
    }
    if !arguments.iter().any(|argument| argument == "--bench")
        || arguments.iter().any(|argument| argument == "--test")
    {
        for case in CASES {
            COLUMNS.iter().for_each(|column| run(case, column, 1));
        }
        return ExitCode::SUCCESS;
    }
    let mut layer = [0; COLUMNS.len()];
    println!("{:12} {:>6} {:>6} {:>6}", "", COLUMNS[0], COLUMNS[1], COLUMNS[2]);
    for case in CASES {
        let mut counts = [0; COLUMNS.len()];
        for (column, count) in COLUMNS.iter().zip(&mut counts) {
            let of = |entries| instructions(case, column, entries);
            let Some((more, fewer)) = of(2 * ENTRIES).zip(of(ENTRIES)) else {
                eprintln!("valgrind is not installed");
                return ExitCode::FAILURE;
            };
            *count = (more - fewer) / ENTRIES;
        }
        match case {
            "no-op layer" => layer = counts,
            "tracing" => {
                let [a, b, c] = core::array::from_fn(|i| counts[i] - layer[i]);
                println!("{case:12} {a:6} {b:6} {c:6}");
            }
            _ => println!("{case:12} {:6} {:6} {:6}", counts[0], counts[1], counts[2]),
        }
    }
    ExitCode::SUCCESS
}
