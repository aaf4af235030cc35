//! Instructions of one entry, counted by callgrind: the same eleven values through a closure, `event!` and serde, and
//! an event of `tracing` with six fields.
//!
//! `cargo bench --features serde,tracing --bench instructions` prints a table. Each number is the difference between
//! two runs with different numbers of entries, so it does not contain the start of the program. The row of `tracing`
//! does not contain the instructions of a subscriber with a no-op layer. Other runs of the benchmark need no valgrind
//! and only execute each case.

mod common;

use std::hint::black_box;
use std::process::{Command, ExitCode};

use common::{Discard, EVENT, attributes, header, write};
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

fn run(case: &str, entries: u64) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let discard = Discard::new(log);
    let each = |one: &dyn Fn(u64)| (0..entries).for_each(|n| one(black_box(n)));
    let traced = |subscriber: Dispatch| tracing::dispatcher::with_default(&subscriber, || each(&of_tracing));
    match case {
        "closure" => each(&|_| _ = discard.append(|entry| write(entry, black_box(&EVENT)))),
        "event!" => each(&|_| common::event(&discard, black_box(&EVENT))),
        "serde" => each(&|_| {
            discard.append(|entry| {
                header(entry, black_box(&EVENT));
                entry.attrs_from(&attributes(black_box(&EVENT)));
            });
        }),
        "no-op layer" => traced(tracing_subscriber::registry().with(Nothing).into()),
        "tracing" => traced(tracing_subscriber::registry().with(Layer::new(discard)).into()),
        _ => panic!("unknown case {case}"),
    }
}

/// Returns the number of instructions of a run, or `None` without valgrind.
fn instructions(case: &str, entries: u64) -> Option<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args([case, &entries.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let count = text.lines().find_map(|line| line.split_once("Collected : "));
    assert!(count.is_some(), "{case}: no count in {text}");
    count?.1.trim().parse().ok()
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [case, entries] = &arguments[..]
        && let Ok(entries) = entries.parse()
    {
        run(case, entries);
        return ExitCode::SUCCESS;
    }
    if !arguments.iter().any(|argument| argument == "--bench")
        || arguments.iter().any(|argument| argument == "--test")
    {
        CASES.iter().for_each(|case| run(case, 1));
        return ExitCode::SUCCESS;
    }
    let mut layer = 0;
    for case in CASES {
        let Some(count) = instructions(case, 2 * ENTRIES).zip(instructions(case, ENTRIES)) else {
            eprintln!("valgrind is not installed");
            return ExitCode::FAILURE;
        };
        let count = (count.0 - count.1) / ENTRIES;
        match case {
            "no-op layer" => layer = count,
            "tracing" => println!("{case:12} {:5}", count - layer),
            _ => println!("{case:12} {count:5}"),
        }
    }
    ExitCode::SUCCESS
}
