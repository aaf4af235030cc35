//! `slog`, `slog-json`, and `slog-async`.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;
use slog::{Drain, Logger as Slogger, info, o};
use slog_async::{Async, AsyncGuard, OverflowStrategy};

use super::Logger;
use crate::event::{BODY, EVENT, TARGET, THREAD};

struct Slog {
    logger: Slogger,
    guard: Mutex<AsyncGuard>,
    says_drops: bool,
}

pub fn open(directory: &Path, lossy: bool) -> Result<Box<dyn Logger>> {
    let file = BufWriter::with_capacity(64 << 10, File::create(directory.join("log.jsonl"))?);
    let drain = Mutex::new(slog_json::Json::default(file)).map(slog::Fuse);
    // The queue size is the default of `tracing-appender`, 128,000. The default of `slog-async` is 128.
    let strategy = if lossy { OverflowStrategy::Drop } else { OverflowStrategy::Block };
    let (drain, guard) = Async::new(drain).chan_size(128_000).overflow_strategy(strategy).build_with_guard();
    let logger = Slogger::root(drain.fuse(), o!("target" => TARGET, "thread" => THREAD));
    Ok(Box::new(Slog { logger, guard: Mutex::new(guard), says_drops: !lossy }))
}

impl Logger for Slog {
    fn log(&self) {
        let request = &EVENT.request;
        info!(self.logger, "{}", BODY;
            "trace_id" => EVENT.trace_id,
            "span_id" => EVENT.span_id,
            "user_id" => EVENT.user_id,
            "order" => EVENT.order,
            "amount" => EVENT.amount,
            "currency" => EVENT.currency,
            "retry" => EVENT.retry,
            "duration_ms" => EVENT.duration_ms,
            "request.method" => request.method,
            "request.path" => request.path,
            "request.status" => request.status,
            "request.bytes" => request.bytes,
        );
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        let Self { logger, guard, says_drops } = *self;
        drop(logger);
        drop(guard.into_inner());
        Ok(says_drops.then_some(0))
    }
}
