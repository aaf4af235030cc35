//! The arguments of `fusewire check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AccessArgs, SelectArgs, ZoneArgs, help};
use crate::check::Role;
use crate::check::rules::Level;

/// Check logs against rules for structure, ids, times and secrets
///
/// More rules check keys, limits, levels, damage and age; --list prints all rules. The command also checks JSON lines
/// of services that do not use Fusewire. The command groups findings by rule and call site. A TOML file (--config)
/// can set severities and thresholds, define rules as queries, and allow findings with a stated reason; see
/// docs/check.md.
///
/// A finding is new if the file of --baseline does not contain it. The exit code is 1 if a new finding has at least the
/// severity of --fail-on. Damage is a finding of the rule FW020. The exit code is 3 if bytes are lost and this rule is
/// off.
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
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// TOML file with severities, thresholds, custom rules and allowed findings, at most 1 MiB.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Lowest severity of a new finding with which the check fails.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "error")]
    pub(crate) fail_on: FailOn,

    /// File with known findings, from --write-baseline, at most 64 MiB; the check does not fail because of a known
    /// finding.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Write the findings to this file, for use with --baseline.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,

    /// Also show the known findings of the baseline.
    #[arg(long)]
    pub(crate) all: bool,

    /// Role of the directory, with default thresholds: `local` allows no entry older than 15 minutes; `archive`
    /// requires an entry that is 90 days old or older.
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

    /// Output format: text, one JSON object, or SARIF 2.1.0 (for code scanning).
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
