//! What rules are held, and how: thresholds, severities, rules of one's own, and what is allowed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use fusewire::decode::EntryRef;
use fusewire::query::{Query, QueryOptions};
use serde::Deserialize;

use super::rules::{self, Level, RULES};
use crate::input::time_point::length;

/// A rule, as it is held here.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `None`: it is off.
    pub(crate) level: Option<Level>,
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) fix: String,
}

/// A rule of one's own.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) query: Query,
    pub(super) allowed: Allowed,
}

/// How much of what a rule finds is no finding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Allowed {
    AtMost(u64),
    /// Of all entries.
    Share(f64),
}

/// What is no finding, and why.
#[derive(Clone, Debug)]
pub(super) struct Allow {
    pub(super) rule: usize,
    target: Option<String>,
    field: Option<String>,
    query: Option<Query>,
    pub(super) reason: String,
    /// Nanoseconds since the Unix epoch.
    until: Option<u64>,
}

impl Allow {
    /// Whether it is over.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Whether a finding of `rule` in `entry` about `subject` is allowed.
    pub(super) fn admits(&self, rule: usize, entry: &EntryRef<'_>, subject: &str, now: u64) -> bool {
        self.rule == rule
            && !self.is_over(now)
            && self.target.as_ref().is_none_or(|target| entry.target().as_bytes() == target.as_bytes())
            && self.field.as_ref().is_none_or(|field| field == subject)
            && self.query.as_ref().is_none_or(|query| query.matches(entry))
    }
}

/// The numbers that rules go by.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Thresholds {
    /// A key of more bytes is long.
    pub(crate) key_bytes: usize,
    /// So many maps and lists in each other are nearly too deep.
    pub(crate) depth: usize,
    /// So many children are nearly too many.
    pub(crate) width: usize,
    /// An entry of more bytes is large.
    pub(crate) entry_bytes: u64,
    /// An entry may be so much earlier than the one before.
    pub(crate) backwards: Span,
    /// An entry may be so much later than now.
    pub(crate) future: Span,
    /// Of the entries of a target, errors may be this share; of 100 entries at least.
    pub(crate) errors: f64,
    /// Debug and trace may be this share; of 1,000 entries at least.
    pub(crate) debug: f64,
    /// With `--role local`, nothing is older.
    pub(crate) local_age: Span,
    /// With `--role archive`, something is as old.
    pub(crate) archive_age: Span,
}

/// A length of time as `15m`, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) u64);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        length(&text).map(Self)
    }
}

const MINUTE: u64 = 60_000_000_000;

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            key_bytes: 64,
            depth: 7,
            width: 192,
            entry_bytes: 16 << 10,
            backwards: Span(5_000_000_000),
            future: Span(5 * MINUTE),
            errors: 0.2,
            debug: 0.5,
            local_age: Span(15 * MINUTE),
            archive_age: Span(90 * 1_440 * MINUTE),
        }
    }
}

/// What is held.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Those that are built in, and then one's own.
    pub(crate) rules: Vec<Held>,
    pub(super) own: Vec<Own>,
    pub(super) allows: Vec<Allow>,
    pub(crate) thresholds: Thresholds,
}

impl Default for Config {
    fn default() -> Self {
        let held = RULES.iter().map(|rule| Held {
            id: rule.id.to_owned(),
            name: rule.name.to_owned(),
            level: Some(rule.level),
            what: rule.what.to_owned(),
            why: rule.why.to_owned(),
            fix: rule.fix.to_owned(),
        });
        Self { rules: held.collect(), own: Vec::new(), allows: Vec::new(), thresholds: Thresholds::default() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    rules: BTreeMap<String, Severity>,
    thresholds: Thresholds,
    rule: Vec<OwnRule>,
    allow: Vec<AllowRule>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Severity {
    Off,
    Note,
    Warning,
    Error,
}

impl Severity {
    fn level(self) -> Option<Level> {
        match self {
            Self::Off => None,
            Self::Note => Some(Level::Note),
            Self::Warning => Some(Level::Warning),
            Self::Error => Some(Level::Error),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRule {
    id: String,
    query: String,
    message: String,
    severity: Option<Severity>,
    at_most: Option<u64>,
    share: Option<f64>,
    why: Option<String>,
    fix: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowRule {
    rule: String,
    reason: String,
    target: Option<String>,
    field: Option<String>,
    query: Option<String>,
    until: Option<String>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is no TOML, or something in it is not known: with the line and column, or the name of the rule.
    pub(crate) fn read(path: &Path, options: &QueryOptions) -> Result<Self> {
        let about = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(about)?;
        let file: File = toml::from_str(&text).with_context(about)?;
        Self::made(file, options).with_context(about)
    }

    fn made(file: File, options: &QueryOptions) -> Result<Self> {
        let mut config = Self { thresholds: file.thresholds, ..Self::default() };
        for (at, rule) in file.rule.into_iter().enumerate() {
            let id = rule.id.clone();
            config.add(rule, options).with_context(|| format!("[[rule]] {} ({id})", at + 1))?;
        }
        for (name, severity) in file.rules {
            let at = config.find(&name).with_context(|| format!("[rules] {name}"))?;
            config.rules[at].level = severity.level();
        }
        for (at, allow) in file.allow.into_iter().enumerate() {
            let allow = config.allow(allow, options).with_context(|| format!("[[allow]] {}", at + 1))?;
            config.allows.push(allow);
        }
        Ok(config)
    }

    /// Whether bytes that are lost are findings.
    pub(crate) fn finds_damage(&self) -> bool {
        self.rules[rules::DAMAGED].level.is_some()
    }

    fn find(&self, name: &str) -> Result<usize> {
        let own = || self.rules.iter().position(|rule| rule.id == name);
        rules::find(name)
            .or_else(own)
            .with_context(|| format!("no rule is called `{name}`: see fusewire check --list"))
    }

    fn add(&mut self, rule: OwnRule, options: &QueryOptions) -> Result<()> {
        if rule.id.is_empty() || self.find(&rule.id).is_ok() {
            bail!("id: `{}` is taken, or empty", rule.id);
        }
        let allowed = match (rule.at_most, rule.share) {
            (Some(_), Some(_)) => bail!("at_most and share: expected one of them"),
            (None, Some(share)) if !(0.0..=1.0).contains(&share) => {
                bail!("share: {share}, expected 0.0 to 1.0")
            }
            (None, Some(share)) => Allowed::Share(share),
            (most, None) => Allowed::AtMost(most.unwrap_or(0)),
        };
        let query = Query::parse_with(&rule.query, options).context("query")?;
        self.own.push(Own { query, allowed });
        self.rules.push(Held {
            name: rule.id.clone(),
            id: rule.id,
            level: rule.severity.unwrap_or(Severity::Warning).level(),
            what: rule.message,
            why: rule.why.unwrap_or_default(),
            fix: rule.fix.unwrap_or_default(),
        });
        Ok(())
    }

    fn allow(&self, allow: AllowRule, options: &QueryOptions) -> Result<Allow> {
        if allow.reason.trim().is_empty() {
            bail!("reason: expected why it is allowed");
        }
        let until = allow.until.as_deref().map(moment).transpose().context("until")?;
        Ok(Allow {
            rule: self.find(&allow.rule).context("rule")?,
            target: allow.target,
            field: allow.field,
            query: allow
                .query
                .map(|query| Query::parse_with(&query, options))
                .transpose()
                .context("query")?,
            reason: allow.reason,
            until,
        })
    }
}

/// The beginning of a day in UTC, or a moment with an offset.
fn moment(text: &str) -> Result<u64> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| Some(day()?.timestamp()));
    let nanos = instant.and_then(|instant| u64::try_from(instant.as_nanosecond()).ok());
    nanos.with_context(|| format!("`{text}` is no day: write 2026-12-31, or 2026-12-31T12:00:00Z"))
}
