//! The state of a thread: memory for a line, and the selection of entries that are timed.

use core::cell::Cell;
use core::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::decode::EntryRef;
use crate::failpoint;
use crate::json::write_entry;

use super::Start;
use super::stats::{SHARDS, TIMED};

/// The maximum memory for lines that a thread keeps, in bytes. Longer lines are rare.
const KEPT: usize = 256 << 10;

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
    static ENTRIES: Cell<u64> = const { Cell::new(0) };
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Returns the index of the counters of this thread, and the current time if the next entry is timed.
pub(super) fn turn() -> (usize, Start) {
    if SHARD.get() == usize::MAX {
        SHARD.set(THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS);
    }
    let entries = ENTRIES.replace(ENTRIES.get().wrapping_add(1));
    (SHARD.get(), entries.is_multiple_of(TIMED).then(Instant::now))
}

/// Calls `write` with the JSON line of `entry`, including its line feed.
pub(super) fn with<R>(entry: &[u8], write: impl FnOnce(&[u8]) -> R) -> R {
    // The memory is taken out of the cell. While the thread ends, there is no cell, and the line is empty.
    let mut line = LINE.try_with(Cell::take).unwrap_or_default();
    line.clear();
    if let Ok(entry) = EntryRef::new(entry) {
        // A write to memory does not fail.
        let _ = write_entry(&entry, &mut Line(&mut line));
    }
    line.push(b'\n');
    if failpoint::hit("line") {
        // A test requires a line that differs from its entry.
        line.iter_mut().filter(|byte| **byte == b'7').for_each(|byte| *byte = b'8');
    }
    let result = write(&line);
    line.clear();
    line.shrink_to(KEPT);
    let _ = LINE.try_with(|kept| kept.set(line));
    result
}

struct Line<'a>(&'a mut Vec<u8>);

impl fmt::Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
