//! The arguments of `fusewire slo`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AccessArgs, RangeArgs, ZoneArgs, help};

/// Measure service level objectives and their error budgets
///
/// The objective applies to entries with a duration: duration_ms, latency_ms, elapsed_ms, duration and similar fields,
/// or the field of --field. An entry is bad if its duration exceeds the threshold, or if it is an error. The report
/// lists bad entries by target and by minute.
///
/// Burn rates cover the last 5 minutes, 1 hour and 6 hours. At a burn rate of 1.0, the budget is used up at the end of
/// its period. The conditions for pages and tickets are those of The Site Reliability Workbook, chapter 5.
///
/// The exit code is 1 if the budget is used up, or if no entry has a duration.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire slo logs
  fusewire slo logs --threshold 800ms --objective 99.95 --since 6h
  fusewire slo logs --of 'request.path starts_with \"/api/\"' --field took_us
  fusewire slo logs --output markdown
  fusewire slo logs --config slo.toml --output json

File with objectives:
  [[slo]]
  name = \"checkout\"
  target = \"shop::checkout\"      # also: of = \"QUERY\"
  field = \"duration_ms\"          # also: unit = \"ms\"
  threshold = \"2s\"
  objective = 99.9"))]
pub(crate) struct SloArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Maximum duration of a good entry.
    #[arg(long, value_name = "TIME", default_value = "5s", conflicts_with = "config")]
    pub(crate) threshold: String,

    /// Percentage of entries that must be good.
    #[arg(long, value_name = "PERCENT", default_value_t = 99.9, conflicts_with = "config")]
    pub(crate) objective: f64,

    /// Field with the duration.
    #[arg(long, value_name = "FIELD", conflicts_with = "config")]
    pub(crate) field: Option<String>,

    /// Unit of the duration: ns, us, ms or s; the default is the suffix of the field name, or ms.
    #[arg(long, value_name = "UNIT", conflicts_with = "config")]
    pub(crate) unit: Option<String>,

    /// Apply the objective only to entries that match this expression; see `fusewire query --help`.
    #[arg(long, value_name = "EXPR", conflicts_with = "config")]
    pub(crate) of: Option<String>,

    /// TOML file with objectives.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Number of the slowest bad entries to list.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub(crate) traces: u16,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    /// Output format: text, one JSON object, or Markdown.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: ReportFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// The values of `--output` for a report.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReportFormat {
    Text,
    Json,
    Markdown,
}
