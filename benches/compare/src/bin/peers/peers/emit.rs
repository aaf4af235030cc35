//! `emit` and `emit_file`.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::peer::{Logger, PATH};

struct Emit<F>(F);

pub fn open(directory: &Path) -> Result<Box<dyn Logger>> {
    let files = emit_file::set(directory.join("log.jsonl")).spawn();
    let runtime = emit::setup().emit_to(files).init();
    Ok(Box::new(Emit(move || runtime.blocking_flush(Duration::from_secs(30)))))
}

impl<F: Fn() -> bool> Logger for Emit<F> {
    fn log(&self, n: u64) {
        emit::info!(
            "request served",
            order: n,
            amount: black_box(129.95),
            currency: black_box("EUR"),
            attempt: black_box(3_i64),
            cached: black_box(true),
            path: black_box(PATH),
        );
    }

    fn finish(self: Box<Self>) -> Result<()> {
        ensure!((self.0)(), "not written after 30 s");
        Ok(())
    }
}
