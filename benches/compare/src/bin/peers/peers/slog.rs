//! `slog`, `slog-json`, and `slog-async`.

use std::fs::File;
use std::hint::black_box;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;
use slog::{Drain, Logger as Slogger, info, o};
use slog_async::{Async, AsyncGuard, OverflowStrategy};

use crate::peer::{Logger, PATH};

struct Slog {
    logger: Slogger,
    guard: AsyncGuard,
}

pub fn open(directory: &Path) -> Result<Box<dyn Logger>> {
    let file = BufWriter::with_capacity(64 << 10, File::create(directory.join("log.jsonl"))?);
    let drain = Mutex::new(slog_json::Json::default(file)).map(slog::Fuse);
    // The queue size is the default of `tracing-appender`, 128,000. The default of `slog-async` is 128.
    let queue = Async::new(drain).chan_size(128_000).overflow_strategy(OverflowStrategy::Block);
    let (drain, guard) = queue.build_with_guard();
    let values = o!("target" => module_path!(), "thread" => "main");
    Ok(Box::new(Slog { logger: Slogger::root(drain.fuse(), values), guard }))
}

impl Logger for Slog {
    fn log(&self, n: u64) {
        info!(self.logger, "request served";
            "order" => n,
            "amount" => black_box(129.95),
            "currency" => black_box("EUR"),
            "attempt" => black_box(3_i64),
            "cached" => black_box(true),
            "path" => black_box(PATH),
        );
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self { logger, guard } = *self;
        drop(logger);
        drop(guard);
        Ok(())
    }
}
