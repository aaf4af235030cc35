//! What can be written on the command line.

mod check;
mod common;
mod metrics;
mod postmortem;
mod questions;
mod size;
mod slo;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use fusewire::Limits;
use fusewire::limits::{OnDepth, OnLongKey};

pub(crate) use check::{CheckArgs, CheckFormat};
pub(crate) use common::{AccessArgs, EntryFormat, OutputFormat, PrintArgs, RangeArgs, SelectArgs, ZoneArgs};
pub(crate) use metrics::MetricsArgs;
pub(crate) use postmortem::PostmortemArgs;
pub(crate) use questions::{HistogramArgs, QueryArgs, StatsArgs, StatsOrder, TraceArgs};
pub(crate) use slo::{ReportFormat, SloArgs};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

/// Binary logs with a fuse: bounded while they are written, readable after the crash.
#[derive(Parser, Debug)]
#[command(name = "fusewire", version, styles = STYLES, max_term_width = 100, propagate_version = true)]
#[command(after_help = "\
Examples:
  fusewire demo
  fusewire import app.jsonl --to logs
  fusewire cat logs | less -R
  fusewire query 'level >= warn and duration_ms > 2s' logs
  fusewire stats logs
  fusewire tail -f logs
  fusewire ls logs
  fusewire verify logs

Exit codes: 0 clean, 1 found something or no match, 2 usage or failure, 3 finished with loss.
Results go to standard output, everything else to standard error.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to colour: `auto` colours a terminal, unless NO_COLOR is set.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", global = true)]
    pub(crate) color: ColorChoice,

    /// Print to the terminal itself; else $FUSEWIRE_PAGER or $PAGER, or `less`, is between.
    #[arg(long, global = true)]
    pub(crate) no_pager: bool,
}

/// `--color`.
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
    /// Whether it prints what somebody reads from the top.
    pub(crate) fn is_for_reading(&self) -> bool {
        match self {
            Self::Cat(_)
            | Self::Query(_)
            | Self::Stats(_)
            | Self::Histogram(_)
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

/// Show in ten seconds what Fusewire does.
///
/// Hostile values trip the fuse, threads append to one log at once, everything is read back and compared, and a process
/// is killed while its threads append: nothing that it was told is safe may be missing.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire demo
  fusewire demo --threads 8 --entries 4000000 --dir /tmp/fusewire-demo")]
pub(crate) struct DemoArgs {
    /// Write here and keep it; without it a new directory for temporary files is made.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    /// Threads that append at once; without it one for each core, 2 to 8.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) threads: Option<u16>,

    /// Entries to write, all threads together.
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) entries: u64,

    /// Append to the log there until killed: the demo starts itself with it.
    #[arg(long, value_name = "DIR", hide = true)]
    pub(crate) victim: Option<PathBuf>,
}

/// Turn JSON lines, or any lines of text, into segments.
///
/// The usual names of time, level, message, logger, trace and span are recognised; everything else becomes
/// attributes. A line that is not JSON is kept as text. The input is never changed, nothing is ever overwritten.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire import app.jsonl --to logs
  fusewire import access.log --to logs/web --service nginx
  zcat app.jsonl.gz | fusewire import - --to logs --segment-size 256MiB
  fusewire import deep.jsonl --to logs --max-depth 16 --max-entry-bytes 1MiB")]
pub(crate) struct ImportArgs {
    /// File to read, `-` for standard input.
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,

    /// Directory for the segments; made if missing, refused if it holds segments already.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,

    /// Name of the service that wrote the log.
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,

    /// Size of each segment file: a multiple of 4 KiB, at most 1 GiB.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = size::parse_segment_size)]
    pub(crate) segment_size: u64,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// The numbers of the fuse.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits of one entry (the fuse)")]
pub(crate) struct LimitArgs {
    /// Deepest level of nested maps and arrays that is kept, at most 64.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.max_depth,
          value_parser = clap::value_parser!(u8).range(0..=i64::from(Limits::MAX_DEPTH)))]
    pub(crate) max_depth: u8,

    /// Most children of one map or array.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.max_width)]
    pub(crate) max_width: u16,

    /// Most bytes of one encoded entry, 1 KiB to 16 MiB.
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = size::parse_entry_bytes)]
    pub(crate) max_entry_bytes: u32,

    /// Most bytes of one string, the message included.
    #[arg(long, value_name = "SIZE", default_value = "16KiB", value_parser = size::parse_u32_size)]
    pub(crate) max_string_bytes: u32,

    /// Most bytes of one key, 24 to 65535.
    #[arg(long, value_name = "N", default_value_t = Limits::DEFAULT.max_key_bytes,
          value_parser = clap::value_parser!(u16).range(i64::from(Limits::MIN_KEY_BYTES)..))]
    pub(crate) max_key_bytes: u16,

    /// Leave out what is too deep instead of writing a null that says so.
    #[arg(long)]
    pub(crate) omit_deep: bool,

    /// Replace a key that is too long by its hash instead of cutting it.
    #[arg(long)]
    pub(crate) hash_long_keys: bool,
}

impl LimitArgs {
    /// The library's limits that these are.
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

/// Print entries.
///
/// Those of several processes, and of files of JSON lines or of frames beside their segments, are merged by time; what is in a
/// file, its bytes say. Damage is passed over: each lost range is named on standard error, and
/// the exit code is 3. Whatever a log holds, no control character of it reaches the terminal.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire cat logs
  fusewire cat logs --tz Europe/Berlin --color always | less -R
  fusewire cat logs --since yesterday --until 03:00
  fusewire cat logs --output json | jq -c 'select(.attributes.status >= 500)'
  fusewire cat logs /var/log/app.jsonl
  ssh web1 'cat /var/log/app/*.fws' | fusewire cat -
  tail -f app.jsonl | fusewire cat -")]
pub(crate) struct CatArgs {
    /// Directories, files of segments, frames or lines, or `-` for standard input (all of these, in any order).
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    /// Only entries that this asks for, as `level >= warn and request.status == 500`: see `fusewire query --help`.
    #[arg(long = "where", short = 'w', value_name = "EXPR")]
    pub(crate) query: Option<String>,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    /// Print no more than so many; with --reverse the newest of them.
    #[arg(long, short = 'n', value_name = "N")]
    pub(crate) lines: Option<u64>,

    /// Print the newest entry first. What is printed is kept in a temporary file meanwhile.
    #[arg(long, short)]
    pub(crate) reverse: bool,

    /// Stop at the first fault, with exit code 2.
    #[arg(long)]
    pub(crate) strict: bool,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Print the last entries, and follow what comes.
///
/// Following goes across rotation, to processes that start later, and says on standard error which segments were
/// deleted before they could be read, and which files were truncated or replaced. Ctrl-C ends it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire tail logs
  fusewire tail -n 100 logs
  fusewire tail -f /var/log/app.jsonl
  fusewire tail -f logs --output json | jq -c 'select(.severity == \"ERROR\")'")]
pub(crate) struct TailArgs {
    /// Directories, or files of segments, frames or lines.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Go on with entries as they are appended.
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Only entries that this asks for, as `level >= warn and target == db`: see `fusewire query --help`.
    #[arg(long = "where", short = 'w', value_name = "EXPR")]
    pub(crate) query: Option<String>,

    /// How many of the last entries; all processes together.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub(crate) lines: u64,

    #[command(flatten)]
    pub(crate) print: PrintArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// List segments and other files of a log: state, entries, times, size, and whose they are.
///
/// States: live (its process is at work), ready (made ahead by a living process), sealed (complete), crashed (its process
/// ended before it sealed it; nothing is missing), empty (left behind unused), damaged, file (of lines or frames).
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire ls logs
  fusewire ls logs --files --utc
  fusewire ls logs --output json | jq -r 'select(.state == \"sealed\").file'")]
pub(crate) struct LsArgs {
    /// Directories.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) directories: Vec<PathBuf>,

    /// Show the names of the files instead of the times.
    #[arg(long)]
    pub(crate) files: bool,

    /// A table for people, or one JSON object a line.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: OutputFormat,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}

/// Show what segments, and other files of a log, are: header, state, who wrote them, what is in them.
///
/// Of a directory a summary comes first. With --since or --until it is about the entries in that range, and only the
/// segments are shown that may hold some.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire info logs
  fusewire info logs --since yesterday --until today
  fusewire info logs/000001.fws --utc")]
pub(crate) struct InfoArgs {
    /// File of a segment, frames or lines, or a directory.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) range: RangeArgs,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Check every byte, and say what is lost.
///
/// Exit code 0: every frame is intact. 3: something is lost, its byte ranges are named. Nothing is changed.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire verify logs
  fusewire verify logs && echo intact")]
pub(crate) struct VerifyArgs {
    /// Segment file, or a directory of them.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Copy every intact entry out of damaged segments.
///
/// The damaged files are only read. Exit code 0: nothing was lost. 3: something was, its byte ranges are named.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire recover logs --to recovered
  fusewire recover logs/000001.fws --to recovered && fusewire cat recovered")]
pub(crate) struct RecoverArgs {
    /// Segment file, or a directory of them.
    #[arg(value_name = "PATH")]
    pub(crate) path: PathBuf,

    /// Directory for the recovered segments; made if missing, nothing in it is overwritten.
    #[arg(long, value_name = "DIR")]
    pub(crate) to: PathBuf,

    #[command(flatten)]
    pub(crate) access: AccessArgs,
}

/// Print what a shell needs to complete this command.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire completions bash > /etc/bash_completion.d/fusewire")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual: a page for each command.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  fusewire man /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Where the pages go; made if missing, pages of the same name are replaced.
    #[arg(value_name = "DIR")]
    pub(crate) to: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
