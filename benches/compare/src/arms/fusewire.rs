//! Fusewire.

use std::path::Path;

use anyhow::Result;
use fusewire::log::Log;
use fusewire::{Severity, TraceContext};

use super::Logger;
use crate::event::{BODY, EVENT, TARGET, THREAD, TRACE_ID};

struct Fusewire(Log);

pub fn open(directory: &Path, prefault: bool) -> Result<Box<dyn Logger>> {
    Ok(Box::new(Fusewire(Log::options(directory).prefault(prefault).open()?)))
}

impl Logger for Fusewire {
    #[inline]
    fn log(&self) {
        self.0.append(|entry| {
            entry.expect_nodes(11);
            entry.set_severity(Severity::INFO);
            entry.set_trace(TraceContext { trace_id: TRACE_ID, span_id: EVENT.user_id, flags: 1 });
            entry.set_target(TARGET);
            entry.set_body(BODY);
            entry.set_thread(THREAD);
            entry.attr("user_id", &EVENT.user_id).attr("order", EVENT.order).attr("amount", &EVENT.amount);
            entry.attr("currency", EVENT.currency).attr("retry", &EVENT.retry);
            entry.attr("duration_ms", &EVENT.duration_ms);
            let request = &EVENT.request;
            entry
                .attributes()
                .slot("request")
                .map()
                .entry("method", request.method)
                .entry("path", request.path)
                .entry("status", &request.status)
                .entry("bytes", &request.bytes);
        });
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        Ok(Some(self.0.stats().drops.total()))
    }
}
