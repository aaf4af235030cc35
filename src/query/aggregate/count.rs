//! Counting as one thread does it, and putting together what several have counted.

use std::collections::HashMap;

use crate::decode::EntryRef;
use crate::log::{Found, Run, Scanned, Visitor};
use crate::severity::Severity;

use super::distinct::Distinct;
use super::group::{Group, Numbers};
use super::{Aggregation, Counted};

/// Counts entries.
pub(super) struct Counter<'a> {
    asked: &'a Aggregation,
    /// By interval, and by the values, each behind a byte that says whether it is there and followed by its length.
    groups: HashMap<Box<[u8]>, Group>,
    entries: u64,
    others: u64,
    without_time: u64,
    /// The key at hand, and one value of it.
    key: Vec<u8>,
    text: String,
}

impl<'a> Counter<'a> {
    pub(super) fn new(asked: &'a Aggregation) -> Self {
        let (key, text) = (Vec::new(), String::new());
        Self { asked, groups: HashMap::new(), entries: 0, others: 0, without_time: 0, key, text }
    }

    /// When the interval of `time` begins.
    fn interval(&self, time: u64) -> Option<u64> {
        let every = self.asked.every?.get();
        let behind = (u128::from(time) + u128::from(every - self.asked.origin)) % u128::from(every);
        // The one before the origin may begin before the epoch.
        Some(time.saturating_sub(u64::try_from(behind).unwrap_or(0)))
    }

    /// Makes the key of a group.
    fn make_key(&mut self, since: Option<u64>, entry: &EntryRef<'_>) {
        self.key.clear();
        self.key.extend(since.unwrap_or(0).to_le_bytes());
        for field in &self.asked.by {
            self.text.clear();
            let is_there = field.write(entry, &mut self.text);
            push_value(&mut self.key, is_there.then_some(&self.text));
        }
    }

    /// The group of the key at hand; `None` where there are too many.
    fn group(&mut self) -> Option<&mut Group> {
        // Looked for twice where it is there: a borrow that is returned lasts to the end.
        if !self.groups.contains_key(self.key.as_slice()) {
            if self.groups.len() >= self.asked.max_groups {
                return None;
            }
            let mut group = Group { bytes: Some(0), tripped: Some(0), ..Group::default() };
            (group.since, group.key) = parse_key(&self.key, self.asked);
            group.numbers = self.asked.number.as_ref().map(|_| Numbers::default());
            group.distinct = self.asked.distinct.as_ref().map(|_| Distinct::default());
            self.groups.insert(self.key.as_slice().into(), group);
        }
        self.groups.get_mut(self.key.as_slice())
    }

    /// Adds entries that an index has told of to the group of the key at hand.
    fn add_told(&mut self, entries: u64) {
        self.entries += entries;
        match self.group() {
            Some(group) => {
                group.count += entries;
                (group.bytes, group.tripped, group.is_told) = (None, None, true);
            }
            None => self.others += entries,
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.entries += other.entries;
        self.others += other.others;
        self.without_time += other.without_time;
        for (key, found) in other.groups {
            self.key.clear();
            self.key.extend_from_slice(&key);
            match self.group() {
                Some(group) => group.merge(&found),
                None => self.others += found.count,
            }
        }
    }

    pub(super) fn finish(self, scanned: Scanned<()>) -> Counted {
        let mut groups: Vec<Group> = self.groups.into_values().collect();
        groups.iter_mut().filter(|group| group.is_told).for_each(|group| group.times = None);
        groups.sort_unstable_by(|a, b| {
            a.since.cmp(&b.since).then(b.count.cmp(&a.count)).then_with(|| a.key.cmp(&b.key))
        });
        let (entries, others, without_time) = (self.entries, self.others, self.without_time);
        Counted { groups, entries, others, without_time, scanned }
    }
}

fn push_value(key: &mut Vec<u8>, value: Option<&String>) {
    key.push(value.is_some().into());
    if let Some(value) = value {
        key.extend(value.len().to_le_bytes());
        key.extend(value.as_bytes());
    }
}

/// The interval and the values of a key.
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
    (asked.every.map(|_| since), values)
}

impl Group {
    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.is_told |= other.is_told;
        other.times.into_iter().for_each(|times| self.add_times(times));
        self.bytes = self.bytes.zip(other.bytes).map(|(a, b)| a + b);
        self.tripped = self.tripped.zip(other.tripped).map(|(a, b)| a + b);
        if let (Some(own), Some(other)) = (&mut self.numbers, &other.numbers) {
            own.merge(other);
        }
        if let (Some(own), Some(other)) = (&mut self.distinct, &other.distinct) {
            own.merge(other);
        }
    }
}

impl Visitor for Counter<'_> {
    fn run(&mut self, run: &Run<'_>) -> bool {
        let asked = self.asked;
        if asked.every_entry || asked.number.is_some() || asked.distinct.is_some() {
            return false;
        }
        let since = match (asked.every, run.times) {
            (None, _) => None,
            (Some(_), Some((first, last))) if self.interval(first) == self.interval(last) => {
                self.interval(first)
            }
            _ => return false,
        };
        self.key.clear();
        self.key.extend(since.unwrap_or(0).to_le_bytes());
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
        if asked.every.is_some() && time == 0 {
            self.entries += 1;
            self.without_time += 1;
            return;
        }
        self.make_key(self.interval(time), entry);
        self.entries += 1;
        let text = asked.distinct.as_ref().filter(|field| {
            self.text.clear();
            field.write(entry, &mut self.text)
        });
        let text = text.map(|_| std::mem::take(&mut self.text));
        let Some(group) = self.group() else {
            self.others += 1;
            return;
        };
        group.count += 1;
        if time != 0 {
            group.add_times((time, time));
        }
        group.bytes = group.bytes.map(|bytes| bytes + found.frame.len_on_disk());
        group.tripped = group.tripped.map(|tripped| tripped + u64::from(entry.is_tripped()));
        if let (Some(numbers), Some(field)) = (&mut group.numbers, &asked.number)
            && let Some(number) = field.number(entry)
        {
            numbers.add(number);
        }
        if let (Some(distinct), Some(text)) = (&mut group.distinct, &text) {
            distinct.add(text.as_bytes());
        }
        // Its room is used again.
        self.text = text.unwrap_or_else(|| std::mem::take(&mut self.text));
    }
}

impl Counter<'_> {
    /// Adds the entries of each severity that is wanted.
    fn add_severities(&mut self, run: &Run<'_>, severities: &[u8]) {
        let mut counts = [0_u64; 256];
        for number in severities.iter().filter(|number| run.admits(**number)) {
            counts[usize::from(*number)] += 1;
        }
        let len = self.key.len();
        for (number, count) in (0..=u8::MAX).zip(counts).filter(|(_, count)| *count > 0) {
            self.key.truncate(len);
            push_value(&mut self.key, Some(&Severity::from_number(number).to_string()));
            self.add_told(count);
        }
    }
}
