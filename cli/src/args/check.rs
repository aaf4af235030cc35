//! The arguments of `fusewire check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AccessArgs, SelectArgs, ZoneArgs, help};
use crate::check::Role;
use crate::check::rules::Level;

/// Check logs against rules for structure, ids, times and secrets
///
/// Other rules cover keys, limits, levels, damage and age. The command also checks JSON lines of services that do not
/// use Fusewire. It groups findings by rule and call site. A TOML file changes severities and thresholds, adds rules as
/// queries, and allows findings for a reason; see docs/check.md.
///
/// The exit code is 1 if a new finding has the severity of --fail-on or a higher one. Damage is a finding of the rule
/// FW020; the exit code is 3 if bytes are lost and this rule is off.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire check logs
  fusewire check app.jsonl --fail-on warning --config fusewire-check.toml
  fusewire check logs --write-baseline known.json
  fusewire check logs --baseline known.json --output sarif
  fusewire check /var/log/orders --role local
  fusewire check --explain FW014
  fusewire check --list"))]
pub(crate) struct CheckArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// TOML file with rules, thresholds and allowances.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Fail if a new finding has this severity or a higher one.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "error")]
    pub(crate) fail_on: FailOn,

    /// File with known findings; a known finding is not a failure.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Write the findings to this file, for --baseline.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,

    /// Show known findings too.
    #[arg(long)]
    pub(crate) all: bool,

    /// Role of the directory: `local` allows no entry older than 15 minutes, `archive` requires entries of the last 90
    /// days.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) role: Option<Role>,

    /// Explain the rule with this id or name.
    #[arg(long, value_name = "RULE", conflicts_with = "list")]
    pub(crate) explain: Option<String>,

    /// List the rules.
    #[arg(long)]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// Output format: text, one JSON object, or SARIF 2.1.0.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: CheckFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// The values of `--output`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckFormat {
    Text,
    Json,
    Sarif,
}

/// The values of `--fail-on`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// Returns the lowest severity that fails the check.
    pub(crate) fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Warning => Some(Level::Warning),
            Self::Note => Some(Level::Note),
            Self::Never => None,
        }
    }
}
