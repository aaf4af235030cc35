//! The compared loggers, with a common trait.

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
    /// `fusewire::log::Log` with default options.
    Fusewire,
    /// `Fusewire` without prefaulted pages.
    FusewireBare,
    /// `tracing` with its JSON layer and `tracing-appender`, which waits if its queue is full.
    Tracing,
    /// `Tracing` with the default of `tracing-appender`, which drops events if its queue is full.
    TracingLossy,
    /// `slog` with `slog-json` and `slog-async`, which waits if its queue is full.
    Slog,
    /// `Slog` with the default of `slog-async`, which drops events if its queue is full.
    SlogLossy,
    /// JSON lines of `serde_json` to one `BufWriter` in a `Mutex`.
    BufWriter,
    /// JSON lines of `serde_json`, with one `write` per line.
    Write,
}

/// An open logger, which all threads share.
pub trait Logger: Sync {
    /// Logs the event once.
    fn log(&self);

    /// Closes the log. Returns the number of dropped events, or `None` if the logger does not count them.
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

    /// Returns the number of events that can be read back from the directory. Each event is decoded completely.
    pub fn count(self, directory: &Path) -> Result<u64> {
        match self {
            Self::Fusewire | Self::FusewireBare => Ok(read_back::entries(directory)?.events),
            _ => Ok(read_back::json_lines(directory)?.events),
        }
    }
}
