//! Facts in words, for the terminal and for the page: as they were logged, and not safe to show yet.

use std::fmt::Write;

use super::report::{Kill, Process, Site};
use crate::output::numbers::{bytes, counted, grouped, lasted};
use crate::output::time::Clock;

impl Process {
    /// What is known of it: each with a title.
    pub(super) fn facts(&self, clock: &mut Clock) -> Vec<(&'static str, String)> {
        let mut facts = vec![("began", clock.describe(self.began))];
        if let Some(last) = self.last {
            let after = lasted(last.saturating_sub(self.began));
            facts.push(("last entry", format!("{}  ({after} later)", clock.describe(last))));
        }
        if let Some(place) = &self.last_commit {
            let (offset, len) = (grouped(place.offset), grouped(place.bytes));
            facts.push(("committed", format!("{}, byte {offset}, {len} bytes", place.file)));
        }
        let unsealed = match self.unsealed.len() as u64 {
            0 => String::new(),
            count => format!(", {} not sealed", grouped(count)),
        };
        let (entries, segments) =
            (counted(self.entries, "entry", "entries"), counted(self.segments, "segment", "segments"));
        facts.push(("log", format!("{entries} in {segments}{unsealed}")));
        let unfinished = match self.unfinished.first() {
            None => "none".to_owned(),
            Some(first) => {
                let (count, offset) = (grouped(self.unfinished_count), grouped(first.offset));
                format!("{count}, the first in {} at byte {offset}", first.file)
            }
        };
        facts.push(("unfinished", format!("{unfinished}  (appends that had not returned)")));
        let dropped = match self.dropped.iter().map(|(_, count)| count).sum() {
            0 => "nothing, as far as the log says".to_owned(),
            dropped => counted(dropped, "entry", "entries"),
        };
        facts.push(("dropped", dropped));
        if self.lost_bytes > 0 {
            facts.push(("lost", format!("{} bytes to damage", grouped(self.lost_bytes))));
        }
        facts
    }
}

impl Kill {
    /// What the record says of it, each a few words.
    pub(super) fn facts(&self) -> Vec<String> {
        let sizes = [
            ("in memory", self.rss),
            ("anon-rss", self.anon_rss),
            ("file-rss", self.file_rss),
            ("shmem-rss", self.shmem_rss),
            ("total-vm", self.total_vm),
            ("usage", self.usage),
            ("limit", self.limit),
        ];
        let mut facts: Vec<String> =
            sizes.iter().filter_map(|(name, size)| Some(format!("{name} {}", bytes((*size)?)))).collect();
        facts.extend(self.failcnt.map(|count| format!("which was met {} times before", grouped(count))));
        facts.extend(self.constraint.iter().cloned());
        facts.extend(self.invoked_by.iter().map(|task| format!("asked for by {task}")));
        facts.extend(self.instead_of.iter().map(|task| format!("in the place of {task}")));
        let scores = self.score.map(|score| format!("score {score}"));
        facts.extend(scores.into_iter().chain(self.score_adj.map(|adj| format!("oom_score_adj {adj}"))));
        if !self.confirmed {
            facts.push("chosen; that it was killed the log does not say".to_owned());
        }
        facts.extend(self.group.iter().map(|group| format!("group {group}")));
        facts
    }
}

/// `shop on web1, pid 4711, stream 0a1b2c3d`.
pub(super) fn producer(process: &Process) -> String {
    let mut out = process.service.clone().unwrap_or_else(|| "nameless process".to_owned());
    if let Some(host) = &process.host {
        _ = write!(out, " on {host}");
    }
    if let Some(pid) = process.pid {
        _ = write!(out, ", pid {pid}");
    }
    _ = write!(out, ", stream {}", process.stream);
    out
}

/// What a call site is called.
pub(super) fn name(site: &Site) -> String {
    let source = site.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
    let message = if site.message.is_empty() { "an empty message" } else { &site.message };
    if site.target.is_empty() {
        format!("\"{message}\"{source}")
    } else {
        format!("{} \"{message}\"{source}", site.target)
    }
}

/// A size that may be negative.
pub(super) fn signed(size: f64) -> String {
    let sign = if size < 0.0 { "-" } else { "" };
    format!("{sign}{}", bytes(size.abs() as u64))
}
