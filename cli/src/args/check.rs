//! What can be written behind `fusewire check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{AccessArgs, SelectArgs, ZoneArgs};
use crate::check::Role;
use crate::check::rules::Level;

/// Hold logs against rules: structure, trace ids, times, keys, limits, secrets, levels, damage, age.
///
/// Also JSON lines of services that know nothing of Fusewire. What is found is grouped by rule and call site. A file in TOML
/// changes severities and thresholds, adds rules as queries, and says what is allowed and why: see docs/check.md.
/// Exit code 0: nothing as severe as --fail-on says. 1: something is. 2: it could not be done. 3: bytes are lost, and the rule for that is off.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire check logs
  fusewire check app.jsonl --fail-on warning --config fusewire-check.toml
  fusewire check logs --write-baseline known.json
  fusewire check logs --baseline known.json --output sarif
  fusewire check /var/log/orders --role local
  fusewire check --explain FW014
  fusewire check --list")]
pub(crate) struct CheckArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Rules, thresholds and allowances in a TOML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Fail where something so severe is found that is not known.
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "error")]
    pub(crate) fail_on: FailOn,

    /// Findings that are known, and fail nothing.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Write what is found as known, for --baseline.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,

    /// Show what is known, too.
    #[arg(long)]
    pub(crate) all: bool,

    /// What the directory is for: nothing may be older than 15 minutes in a local one, and an archive has to reach back 90 days.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub(crate) role: Option<Role>,

    /// Explain a rule, by its id or name.
    #[arg(long, value_name = "RULE", conflicts_with = "list")]
    pub(crate) explain: Option<String>,

    /// List the rules.
    #[arg(long)]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// Text for people, one JSON object, or SARIF 2.1.0.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: CheckFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// `--output`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckFormat {
    Text,
    Json,
    Sarif,
}

/// `--fail-on`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// From which severity on.
    pub(crate) fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Warning => Some(Level::Warning),
            Self::Note => Some(Level::Note),
            Self::Never => None,
        }
    }
}
