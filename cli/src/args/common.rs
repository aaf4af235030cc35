//! The arguments that several commands share.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use fusewire::Zone as LineZone;
use fusewire::log::{Listing, LogReader, ReadOptions, Scan, list_in_zone};
use fusewire::query::{Field, Moment};

use crate::input::selection::Selection;
use crate::input::time_point::{Range, length};
use crate::output::time::Zone;

/// The format of printed entries.
#[derive(Args, Debug)]
pub(crate) struct PrintArgs {
    /// Output format: text, one JSON object per line, logfmt, comma-separated values, tab-separated values, or raw frames
    /// (the bytes of the log, for another command).
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: EntryFormat,

    /// Print only these fields, such as `time,level,request.status,message`. On a terminal, the columns are aligned.
    #[arg(long, short = 'F', value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) fields: Vec<Field>,

    /// Lines of text that are longer than the terminal is wide: `always` wraps them with an indentation, `cut` omits
    /// the rest, `never` prints them as they are. `auto` wraps if the output is a terminal. Except with `never`, the
    /// date is on a separate line when it changes, and the thread and the spans are printed only with --show.
    #[arg(long, value_enum, value_name = "MODE", default_value = "auto")]
    pub(crate) wrap: WrapMode,

    /// Guard CSV and TSV cells that a spreadsheet would run as a formula: put ' before a cell that begins with =, +, -, @, a
    /// tab or a carriage return and is not a number. `auto` guards if the output is a terminal or a file.
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) csv_guard: CsvGuard,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}

/// The values of `--wrap`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrapMode {
    Auto,
    Always,
    Cut,
    Never,
}

/// The printed parts of an entry.
#[derive(Args, Debug, Default)]
pub(crate) struct PartArgs {
    /// Print text without these parts: time, level, target, message, thread, trace_id, span_id, or the key of an
    /// attribute, such as `request.headers`.
    #[arg(long, value_name = "FIELDS", value_delimiter = ',', conflicts_with = "fields")]
    pub(crate) hide: Vec<String>,

    /// Also print these parts in lines that are wrapped or cut: the thread, or the spans and the span id.
    #[arg(long, value_enum, value_name = "PARTS", value_delimiter = ',', conflicts_with = "fields")]
    pub(crate) show: Vec<Part>,
}

/// The values of `--show`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Thread,
    Spans,
}

impl Part {
    /// Returns the names of the part for `--hide`. A layer of `tracing` writes the spans as attributes.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Thread => &["thread"],
            Self::Spans => &["span_id", "span", "spans"],
        }
    }
}

impl PartArgs {
    /// Returns the names of the parts that are not printed. `is_narrow` is whether the width of the lines is limited.
    pub(crate) fn hidden(&self, is_narrow: bool) -> impl Iterator<Item = &str> {
        let parts = [Part::Thread, Part::Spans].into_iter();
        let parts = parts.filter(move |part| is_narrow && !self.show.contains(part));
        self.hide.iter().map(String::as_str).chain(parts.flat_map(|part| part.names().iter().copied()))
    }
}

/// The values of `--csv-guard`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CsvGuard {
    Auto,
    Always,
    Never,
}

/// The values of `--output` for entries.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryFormat {
    Text,
    Json,
    Logfmt,
    Csv,
    Tsv,
    Raw,
}

/// The values of `--output`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    Text,
    Json,
}

/// A range of time.
#[derive(Args, Debug, Default)]
pub(crate) struct RangeArgs {
    /// Use only entries at or after this time, such as `2026-01-02 03:04`, 03:04, yesterday, 15m (15 minutes ago), or
    /// 1772359200 (seconds since 1970).
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<Moment>,

    /// Use only entries before this time; see --since for the formats.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<Moment>,

    /// Use only entries near this time, 5 minutes before and after it; see --since for the formats.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, conflicts_with_all = ["since", "until"])]
    around: Option<Moment>,

    /// With --around: the time before and after it, such as 30s or 1h.
    #[arg(long, value_name = "TIME", value_parser = length, requires = "around")]
    within: Option<u64>,
}

/// The default of `--within`: 5 minutes, in nanoseconds.
const WITHIN: u64 = 300_000_000_000;

impl RangeArgs {
    /// Returns the range in nanoseconds, relative to the current time in `zone`.
    pub(crate) fn range(&self, zone: &Zone) -> anyhow::Result<Range> {
        match &self.around {
            Some(moment) => Range::around(moment, self.within.unwrap_or(WITHIN), zone),
            None => Range::new(self.since.as_ref(), self.until.as_ref(), zone),
        }
    }
}

/// A query and a range of time.
#[derive(Args, Debug)]
pub(crate) struct SelectArgs {
    /// Use only entries that match this expression; see `fusewire query --help-syntax`.
    #[arg(long = "where", short = 'w', value_name = "EXPR")]
    query: Option<String>,

    #[command(flatten)]
    range: RangeArgs,
}

impl SelectArgs {
    /// Returns the selection, relative to the current time in `zone`.
    pub(crate) fn selection(&self, zone: &Zone) -> anyhow::Result<Selection> {
        Selection::new(&self.range, self.query.as_deref(), zone)
    }
}

/// The time zone of input and output.
#[derive(Args, Debug)]
pub(crate) struct ZoneArgs {
    /// Time zone of the times in the options and in the output: `local` (from TZ or the system), `UTC`, an offset such as
    /// +02:00, or a name such as Europe/Berlin.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, default_value = "local", value_parser = Zone::parse)]
    pub(crate) tz: Zone,

    /// Use UTC; same as --tz UTC.
    #[arg(long, conflicts_with = "tz")]
    pub(crate) utc: bool,
}

impl ZoneArgs {
    /// Returns the time zone.
    pub(crate) fn zone(&self) -> Zone {
        if self.utc { Zone::utc() } else { self.tz.clone() }
    }
}

/// The method that reads files.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct AccessArgs {
    /// Read segments with system calls instead of a memory map, for files that other programs truncate.
    #[arg(long)]
    pub(crate) copy: bool,

    #[command(flatten)]
    pub(crate) lines: LineArgs,
}

impl AccessArgs {
    /// Returns the options of a reader.
    pub(crate) fn options(&self) -> ReadOptions {
        let options = LogReader::options().copy(self.copy);
        match &self.lines.log_tz {
            Some(zone) => options.line_zone(zone.shared()),
            None => options,
        }
    }

    /// Returns a scan of `paths`.
    pub(crate) fn scan(&self, paths: &[PathBuf]) -> Scan {
        let scan = Scan::new(paths).copy(self.copy);
        match &self.lines.log_tz {
            Some(zone) => scan.line_zone(zone.shared()),
            None => scan,
        }
    }
}

/// The meaning of lines.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct LineArgs {
    /// Time zone of times in lines without an offset from UTC; see --tz for the forms [default: UTC].
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, value_parser = Zone::parse)]
    pub(crate) log_tz: Option<Zone>,
}

impl LineArgs {
    /// Lists the files of the directory `path`, or the file `path`, and counts their entries.
    ///
    /// # Errors
    /// Returns an error if the path cannot be read.
    pub(crate) fn list(&self, path: &Path) -> io::Result<Listing> {
        list_in_zone(path, &self.log_tz.as_ref().map_or(LineZone::UTC, Zone::shared))
    }
}

/// The method that opens segments.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct CopyArgs {
    /// Read segments with system calls instead of a memory map, for files that other programs truncate.
    #[arg(long)]
    pub(crate) copy: bool,
}
