//! Fusewire's log beside other loggers: the same event, the same machine, one run.
//!
//! Each logger runs in a process of its own, in turns, several rounds. Only events that are read back from its files count;
//! where they are not as many as the logger took, the run fails.

mod arms;
mod child;
mod event;
mod table;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Parser;

use arms::Arm;
use child::{Done, Task};
use table::Row;

/// Compare loggers.
#[derive(Parser)]
struct Args {
    /// Directories to write in, on the file systems to compare.
    #[arg(long, value_name = "DIR", default_values = ["target", "/dev/shm"])]
    dir: Vec<PathBuf>,
    /// Events that each thread logs in a round.
    #[arg(long, default_value_t = 300_000)]
    events: u64,
    /// Rounds; of each number the median is shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Everything, tiny: whether it works.
    #[arg(long)]
    smoke: bool,
    /// Only this one.
    #[arg(long)]
    arm: Option<Arm>,
    #[arg(long, hide = true)]
    child: Option<String>,
    #[arg(long, hide = true)]
    kill: bool,
}

/// Events in a row before a pause: what a service logs in a busy millisecond.
const BURST: u64 = 1_000;

fn main() -> Result<()> {
    let mut args = Args::parse();
    if let (Some(task), Some(arm)) = (&args.child, args.arm) {
        let directory = args.dir.first().context("a directory")?;
        return match args.kill {
            true => child::be_killed(arm, directory),
            false => child::work(arm, directory, serde_json::from_str(task)?),
        };
    }
    if args.smoke {
        (args.events, args.rounds) = (2_000, 1);
    }
    let arms: Vec<Arm> = args.arm.map_or(Arm::ALL.to_vec(), |arm| vec![arm]);
    println!("reading the clock twice, which every latency contains: {} ns\n", clock());
    for root in &args.dir {
        std::fs::create_dir_all(root)?;
        for burst in [BURST, 0] {
            let how =
                if burst == 0 { "without a pause" } else { "in bursts of 1,000, a pause of 2 ms after each" };
            println!("{}, {} events a thread, {how}", root.display(), args.events);
            let mut rows = Vec::new();
            for threads in [1, 2] {
                let task = Task { threads, events: args.events, burst };
                rows.extend(compare(&arms, root, task, args.rounds)?);
            }
            table::print(&rows);
        }
    }
    println!("killed with SIGKILL while they log, 100 events a millisecond");
    for arm in arms {
        let directory = tempfile::tempdir_in(&args.dir[0])?;
        let told = child::kill(arm, directory.path(), if args.smoke { 200 } else { 20_000 })?;
        let found = arm.count(directory.path())?;
        let verdict =
            if found >= told { "nothing lost".to_owned() } else { format!("{} lost", told - found) };
        println!("  {:<28}{told:>8} calls had returned, {found:>8} events found: {verdict}", arm.title());
        if matches!(arm, Arm::Fusewire | Arm::FusewireBare) && found < told {
            bail!("Fusewire lost events");
        }
    }
    Ok(())
}

/// One row for each logger: the medians of several rounds, in which they take turns.
fn compare(arms: &[Arm], root: &Path, task: Task, rounds: usize) -> Result<Vec<Row>> {
    let mut runs: Vec<Vec<(Done, u64)>> = vec![Vec::new(); arms.len()];
    for _ in 0..rounds {
        for (arm, runs) in arms.iter().zip(&mut runs) {
            let directory = tempfile::tempdir_in(root)?;
            let done = child::run(*arm, directory.path(), task)?;
            let found = arm.count(directory.path())?;
            let logged = task.events * task.threads as u64;
            // A logger that does not say how many it dropped may have dropped the difference.
            let dropped = done.dropped.unwrap_or(logged - found.min(logged));
            if found + dropped != logged {
                bail!("{}: {logged} logged, {dropped} dropped, {found} read back", arm.title());
            }
            runs.push((done, found));
        }
    }
    Ok(arms.iter().zip(runs).map(|(arm, runs)| Row::new(*arm, task, &runs)).collect())
}

/// Nanoseconds between two readings of the clock, the median of many.
fn clock() -> u128 {
    let mut spent: Vec<_> = (0..10_001).map(|_| Instant::now().elapsed().as_nanos()).collect();
    spent.sort_unstable();
    spent[spent.len() / 2]
}
