//! What can be written behind `fusewire slo`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AccessArgs, RangeArgs, ZoneArgs};

/// Say how a service level objective is kept: what was too slow or failed, by target and minute, and how much of the budget is burned.
///
/// Entries that say how long something took are held to it: those with duration_ms, latency_ms, elapsed_ms, duration and so on, or with
/// --field. One is bad where it took longer than the threshold, or is an error. Rates of burning are over the last 5 minutes, hour and 6 hours:
/// 1.0 uses up the budget exactly. A page or a ticket is asked for as in The Site Reliability Workbook, chapter 5.
/// Exit code 0: the budget holds. 1: it is used up, or no entry says how long it took.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire slo logs
  fusewire slo logs --threshold 800ms --objective 99.95 --since 6h
  fusewire slo logs --of 'request.path starts_with \"/api/\"' --field took_us --output markdown
  fusewire slo logs --config slo.toml --output json

A file of objectives:
  [[slo]]
  name = \"checkout\"
  target = \"shop::checkout\"      # and `of`, a query: which entries
  field = \"duration_ms\"          # and `unit`: ns, us, ms, s
  threshold = \"2s\"
  objective = 99.9")]
pub(crate) struct SloArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Longer than this is too slow.
    #[arg(long, value_name = "TIME", default_value = "5s", conflicts_with = "config")]
    pub(crate) threshold: String,

    /// Percent of the entries that have to be quick and no error.
    #[arg(long, value_name = "PERCENT", default_value_t = 99.9, conflicts_with = "config")]
    pub(crate) objective: f64,

    /// Where entries say how long something took.
    #[arg(long, value_name = "FIELD", conflicts_with = "config")]
    pub(crate) field: Option<String>,

    /// The unit of that: ns, us, ms or s; else what its name ends with, or milliseconds.
    #[arg(long, value_name = "UNIT", conflicts_with = "config")]
    pub(crate) unit: Option<String>,

    /// Only entries that this asks for are held to it: see `fusewire query --help`.
    #[arg(long, value_name = "EXPR", conflicts_with = "config")]
    pub(crate) of: Option<String>,

    /// Objectives in a TOML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Name so many of the slowest that do not hold.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(crate) traces: u16,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    /// Text for people, one JSON object, or Markdown.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: ReportFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// `--output` of a report.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportFormat {
    Text,
    Json,
    Markdown,
}
