//! The arguments of `fusewire slo`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AccessArgs, RangeArgs, ZoneArgs, help};

/// Measure service level objectives and their error budgets
///
/// The objective applies to entries with a duration, in the field of --field or in a field such as duration_ms,
/// latency_ms, elapsed_ms or duration. An entry is bad if its duration exceeds the threshold, or if its level is
/// error or higher. The report counts bad entries by target and by minute.
///
/// The error budget is the share of entries that may be bad. Burn rates cover the last 5 minutes, 1 hour and 6 hours.
/// At a burn rate of 1.0, the budget is used up at the end of its period. The report uses the conditions for pages
/// and tickets of The Site Reliability Workbook, chapter 5.
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
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Maximum duration of a good entry.
    #[arg(long, value_name = "TIME", default_value = "5s", conflicts_with = "config")]
    pub(crate) threshold: String,

    /// Percentage of entries that must be good.
    #[arg(long, value_name = "PERCENT", default_value_t = 99.9, conflicts_with = "config")]
    pub(crate) objective: f64,

    /// Field that contains the duration.
    #[arg(long, value_name = "FIELD", conflicts_with = "config")]
    pub(crate) field: Option<String>,

    /// Unit of the duration: ns, us, ms or s; the default is the unit in the suffix of the field name, or ms if the
    /// name has no such suffix.
    #[arg(long, value_name = "UNIT", conflicts_with = "config")]
    pub(crate) unit: Option<String>,

    /// Apply the objective only to entries that match this expression; see `fusewire query --help-syntax`.
    #[arg(long, value_name = "EXPR", conflicts_with = "config")]
    pub(crate) of: Option<String>,

    /// TOML file with one or more objectives, at most 1 MiB, in place of --threshold, --objective, --field, --unit and
    /// --of.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Maximum number of bad entries to list; the report lists the slowest.
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
