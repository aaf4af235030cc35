//! Who logged how much: counts by call site, in bounded memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write;

use fusewire::Severity;
use fusewire::decode::EntryRef;

use super::report::{Counts, Site, Sites};

/// Sites that are told apart. A message that has a name in it makes a site of each; beyond these they are counted together.
const KNOWN: usize = 20_000;

/// Sites in each list.
const SHOWN: usize = 10;

/// What of a message tells its site.
const MESSAGE: usize = 200;

/// Counts by call site.
#[derive(Debug, Default)]
pub(super) struct Counter {
    by_name: HashMap<Box<str>, usize>,
    sites: Vec<Site>,
    total: Counts,
    others: u64,
    name: String,
}

impl Counter {
    /// Counts an entry. Which site it is of, for bytes that are known later only.
    pub(super) fn add(&mut self, entry: &EntryRef<'_>, bytes: u64, tripped: bool) -> Option<usize> {
        let counts = Counts { entries: 1, bytes, tripped: u64::from(tripped) };
        self.total.add(counts);
        self.name.clear();
        let target = lossy(entry.target().as_bytes(), MESSAGE);
        let source = source(entry);
        template(&lossy(entry.body().as_bytes(), MESSAGE), &mut self.name);
        let message = self.name.len();
        // Writing to a String cannot fail.
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

    /// Counts bytes of an entry that has been counted.
    pub(super) fn add_bytes(&mut self, at: Option<usize>, bytes: u64) {
        self.total.bytes += bytes;
        if let Some(site) = at.and_then(|at| self.sites.get_mut(at)) {
            site.counts.bytes += bytes;
            site.largest = site.largest.max(bytes);
        }
    }

    /// The lists.
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

/// The beginning of a text.
pub(super) fn lossy(bytes: &[u8], most: usize) -> std::borrow::Cow<'_, str> {
    let cut = bytes.get(..most).unwrap_or(bytes);
    match std::str::from_utf8(cut) {
        Ok(text) => text.into(),
        // Cut within a character, or no text at all.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(&cut[..error.valid_up_to()]),
        Err(_) => String::from_utf8_lossy(cut),
    }
}

/// The message without what differs from one entry of a site to the next: words with a digit in them become `#`.
fn template(message: &str, out: &mut String) {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let varies = is_part(first) && word.bytes().any(|byte| byte.is_ascii_digit());
        out.push_str(if varies { "#" } else { word });
        rest = after;
    }
}

/// Where in the source, by OpenTelemetry's names for it, and those before.
fn source(entry: &EntryRef<'_>) -> Option<String> {
    let file = ["code.file.path", "code.filepath"].iter().find_map(|key| entry.get(key))?;
    let line = ["code.line.number", "code.lineno"].iter().find_map(|key| entry.get(key));
    let mut source = lossy(file.as_str()?.as_bytes(), MESSAGE).into_owned();
    if let Some(line) = line.and_then(|line| line.as_i128()) {
        _ = write!(source, ":{line}");
    }
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_one_site_become_one() {
        for (message, expected) in [
            ("order A-20931-77 paid", "order # paid"),
            ("took 12.5ms at 10:04", "took #.# at #:#"),
            ("no number", "no number"),
            ("é1 → ü", "# → ü"),
            ("", ""),
        ] {
            let mut out = String::new();
            template(message, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn texts_are_cut_at_characters() {
        assert_eq!(lossy("aé".as_bytes(), 2), "a");
        assert_eq!(lossy(b"a\xffb", 10), "a\u{fffd}b");
        assert_eq!(lossy(b"abc", 3), "abc");
    }
}
