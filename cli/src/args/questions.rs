//! What can be written behind the commands that ask.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fusewire::query::Field;

use super::{AccessArgs, OutputFormat, PrintArgs, RangeArgs, SelectArgs, ZoneArgs};
use crate::input::time_point::length;

/// Print the entries that an expression asks for.
///
/// Fields: level, time, body, target, thread, trace_id, span_id, fuse.any, fuse.depth and so on; everything else is an attribute,
/// nested as request.status, tags[0], tags[*]. A text alone is looked for in the body.
///
/// Comparisons: == != < <= > >=, in (...), contains, icontains, starts_with, ends_with, matches /regex/, exists FIELD,
/// time in last 15m; and, or, not, parentheses. Where a segment has an index, only what it does not exclude is read.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire query 'level >= warn and duration_ms > 2s' logs
  fusewire query 'request.status in (500, 502) and time in last 1h' logs -C 3
  fusewire query '\"connection reset\" and not target == health' logs /var/log/app.jsonl
  fusewire query 'trace_id == 5b8aa5a2d2c872e8321cf37308d69df2' logs --output json
  fusewire query 'fuse.any' logs --count")]
pub(crate) struct QueryArgs {
    /// What to ask for.
    #[arg(value_name = "EXPR")]
    pub(crate) query: String,

    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Print how many there are, and nothing of them.
    #[arg(long, short, conflicts_with_all = ["context", "lines"])]
    pub(crate) count: bool,

    /// Print no more than so many.
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) lines: Option<u64>,

    /// Print the newest entry first; with -n the newest N. What is printed is kept in a temporary file meanwhile.
    #[arg(long, short, conflicts_with_all = ["count", "context"])]
    pub(crate) reverse: bool,

    /// Print so many entries before and behind each one, too; `--` stands between those that are not side by side.
    #[arg(long, short = 'C', value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u16).range(..=1000))]
    pub(crate) context: u16,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Say how much was logged, by level, by target and by call site, and what the fuse did there.
///
/// Without --by: a summary, and a table each for levels, targets, and pairs of target and message. Memory is bounded by --max-groups.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire stats logs
  fusewire stats logs --by request.path --number duration_ms --where 'level >= warn'
  fusewire stats logs --by target --distinct user_id --sort bytes
  fusewire stats logs --by level --output json")]
pub(crate) struct StatsArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Count by this field; several times for each combination of several.
    #[arg(long, value_name = "FIELD")]
    pub(crate) by: Vec<Field>,

    /// Minimum, quantiles and maximum of this number in each group; quantiles within 0.2 % of themselves.
    #[arg(long, value_name = "FIELD")]
    pub(crate) number: Option<Field>,

    /// About how many different values this field has in each group, within some 1 %.
    #[arg(long, value_name = "FIELD")]
    pub(crate) distinct: Option<Field>,

    /// Show so many groups of each table.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,

    /// Count only, without bytes and trips: where indexes tell, no entry is looked at.
    #[arg(long, conflicts_with = "sort")]
    pub(crate) counts: bool,

    /// Which groups come first.
    #[arg(long, value_enum, value_name = "ORDER", default_value = "count")]
    pub(crate) sort: StatsOrder,

    /// Keep account of so many groups at most, the largest; entries of further ones are counted together, and it is said by how
    /// much a count may be short.
    #[arg(long, value_name = "N", default_value_t = 30_000)]
    pub(crate) max_groups: usize,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// Tables for people, or one JSON object a line.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// `--sort`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatsOrder {
    Count,
    Bytes,
    Tripped,
}

/// Draw how many entries there are over time.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire histogram logs
  fusewire histogram logs --where 'level >= error' --every 1m --since 1h
  fusewire histogram logs --every 1d --output json")]
pub(crate) struct HistogramArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// How long each interval is, as 30s, 5m, 1h or 1d; without it as long as makes some thirty lines.
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub(crate) every: Option<NonZero<u64>>,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// Bars for people, or one JSON object a line.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// `30s`, in nanoseconds.
fn interval(text: &str) -> Result<NonZero<u64>, String> {
    let nanos = length(text)?;
    NonZero::new(nanos).ok_or_else(|| format!("`{text}` is no time"))
}

/// Print the entries of one trace, of all processes, span by span.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire trace 5b8aa5a2d2c872e8321cf37308d69df2 logs
  fusewire trace 5b8aa5a2-d2c8-72e8-321c-f37308d69df2 /var/log/*/logs --output json")]
pub(crate) struct TraceArgs {
    /// The trace id, in hexadecimal digits.
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}
