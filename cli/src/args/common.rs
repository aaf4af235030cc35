//! What can be written behind several commands.

use clap::{Args, ValueEnum};
use fusewire::query::Field;

use crate::input::selection::Selection;
use crate::input::time_point::{Range, TimePoint};
use crate::output::time::Zone;

/// How entries are printed.
#[derive(Args, Debug)]
pub(crate) struct PrintArgs {
    /// Text for people, one JSON object a line with everything the entry holds, lines of logfmt or comma-separated
    /// values, or raw frames.
    #[arg(long, short, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: EntryFormat,

    /// Only these fields, as `time,level,request.status,message`.
    #[arg(long, short = 'F', value_name = "FIELDS", value_delimiter = ',')]
    pub(crate) fields: Vec<Field>,

    #[command(flatten)]
    pub(crate) zone: ZoneArgs,
}

/// `--output` of entries.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryFormat {
    Text,
    Json,
    Logfmt,
    Csv,
    Raw,
}

/// `--output`.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    Text,
    Json,
}

/// Which entries, by their time.
#[derive(Args, Debug, Default)]
pub(crate) struct RangeArgs {
    /// Only entries from this time on: `2026-01-02 03:04`, 03:04, yesterday, or how long ago, as 15m or -15m.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    since: Option<TimePoint>,

    /// Only entries before this time.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<TimePoint>,
}

impl RangeArgs {
    /// The range that is meant now, by the clocks of `zone`.
    pub(crate) fn range(&self, zone: &Zone) -> anyhow::Result<Range> {
        Range::new(self.since.as_ref(), self.until.as_ref(), zone)
    }
}

/// Which entries, by what is in them and by their time.
#[derive(Args, Debug)]
pub(crate) struct SelectArgs {
    /// Only entries that this asks for: see `fusewire query --help`.
    #[arg(long = "where", short = 'w', value_name = "EXPR")]
    query: Option<String>,

    #[command(flatten)]
    range: RangeArgs,
}

impl SelectArgs {
    /// What is selected now, by the clocks of `zone`.
    pub(crate) fn selection(&self, zone: &Zone) -> anyhow::Result<Selection> {
        Selection::new(&self.range, self.query.as_deref(), zone)
    }
}

/// The time zone of what is printed.
#[derive(Args, Debug)]
pub(crate) struct ZoneArgs {
    /// Time zone to print in: a name such as Europe/Berlin, an offset such as +02:00, `local` or `UTC`.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true, default_value = "local", value_parser = Zone::parse)]
    pub(crate) tz: Zone,

    /// The same as --tz UTC.
    #[arg(long, conflicts_with = "tz")]
    pub(crate) utc: bool,
}

impl ZoneArgs {
    /// The zone asked for.
    pub(crate) fn zone(&self) -> Zone {
        if self.utc { Zone::utc() } else { self.tz.clone() }
    }
}

/// How segment files are opened.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct AccessArgs {
    /// Read files into memory instead of mapping them: for files that another program may cut while we read.
    #[arg(long)]
    pub(crate) copy: bool,
}
