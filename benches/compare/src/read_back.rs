//! Readers that count the events of each log format.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail};
use fusewire::log::{LogEvent, LogReader};
use serde::de::IgnoredAny;

/// The events that were read back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    pub events: u64,
    /// The number of bytes of the lines or frames.
    pub bytes: u64,
}

impl Found {
    fn add(&mut self, bytes: u64) {
        self.events += 1;
        self.bytes += bytes;
    }
}

/// Counts the entries of a log and verifies each of them.
pub fn entries(directory: &Path) -> Result<Found> {
    let mut found = Found::default();
    let mut reader = LogReader::options().open(&[directory.to_owned()])?;
    while let Some(event) = reader.next() {
        match event {
            LogEvent::Entry { frame, entry, .. } => {
                entry.verify()?;
                found.add(frame.len_on_disk());
            }
            LogEvent::Lost { range, .. } if range.is_loss() => bail!("lost: {range:?}"),
            _ => {}
        }
    }
    Ok(found)
}

/// Counts the complete JSON lines of all files in the directory. An incomplete last line does not count.
pub fn json_lines(directory: &Path) -> Result<Found> {
    lines(directory, |line| {
        serde_json::from_slice::<IgnoredAny>(line)?;
        Ok(true)
    })
}

/// Counts the complete JSON lines that contain `text`.
pub fn json_lines_with(directory: &Path, text: &str) -> Result<Found> {
    lines(directory, |line| {
        serde_json::from_slice::<IgnoredAny>(line)?;
        Ok(std::str::from_utf8(line)?.contains(text))
    })
}

/// Counts the complete lines that contain `text`, in all files in the directory.
pub fn lines_with(directory: &Path, text: &str) -> Result<Found> {
    lines(directory, |line| Ok(std::str::from_utf8(line)?.contains(text)))
}

fn lines(directory: &Path, mut counts: impl FnMut(&[u8]) -> Result<bool>) -> Result<Found> {
    let mut found = Found::default();
    let mut line = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let mut file = BufReader::with_capacity(1 << 20, File::open(&path)?);
        while file.read_until(b'\n', &mut line)? > 0 {
            let is_whole = line.last() == Some(&b'\n');
            if is_whole && counts(&line).with_context(|| path.display().to_string())? {
                found.add(line.len() as u64);
            }
            line.clear();
        }
    }
    Ok(found)
}

/// Returns the disk usage of all files in the directory, in bytes.
pub fn bytes_on_disk(directory: &Path) -> Result<u64> {
    use std::os::unix::fs::MetadataExt;

    let mut bytes = 0;
    for entry in fs::read_dir(directory)? {
        bytes += entry?.metadata()?.blocks() * 512;
    }
    Ok(bytes)
}
