//! Facts as text, for the terminal and the HTML page. The texts are unescaped, as in the log.

use std::fmt::Write;

use super::report::{Kill, Process, Site};
use crate::output::numbers::{bytes, counted, grouped, lasted, total};
use crate::output::producer::End;
use crate::output::time::Clock;

impl Process {
    /// Returns the facts about the process, each with a title.
    pub(super) fn facts(&self, clock: &mut Clock) -> Vec<(&'static str, String)> {
        let mut facts = vec![("start", clock.describe(self.began))];
        if let Some(last) = self.last {
            let after = lasted(last.saturating_sub(self.began));
            facts.push(("last entry", format!("{}  ({after} after the start)", clock.describe(last))));
        }
        if let Some(place) = &self.last_commit {
            let (offset, len) = (grouped(place.offset), grouped(place.bytes));
            facts.push(("last commit", format!("{}, offset {offset}, {len} bytes", place.file)));
        }
        let unsealed = match self.unsealed.len() as u64 {
            0 => String::new(),
            count => format!(", {} unsealed", grouped(count)),
        };
        let (entries, segments) =
            (counted(self.entries, "entry", "entries"), counted(self.segments, "segment", "segments"));
        facts.push(("log", format!("{entries} in {segments}{unsealed}")));
        let unfinished = match self.unfinished.first() {
            None => "no appends".to_owned(),
            Some(first) => {
                let (count, offset) =
                    (counted(self.unfinished_count, "append", "appends"), grouped(first.offset));
                format!("{count}, the first in {} at offset {offset}", first.file)
            }
        };
        facts.push(("incomplete", unfinished));
        let dropped = match total(self.dropped.iter().map(|(_, count)| *count)) {
            0 => "none recorded".to_owned(),
            dropped => counted(dropped, "entry", "entries"),
        };
        facts.push(("dropped", dropped));
        if self.lost_bytes > 0 {
            facts.push(("damaged", counted(self.lost_bytes, "byte", "bytes")));
        }
        facts
    }
}

impl Kill {
    /// Returns the data of the record as short phrases.
    pub(super) fn facts(&self) -> Vec<String> {
        let sizes = [
            ("rss", self.rss),
            ("anon-rss", self.anon_rss),
            ("file-rss", self.file_rss),
            ("shmem-rss", self.shmem_rss),
            ("total-vm", self.total_vm),
            ("usage", self.usage),
            ("limit", self.limit),
        ];
        let mut facts: Vec<String> =
            sizes.iter().filter_map(|(name, size)| Some(format!("{name} {}", bytes((*size)?)))).collect();
        facts.extend(self.failcnt.map(|count| format!("limit reached {} times before", grouped(count))));
        facts.extend(self.constraint.iter().cloned());
        facts.extend(self.invoked_by.iter().map(|task| format!("OOM killer invoked by {task}")));
        facts.extend(self.instead_of.iter().map(|task| format!("killed instead of {task}")));
        let scores = self.score.map(|score| format!("score {score}"));
        facts.extend(scores.into_iter().chain(self.score_adj.map(|adj| format!("oom_score_adj {adj}"))));
        if !self.confirmed {
            facts.push("selected; the kernel log does not confirm the kill".to_owned());
        }
        facts.extend(self.group.iter().map(|group| format!("cgroup {group}")));
        facts
    }
}

/// Returns a text such as `shop on web1, pid 4711, stream 0a1b2c3d`.
pub(super) fn producer(process: &Process) -> String {
    let mut out = process.service.clone().unwrap_or_else(|| "unnamed process".to_owned());
    if let Some(host) = &process.host {
        _ = write!(out, " on {host}");
    }
    if let Some(pid) = process.pid {
        _ = write!(out, ", pid {pid}");
    }
    _ = write!(out, ", stream {}", process.stream);
    out
}

/// Returns the name of a call site.
pub(super) fn name(site: &Site) -> String {
    let source = site.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
    let message = if site.message.is_empty() { "an empty message" } else { &site.message };
    if site.target.is_empty() {
        format!("\"{message}\"{source}")
    } else {
        format!("{} \"{message}\"{source}", site.target)
    }
}

/// Formats a size that can be negative.
pub(super) fn signed(size: f64) -> String {
    let sign = if size < 0.0 { "-" } else { "" };
    format!("{sign}{}", bytes(size.abs() as u64))
}

/// Returns a text with the process, its end and its last entry.
pub(super) fn candidate(process: &Process, clock: &mut Clock) -> String {
    let end = match process.end {
        End::Unknown => "unknown end",
        end => end.name(),
    };
    let last = process.last.map_or_else(String::new, |last| format!(", last entry {}", clock.describe(last)));
    format!("{}: {end}{last}", producer(process))
}
