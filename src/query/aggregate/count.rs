//! The counter of one thread, and the merge of several counters.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::decode::EntryRef;
use crate::log::{Found, Run, Scanned, Visitor};
use crate::severity::Severity;

use super::group::Group;
use super::groups::{Groups, Room, Slot};
use super::{Aggregation, Counted};

/// A visitor that counts entries by group.
pub(super) struct Counter<'a> {
    asked: &'a Aggregation,
    /// The number of counters that share the memory.
    counters: &'a AtomicUsize,
    /// The groups. A key consists of the interval and the values. A value consists of one byte that is 1 if
    /// the value exists, and then its length and its bytes.
    groups: Groups,
    entries: u64,
    without_time: u64,
    /// The key of the current group. `value` is a buffer for one value.
    key: Vec<u8>,
    value: Vec<u8>,
    /// The interval of the last entry: its beginning and its end.
    recent: (u64, u64),
}

impl<'a> Counter<'a> {
    pub(super) fn new(asked: &'a Aggregation, counters: &'a AtomicUsize) -> Self {
        counters.fetch_add(1, Ordering::Relaxed);
        let (key, value, groups) = (Vec::new(), Vec::new(), Groups::default());
        Self { asked, counters, groups, entries: 0, without_time: 0, key, value, recent: (0, 0) }
    }

    fn room(&self) -> Room {
        let counters = self.counters.load(Ordering::Relaxed).max(1);
        // A full table drops half of its groups. A table of twice the maximum size then contains the maximum.
        Room { groups: self.asked.max_groups.saturating_mul(2), bytes: self.asked.memory / counters }
    }

    /// Returns the beginning of the interval that contains `time`.
    fn interval(&mut self, time: u64) -> Option<u64> {
        let every = self.asked.every.as_ref()?;
        let (begin, end) = self.recent;
        if time < begin || time >= end {
            self.recent = every.around(time);
        }
        Some(self.recent.0)
    }

    fn begin_key(&mut self, since: Option<u64>) {
        self.key.clear();
        self.key.extend_from_slice(&since.unwrap_or(0).to_le_bytes());
    }

    /// Adds a number of entries, which an index contains, to the group of the current key.
    fn add_told(&mut self, entries: u64) {
        self.entries += entries;
        self.groups.change(&self.key, self.room(), false, |group| {
            group.count += entries;
            group.is_told = true;
        });
    }

    /// Adds the counts of another counter, and takes over its share of the memory.
    pub(super) fn merge(&mut self, other: Self) {
        self.counters.fetch_sub(1, Ordering::Relaxed);
        self.entries += other.entries;
        self.without_time += other.without_time;
        self.groups.merge(other.groups, self.room());
    }

    pub(super) fn finish(mut self, scanned: Scanned<()>) -> Counted {
        self.groups.keep(self.asked.max_groups);
        let (others, short_by) = (self.groups.others, self.groups.short_by);
        let slots = self.groups.into_slots();
        let mut groups: Vec<Group> = slots.into_iter().map(|slot| group(slot, self.asked)).collect();
        groups.sort_unstable_by(|a, b| {
            a.since.cmp(&b.since).then(b.count.cmp(&a.count)).then_with(|| a.key.cmp(&b.key))
        });
        let (entries, without_time) = (self.entries, self.without_time);
        Counted { groups, entries, others, short_by, without_time, scanned }
    }

    /// Adds an entry to the group of the current key. `len` is the length of its frame in bytes.
    fn add(&mut self, entry: &EntryRef<'_>, len: u64) {
        let (asked, value, time) = (self.asked, &mut self.value, entry.time_unix_nano());
        let room = Room {
            groups: asked.max_groups.saturating_mul(2),
            bytes: asked.memory / self.counters.load(Ordering::Relaxed).max(1),
        };
        self.groups.change(&self.key, room, asked.measures(), |group| {
            group.count += 1;
            if time != 0 {
                group.add_times((time, time));
            }
            group.bytes += len;
            group.tripped += u64::from(entry.is_tripped());
            if let Some(field) = &asked.number {
                let numbers = group.numbers.get_or_insert_default();
                field.number(entry).into_iter().for_each(|number| numbers.add(number));
            }
            if let Some(field) = &asked.distinct {
                let distinct = group.distinct.get_or_insert_default();
                value.clear();
                if field.push(entry, value) {
                    distinct.add(value);
                }
            }
        });
    }
}

/// Appends a value to a key. `push` appends the bytes of the value and returns whether the value exists.
fn push_value(key: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>) -> bool) {
    let at = key.len();
    key.extend_from_slice(&[0; 1 + size_of::<usize>()]);
    let begin = key.len();
    if !push(key) {
        key.truncate(at + 1);
        return;
    }
    let len = (key.len() - begin).to_le_bytes();
    if let Some([is_there, place @ ..]) = key.get_mut(at..begin) {
        *is_there = 1;
        place.copy_from_slice(&len);
    }
}

fn group(slot: Slot, asked: &Aggregation) -> Group {
    let (since, key) = parse_key(&slot.key, asked);
    let known = |what: u64| (!slot.is_told).then_some(what);
    Group {
        since,
        key,
        count: slot.count,
        times: slot.times.filter(|_| !slot.is_told),
        bytes: known(slot.bytes),
        tripped: known(slot.tripped),
        numbers: slot.numbers.map(|numbers| *numbers),
        distinct: slot.distinct.map(|distinct| *distinct),
    }
}

/// Returns the interval and the values of a key.
fn parse_key(key: &[u8], asked: &Aggregation) -> (Option<u64>, Vec<Option<String>>) {
    let (since, mut rest) =
        key.split_first_chunk().map_or((0, key), |(since, rest)| (u64::from_le_bytes(*since), rest));
    let mut values = Vec::with_capacity(asked.by.len());
    while let Some((is_there, behind)) = rest.split_first() {
        rest = behind;
        if *is_there == 0 {
            values.push(None);
            continue;
        }
        let Some((len, behind)) = rest.split_first_chunk() else { break };
        let (value, behind) = behind.split_at(usize::from_le_bytes(*len).min(behind.len()));
        values.push(Some(String::from_utf8_lossy(value).into_owned()));
        rest = behind;
    }
    (asked.every.as_ref().map(|_| since), values)
}

impl Visitor for Counter<'_> {
    fn run(&mut self, run: &Run<'_>) -> bool {
        let asked = self.asked;
        if asked.every_entry || asked.measures() {
            return false;
        }
        let since = match (&asked.every, run.times) {
            (None, _) => None,
            (Some(_), Some((first, last))) => {
                let since = self.interval(first);
                if self.interval(last) != since {
                    return false;
                }
                since
            }
            _ => return false,
        };
        self.begin_key(since);
        match (asked.by.as_slice(), run.severities) {
            ([], _) => self.add_told(run.entries),
            ([field], Some(severities)) if field.is_severity() => self.add_severities(run, severities),
            _ => return false,
        }
        true
    }

    fn entry(&mut self, found: &Found<'_>) {
        let (asked, entry) = (self.asked, &found.entry);
        let time = entry.time_unix_nano();
        self.entries += 1;
        if asked.every.is_some() && time == 0 {
            self.without_time += 1;
            return;
        }
        let since = self.interval(time);
        self.begin_key(since);
        for field in &asked.by {
            push_value(&mut self.key, |key| field.push(entry, key));
        }
        self.add(entry, found.frame.len_on_disk());
    }
}

impl Counter<'_> {
    /// Adds the entries of each severity that the query admits.
    fn add_severities(&mut self, run: &Run<'_>, severities: &[u8]) {
        let mut counts = [0_u64; 256];
        for number in severities.iter().filter(|number| run.admits(**number)) {
            counts[usize::from(*number)] += 1;
        }
        let len = self.key.len();
        for (number, count) in (0..=u8::MAX).zip(counts).filter(|(_, count)| *count > 0) {
            self.key.truncate(len);
            let name = Severity::from_number(number).to_string();
            push_value(&mut self.key, |key| {
                key.extend_from_slice(name.as_bytes());
                true
            });
            self.add_told(count);
        }
    }
}
