//! `log` and its implementations.

use std::hint::black_box;
use std::path::Path;

use anyhow::{Result, anyhow};
use fusewire::log::Log;
use log::info;
use logforth::append;
use logforth::layout::JsonLayout;

use crate::peer::{Logger, PATH};

/// A logger of records with keys and values.
struct Structured;

impl Logger for Structured {
    fn log(&self, n: u64) {
        info!(
            order = n,
            amount = black_box(129.95),
            currency = black_box("EUR"),
            attempt = black_box(3_i64),
            cached = black_box(true),
            path = black_box(PATH);
            "request served"
        );
    }

    fn finish(self: Box<Self>) -> Result<()> {
        log::logger().flush();
        Ok(())
    }
}

/// A logger of the same record as text. Dropping its box waits until all records are written.
struct Text<T>(T);

impl<T> Logger for Text<T> {
    fn log(&self, n: u64) {
        info!(
            "request served order={n} amount={} currency={} attempt={} cached={} path={}",
            black_box(129.95),
            black_box("EUR"),
            black_box(3_i64),
            black_box(true),
            black_box(PATH)
        );
    }

    fn finish(self: Box<Self>) -> Result<()> {
        log::logger().flush();
        Ok(())
    }
}

pub fn fusewire(directory: &Path) -> Result<Box<dyn Logger>> {
    let guard = fusewire::bridge::log::Logger::new(Log::options(directory).open()?).init()?;
    // The log stays open until the process ends.
    std::mem::forget(guard);
    Ok(Box::new(Structured))
}

fn json_file(directory: &Path) -> Result<append::File> {
    let file = append::file::FileBuilder::new(directory, "log").layout(JsonLayout::default());
    file.build().map_err(|error| anyhow!("{error}"))
}

pub fn logforth(directory: &Path) -> Result<Box<dyn Logger>> {
    let file = json_file(directory)?;
    logforth::starter_log::builder().dispatch(|to| to.append(file)).apply();
    Ok(Box::new(Structured))
}

pub fn logforth_async(directory: &Path) -> Result<Box<dyn Logger>> {
    let file = json_file(directory)?;
    let queue = append::asynchronous::AsyncBuilder::new("log").buffered_lines_limit(Some(128_000));
    let queue = queue.overflow_block().append(file).build();
    logforth::starter_log::builder().dispatch(|to| to.append(queue)).apply();
    Ok(Box::new(Structured))
}

pub fn ftlog(directory: &Path) -> Result<Box<dyn Logger>> {
    let path = directory.join("log.txt");
    let file = ftlog::appender::FileAppender::builder().path(path).build();
    let guard = ftlog::builder().root(file).try_init().map_err(|error| anyhow!("{error}"))?;
    Ok(Box::new(Text(guard)))
}

pub fn fast_log(directory: &Path) -> Result<Box<dyn Logger>> {
    let path = directory.join("log.txt");
    let config = fast_log::Config::new().level(log::LevelFilter::Info).file(&path.to_string_lossy());
    fast_log::init(config).map_err(|error| anyhow!("{error}"))?;
    Ok(Box::new(Text(())))
}
