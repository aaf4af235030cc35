//! Output of the results as a table.

use crate::arms::Arm;
use crate::child::{Done, Task};

/// The results of one logger: the medians of its rounds, except `max`, which is the maximum of all rounds.
pub struct Row {
    arm: Arm,
    threads: usize,
    p50: u64,
    p99: u64,
    p999: u64,
    max: u64,
    /// The events per second of all threads, until the last call returned and until all events were written.
    logged: f64,
    written: f64,
    /// The share of lost events.
    lost: f64,
    anonymous: u64,
}

fn median(mut numbers: Vec<u64>) -> u64 {
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}

impl Row {
    pub fn new(arm: Arm, task: Task, runs: &[(Done, u64)]) -> Self {
        let of = |number: fn(&Done) -> u64| median(runs.iter().map(|(done, _)| number(done)).collect());
        let events = (task.events * task.threads as u64) as f64;
        let found = median(runs.iter().map(|(_, found)| *found).collect());
        Self {
            arm,
            threads: task.threads,
            p50: of(|done| done.p50),
            p99: of(|done| done.p99),
            p999: of(|done| done.p999),
            max: runs.iter().map(|(done, _)| done.max).max().unwrap_or(0),
            logged: events / of(|done| done.spent) as f64 * 1e9,
            written: found as f64 / of(|done| done.complete) as f64 * 1e9,
            lost: 1.0 - found as f64 / events,
            anonymous: of(|done| done.anonymous),
        }
    }
}

/// Prints the rows. The ratio is the median latency relative to the first row with the same number of threads.
pub fn print(rows: &[Row]) {
    println!(
        "  {:<28}{:>3}{:>9}{:>7}{:>9}{:>10}{:>12}{:>10}{:>11}{:>7}{:>10}",
        "", "thr", "p50 ns", "ratio", "p99", "p99.9", "max", "logged/s", "written/s", "lost", "RssAnon"
    );
    for row in rows {
        let first = rows.iter().find(|first| first.threads == row.threads).map_or(1, |first| first.p50);
        println!(
            "  {:<28}{:>3}{:>9}{:>6.1}x{:>9}{:>10}{:>12}{:>9.2}M{:>10.2}M{:>6.1}%{:>6.1} MiB",
            row.arm.title(),
            row.threads,
            row.p50,
            row.p50 as f64 / first as f64,
            row.p99,
            row.p999,
            row.max,
            row.logged / 1e6,
            row.written / 1e6,
            row.lost * 100.0,
            row.anonymous as f64 / f64::from(1 << 20),
        );
    }
    println!();
}
