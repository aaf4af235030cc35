//! `tracing`, its JSON layer, and `tracing-appender`.

use std::fs::File;
use std::path::Path;

use anyhow::Result;
use tracing::{Dispatch, info};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};

use super::Logger;
use crate::event::{BODY, EVENT, TARGET, THREAD};

struct Tracing {
    dispatch: Dispatch,
    dropped: ErrorCounter,
    guard: WorkerGuard,
}

pub fn open(directory: &Path, lossy: bool) -> Result<Box<dyn Logger>> {
    let file = File::create(directory.join("log.jsonl"))?;
    let (writer, guard) = NonBlockingBuilder::default().lossy(lossy).finish(file);
    let dropped = writer.error_counter();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(writer).finish();
    let dispatch = Dispatch::new(subscriber);
    // The subscriber is global, as in a service. A global subscriber is faster than one subscriber per
    // thread.
    tracing::dispatcher::set_global_default(dispatch.clone())?;
    Ok(Box::new(Tracing { dispatch, dropped, guard }))
}

impl Logger for Tracing {
    fn log(&self) {
        let request = &EVENT.request;
        info!(
            target: TARGET,
            thread = THREAD,
            trace_id = EVENT.trace_id,
            span_id = EVENT.span_id,
            user_id = EVENT.user_id,
            order = EVENT.order,
            amount = EVENT.amount,
            currency = EVENT.currency,
            retry = EVENT.retry,
            duration_ms = EVENT.duration_ms,
            request.method = request.method,
            request.path = request.path,
            request.status = request.status,
            request.bytes = request.bytes,
            "{BODY}"
        );
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        let Self { dispatch, dropped, guard } = *self;
        // The guard waits until the queue is written.
        drop((guard, dispatch));
        Ok(Some(dropped.dropped_lines() as u64))
    }
}
