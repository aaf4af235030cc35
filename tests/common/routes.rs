//! A sink that stores lines, and the bodies of routed entries.
#![allow(dead_code, unreachable_pub)]

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fusewire::encode::encode;
use fusewire::json::Restorer;
use fusewire::owned::Entry;
use fusewire::route::LineSink;
use fusewire::{Limits, decode::EntryRef};

/// Lines in memory, which all clones share.
#[derive(Clone, Default)]
pub struct Lines(Arc<Shared>);

#[derive(Default)]
struct Shared {
    lines: Mutex<Vec<u8>>,
    fails: AtomicBool,
    delay_micros: AtomicU64,
}

impl Lines {
    pub fn fail(&self, fail: bool) {
        self.0.fails.store(fail, Ordering::Relaxed);
    }

    pub fn delay(&self, delay: Duration) {
        self.0.delay_micros.store(delay.as_micros() as u64, Ordering::Relaxed);
    }

    pub fn entries(&self) -> Vec<Entry> {
        let lines = self.0.lines.lock().unwrap();
        entries_of_lines(std::str::from_utf8(&lines).unwrap())
    }

    pub fn bytes(&self) -> usize {
        self.0.lines.lock().unwrap().len()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.entries().into_iter().map(|entry| entry.body).collect()
    }
}

impl LineSink for Lines {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        assert!(line.ends_with(b"\n") && !line[..line.len() - 1].contains(&b'\n'));
        let delay = self.0.delay_micros.load(Ordering::Relaxed);
        if delay > 0 {
            std::thread::sleep(Duration::from_micros(delay));
        }
        if self.0.fails.load(Ordering::Relaxed) {
            return Err(io::Error::other("told to fail"));
        }
        self.0.lines.lock().unwrap().extend_from_slice(line);
        Ok(())
    }
}

fn entries_of_lines(lines: &str) -> Vec<Entry> {
    let (mut restorer, mut buffer) = (Restorer::new(), vec![0; 1 << 17]);
    lines
        .lines()
        .map(|line| {
            let mut restored = false;
            let entry =
                encode(&mut buffer, &Limits::default(), |to| restored = restorer.restore(line, to)).unwrap();
            assert!(restored, "{line}");
            EntryRef::new(entry.into_bytes()).unwrap().to_owned().unwrap()
        })
        .collect()
}

/// Returns the bodies of all lines in the files of a directory.
pub fn bodies_of_lines(directory: &Path) -> Vec<String> {
    let mut bodies = Vec::new();
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let text = std::fs::read_to_string(path).unwrap();
            bodies.extend(entries_of_lines(&text).into_iter().map(|entry| entry.body));
        }
    }
    bodies
}

/// Returns the bodies of all entries in the segments of a directory.
pub fn bodies_of_log(directory: &Path) -> Vec<String> {
    super::logs::read(directory).bodies()
}
