//! JSON lines by `serde_json`, and the counting of JSON lines, whoever wrote them.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result};
use serde::de::IgnoredAny;

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
        self.0.lock().expect("nobody panics").write_all(&line).expect("room on the disk");
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

/// Lines of all files that are whole JSON objects; a last line that is cut off is none.
pub fn count(directory: &Path) -> Result<u64> {
    let mut count = 0;
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let mut file = BufReader::with_capacity(1 << 20, File::open(&path)?);
        let mut line = Vec::new();
        while file.read_until(b'\n', &mut line)? > 0 {
            if line.last() == Some(&b'\n') {
                serde_json::from_slice::<IgnoredAny>(&line).with_context(|| path.display().to_string())?;
                count += 1;
            }
            line.clear();
        }
    }
    Ok(count)
}
