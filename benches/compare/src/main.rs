//! Comparison of Fusewire with other loggers: the same event, the same machine, one run.
//!
//! Each logger runs in a separate process. The loggers take turns in several rounds. The program reads the events back
//! from the files, and fails if more events are missing than the logger reports as dropped.

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

/// Compare loggers
#[derive(Parser)]
struct Args {
    /// Directories for the logs, one per file system
    #[arg(long, value_name = "DIR", default_values = ["target", "/dev/shm"])]
    dir: Vec<PathBuf>,
    /// Events per thread and round
    #[arg(long, default_value_t = 300_000)]
    events: u64,
    /// Rounds; the tables show medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Run a short test of all loggers
    #[arg(long)]
    smoke: bool,
    /// Run only this logger
    #[arg(long)]
    arm: Option<Arm>,
    #[arg(long, hide = true)]
    child: Option<String>,
    #[arg(long, hide = true)]
    kill: bool,
}

/// The number of events in a burst before a pause, like a busy millisecond of a service.
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
    println!("two clock readings, included in each latency: {} ns\n", clock());
    for root in &args.dir {
        std::fs::create_dir_all(root)?;
        for burst in [BURST, 0] {
            let how = if burst == 0 { "without pauses" } else { "in bursts of 1,000 with pauses of 2 ms" };
            println!("{}, {} events per thread, {how}", root.display(), args.events);
            let mut rows = Vec::new();
            for threads in [1, 2] {
                let task = Task { threads, events: args.events, burst };
                rows.extend(compare(&arms, root, task, args.rounds)?);
            }
            table::print(&rows);
        }
    }
    println!("killed with SIGKILL while logging 100 events per millisecond");
    for arm in arms {
        let directory = tempfile::tempdir_in(&args.dir[0])?;
        let told = child::kill(arm, directory.path(), if args.smoke { 200 } else { 20_000 })?;
        let found = arm.count(directory.path())?;
        let verdict =
            if found >= told { "nothing lost".to_owned() } else { format!("{} lost", told - found) };
        println!("  {:<28}{told:>8} calls returned, {found:>8} events found: {verdict}", arm.title());
        if matches!(arm, Arm::Fusewire | Arm::FusewireBare) && found < told {
            bail!("Fusewire lost events");
        }
    }
    Ok(())
}

/// Returns one row per logger, with the medians of all rounds. The loggers take turns.
fn compare(arms: &[Arm], root: &Path, task: Task, rounds: usize) -> Result<Vec<Row>> {
    let mut runs: Vec<Vec<(Done, u64)>> = vec![Vec::new(); arms.len()];
    for _ in 0..rounds {
        for (arm, runs) in arms.iter().zip(&mut runs) {
            let directory = tempfile::tempdir_in(root)?;
            let done = child::run(*arm, directory.path(), task)?;
            let found = arm.count(directory.path())?;
            let logged = task.events * task.threads as u64;
            // A logger that does not count dropped events can have dropped the difference.
            let dropped = done.dropped.unwrap_or(logged - found.min(logged));
            if found + dropped != logged {
                bail!("{}: {logged} logged, {dropped} dropped, {found} read back", arm.title());
            }
            runs.push((done, found));
        }
    }
    Ok(arms.iter().zip(runs).map(|(arm, runs)| Row::new(*arm, task, &runs)).collect())
}

/// Returns the median time between two clock readings in ns.
fn clock() -> u128 {
    let mut spent: Vec<_> = (0..10_001).map(|_| Instant::now().elapsed().as_nanos()).collect();
    spent.sort_unstable();
    spent[spent.len() / 2]
}
