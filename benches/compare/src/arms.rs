//! The loggers that are compared, behind one trait.

mod fusewire;
mod lines;
mod slog;
mod tracing;

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use fusewire_compare::read_back;

/// A logger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Arm {
    /// `fusewire::log::Log` as it comes.
    Fusewire,
    /// The same without touching pages ahead.
    FusewireBare,
    /// `tracing` with its JSON layer into `tracing-appender`, which waits where its queue is full.
    Tracing,
    /// The same, which drops where its queue is full: its default.
    TracingLossy,
    /// `slog` with `slog-json` into `slog-async`, which waits where its queue is full.
    Slog,
    /// The same, which drops where its queue is full: its default.
    SlogLossy,
    /// JSON lines by `serde_json` into one `BufWriter` behind a `Mutex`.
    BufWriter,
    /// JSON lines by `serde_json`, a `write` for each.
    Write,
}

/// A logger at work. All threads log through one.
pub trait Logger: Sync {
    /// Logs the event once.
    fn log(&self);

    /// Completes the log. How many events the logger says that it dropped; `None` where it does not say.
    fn finish(self: Box<Self>) -> Result<Option<u64>>;
}

impl Arm {
    pub const ALL: [Self; 8] = [
        Self::Fusewire,
        Self::FusewireBare,
        Self::Tracing,
        Self::TracingLossy,
        Self::Slog,
        Self::SlogLossy,
        Self::BufWriter,
        Self::Write,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Fusewire => "fusewire",
            Self::FusewireBare => "fusewire, not prefaulted",
            Self::Tracing => "tracing-appender, waiting",
            Self::TracingLossy => "tracing-appender, lossy",
            Self::Slog => "slog-async, waiting",
            Self::SlogLossy => "slog-async, lossy",
            Self::BufWriter => "Mutex<BufWriter>",
            Self::Write => "write(2) per line",
        }
    }

    /// Opens the logger on an empty directory.
    pub fn open(self, directory: &Path) -> Result<Box<dyn Logger>> {
        match self {
            Self::Fusewire => fusewire::open(directory, true),
            Self::FusewireBare => fusewire::open(directory, false),
            Self::Tracing => tracing::open(directory, false),
            Self::TracingLossy => tracing::open(directory, true),
            Self::Slog => slog::open(directory, false),
            Self::SlogLossy => slog::open(directory, true),
            Self::BufWriter => lines::buffered(directory),
            Self::Write => lines::unbuffered(directory),
        }
    }

    /// How many events can be read back from the directory, each of them looked at to its end.
    pub fn count(self, directory: &Path) -> Result<u64> {
        match self {
            Self::Fusewire | Self::FusewireBare => Ok(read_back::entries(directory)?.events),
            _ => Ok(read_back::json_lines(directory)?.events),
        }
    }
}
