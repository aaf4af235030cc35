//! The macro `event!` of Fusewire.

use std::hint::black_box;
use std::path::Path;

use anyhow::Result;
use fusewire::log::Log;
use fusewire::{Severity, event};

use crate::peer::{Logger, PATH};

struct Event(Log);

pub fn event(directory: &Path) -> Result<Box<dyn Logger>> {
    Ok(Box::new(Event(Log::options(directory).open()?)))
}

impl Logger for Event {
    fn log(&self, n: u64) {
        event!(
            self.0,
            Severity::INFO,
            "request served",
            order = n,
            amount = black_box(129.95),
            currency = black_box("EUR"),
            attempt = black_box(3_i64),
            cached = black_box(true),
            path = black_box(PATH)
        );
    }

    fn finish(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
