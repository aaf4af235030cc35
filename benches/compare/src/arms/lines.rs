//! JSON lines of `serde_json`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;

use super::Logger;
use crate::event::{EVENT, Line};

struct Buffered(Mutex<BufWriter<File>>);

pub fn buffered(directory: &Path) -> Result<Box<dyn Logger>> {
    let file = File::create(directory.join("log.jsonl"))?;
    Ok(Box::new(Buffered(Mutex::new(BufWriter::with_capacity(64 << 10, file)))))
}

impl Logger for Buffered {
    fn log(&self) {
        let mut line = serde_json::to_vec(&Line::now(&EVENT)).expect("the event can be serialized");
        line.push(b'\n');
        self.0.lock().expect("no thread panics").write_all(&line).expect("room on the disk");
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        self.0.into_inner().map_err(|_| anyhow::anyhow!("poisoned"))?.flush()?;
        Ok(Some(0))
    }
}

struct Unbuffered(File);

pub fn unbuffered(directory: &Path) -> Result<Box<dyn Logger>> {
    let file = File::options().append(true).create(true).open(directory.join("log.jsonl"))?;
    Ok(Box::new(Unbuffered(file)))
}

impl Logger for Unbuffered {
    fn log(&self) {
        let mut line = serde_json::to_vec(&Line::now(&EVENT)).expect("the event can be serialized");
        line.push(b'\n');
        (&self.0).write_all(&line).expect("room on the disk");
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        Ok(Some(0))
    }
}
