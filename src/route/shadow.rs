//! Encoding both ways, and comparing what came of it (E3).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::decode::EntryRef;
use crate::encode::encode;
use crate::json::Restorer;
use crate::limits::Limits;

use super::difference::{self, Difference};

/// How many differences are kept, at paths of their own.
const KEPT: usize = 16;

/// What came of encoding entries both ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShadowStats {
    /// Entries compared.
    pub compared: u64,
    /// Those of them that were not the same.
    pub differing: u64,
    /// Entries that were not compared since another thread was comparing.
    pub skipped: u64,
    /// The first differences, one for each path, at most 16.
    pub differences: Vec<Difference>,
}

/// Compares the two forms of entries.
pub(super) struct Shadow {
    compared: AtomicU64,
    differing: AtomicU64,
    skipped: AtomicU64,
    desk: Mutex<Desk>,
}

/// What it takes to compare.
struct Desk {
    restorer: Restorer,
    entry: Vec<u8>,
    limits: Limits,
    kept: Vec<Difference>,
}

impl Shadow {
    /// For entries under `limits`.
    pub(super) fn new(limits: &Limits) -> Self {
        let limits = Limits { max_entry_bytes: Limits::MAX_ENTRY_BYTES, ..*limits };
        let desk = Desk { restorer: Restorer::new(), entry: Vec::new(), limits, kept: Vec::new() };
        let counter = || AtomicU64::new(0);
        Self { compared: counter(), differing: counter(), skipped: counter(), desk: Mutex::new(desk) }
    }

    /// Compares an entry with the line that was made of it. The difference, where it is the first at its path.
    pub(super) fn compare(&self, entry: &[u8], line: &[u8]) -> Option<Difference> {
        // Whoever logs does not wait for others to compare.
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
        // Room for every entry: restored it has at most what its keys and padding add.
        self.entry.resize(entry.as_bytes().len() * 2 + 4096, 0);
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
