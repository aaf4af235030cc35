//! The rules for entries. Each thread of a scan has an inspector.

use std::collections::HashMap;
use std::path::PathBuf;

use fusewire::decode::{EntryRef, Value};
use fusewire::log::{Found, Source, Visitor};
use fusewire::{Limits, Severity, Timestamp};

use super::config::Config;
use super::findings::{Findings, Place};
use super::rules::*;
use super::secrets;
use super::shape::Shape;
use crate::call_site::{MESSAGE, lossy};
use crate::input::spool::name_of;

/// The maximum number of targets with counted levels.
const TARGETS: usize = 1_000;

/// The year 2000, in nanoseconds since the Unix epoch.
const YEAR_2000: u64 = 946_684_800_000_000_000;

/// The attribute of an imported text line.
const TEXT_MARK: &str = "fusewire.import.format";

/// The keys of trace and span ids. An entry with such an attribute and without an id has a malformed id.
const IDS: [&str; 12] = [
    "trace_id", "traceId", "traceid", "trace.id", "trace-id", "TraceId", "span_id", "spanId", "spanid",
    "span.id", "span-id", "SpanId",
];

/// A check of entries against the rules.
pub(super) struct Inspector<'a> {
    config: &'a Config,
    now: u64,
    pub(super) findings: Findings,
    /// The number of entries and of errors, by target.
    pub(super) by_target: HashMap<Box<str>, (u64, u64)>,
    pub(super) entries: u64,
    pub(super) debug: u64,
    /// The number of findings of each custom rule.
    pub(super) own: Vec<u64>,
    shape: Shape,
    /// The current file, and the time of its last entry.
    before: (PathBuf, u64),
}

impl<'a> Inspector<'a> {
    pub(super) fn new(config: &'a Config, now: u64) -> Self {
        Self {
            config,
            now,
            findings: Findings::default(),
            by_target: HashMap::new(),
            entries: 0,
            debug: 0,
            own: vec![0; config.own.len()],
            shape: Shape::default(),
            before: (PathBuf::new(), 0),
        }
    }

    fn is_on(&self, rule: usize) -> bool {
        self.config.rules[rule].level.is_some()
    }

    fn find(&mut self, rule: usize, entry: &EntryRef<'_>, subject: &str, detail: &str, place: &Place) {
        let allowed = || self.config.allows.iter().any(|allow| allow.admits(rule, entry, subject, self.now));
        if self.is_on(rule) && !allowed() {
            self.findings.add(rule, entry, subject, detail, place);
        }
    }

    /// Checks the time, the severity and the ids.
    fn header(&mut self, entry: &EntryRef<'_>, place: &Place) {
        let time = entry.time_unix_nano();
        let thresholds = &self.config.thresholds;
        let (backwards, future) = (thresholds.backwards.0, thresholds.future.0);
        if time == 0 {
            self.find(MISSING_TIME, entry, "", "", place);
        } else if time < YEAR_2000 || time > self.now.saturating_add(future) {
            let detail = i64::try_from(time)
                .map(Timestamp::from_unix_nanos)
                .map_or_else(|_| String::new(), |time| time.to_string());
            self.find(TIME_NOT_SANE, entry, "", &detail, place);
        }
        if self.before.0 != place.file {
            self.before = (place.file.clone(), 0);
        }
        if time != 0 && time.saturating_add(backwards) < self.before.1 {
            let detail =
                format!("{:.1} s earlier than the previous entry", (self.before.1 - time) as f64 / 1e9);
            self.find(TIME_GOES_BACK, entry, "", &detail, place);
        }
        if time != 0 {
            self.before.1 = time;
        }
        if entry.severity().number() == 0 {
            self.find(MISSING_LEVEL, entry, "", "", place);
        }
        self.trace(entry, place);
    }

    fn trace(&mut self, entry: &EntryRef<'_>, place: &Place) {
        let trace = entry.trace();
        let (has_trace, has_span) = (trace.trace_id != 0, trace.span_id != 0);
        // Entries of Fusewire itself belong to no request.
        if has_trace && has_span || entry.target().as_bytes().starts_with(b"fusewire") {
            return;
        }
        let named = IDS.iter().find(|name| match entry.get(name) {
            Some(Value::String(text)) => !text.as_bytes().is_empty(),
            Some(Value::Null) | None => false,
            Some(_) => true,
        });
        if let Some(name) = named {
            self.find(MALFORMED_TRACE, entry, name, "", place);
        } else if has_trace != has_span {
            let detail =
                if has_trace { "a trace id without a span id" } else { "a span id without a trace id" };
            self.find(NOT_TRACEABLE, entry, "", detail, place);
        } else if !has_trace {
            self.find(MISSING_TRACE, entry, "", "", place);
        }
    }

    /// Checks the attributes and the message.
    fn values(&mut self, entry: &EntryRef<'_>, bytes: u64, place: &Place) {
        let mut shape = std::mem::take(&mut self.shape);
        let wants_secrets = self.is_on(SECRET);
        let (key_bytes, depth, width, entry_bytes) = {
            let thresholds = &self.config.thresholds;
            (thresholds.key_bytes, thresholds.depth, thresholds.width, thresholds.entry_bytes)
        };
        let (mut long, mut secret, mut attributes) = (None, None, 0_u64);
        shape.measure(entry, |key, value| {
            attributes += 1;
            if key.len() > key_bytes && long.is_none() {
                long = Some(key);
            }
            if wants_secrets && secret.is_none() {
                let kind = match value {
                    Value::String(text) if secrets::by_key(key, text.as_bytes()) => {
                        Some("a secret according to its key")
                    }
                    Value::String(text) => secrets::in_text(text.as_bytes()),
                    Value::Uint(number) if secrets::in_number(key, *number) => Some("a card number"),
                    Value::Int(number)
                        if u64::try_from(*number).is_ok_and(|number| secrets::in_number(key, number)) =>
                    {
                        Some("a card number")
                    }
                    _ => None,
                };
                secret = kind.map(|kind| (key, kind));
            }
        });
        if let Some(key) = long {
            let (key, detail) = (lossy(key, key_bytes.min(MESSAGE)), format!("{} bytes", key.len()));
            self.find(LONG_KEY, entry, &key, &detail, place);
        }
        if let Some((key, kind)) = secret {
            self.find(SECRET, entry, &lossy(key, MESSAGE), kind, place);
        } else if wants_secrets && let Some(kind) = secrets::in_text(entry.body().as_bytes()) {
            self.find(SECRET, entry, "message", kind, place);
        }
        if shape.depth >= depth {
            self.find(NEAR_DEPTH, entry, "", &format!("{} levels", shape.depth), place);
        }
        if shape.width >= width {
            self.find(NEAR_WIDTH, entry, "", &format!("{} children", shape.width), place);
        }
        if let Some(key) = shape.duplicate(entry) {
            self.find(DUPLICATE_KEY, entry, &lossy(key, MESSAGE), "", place);
        }
        if bytes > entry_bytes {
            self.find(LARGE_ENTRY, entry, "", &format!("{bytes} bytes"), place);
        }
        if entry.is_tripped() {
            let causes: Vec<String> = entry.trips().map(|trip| trip.cause.name().to_owned()).collect();
            self.find(FUSE_TRIPPED, entry, "", &causes.join(", "), place);
        } else if let Some(cause) = cause_of_import(&shape).filter(|_| place.is_of_lines) {
            self.find(
                FUSE_TRIPPED,
                entry,
                "",
                &format!("{cause}, in an import with the default limits"),
                place,
            );
        }
        self.message(entry, attributes, place);
        self.shape = shape;
    }

    fn message(&mut self, entry: &EntryRef<'_>, attributes: u64, place: &Place) {
        let body = entry.body().as_bytes();
        if body.is_empty() {
            self.find(EMPTY_MESSAGE, entry, "", "", place);
        }
        if attributes == 0 && pairs(body) >= 2 {
            self.find(UNSTRUCTURED, entry, "", "`key=value` pairs in the message", place);
        }
    }

    /// Checks a text line. All text lines of a file are one finding.
    fn text(&mut self, entry: &EntryRef<'_>, place: &Place) {
        if self.is_on(UNSTRUCTURED) {
            let file = name_of(&place.file);
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            self.findings.add_of_file(UNSTRUCTURED, &name, "text lines".to_owned(), 1, place.clone());
        }
        if self.is_on(SECRET)
            && let Some(kind) = secrets::in_text(entry.body().as_bytes())
        {
            self.find(SECRET, entry, "message", kind, place);
        }
    }

    /// Counts levels by target.
    fn count(&mut self, entry: &EntryRef<'_>) {
        self.entries += 1;
        let severity = entry.severity();
        self.debug += u64::from((1..=8).contains(&severity.number()));
        let target = lossy(entry.target().as_bytes(), MESSAGE);
        if !self.by_target.contains_key(target.as_ref()) {
            if self.by_target.len() >= TARGETS {
                return;
            }
            self.by_target.insert(target.as_ref().into(), (0, 0));
        }
        if let Some((entries, errors)) = self.by_target.get_mut(target.as_ref()) {
            *entries += 1;
            *errors += u64::from(severity >= Severity::ERROR);
        }
    }
}

/// Returns the number of `key=value` words.
fn pairs(message: &[u8]) -> usize {
    let is_pair = |word: &&[u8]| {
        let at = word.iter().position(|byte| *byte == b'=');
        at.is_some_and(|at| {
            at > 0
                && at + 1 < word.len()
                && word[..at]
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        })
    };
    message.split(|byte| byte.is_ascii_whitespace() || *byte == b',').filter(is_pair).count()
}

impl Visitor for Inspector<'_> {
    fn entry(&mut self, found: &Found<'_>) {
        let is_of_lines = matches!(found.source, Source::File(_));
        let place = Place {
            file: found.source.path().to_owned(),
            offset: found.frame.offset,
            line: None,
            is_of_lines,
        };
        let entry = &found.entry;
        self.count(entry);
        if entry.get(TEXT_MARK).is_some() {
            // The other rules do not apply to text lines.
            self.text(entry, &place);
            return;
        }
        self.header(entry, &place);
        self.values(entry, found.frame.len_on_disk(), &place);
        for at in 0..self.config.own.len() {
            let rule = RULES.len() + at;
            if self.is_on(rule) && self.config.own[at].query.matches(entry) {
                self.own[at] += 1;
                self.find(rule, entry, "", "", &place);
            }
        }
    }
}

impl Inspector<'_> {
    /// Adds the findings of another inspector.
    pub(super) fn merge(&mut self, other: Self) {
        self.findings.merge(other.findings);
        self.entries += other.entries;
        self.debug += other.debug;
        self.own.iter_mut().zip(other.own).for_each(|(sum, count)| *sum += count);
        for (target, (entries, errors)) in other.by_target {
            let sum = self.by_target.entry(target).or_default();
            *sum = (sum.0 + entries, sum.1 + errors);
        }
    }
}

/// Returns the cause of the trip if an entry with this shape is written with the default limits. The limits do not apply to
/// lines that are read.
fn cause_of_import(shape: &Shape) -> Option<&'static str> {
    if shape.depth > usize::from(Limits::DEFAULT.max_depth) {
        Some("depth")
    } else if shape.width > usize::from(Limits::DEFAULT.max_width) {
        Some("width")
    } else {
        None
    }
}
