//! What can be written behind `fusewire postmortem`.

use std::path::PathBuf;

use clap::Args;

use super::{AccessArgs, OutputFormat, ZoneArgs};
use crate::input::time_point::length;

/// Tell what became of a process that died: who, when, and why, as far as its log says.
///
/// Its last entries by thread, its memory over time from the samples of the memory recorder, the call sites that logged most
/// before the end, what was dropped, and the kernel's record of the kill. Each verdict names its rule and the numbers that it went by.
/// Exit code 0: there is a report, also of a process that lives. 3: some of the log is damaged.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire postmortem /var/log/orders
  fusewire postmortem /var/log/orders --kern-log /var/log/kern.log --html orders.html
  dmesg | fusewire postmortem /var/log/orders --kern-log -
  journalctl -k -o json | fusewire postmortem /var/log/orders --kern-log -
  fusewire postmortem /var/log/orders --pid 4711 --window 6h --output json")]
pub(crate) struct PostmortemArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// What the kernel has logged: of dmesg, kern.log, or journalctl as text or JSON; `-` for standard input.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) kern_log: Option<PathBuf>,

    /// Write a page there as well, with plots: one file that needs nothing else. One that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// The process to look at, by its id; without it the one that died last.
    #[arg(long, value_name = "N")]
    pub(crate) pid: Option<u64>,

    /// How long before the end to look at, as 90s, 15m, 6h.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = length)]
    pub(crate) window: u64,

    /// How long before the end call sites are counted.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = length)]
    pub(crate) recent: u64,

    /// Show so many of the last entries of each thread.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=20))]
    pub(crate) entries: u8,

    /// Text for people, or one JSON object with everything.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}
