//! The arguments of `fusewire metrics`.

use std::path::PathBuf;

use clap::Args;

use super::{AccessArgs, help};

/// Print or serve metrics of a log in the Prometheus text format
///
/// The metrics count entries, bytes and entries without a trace id by level and target. The targets after the first 200
/// are counted together, as `other`. Other metrics are trips of the circuit breaker by cause, dropped entries, files by
/// state, bytes on disk, damage, the time of the latest entry, and the latest memory sample of each process.
///
/// With --listen, the command serves GET /metrics and GET /healthz, and reads new entries when they arrive.
/// docs/metrics.md describes each metric.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2, 3], "\
  fusewire metrics logs
  fusewire metrics logs | promtool check metrics
  fusewire metrics /var/log/orders --listen 127.0.0.1:9187
  fusewire metrics --list"))]
pub(crate) struct MetricsArgs {
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Serve the metrics on this address until Ctrl-C, such as 127.0.0.1:9187, or :9187 for all addresses of the
    /// machine.
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,

    /// List the names and meanings of the metrics.
    #[arg(long, conflicts_with = "listen")]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}
