//! `tracing` and its subscribers.

use std::fs::File;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;
use fusewire::bridge::tracing::Layer;
use fusewire::log::Log;
use tracing::field::Field;
use tracing::{Event, Subscriber, info};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

use crate::peer::{Logger, PATH};

/// A logger that sends events to the global subscriber, as in a service. Its guard waits until the queue is
/// written.
struct Tracing {
    _guard: Option<WorkerGuard>,
}

impl Logger for Tracing {
    fn log(&self, n: u64) {
        info!(
            order = n,
            amount = black_box(129.95),
            currency = black_box("EUR"),
            attempt = black_box(3_i64),
            cached = black_box(true),
            path = black_box(PATH),
            "request served"
        );
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn global(subscriber: impl Subscriber + Send + Sync) -> Result<Box<dyn Logger>> {
    with_guard(subscriber, None)
}

fn with_guard(
    subscriber: impl Subscriber + Send + Sync,
    _guard: Option<WorkerGuard>,
) -> Result<Box<dyn Logger>> {
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(Box::new(Tracing { _guard }))
}

fn file(directory: &Path) -> io::Result<File> {
    File::options().append(true).create_new(true).open(directory.join("log.jsonl"))
}

struct Nothing;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Nothing {}

/// A layer that visits each field and discards it.
struct Visits;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Visits {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut |_: &Field, value: &dyn std::fmt::Debug| {
            black_box(value);
        });
    }
}

pub fn nothing() -> Result<Box<dyn Logger>> {
    global(tracing_subscriber::registry().with(Nothing))
}

pub fn visits() -> Result<Box<dyn Logger>> {
    global(tracing_subscriber::registry().with(Visits))
}

pub fn fusewire(directory: &Path) -> Result<Box<dyn Logger>> {
    global(tracing_subscriber::registry().with(Layer::new(Log::options(directory).open()?)))
}

pub fn json_sink() -> Result<Box<dyn Logger>> {
    global(tracing_subscriber::fmt().json().with_thread_names(true).with_writer(io::sink).finish())
}

pub fn json_file(directory: &Path) -> Result<Box<dyn Logger>> {
    let file = Mutex::new(file(directory)?);
    global(tracing_subscriber::fmt().json().with_thread_names(true).with_writer(file).finish())
}

pub fn json_appender(directory: &Path) -> Result<Box<dyn Logger>> {
    let (writer, guard) = tracing_appender::non_blocking(file(directory)?);
    let subscriber = tracing_subscriber::fmt().json().with_thread_names(true).with_writer(writer).finish();
    with_guard(subscriber, Some(guard))
}

pub fn json_subscriber_sink() -> Result<Box<dyn Logger>> {
    global(json_subscriber::fmt().with_thread_names(true).with_writer(io::sink).finish())
}

pub fn json_subscriber_file(directory: &Path) -> Result<Box<dyn Logger>> {
    let file = Mutex::new(file(directory)?);
    global(json_subscriber::fmt().with_thread_names(true).with_writer(file).finish())
}
