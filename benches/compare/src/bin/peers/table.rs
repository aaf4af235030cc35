//! Output of the results as a table.

use fusewire_compare::read_back::Found;

use crate::child::{Done, Task};
use crate::peer::Peer;

/// The results of one peer: medians of its rounds.
pub struct Row {
    peer: Peer,
    mean: f64,
    each: [u64; 3],
    /// The number of allocations per event.
    allocations: f64,
    anonymous: f64,
    bytes: f64,
    /// The share of lost events.
    lost: f64,
}

fn median<T: Copy + PartialOrd>(numbers: impl Iterator<Item = T>) -> T {
    let mut numbers: Vec<T> = numbers.collect();
    numbers.sort_by(|a, b| a.partial_cmp(b).expect("no number is NaN"));
    numbers[numbers.len() / 2]
}

impl Row {
    pub fn new(peer: Peer, task: Task, runs: &[Done], there: Found) -> Self {
        let events = task.events as f64;
        Self {
            peer,
            mean: median(runs.iter().map(|done| done.mean)),
            each: [0, 1, 2].map(|i| median(runs.iter().map(|done| done.each[i]))),
            allocations: median(runs.iter().map(|done| done.allocations)) as f64 / events,
            anonymous: median(runs.iter().map(|done| done.anonymous)) as f64,
            bytes: there.bytes as f64 / there.events.max(1) as f64,
            lost: 1.0 - there.events as f64 / events,
        }
    }
}

/// Prints the rows. The ratio is the mean relative to the first row.
pub fn print(rows: &[Row]) {
    println!(
        "  {:<30}{:>9}{:>8}{:>8}{:>8}{:>9}{:>8}{:>12}{:>10}{:>7}",
        "", "mean ns", "ratio", "p50", "p99", "p99.9", "allocs", "RssAnon MiB", "bytes", "lost"
    );
    let first = rows.first().map_or(1.0, |row| row.mean);
    for row in rows {
        let [p50, p99, p999] = row.each;
        print!(
            "  {:<30}{:>9.0}{:>7.1}x{p50:>8}{p99:>8}{p999:>9}",
            row.peer.title(),
            row.mean,
            row.mean / first
        );
        print!("{:>8.1}{:>12.1}", row.allocations, row.anonymous / f64::from(1 << 20));
        match row.peer.writes() {
            true => println!("{:>10.0}{:>6.1}%", row.bytes, row.lost * 100.0),
            false => println!("{:>10}{:>7}", "-", "-"),
        }
    }
    println!();
}
