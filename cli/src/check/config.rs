//! The configuration of a check: severities, thresholds, custom rules and allowances.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use fusewire::decode::EntryRef;
use fusewire::query::{Query, QueryOptions};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::rules::{self, Level, RULES};
use crate::input::settings;
use crate::input::time_point::length;

/// A rule with its configured severity.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `None` if the rule is off.
    pub(crate) level: Option<Level>,
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) fix: String,
}

/// A custom rule.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) query: Query,
    pub(super) allowed: Allowed,
}

/// The limit of a custom rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Allowed {
    AtMost(u64),
    /// A share of all entries, from 0.0 to 1.0.
    Share(f64),
}

/// An allowance: findings that are not reported, and the reason.
#[derive(Clone, Debug)]
pub(super) struct Allow {
    pub(super) rule: usize,
    target: Option<String>,
    field: Option<String>,
    query: Option<Query>,
    pub(super) reason: String,
    /// Time of expiry, in nanoseconds since the Unix epoch.
    until: Option<u64>,
}

impl Allow {
    /// Returns whether the allowance has expired.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Returns whether a finding of `rule` in `entry` about `subject` is allowed.
    pub(super) fn admits(&self, rule: usize, entry: &EntryRef<'_>, subject: &str, now: u64) -> bool {
        self.rule == rule
            && !self.is_over(now)
            && self.target.as_ref().is_none_or(|target| entry.target().as_bytes() == target.as_bytes())
            && self.field.as_ref().is_none_or(|field| field == subject)
            && self.query.as_ref().is_none_or(|query| query.matches(entry))
    }
}

/// The thresholds of the rules.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Thresholds {
    /// The maximum length of a key, in bytes.
    pub(crate) key_bytes: usize,
    /// The depth from which values are near the depth limit.
    pub(crate) depth: usize,
    /// The number of children from which a map or array is near the width limit.
    pub(crate) width: usize,
    /// The maximum size of an entry, in bytes.
    pub(crate) entry_bytes: u64,
    /// The maximum time by which an entry can precede the previous entry.
    pub(crate) backwards: Span,
    /// The maximum time by which an entry can be later than the current time.
    pub(crate) future: Span,
    /// The maximum share of errors of a target with at least 100 entries.
    #[serde(deserialize_with = "share")]
    pub(crate) errors: f64,
    /// The maximum share of debug and trace entries, from 1,000 entries on.
    #[serde(deserialize_with = "share")]
    pub(crate) debug: f64,
    /// The maximum age of entries with `--role local`.
    pub(crate) local_age: Span,
    /// The minimum age of the oldest entry with `--role archive`.
    pub(crate) archive_age: Span,
}

/// A duration such as `15m`, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Span(pub(crate) u64);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        length(&text).map(Self)
    }
}

/// Reads a share. An error contains the line of the value.
fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let found = f64::deserialize(deserializer)?;
    if (0.0..=1.0).contains(&found) {
        return Ok(found);
    }
    Err(D::Error::custom(format!("expected a share from 0.0 to 1.0, found {found}")))
}

fn optional_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    share(deserializer).map(Some)
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

/// The configuration of a check.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The built-in rules, then the custom rules.
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
    #[serde(default, deserialize_with = "optional_share")]
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
    /// Reads the configuration from a TOML file.
    ///
    /// # Errors
    /// Returns an error with the line and the column, or with the name of the rule, if the file is invalid.
    pub(crate) fn read(path: &Path, options: &QueryOptions) -> Result<Self> {
        let about = || path.display().to_string();
        let file: File = settings::toml(path)?;
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

    /// Returns whether lost bytes are findings.
    pub(crate) fn finds_damage(&self) -> bool {
        self.rules[rules::DAMAGED].level.is_some()
    }

    fn find(&self, name: &str) -> Result<usize> {
        let own = || self.rules.iter().position(|rule| rule.id == name);
        rules::find(name)
            .or_else(own)
            .with_context(|| format!("no rule has the id or name `{name}`; run `fusewire check --list`"))
    }

    fn add(&mut self, rule: OwnRule, options: &QueryOptions) -> Result<()> {
        if rule.id.is_empty() {
            bail!("id: expected a name, found an empty text");
        }
        if self.find(&rule.id).is_ok() {
            bail!("id: another rule has the id or name `{}`", rule.id);
        }
        let allowed = match (rule.at_most, rule.share) {
            (Some(_), Some(_)) => bail!("at_most and share: expected one of them, found both"),
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
            bail!("reason: expected a reason, found an empty text");
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

/// Parses a date or a time with an offset. A date means midnight UTC at the start of this day.
fn moment(text: &str) -> Result<u64> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| Some(day()?.timestamp()));
    let nanos = instant.and_then(|instant| u64::try_from(instant.as_nanosecond()).ok());
    nanos.with_context(|| format!("`{text}` is not a date: expected 2026-12-31 or 2026-12-31T12:00:00Z"))
}
