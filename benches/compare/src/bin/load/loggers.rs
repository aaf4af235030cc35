//! The loggers of the load test.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::ValueEnum;
use fusewire::log::Log;
use fusewire::{Severity, TraceContext};
use fusewire_compare::read_back;
use serde::Serialize;
use tracing::info;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::request::Value;

/// A logger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Arm {
    /// `fusewire::log::Log` with default options.
    Fusewire,
    /// A JSON line of `serde_json` per request, which the thread of the request writes.
    Json,
    /// `Json` through `tracing-appender`, which drops lines if its queue is full (the default).
    JsonAsync,
    /// `JsonAsync`, which waits if its queue is full.
    JsonWaiting,
    /// A `tracing` event with the map as a field, through its JSON layer and `tracing-appender`, which drops
    /// events if its queue is full.
    Tracing,
}

/// An open logger, which all threads share.
pub trait Logger: Sync {
    /// Logs request `n`.
    fn log(&self, n: u64, state: &Value);

    /// Returns the number of lines that the logger reports as dropped.
    fn dropped(&self) -> u64 {
        0
    }
}

const TARGET: &str = "shop::checkout";
const BODY: &str = "request done";

impl Arm {
    pub const ALL: [Self; 5] =
        [Self::Fusewire, Self::Json, Self::JsonAsync, Self::JsonWaiting, Self::Tracing];

    pub fn title(self) -> &'static str {
        match self {
            Self::Fusewire => "fusewire",
            Self::Json => "JSON, write(2)",
            Self::JsonAsync => "JSON, queue, dropping",
            Self::JsonWaiting => "JSON, queue, waiting",
            Self::Tracing => "tracing JSON, queue",
        }
    }

    /// Opens the logger on an empty directory.
    pub fn open(self, directory: &Path) -> Result<Box<dyn Logger>> {
        if self == Self::Fusewire {
            return Ok(Box::new(Fusewire(Log::options(directory).open()?)));
        }
        let file = File::options().append(true).create(true).open(directory.join("log.jsonl"))?;
        let queue = |lossy| {
            let (writer, guard) = NonBlockingBuilder::default().lossy(lossy).finish(file.try_clone()?);
            Ok::<_, std::io::Error>((writer.error_counter(), writer, guard))
        };
        Ok(match self {
            Self::Json => Box::new(Json(file)),
            Self::JsonAsync | Self::JsonWaiting => {
                let (dropped, writer, guard) = queue(self == Self::JsonAsync)?;
                Box::new(Queued { writer, dropped, _guard: guard })
            }
            _ => {
                let (dropped, writer, guard) = queue(true)?;
                tracing_subscriber::fmt().json().flatten_event(true).with_writer(writer).init();
                Box::new(Tracing { dropped, _guard: guard })
            }
        })
    }

    /// Returns the number of requests that can be read back from the directory. Each entry is decoded completely.
    pub fn count(self, directory: &Path) -> Result<u64> {
        if self == Self::Fusewire {
            Ok(read_back::entries(directory)?.events)
        } else {
            Ok(read_back::json_lines(directory)?.events)
        }
    }
}

struct Fusewire(Log);

impl Logger for Fusewire {
    fn log(&self, n: u64, state: &Value) {
        self.0.append(|entry| {
            entry.set_severity(Severity::INFO);
            entry.set_trace(TraceContext { trace_id: u128::from(n) + 1, span_id: n, flags: 1 });
            entry.set_target(TARGET);
            entry.set_body(BODY);
            entry.attr("request", &n).attr("state", state);
        });
    }

    fn dropped(&self) -> u64 {
        self.0.stats().drops.total()
    }
}

#[derive(Serialize)]
struct Line<'a> {
    time: u128,
    level: &'static str,
    target: &'static str,
    message: &'static str,
    trace_id: u64,
    request: u64,
    state: &'a Value,
}

fn line(n: u64, state: &Value) -> Vec<u8> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let line =
        Line { time, level: "INFO", target: TARGET, message: BODY, trace_id: n + 1, request: n, state };
    let mut line = serde_json::to_vec(&line).expect("the state can be serialized");
    line.push(b'\n');
    line
}

struct Json(File);

impl Logger for Json {
    fn log(&self, n: u64, state: &Value) {
        (&self.0).write_all(&line(n, state)).expect("room on the disk");
    }
}

struct Queued {
    writer: NonBlocking,
    dropped: ErrorCounter,
    _guard: WorkerGuard,
}

impl Logger for Queued {
    fn log(&self, n: u64, state: &Value) {
        self.writer.clone().write_all(&line(n, state)).expect("the thread of the writer runs");
    }

    fn dropped(&self) -> u64 {
        self.dropped.dropped_lines() as u64
    }
}

struct Tracing {
    dropped: ErrorCounter,
    _guard: WorkerGuard,
}

impl Logger for Tracing {
    fn log(&self, n: u64, state: &Value) {
        let state = serde_json::to_string(state).expect("the state can be serialized");
        info!(target: TARGET, trace_id = n + 1, request = n, state, "{BODY}");
    }

    fn dropped(&self) -> u64 {
        self.dropped.dropped_lines() as u64
    }
}
