//! Load test of a service that logs nested maps, with JSON logging and with Fusewire.
//!
//! Requests start at a fixed rate, independent of earlier requests. A stall delays all requests that become due in the
//! meantime, and counts for each of them. Each logger runs in a separate process, which SIGKILL ends. The program then
//! counts the entries on disk.

mod child;
mod loggers;
mod request;
mod table;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use fusewire_compare::memory::Counting;
use fusewire_compare::read_back;

use child::Task;
use loggers::Arm;
use table::Row;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Run a load test of a service that logs nested maps
#[derive(Parser)]
struct Args {
    /// Directory for the logs
    #[arg(long, value_name = "DIR", default_value = "target")]
    dir: PathBuf,
    /// Duration of the load per logger
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Requests per second
    #[arg(long, default_value_t = 5_000)]
    rate: u64,
    /// Threads that serve requests
    #[arg(long, default_value_t = 4)]
    workers: usize,
    /// Run a short test of one second
    #[arg(long)]
    smoke: bool,
    /// Run only this logger
    #[arg(long)]
    arm: Option<Arm>,
    #[arg(long, hide = true)]
    child: Option<String>,
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if let (Some(task), Some(arm)) = (&args.child, args.arm) {
        return child::work(arm, &args.dir, serde_json::from_str(task)?);
    }
    if args.smoke {
        (args.seconds, args.rate) = (1, 500);
    }
    std::fs::create_dir_all(&args.dir)?;
    let arms: Vec<Arm> = args.arm.map_or(Arm::ALL.to_vec(), |arm| vec![arm]);
    let Args { seconds, rate, workers, .. } = args;
    for large_every in [0, 500] {
        let task = Task { seconds, rate, workers, large_every };
        println!("{rate} requests/s for {seconds} s, {workers} threads; {}", request::describe(large_every)?);
        let mut rows = Vec::new();
        for arm in &arms {
            let directory = tempfile::tempdir_in(&args.dir)?;
            let done = child::run(*arm, directory.path(), task)?;
            let found = arm.count(directory.path()).with_context(|| arm.title())?;
            rows.push(Row::new(*arm, task, &done, found, read_back::bytes_on_disk(directory.path())?));
        }
        table::print(&rows);
    }
    Ok(())
}
