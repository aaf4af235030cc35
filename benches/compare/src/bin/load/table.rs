//! Output of the results as a table.

use crate::child::{Done, Task};
use crate::loggers::Arm;

/// The results of one logger.
pub struct Row {
    arm: Arm,
    done: Done,
    found: u64,
    on_disk: u64,
    requests: u64,
}

impl Row {
    pub fn new(arm: Arm, task: Task, done: &Done, found: u64, on_disk: u64) -> Self {
        Self { arm, done: done.clone(), found, on_disk, requests: task.seconds * task.rate }
    }
}

pub fn print(rows: &[Row]) {
    println!(
        "  {:<22}{:>9}{:>9}{:>9}{:>9}  {:>9}{:>9}{:>8}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "",
        "p50 us",
        "p99",
        "p99.9",
        "max ms",
        "late p99",
        "p99.9 ms",
        "allocs",
        "KiB",
        "RssAnon",
        "RssFile",
        "disk MiB",
        "lost"
    );
    for row in rows {
        let done = &row.done;
        let micros = |nanos: u64| nanos as f64 / 1e3;
        let millis = |nanos: u64| nanos as f64 / 1e6;
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let each = |total: u64| total as f64 / row.requests as f64;
        println!(
            "  {:<22}{:>9.1}{:>9.1}{:>9.1}{:>9.2}  {:>9.2}{:>9.2}{:>8.1}{:>9.1}{:>9.1}{:>9.1}{:>9.0}{:>9}",
            row.arm.title(),
            micros(done.stall[0]),
            micros(done.stall[1]),
            micros(done.stall[2]),
            millis(done.stall[3]),
            millis(done.delay[1]),
            millis(done.delay[2]),
            each(done.allocations),
            each(done.allocated) / 1024.0,
            mebibytes(done.peak.anonymous.saturating_sub(done.before.anonymous)),
            mebibytes(done.peak.file.saturating_sub(done.before.file)),
            mebibytes(row.on_disk),
            row.requests - row.found.min(row.requests),
        );
    }
    println!();
}
