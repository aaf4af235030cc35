//! Comparison of logging interfaces with an event of six fields: `tracing`, `log`, `slog` and `emit`, and Fusewire with
//! the first two.
//!
//! Each peer runs in a separate process. The peers take turns in several rounds. The program reads the events back and
//! counts them.

mod child;
mod peer;
mod peers;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use fusewire_compare::memory::Counting;
use fusewire_compare::read_back::Found;

use child::{Done, Task};
use peer::Peer;
use table::Row;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Compare logging interfaces
#[derive(Parser)]
struct Args {
    /// Directory for the logs
    #[arg(long, value_name = "DIR", default_value = "target")]
    dir: PathBuf,
    /// Events per round
    #[arg(long, default_value_t = 200_000)]
    events: u64,
    /// Events in a burst before a pause of 2 ms; 0 means no pauses
    #[arg(long, default_value_t = 1_000)]
    burst: u64,
    /// Rounds; the table shows medians
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Run a short test of all peers
    #[arg(long)]
    smoke: bool,
    /// Run only this peer
    #[arg(long)]
    peer: Option<Peer>,
    #[arg(long, hide = true)]
    child: Option<String>,
}

fn main() -> Result<()> {
    let mut args = Args::parse();
    if let (Some(task), Some(peer)) = (&args.child, args.peer) {
        return child::work(peer, &args.dir, serde_json::from_str(task)?);
    }
    if args.smoke {
        (args.events, args.rounds) = (2_000, 1);
    }
    std::fs::create_dir_all(&args.dir)?;
    let peers: Vec<Peer> = args.peer.map_or(Peer::ALL.to_vec(), |peer| vec![peer]);
    let task = Task { events: args.events, burst: args.burst };
    println!("{} events of six fields, in bursts of {}", task.events, task.burst);
    println!("two clock readings, included in each latency: {} ns\n", child::clock());
    table::print(&compare(&peers, &args.dir, task, args.rounds)?);
    Ok(())
}

/// Returns one row per peer.
fn compare(peers: &[Peer], root: &Path, task: Task, rounds: usize) -> Result<Vec<Row>> {
    let mut runs: Vec<Vec<Done>> = vec![Vec::new(); peers.len()];
    let mut there = vec![Found::default(); peers.len()];
    for _ in 0..rounds {
        for ((peer, runs), there) in peers.iter().zip(&mut runs).zip(&mut there) {
            let directory = tempfile::tempdir_in(root)?;
            let done = child::run(*peer, directory.path(), task).with_context(|| peer.title())?;
            let found = peer.read_back(directory.path())?;
            let count = found.events;
            if count > task.events || (!peer.may_drop() && peer.writes() && count < task.events) {
                bail!("{}: {} logged, {count} read back", peer.title(), task.events);
            }
            *there = found;
            runs.push(done);
        }
    }
    let rows = peers.iter().zip(runs).zip(there);
    Ok(rows.map(|((peer, runs), there)| Row::new(*peer, task, &runs, there)).collect())
}
