//! The report of a check.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use fusewire::mixed::PlainReader;
use serde::Serialize;

use super::baseline::Baseline;
use super::config::{Config, Held};
use super::findings::{Findings, Place};
use super::rules::Level;
use crate::input::spool::name_of;

/// The findings of a check.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Findings in descending order of severity, then by rule and count.
    pub(crate) findings: Vec<Finding>,
    /// The number of checked entries.
    pub(crate) entries: u64,
    /// The number of findings in groups beyond the limit, by rule.
    pub(crate) others: BTreeMap<String, u64>,
}

/// The findings of one rule at one call site, or in one file.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) rule: String,
    pub(crate) name: String,
    pub(crate) level: Level,
    pub(crate) what: String,
    pub(crate) target: String,
    /// The message without its variable parts.
    pub(crate) message: String,
    /// The attribute, or the file.
    pub(crate) subject: String,
    pub(crate) detail: String,
    pub(crate) count: u64,
    /// The times of the first and the last entry, in nanoseconds since the Unix epoch.
    pub(crate) times: Option<(u64, u64)>,
    pub(crate) places: Vec<Place>,
    pub(crate) fingerprint: String,
    /// Whether the baseline contains the finding; `None` without a baseline.
    pub(crate) known: Option<bool>,
}

impl Finding {
    /// Returns the call site and the detail, in one line.
    pub(crate) fn describe(&self) -> String {
        let mut parts = Vec::new();
        if !self.target.is_empty() {
            parts.push(self.target.clone());
        }
        if !self.message.is_empty() {
            parts.push(format!("\"{}\"", self.message));
        }
        if !self.subject.is_empty() {
            parts.push(format!("`{}`", self.subject));
        }
        let place = parts.join(" ");
        match (place.is_empty(), self.detail.is_empty()) {
            (true, _) => self.detail.clone(),
            (false, true) => place,
            (false, false) => format!("{place}: {}", self.detail),
        }
    }
}

impl Report {
    /// Returns the number of new findings of `level` or above.
    pub(crate) fn new_of(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level >= level && finding.known != Some(true)).count()
    }

    /// Returns a description of each finding, by fingerprint.
    pub(crate) fn known(&self) -> BTreeMap<String, String> {
        let describe = |finding: &Finding| {
            (
                finding.fingerprint.clone(),
                format!("{} {}: {}", finding.rule, finding.name, finding.describe()),
            )
        };
        self.findings.iter().map(describe).collect()
    }
}

/// Creates a report with sorted findings.
pub(super) fn make(findings: Findings, config: &Config, baseline: &Baseline, entries: u64) -> Report {
    let mut all: Vec<Finding> = findings
        .groups
        .into_iter()
        .filter_map(|(key, group)| {
            let Held { id, name, level, what, .. } = &config.rules[key.rule];
            let fingerprint = key.fingerprint(id);
            Some(Finding {
                known: baseline.is_given.then(|| baseline.known.contains_key(&fingerprint)),
                rule: id.clone(),
                name: name.clone(),
                level: (*level)?,
                what: what.clone(),
                target: key.target,
                message: key.message,
                subject: key.subject,
                detail: group.detail,
                count: group.count,
                times: group.times,
                places: group.places,
                fingerprint,
            })
        })
        .collect();
    all.sort_by(|a, b| {
        let order = b.level.cmp(&a.level).then_with(|| a.rule.cmp(&b.rule)).then(b.count.cmp(&a.count));
        order.then_with(|| (&a.target, &a.message, &a.subject).cmp(&(&b.target, &b.message, &b.subject)))
    });
    number_lines(&mut all);
    for place in all.iter_mut().flat_map(|finding| &mut finding.places) {
        place.file = name_of(&place.file).into_owned();
    }
    let others =
        findings.others.into_iter().map(|(rule, count)| (config.rules[rule].id.clone(), count)).collect();
    Report { findings: all, entries, others }
}

/// Sets the line numbers of places in files of lines. Reads each file once, and skips unreadable files.
fn number_lines(findings: &mut [Finding]) {
    let mut wanted: BTreeMap<PathBuf, Vec<u64>> = BTreeMap::new();
    let places = || findings.iter().flat_map(|finding| &finding.places).filter(|place| place.is_of_lines);
    for place in places() {
        wanted.entry(place.file.clone()).or_default().push(place.offset);
    }
    let numbered: BTreeMap<PathBuf, BTreeMap<u64, u64>> = wanted
        .into_iter()
        .filter_map(|(file, mut offsets)| {
            offsets.sort_unstable();
            offsets.dedup();
            let lines = lines_at(&file, &offsets).ok()?;
            Some((file, lines))
        })
        .collect();
    for place in findings.iter_mut().flat_map(|finding| &mut finding.places).filter(|place| place.is_of_lines)
    {
        place.line = numbered.get(&place.file).and_then(|lines| lines.get(&place.offset)).copied();
    }
}

/// Returns the line number of each offset. `offsets` must be sorted.
fn lines_at(file: &std::path::Path, offsets: &[u64]) -> std::io::Result<BTreeMap<u64, u64>> {
    let mut reader = BufReader::with_capacity(64 << 10, PlainReader::new(File::open(file)?));
    let (mut at, mut line, mut found) = (0_u64, 1_u64, BTreeMap::new());
    for offset in offsets {
        while at < *offset {
            let bytes = reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(found);
            }
            let take = bytes.len().min(usize::try_from(*offset - at).unwrap_or(usize::MAX));
            line += bytes[..take].iter().filter(|byte| **byte == b'\n').count() as u64;
            reader.consume(take);
            at += take as u64;
        }
        found.insert(*offset, line);
    }
    Ok(found)
}
