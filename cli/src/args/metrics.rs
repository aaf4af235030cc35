//! What can be written behind `fusewire metrics`.

use std::path::PathBuf;

use clap::Args;

use super::AccessArgs;

/// Print what a log says as metrics for Prometheus, or serve them while the log grows.
///
/// Entries, bytes and entries without a trace id by level and target (the first 200; the rest as one), trips by cause, drops, files by state, bytes on
/// disk, damage, the time of the last entry, and the latest sample of each process's memory. With --listen a server answers
/// GET /metrics and /healthz: the log is read once, and then as it grows. docs/metrics.md has the names.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire metrics logs
  fusewire metrics logs | promtool check metrics
  fusewire metrics /var/log/orders --listen 127.0.0.1:9187
  fusewire metrics --list")]
pub(crate) struct MetricsArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Serve here until Ctrl-C, as 127.0.0.1:9187, or :9187 for all addresses of this machine.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,

    /// List the metrics.
    #[arg(long, conflicts_with = "listen")]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}
