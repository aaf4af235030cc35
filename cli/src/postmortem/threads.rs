//! The last entries of each thread, in bounded memory.

use std::collections::VecDeque;

use fusewire::decode::EntryRef;
use fusewire::json;

use super::report::{LastEntry, ThreadEnd};
use crate::call_site::lossy;

/// Maximum number of threads. The threads with the latest entries are kept.
const THREADS: usize = 64;

/// Maximum size of a message and of the attributes, in bytes.
const TEXT: usize = 2_000;

/// A collector of the last entries of each thread.
#[derive(Debug)]
pub(super) struct LastWords {
    keep: usize,
    /// Threads in the order of their last entries, the latest at the end.
    threads: Vec<Thread>,
    left_out: u64,
}

#[derive(Debug)]
struct Thread {
    name: Vec<u8>,
    last: u64,
    entries: VecDeque<Vec<u8>>,
}

impl LastWords {
    pub(super) fn new(keep: usize) -> Self {
        Self { keep, threads: Vec::new(), left_out: 0 }
    }

    /// Adds an entry. The caller adds entries in the order of time.
    pub(super) fn add(&mut self, entry: &EntryRef<'_>) {
        if self.keep == 0 {
            return;
        }
        let name = entry.thread().as_bytes();
        // Threads that log often are at the end, so the search begins there.
        let found = self.threads.iter().rposition(|thread| thread.name == name);
        let mut thread = match found {
            Some(at) => self.threads.remove(at),
            None if self.threads.len() == THREADS => {
                self.left_out += 1;
                Thread { name: name.to_owned(), ..self.threads.remove(0).emptied() }
            }
            None => Thread { name: name.to_owned(), last: 0, entries: VecDeque::new() },
        };
        let mut bytes = if thread.entries.len() == self.keep { thread.entries.pop_front() } else { None }
            .unwrap_or_default();
        bytes.clear();
        if entry.append_to(&mut bytes).is_ok() {
            thread.entries.push_back(bytes);
        }
        thread.last = entry.time_unix_nano();
        self.threads.push(thread);
    }

    /// Returns the threads, and the number of removed threads.
    pub(super) fn into_ends(self) -> (Vec<ThreadEnd>, u64) {
        let mut threads = self.threads;
        threads.sort_by_key(|thread| std::cmp::Reverse(thread.last));
        let ends = threads.iter().map(|thread| ThreadEnd {
            name: lossy(&thread.name, TEXT).into_owned(),
            entries: thread
                .entries
                .iter()
                .filter_map(|bytes| Some(describe(&EntryRef::new(bytes).ok()?)))
                .collect(),
        });
        (ends.collect(), self.left_out)
    }
}

impl Thread {
    fn emptied(mut self) -> Self {
        self.entries.clear();
        self
    }
}

fn describe(entry: &EntryRef<'_>) -> LastEntry {
    let mut attributes = Vec::new();
    json::append_attributes(entry, &mut attributes);
    LastEntry {
        time: entry.time_unix_nano(),
        level: entry.severity().to_string(),
        target: lossy(entry.target().as_bytes(), TEXT).into_owned(),
        message: lossy(entry.body().as_bytes(), TEXT).into_owned(),
        attributes: lossy(&attributes, TEXT).into_owned(),
        tripped: entry.is_tripped(),
    }
}
