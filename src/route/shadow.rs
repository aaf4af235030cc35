//! The comparison of both forms of an entry.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::decode::EntryRef;
use crate::encode::encode;
use crate::json::Restorer;
use crate::limits::Limits;

use super::difference::{self, Difference};

/// The maximum number of differences that are kept, one per path.
const KEPT: usize = 16;

/// The statistics of the comparison of both forms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShadowStats {
    /// The number of compared entries.
    pub compared: u64,
    /// The number of compared entries that differ.
    pub differing: u64,
    /// The number of entries that were not compared, because another thread was comparing an entry.
    pub skipped: u64,
    /// The first differences, one for each path, at most 16.
    pub differences: Vec<Difference>,
}

/// A comparison of both forms of entries.
pub(super) struct Shadow {
    compared: AtomicU64,
    differing: AtomicU64,
    skipped: AtomicU64,
    desk: Mutex<Desk>,
}

/// The memory of a comparison.
struct Desk {
    restorer: Restorer,
    entry: Vec<u8>,
    limits: Limits,
    kept: Vec<Difference>,
}

impl Shadow {
    /// Creates a comparison for entries under `limits`.
    pub(super) fn new(limits: &Limits) -> Self {
        let limits = Limits { max_entry_bytes: Limits::MAX_ENTRY_BYTES, ..*limits };
        let desk = Desk { restorer: Restorer::new(), entry: Vec::new(), limits, kept: Vec::new() };
        let counter = || AtomicU64::new(0);
        Self { compared: counter(), differing: counter(), skipped: counter(), desk: Mutex::new(desk) }
    }

    /// Compares an entry with its line. Returns the difference if it is the first one at its path.
    pub(super) fn compare(&self, entry: &[u8], line: &[u8]) -> Option<Difference> {
        // An append does not wait for the comparison of another thread.
        let Ok(mut desk) = self.desk.try_lock() else {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.compared.fetch_add(1, Ordering::Relaxed);
        let found = desk.compare(entry, line)?;
        self.differing.fetch_add(1, Ordering::Relaxed);
        let known = desk.kept.len() == KEPT || desk.kept.iter().any(|kept| kept.path == found.path);
        if known {
            return None;
        }
        desk.kept.push(found.clone());
        Some(found)
    }

    pub(super) fn stats(&self) -> ShadowStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let differences = self.desk.lock().map(|desk| desk.kept.clone()).unwrap_or_default();
        ShadowStats {
            compared: read(&self.compared),
            differing: read(&self.differing),
            skipped: read(&self.skipped),
            differences,
        }
    }
}

impl Desk {
    fn compare(&mut self, entry: &[u8], line: &[u8]) -> Option<Difference> {
        let unreadable = |what: &str| Difference {
            path: String::new(),
            binary: "an entry".to_owned(),
            json: what.to_owned(),
        };
        let Ok(entry) = EntryRef::new(entry) else { return Some(unreadable("an invalid entry")) };
        let Some(text) = core::str::from_utf8(line).ok().map(str::trim_end) else {
            return Some(unreadable("a line that is not UTF-8"));
        };
        // The buffer fits every entry: a restored entry is larger only by its keys and padding.
        self.entry.resize(entry.expanded_bound() * 2 + 4096, 0);
        let mut restored = false;
        let encoded = encode(&mut self.entry, &self.limits, |to| restored = self.restorer.restore(text, to));
        match encoded {
            Ok(back) if restored => {
                let back = EntryRef::new(back.into_bytes()).ok()?;
                difference::first(&entry, &back)
            }
            Ok(_) => Some(unreadable("a line that is not an entry")),
            Err(error) => Some(unreadable(&error.to_string())),
        }
    }
}
