//! Findings, grouped by rule and call site, in bounded memory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use fusewire::decode::EntryRef;
use serde::Serialize;

use crate::call_site::{MESSAGE, lossy, template};

/// The maximum number of groups per rule. Further findings are counted by rule.
const GROUPS: usize = 1_000;

/// The number of places that are stored per group.
const EXAMPLES: usize = 3;

/// The key of a group of findings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    /// The position of the rule: built-in rules, then custom rules.
    pub(super) rule: usize,
    pub(super) target: String,
    pub(super) message: String,
    /// The attribute, the file or another subject.
    pub(super) subject: String,
}

/// The place of a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    pub(crate) offset: u64,
    /// The line number in a file of lines, from 1.
    pub(crate) line: Option<u64>,
    #[serde(skip)]
    pub(super) is_of_lines: bool,
}

impl Place {
    /// Returns the place at a byte offset of a file without lines.
    pub(super) fn at(file: &Path, offset: u64) -> Self {
        Self { file: file.to_owned(), offset, line: None, is_of_lines: false }
    }
}

/// A group of findings.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) count: u64,
    /// The times of the first and the last entry, if entries have times.
    pub(super) times: Option<(u64, u64)>,
    /// The first places, by file and offset.
    pub(super) places: Vec<Place>,
    /// The detail of the finding.
    pub(super) detail: String,
}

/// The findings of one thread.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) groups: HashMap<Key, Group>,
    /// The number of groups, by rule.
    known: HashMap<usize, usize>,
    /// The number of findings in groups beyond the limit, by rule.
    pub(super) others: HashMap<usize, u64>,
}

impl Findings {
    /// Adds a finding in `entry`.
    pub(super) fn add(
        &mut self,
        rule: usize,
        entry: &EntryRef<'_>,
        subject: &str,
        detail: &str,
        place: &Place,
    ) {
        let mut message = String::new();
        template(&lossy(entry.body().as_bytes(), MESSAGE), &mut message);
        let target = lossy(entry.target().as_bytes(), MESSAGE).into_owned();
        let key = Key { rule, target, message, subject: subject.to_owned() };
        let time = Some(entry.time_unix_nano()).filter(|time| *time > 0).map(|time| (time, time));
        self.take(
            key,
            Group { count: 1, times: time, places: vec![place.clone()], detail: detail.to_owned() },
        );
    }

    /// Adds a finding of a file, or of all files.
    pub(super) fn add_of_file(
        &mut self,
        rule: usize,
        subject: &str,
        detail: String,
        count: u64,
        place: Place,
    ) {
        let key = Key { rule, target: String::new(), message: String::new(), subject: subject.to_owned() };
        self.take(key, Group { count, times: None, places: vec![place], detail });
    }

    /// Adds the findings of another thread.
    pub(super) fn merge(&mut self, other: Self) {
        other.groups.into_iter().for_each(|(key, group)| self.take(key, group));
        for (rule, count) in other.others {
            *self.others.entry(rule).or_default() += count;
        }
    }

    fn take(&mut self, key: Key, found: Group) {
        if !self.groups.contains_key(&key) {
            let known = self.known.entry(key.rule).or_default();
            if *known == GROUPS {
                *self.others.entry(key.rule).or_default() += found.count;
                return;
            }
            *known += 1;
        }
        let group = self.groups.entry(key).or_default();
        group.count += found.count;
        group.times = match (group.times, found.times) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
        if group.detail.is_empty() {
            group.detail = found.detail;
        }
        for place in found.places {
            let at = group.places.partition_point(|known| *known < place);
            if at < EXAMPLES {
                group.places.insert(at, place);
                group.places.truncate(EXAMPLES);
            }
        }
    }
}

impl Key {
    /// Returns the fingerprint of the group. The fingerprint is the same in each run.
    pub(super) fn fingerprint(&self, rule_id: &str) -> String {
        let parts = [rule_id, &self.target, &self.message, &self.subject];
        let hash = |basis: u64| {
            // FNV-1a.
            let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
            bytes.fold(basis, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        };
        format!("{:016x}{:016x}", hash(0xcbf2_9ce4_8422_2325), hash(0x6c62_272e_07bb_0142))
    }
}
