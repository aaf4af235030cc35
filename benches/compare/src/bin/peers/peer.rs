//! The compared peers.

use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use fusewire_compare::read_back::{self, Found};

use crate::peers::{emit, fusewire, log, slog, tracing};

/// A peer: an interface and the logger that receives its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// `fusewire::event!`.
    Event,
    /// `tracing`, `fusewire::bridge::tracing::Layer`.
    TracingFusewire,
    /// `log`, `fusewire::bridge::log::Logger`.
    LogFusewire,
    /// `tracing`, a layer that does nothing.
    TracingNothing,
    /// `tracing`, a layer that visits each field.
    TracingVisits,
    /// `tracing_subscriber::fmt().json()` to a sink.
    TracingJsonSink,
    /// `tracing_subscriber::fmt().json()` to a file, with one `write` per event.
    TracingJsonFile,
    /// `tracing_subscriber::fmt().json()` through `tracing-appender`, which drops events if its queue is full
    /// (the default).
    TracingJsonAppender,
    /// `json_subscriber::fmt()` to a sink.
    JsonSubscriberSink,
    /// `json_subscriber::fmt()` to a file.
    JsonSubscriberFile,
    /// `slog-json` through `slog-async`, which waits if its queue is full.
    SlogAsync,
    /// `logforth`, JSON to a file.
    Logforth,
    /// `logforth`, JSON to a file through a thread, which waits if its queue is full.
    LogforthAsync,
    /// `emit` with `emit_file`, which drops events if its queue is full.
    EmitFile,
    /// `ftlog` with text, which drops events if its queue is full (the default).
    Ftlog,
    /// `fast_log` with text and an unbounded queue (the default).
    FastLog,
}

/// An open peer.
pub trait Logger {
    /// Logs the event with the number `n`.
    fn log(&self, n: u64);

    /// Waits until all events are written.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// The value of the last field of the event, which identifies its line.
pub const PATH: &str = "/api/v1/orders";

impl Peer {
    pub const ALL: [Self; 16] = [
        Self::Event,
        Self::TracingFusewire,
        Self::LogFusewire,
        Self::TracingNothing,
        Self::TracingVisits,
        Self::TracingJsonSink,
        Self::TracingJsonFile,
        Self::TracingJsonAppender,
        Self::JsonSubscriberSink,
        Self::JsonSubscriberFile,
        Self::SlogAsync,
        Self::Logforth,
        Self::LogforthAsync,
        Self::EmitFile,
        Self::Ftlog,
        Self::FastLog,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Event => "fusewire, event!",
            Self::TracingFusewire => "tracing -> fusewire",
            Self::LogFusewire => "log -> fusewire",
            Self::TracingNothing => "tracing -> no-op layer",
            Self::TracingVisits => "tracing -> layer that visits",
            Self::TracingJsonSink => "tracing fmt().json() -> sink",
            Self::TracingJsonFile => "tracing fmt().json() -> file",
            Self::TracingJsonAppender => "tracing fmt().json() -> queue",
            Self::JsonSubscriberSink => "json-subscriber -> sink",
            Self::JsonSubscriberFile => "json-subscriber -> file",
            Self::SlogAsync => "slog-json -> slog-async",
            Self::Logforth => "log -> logforth JSON",
            Self::LogforthAsync => "log -> logforth JSON, async",
            Self::EmitFile => "emit -> emit_file",
            Self::Ftlog => "log -> ftlog, text",
            Self::FastLog => "log -> fast_log, text",
        }
    }

    /// Opens the peer on an empty directory.
    pub fn open(self, directory: &Path) -> Result<Box<dyn Logger>> {
        match self {
            Self::Event => fusewire::event(directory),
            Self::TracingFusewire => tracing::fusewire(directory),
            Self::LogFusewire => log::fusewire(directory),
            Self::TracingNothing => tracing::nothing(),
            Self::TracingVisits => tracing::visits(),
            Self::TracingJsonSink => tracing::json_sink(),
            Self::TracingJsonFile => tracing::json_file(directory),
            Self::TracingJsonAppender => tracing::json_appender(directory),
            Self::JsonSubscriberSink => tracing::json_subscriber_sink(),
            Self::JsonSubscriberFile => tracing::json_subscriber_file(directory),
            Self::SlogAsync => slog::open(directory),
            Self::Logforth => log::logforth(directory),
            Self::LogforthAsync => log::logforth_async(directory),
            Self::EmitFile => emit::open(directory),
            Self::Ftlog => log::ftlog(directory),
            Self::FastLog => log::fast_log(directory),
        }
    }

    /// Reads the events back.
    pub fn read_back(self, directory: &Path) -> Result<Found> {
        match self {
            Self::Event | Self::TracingFusewire | Self::LogFusewire => read_back::entries(directory),
            Self::Ftlog | Self::FastLog => read_back::lines_with(directory, PATH),
            _ => read_back::json_lines_with(directory, PATH),
        }
    }

    /// Returns whether the peer writes events.
    pub fn writes(self) -> bool {
        !matches!(
            self,
            Self::TracingNothing | Self::TracingVisits | Self::TracingJsonSink | Self::JsonSubscriberSink
        )
    }

    /// Returns whether the peer may drop events if it is too slow.
    pub fn may_drop(self) -> bool {
        matches!(self, Self::TracingJsonAppender | Self::EmitFile | Self::Ftlog)
    }
}
