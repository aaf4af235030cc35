//! The arguments of `fusewire postmortem`.

use std::path::PathBuf;

use clap::Args;

use super::{AccessArgs, OutputFormat, ZoneArgs, help};
use crate::input::time_point::length;

/// Explain why a process died, from its log and the kernel's records
///
/// The report shows the last entries of each thread, the dropped entries, the kernel's record of the kill, and the
/// memory of the process over time (from the samples of the memory recorder). The report also lists the call sites
/// with the most entries, bytes and trips before the end. A verdict is the result of a rule, for example of the rule
/// `leak`. Each verdict includes its measurements.
///
/// The exit code is 0 even if the process is still running. The exit code is 3 if the log is damaged.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2, 3], "\
  fusewire postmortem /var/log/orders
  fusewire postmortem logs --kern-log /var/log/kern.log --html orders.html
  dmesg | fusewire postmortem /var/log/orders --kern-log -
  journalctl -k -o json | fusewire postmortem /var/log/orders --kern-log -
  fusewire postmortem /var/log/orders --pid 4711 --window 6h --output json"))]
pub(crate) struct PostmortemArgs {
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Kernel log: kern.log, or the output of dmesg or journalctl (text or JSON), at most 8 GiB; `-` means standard input.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) kern_log: Option<PathBuf>,

    /// Also write a self-contained HTML page with plots to this file, and replace an existing file. The page contains log
    /// text; its permissions are 0666 without the bits of the umask.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Id of the process to report; the default is the process in the kill record or, if there is no kill record,
    /// the process that died last.
    #[arg(long, value_name = "N")]
    pub(crate) pid: Option<u64>,

    /// Length of the time before the end that the report covers, such as 90s, 15m or 6h.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = length)]
    pub(crate) window: u64,

    /// Length of the time before the end for which the report counts call sites.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = length)]
    pub(crate) recent: u64,

    /// Number of the newest entries to show for each thread.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(0..=20))]
    pub(crate) entries: u8,

    /// Output format: text, or one JSON object.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}
