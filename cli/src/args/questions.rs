//! The arguments of the commands that query and count entries.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use fusewire::Zone;
use fusewire::query::Field;
use fusewire::query::aggregate::Interval;

use super::{AccessArgs, OutputFormat, PartArgs, PrintArgs, RangeArgs, SelectArgs, ZoneArgs, help};

/// Print the entries that match an expression
///
/// Fields: level, time, body, target, thread, trace_id, span_id, fuse.any, and fuse.depth or another cause of a trip.
/// Any other name selects an attribute. A path selects a nested attribute: request.status, tags[0] or tags[*]. A
/// quoted string without a field matches entries with a value that contains it.
///
/// Comparisons: == != < <= > >=, in (...), contains, icontains, starts_with, ends_with, matches /regex/, exists FIELD,
/// time in last 15m. To combine comparisons, use and, or, not and parentheses.
///
/// The option --help-syntax prints the whole language, with examples.
///
/// The command does not read data that an index excludes.
#[derive(Args, Debug)]
#[command(override_usage = "fusewire query [OPTIONS] <EXPR> [PATH]...\n       fusewire query --help-syntax")]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire query 'level >= warn and duration_ms > 2s' logs
  fusewire query 'request.status in (500, 502) and time in last 1h' logs -C 3
  fusewire query '\"connection reset\" and not target == health' logs app.jsonl
  fusewire query 'trace_id == 5b8aa5a2d2c872e8321cf37308d69df2' logs -o json
  fusewire query 'fuse.any' logs --count"))]
pub(crate) struct QueryArgs {
    /// Query expression, as one argument: put it in quotes.
    #[arg(value_name = "EXPR", required_unless_present_any = ["help_syntax", "level"])]
    pub(crate) query: Option<String>,

    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Print only the number of matching entries.
    #[arg(long, short, conflicts_with_all = ["context", "lines"])]
    pub(crate) count: bool,

    /// Print at most N entries.
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) lines: Option<u64>,

    /// Print the newest entry first, and with -n the newest N; the command buffers the output in a temporary file.
    #[arg(long, short, conflicts_with_all = ["count", "context"])]
    pub(crate) reverse: bool,

    /// Also print N entries before and after each match; `--` separates groups that are not adjacent.
    #[arg(long, short = 'C', value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u16).range(..=1000))]
    pub(crate) context: u16,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    #[command(flatten)]
    pub(crate) parts: PartArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,

    /// Not an option: the level is a part of the expression.
    #[arg(short = 'l', long = "level", value_name = "LEVEL", hide = true)]
    pub(crate) level: Option<String>,

    /// Print the description of the query language: fields, rules, examples and grammar.
    #[arg(long, exclusive = true)]
    pub(crate) help_syntax: bool,
}

/// Count entries, bytes and trips by level, target and call site
///
/// A call site is a target with a message, without the variable parts of the message. A trip is one action of the circuit
/// breaker, for example a string that it cut. Without --by, the command prints a summary and three tables: by level, by
/// target, and by target and message. --max-groups limits the memory that the command uses.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire stats logs
  fusewire stats logs --by request.path --number duration_ms -w 'level >= warn'
  fusewire stats logs --by target --distinct user_id --sort bytes
  fusewire stats logs --by level --output json"))]
pub(crate) struct StatsArgs {
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Group by this field; repeat the option to group by several fields.
    #[arg(long, value_name = "FIELD")]
    pub(crate) by: Vec<Field>,

    /// Show the minimum, quantiles and maximum of this numeric field per group; the relative error of a quantile is at
    /// most 0.2 %.
    #[arg(long, value_name = "FIELD")]
    pub(crate) number: Option<Field>,

    /// Estimate the number of distinct values of this field per group; the error is about 1 %.
    #[arg(long, value_name = "FIELD")]
    pub(crate) distinct: Option<Field>,

    /// Number of groups to show in each table.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) top: usize,

    /// Print only counts, without bytes and trips; if indexes contain the counts, the command reads no entries.
    #[arg(long, conflicts_with = "sort")]
    pub(crate) counts: bool,

    /// Order of the groups in each table.
    #[arg(long, value_enum, value_name = "ORDER", default_value = "count")]
    pub(crate) sort: StatsOrder,

    /// Maximum number of groups to keep in memory; the entries of further groups are counted together, and the output
    /// contains the maximum error of a count.
    #[arg(long, value_name = "N", default_value_t = 30_000,
          value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) max_groups: u32,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// Output format: tables, or one JSON object per line.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// The values of `--sort`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatsOrder {
    Count,
    Bytes,
    Tripped,
}

/// List the fields of entries with their types, counts and examples
///
/// The names are those of queries. The values of an array have the name of the array with `[*]`. The output contains
/// at most 10,000 names.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire fields logs
  fusewire fields app.jsonl --where 'level >= error'
  fusewire fields logs --since 1h -o json"))]
pub(crate) struct FieldsArgs {
    /// Directories, segments, files of frames or files of lines.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// Output format: a table, or one JSON object per line.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Draw a histogram of entries over time
///
/// Each line of the output is an interval, with its number of entries and a bar.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire histogram logs
  fusewire histogram logs --where 'level >= error' --every 1m --since 1h
  fusewire histogram logs --every 1mo --tz Europe/Berlin --output json"))]
pub(crate) struct HistogramArgs {
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Length of an interval, such as 30s, 5m, 1h, 1d, 1w, 1mo or 1y; days and longer intervals are those of the calendar
    /// in the time zone. The default length produces about 30 lines or fewer.
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub(crate) every: Option<Interval>,

    #[command(flatten)]
    pub(crate) select: SelectArgs,

    /// Output format: bars, or one JSON object per line.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Parses an interval such as `30s` or `1mo`. The command sets the time zone.
fn interval(text: &str) -> Result<Interval, String> {
    Interval::parse(text, Zone::UTC)
}

/// Print the entries of one trace from all processes, grouped by span
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire trace 5b8aa5a2d2c872e8321cf37308d69df2 logs
  fusewire trace 5b8aa5a2-d2c8-72e8-321c-f37308d69df2 /var/log/*/logs -o json"))]
pub(crate) struct TraceArgs {
    /// Trace id: 32 or 16 hexadecimal digits, with or without hyphens; leading zeros can be omitted. A decimal number of 17
    /// to 20 digits is also an id of 64 bits.
    #[arg(value_name = "ID")]
    pub(crate) id: String,

    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}
