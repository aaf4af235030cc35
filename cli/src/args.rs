//! The definition of the command line.

mod check;
mod common;
mod defaults;
mod help;
mod metrics;
mod postmortem;
mod questions;
mod size;
mod slo;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use fusewire::Limits;
use fusewire::limits::{OnDepth, OnLongKey};

pub(crate) use check::{CheckArgs, CheckFormat};
pub(crate) use common::{
    AccessArgs, CopyArgs, CsvGuard, EntryFormat, LineArgs, OutputFormat, Part, PartArgs, PrintArgs,
    RangeArgs, SelectArgs, WrapMode, ZoneArgs,
};
use defaults::Defaults;
pub(crate) use metrics::MetricsArgs;
pub(crate) use postmortem::PostmortemArgs;
pub(crate) use questions::{FieldsArgs, HistogramArgs, QueryArgs, StatsArgs, StatsOrder, TraceArgs};
pub(crate) use slo::{ReportFormat, SloArgs};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

/// Import, read, query, check and recover binary logs
///
/// A log is a directory of segment files (*.fws). A circuit breaker (the fuse) limits the depth, the width and the size
/// of each entry. A log stays readable after a process that writes it crashes.
///
/// Results go to standard output. Messages go to standard error. Paths can also be files of JSON or text lines from
/// other loggers.
#[derive(Parser, Debug)]
#[command(name = "fusewire", version, styles = STYLES, max_term_width = 80, propagate_version = true)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire demo
  fusewire import app.jsonl --to logs
  fusewire cat logs | less -R
  fusewire query 'level >= warn and duration_ms > 2s' logs
  fusewire stats logs
  fusewire tail -f logs
  fusewire ls logs
  fusewire verify logs"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Use of colour; `auto` means that a terminal shows colours unless NO_COLOR is set.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: ColorChoice,

    /// Do not use a pager; the default pager is $FUSEWIRE_PAGER, $PAGER or `less`.
    #[arg(long, global = true)]
    pub(crate) no_pager: bool,

    /// Do not read the configuration file, which contains default values of options.
    #[arg(long, global = true)]
    pub(crate) no_config: bool,
}

impl Cli {
    /// Parses the arguments of this process. Default values come from the configuration file. An error of the arguments ends the
    /// process with a usage message.
    ///
    /// # Errors
    /// Returns an error if the configuration file is invalid, or if an option does not apply to the output format.
    pub(crate) fn read() -> Result<Self> {
        let mut matches = Self::command().get_matches();
        if !matches.get_flag("no_config") {
            let defaults = Defaults::read()?;
            if !defaults.is_empty() {
                matches = defaults.apply(Self::command()).get_matches();
            }
        }
        if let Some((_, matches)) = matches.subcommand() {
            expect_text(matches)?;
        }
        Ok(Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
    }
}

/// Checks that the options for parts of an entry are used only with text output.
fn expect_text(matches: &ArgMatches) -> Result<()> {
    // Other commands have other output formats.
    let Ok(Some(format)) = matches.try_get_one::<EntryFormat>("output") else { return Ok(()) };
    for id in ["hide", "show"] {
        let is_known = matches.try_contains_id(id).is_ok();
        if is_known
            && matches.value_source(id) == Some(ValueSource::CommandLine)
            && *format != EntryFormat::Text
        {
            let found = format.to_possible_value().map(|value| value.get_name().to_owned());
            let found = found.unwrap_or_default();
            bail!("--{id}: expected --output text, found --output {found}; use --fields to select fields");
        }
    }
    Ok(())
}

/// The values of `--color`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Import(ImportArgs),
    Cat(CatArgs),
    Query(QueryArgs),
    Stats(Box<StatsArgs>),
    Histogram(HistogramArgs),
    Fields(FieldsArgs),
    Trace(TraceArgs),
    Postmortem(PostmortemArgs),
    Check(Box<CheckArgs>),
    Slo(Box<SloArgs>),
    Metrics(MetricsArgs),
    Tail(TailArgs),
    Ls(LsArgs),
    Info(InfoArgs),
    Verify(VerifyArgs),
    Recover(RecoverArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    /// Returns the paths whose streams are copied before the command reads them. The other commands read a stream while it
    /// arrives.
    pub(crate) fn spooled_paths(&mut self) -> Vec<&mut PathBuf> {
        match self {
            // The newest entry comes first.
            Self::Cat(args) if args.reverse => args.paths.iter_mut().collect(),
            Self::Query(args) if args.count || args.context > 0 || args.reverse => {
                args.paths.iter_mut().collect()
            }
            Self::Stats(args) => args.paths.iter_mut().collect(),
            Self::Fields(args) => args.paths.iter_mut().collect(),
            Self::Histogram(args) => args.paths.iter_mut().collect(),
            Self::Trace(args) => args.paths.iter_mut().collect(),
            Self::Postmortem(args) => args.paths.iter_mut().collect(),
            Self::Check(args) => args.paths.iter_mut().collect(),
            Self::Slo(args) => args.paths.iter_mut().collect(),
            Self::Metrics(args) if args.listen.is_none() => args.paths.iter_mut().collect(),
            Self::Tail(args) if !args.follow => args.paths.iter_mut().collect(),
            Self::Ls(args) => args.paths.iter_mut().collect(),
            Self::Info(args) => vec![&mut args.path],
            Self::Verify(args) => vec![&mut args.path],
            Self::Recover(args) => vec![&mut args.path],
            _ => Vec::new(),
        }
    }

    /// Returns whether the output is paged on a terminal.
    pub(crate) fn is_for_reading(&self) -> bool {
        match self {
            Self::Cat(_)
            | Self::Query(_)
            | Self::Stats(_)
            | Self::Histogram(_)
            | Self::Fields(_)
            | Self::Trace(_)
            | Self::Postmortem(_)
            | Self::Check(_)
            | Self::Slo(_)
            | Self::Ls(_) => true,
            Self::Tail(args) => !args.follow,
            _ => false,
        }
    }
}

/// Demonstrate the guarantees of Fusewire in about ten seconds
///
/// The demo logs values that exceed the limits of the circuit breaker. The demo appends entries to one log from
/// several threads, reads all entries back and compares them. The demo then kills a process that appends, and checks
/// that no written entry is lost.
///
/// The exit code is 3 if an entry is missing or wrong.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2, 3], "\
  fusewire demo
  fusewire demo --threads 8 --entries 4000000 --dir /tmp/fusewire-demo"))]
pub(crate) struct DemoArgs {
    /// Directory for the log, without segments; the default is a new temporary directory. The command does not delete
    /// the log.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Number of threads that append; the default is the number of cores, but at least 2 and at most 8.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) threads: Option<u16>,

    /// Number of entries to write, of all threads together.
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) entries: u64,

    /// Append to the log in this directory until killed; the demo starts itself with this option.
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) victim: Option<PathBuf>,
}

/// Convert JSON lines, plain text and other segments to segments
///
/// The command recognizes common keys for the time, level, message, logger, trace id and span id. The command
/// converts other keys to attributes. It also recognizes syslog, access logs, logfmt and the lines of common text
/// loggers. Any other line becomes the message of an entry. The input can be compressed (gzip, zstd, bzip2, xz) or
/// UTF-16. The command copies the entries of segments, of messages and of the files of a directory. The command does
/// not change or overwrite existing files.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2, 3], "\
  fusewire import app.jsonl --to logs
  fusewire import access.log --to logs/web --service nginx
  fusewire import app.jsonl.1 app.jsonl old-logs --to logs
  fusewire import django.log --to logs --log-tz Europe/Berlin
  zcat app.jsonl.gz | fusewire import - --to logs --segment-size 256MiB
  fusewire import app.jsonl --to logs --format 1.0
  fusewire import deep.jsonl --to logs --max-depth 16 --max-entry-bytes 1MiB"))]
pub(crate) struct ImportArgs {
    /// Input files and directories; `-` means standard input. Each file, and each segment with another producer, becomes
    /// a stream of the new log.
    #[arg(value_name = "PATH|-", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Output directory, without segments; the command creates it if it does not exist. New segments have the
    /// permissions 0640 without the bits of the umask.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,

    /// Service name to store in the resource (the attributes of the producer).
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,

    /// Size of each segment file: a multiple of 4 KiB, 16 KiB to 1 GiB.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size::parse_segment_size)]
    pub(crate) segment_size: u64,

    /// Version of the format of the segments: 1.1, or 1.0 for larger segments that readers of version 1.0 also read.
    #[arg(long, value_enum, value_name = "VERSION", default_value = "1.1", hide_possible_values = true)]
    pub(crate) format: FormatVersion,

    #[command(flatten)]
    pub(crate) lines: LineArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// The values of `--format`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormatVersion {
    /// Each entry is written in full.
    #[value(name = "1.0")]
    V1_0,
    /// An entry can be a like entry.
    #[value(name = "1.1")]
    V1_1,
}

/// The limits of the circuit breaker.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits of one entry (the fuse)")]
pub(crate) struct LimitArgs {
    /// Maximum depth of nested maps and arrays, 0 to 64.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.max_depth,
          value_parser = clap::value_parser!(u8).range(0..=i64::from(Limits::MAX_DEPTH)))]
    pub(crate) max_depth: u8,

    /// Maximum number of children of one map or array, 0 to 65535.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.max_width)]
    pub(crate) max_width: u16,

    /// Maximum size of one encoded entry, 1 KiB to 16 MiB.
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size::parse_entry_bytes)]
    pub(crate) max_entry_bytes: u32,

    /// Maximum size of one string, and of the body.
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = size::parse_u32_size)]
    pub(crate) max_string_bytes: u32,

    /// Maximum size of one key in bytes, 24 to 65535.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.max_key_bytes,
          value_parser = clap::value_parser!(u16).range(i64::from(Limits::MIN_KEY_BYTES)..))]
    pub(crate) max_key_bytes: u16,

    /// Omit a value that is nested too deep, instead of replacing it with null.
    #[arg(long)]
    pub(crate) omit_deep: bool,

    /// Replace a key that is too long with its hash, instead of cutting it.
    #[arg(long)]
    pub(crate) hash_long_keys: bool,
}

impl LimitArgs {
    /// Returns the limits of the library, clamped to the supported ranges.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_depth: self.max_depth,
            max_width: self.max_width,
            max_entry_bytes: self.max_entry_bytes,
            max_string_bytes: self.max_string_bytes,
            max_key_bytes: self.max_key_bytes,
            on_depth: if self.omit_deep { OnDepth::Omit } else { OnDepth::Null },
            on_long_key: if self.hash_long_keys { OnLongKey::Hash } else { OnLongKey::Cut },
            ..Limits::DEFAULT
        }
        .clamped()
    }
}

/// Print entries
///
/// The command merges the entries of all processes and files by time. The command detects the format of a file from
/// its first bytes: a segment, frames (records of entries outside a segment) or lines (JSON or text). The command skips
/// damaged bytes, and reports each lost byte range on standard error. The command escapes control characters in all output formats except `raw`.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire cat logs
  fusewire cat logs --tz Europe/Berlin --color always | less -R
  fusewire cat logs --since yesterday --until 03:00
  fusewire cat logs --output json | jq -c 'select(.attributes.status >= 500)'
  fusewire cat logs /var/log/app.jsonl
  ssh web1 'cat /var/log/app/*.fws' | fusewire cat -
  tail -f app.jsonl | fusewire cat -"))]
pub(crate) struct CatArgs {
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    /// Print only entries that match this expression, such as `level >= warn and request.status == 500`; see `fusewire
    /// query --help-syntax`.
    #[arg(long = "where", short = 'w', value_name = "EXPR")]
    pub(crate) query: Option<String>,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    #[command(flatten)]
    pub(crate) parts: PartArgs,

    /// Print at most N entries; with --reverse, the newest N.
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) lines: Option<u64>,

    /// Print the newest entry first; the command buffers the output in a temporary file.
    #[arg(long, short)]
    pub(crate) reverse: bool,

    /// Stop with exit code 2 at the first error or the first damaged byte range.
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Print the newest entries and follow a log
///
/// With --follow, the command also prints the entries of new segments and new processes, until Ctrl-C. The command
/// reports on standard error the segments that were deleted before it read them, and the files that were truncated or
/// replaced.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire tail logs
  fusewire tail -n 100 logs
  fusewire tail -f /var/log/app.jsonl
  fusewire tail -f logs --output json | jq -c 'select(.severity == \"ERROR\")'"))]
pub(crate) struct TailArgs {
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Print new entries when they are appended. The command waits for a path that does not exist.
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Print only entries that match this expression, such as `level >= warn and target == db`; see `fusewire query
    /// --help-syntax`.
    #[arg(long = "where", short = 'w', value_name = "EXPR")]
    pub(crate) query: Option<String>,

    /// Number of the newest entries to print, of all processes together.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) lines: u64,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    #[command(flatten)]
    pub(crate) parts: PartArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// List segments with their state, producer, entries, times and size
///
/// A segment is live (a running process writes it), ready (a running process preallocated it) or sealed (complete). A
/// segment is crashed if its process ended before it sealed the segment; its entries are readable. A segment is empty
/// if its process ended before it used the segment. A segment is damaged if its first page is damaged or if bytes are
/// lost. The state `file` marks a file of lines or frames. A process that ended has stopped if it closed its log or
/// exited with status 0, and has died otherwise.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2, 3], "\
  fusewire ls logs
  fusewire ls logs --files --utc
  fusewire ls logs --output json | jq -r 'select(.state == \"sealed\").file'"))]
pub(crate) struct LsArgs {
    /// Directories, segments, files of frames or files of lines; `-` means standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,

    /// Show file names instead of times.
    #[arg(long)]
    pub(crate) files: bool,

    /// Output format: a table, or one JSON object per line.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) lines: LineArgs,
}

/// Show the header, state, producer and contents of segments
///
/// For a directory, the output begins with a summary. With --since or --until, the summary counts the entries in this
/// time range, and the command shows only segments that can contain such entries.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 1, 2, 3], "\
  fusewire info logs
  fusewire info logs --since yesterday --until today
  fusewire info logs/000001.fws --utc"))]
pub(crate) struct InfoArgs {
    /// Directory, segment, file of frames or file of lines; `-` means standard input.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Verify every byte of segments, and report damage
///
/// The command compares the trailer and the index of a segment with its entries, and the end of the previous segment in
/// a header with this segment. The command reports each lost byte range, each difference, and each gap in the numbers of
/// the segments of a stream. The command does not change files. The exit code is 3 if a segment is damaged, unreadable or
/// missing, or if two segments differ in an end.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2, 3], "\
  fusewire verify logs
  fusewire verify logs && echo intact
  fusewire verify logs --verbose"))]
pub(crate) struct VerifyArgs {
    /// Segment, or directory of segments; `-` means standard input.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    /// Print the readable part of each entry whose base is lost: its time, its trace, and its values without keys.
    #[arg(long)]
    pub(crate) verbose: bool,

    #[command(flatten)]
    pub(crate) access: CopyArgs,
}

/// Copy the intact entries of damaged segments to new segments
///
/// The command does not change the damaged segments. The command reports each lost byte range, each unreadable segment
/// or header, and each gap in the numbers of the segments of a stream. The exit code is 3 if it reports a loss.
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2, 3], "\
  fusewire recover logs --to recovered
  fusewire recover logs/000001.fws --to recovered && fusewire cat recovered"))]
pub(crate) struct RecoverArgs {
    /// Segment, or directory of segments; `-` means standard input.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    /// Output directory, without segments; the command creates it if it does not exist. New segments have the
    /// permissions 0640 without the bits of the umask.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,

    /// Version of the format of the new segments: 1.0, in which each entry is written in full.
    #[arg(long, value_name = "VERSION", default_value = "1.0", hide_possible_values = true,
          value_parser = PossibleValuesParser::new(["1.0"]).map(|_| FormatVersion::V1_0))]
    pub(crate) format: FormatVersion,

    #[command(flatten)]
    pub(crate) access: CopyArgs,
}

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2], "\
  fusewire completions bash > /etc/bash_completion.d/fusewire"))]
pub(crate) struct CompletionsArgs {
    /// Name of the shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Write a manual page for each command
#[derive(Args, Debug)]
#[command(after_help = help::after(&[0, 2], "\
  fusewire man /usr/local/share/man/man1"))]
pub(crate) struct ManArgs {
    /// Output directory; the command creates it if it does not exist, and replaces existing pages.
    #[arg(value_name = "DIR")]
    pub(crate) to: PathBuf,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_example_is_wrapped() {
        for command in Cli::command().get_subcommands() {
            let text = command.get_after_help().unwrap().to_string();
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= 80, "{}: {longest} columns: {text}", command.get_name());
        }
    }
}
