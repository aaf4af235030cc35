//! Counts by call site, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write;

use fusewire::Severity;
use fusewire::decode::EntryRef;

use super::report::{Counts, Site, Sites};
use crate::call_site::{MESSAGE, lossy, source, template};

/// Maximum number of separate call sites. Messages with names in them result in many call sites. Entries of further call
/// sites are counted together.
const KNOWN: usize = 20_000;

/// Maximum number of call sites in each list.
const SHOWN: usize = 10;

/// A counter of entries by call site.
#[derive(Debug, Default)]
pub(super) struct Counter {
    by_name: HashMap<Box<str>, usize>,
    sites: Vec<Site>,
    total: Counts,
    others: u64,
    name: String,
}

impl Counter {
    /// Counts an entry. Returns its call site, to which [`add_bytes`](Self::add_bytes) can add bytes later.
    pub(super) fn add(&mut self, entry: &EntryRef<'_>, bytes: u64, tripped: bool) -> Option<usize> {
        let counts = Counts { entries: 1, bytes, tripped: u64::from(tripped) };
        self.total.add(counts);
        self.name.clear();
        let target = lossy(entry.target().as_bytes(), MESSAGE);
        let source = source(entry);
        template(&lossy(entry.body().as_bytes(), MESSAGE), &mut self.name);
        let message = self.name.len();
        // A write to a `String` cannot fail.
        _ = write!(self.name, "\0{target}\0{}", source.as_deref().unwrap_or_default());
        let at = match self.by_name.get(self.name.as_str()) {
            Some(at) => *at,
            None if self.sites.len() == KNOWN => {
                self.others += 1;
                return None;
            }
            None => {
                let at = self.sites.len();
                let Entry::Vacant(vacant) = self.by_name.entry(self.name.as_str().into()) else {
                    return None;
                };
                vacant.insert(at);
                let time = entry.time_unix_nano();
                self.sites.push(Site {
                    target: target.into_owned(),
                    message: self.name[..message].to_owned(),
                    source,
                    counts: Counts::default(),
                    largest: 0,
                    errors: 0,
                    times: (time, time),
                });
                at
            }
        };
        let site = &mut self.sites[at];
        site.counts.add(counts);
        site.largest = site.largest.max(bytes);
        site.errors += u64::from(entry.severity() >= Severity::ERROR);
        site.times.1 = entry.time_unix_nano();
        Some(at)
    }

    /// Adds bytes to an entry that is already counted.
    pub(super) fn add_bytes(&mut self, at: Option<usize>, bytes: u64) {
        self.total.bytes += bytes;
        if let Some(site) = at.and_then(|at| self.sites.get_mut(at)) {
            site.counts.bytes += bytes;
            site.largest = site.largest.max(bytes);
        }
    }

    /// Returns the lists of call sites.
    pub(super) fn into_sites(self) -> Sites {
        let top = |by: fn(&Site) -> u64| {
            let mut sites: Vec<&Site> = self.sites.iter().filter(|site| by(site) > 0).collect();
            sites.sort_by_key(|site| std::cmp::Reverse(by(site)));
            sites.into_iter().take(SHOWN).cloned().collect()
        };
        Sites {
            by_entries: top(|site| site.counts.entries),
            by_bytes: top(|site| site.counts.bytes),
            by_trips: top(|site| site.counts.tripped),
            total: self.total,
            others: self.others,
        }
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.entries += other.entries;
        self.bytes += other.bytes;
        self.tripped += other.tripped;
    }
}
