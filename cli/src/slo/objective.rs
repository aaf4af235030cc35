//! Objectives of a service, from command line options or a TOML file.

use std::path::Path;

use anyhow::{Context, Result, bail};
use fusewire::decode::{EntryRef, Value};
use fusewire::query::{Field, Query, QueryOptions};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::input::settings;
use crate::input::time_point::length;

/// Default fields of the duration. The first field that an entry contains applies.
pub(crate) const FIELDS: [&str; 9] = [
    "duration_ms",
    "latency_ms",
    "elapsed_ms",
    "response_time_ms",
    "http.server.request.duration",
    "duration_s",
    "duration",
    "latency",
    "elapsed",
];

/// Default threshold in nanoseconds: 5 s.
pub(crate) const THRESHOLD: u64 = 5_000_000_000;

/// Default objective in percent.
pub(crate) const OBJECTIVE: f64 = 99.9;

/// An objective: the minimum share of entries that are fast enough and have no error.
#[derive(Clone, Debug)]
pub(crate) struct Objective {
    pub(crate) name: String,
    /// Query that selects the entries. `None` selects all entries with a duration.
    pub(crate) of: Option<Query>,
    pub(crate) target: Option<String>,
    pub(crate) fields: Vec<Latency>,
    /// Maximum duration in nanoseconds.
    pub(crate) threshold: u64,
    /// Minimum share of good entries, above 0.0 and below 1.0.
    pub(crate) objective: f64,
}

/// A field that contains a duration.
#[derive(Clone, Debug)]
pub(crate) struct Latency {
    field: Field,
    /// Nanoseconds per unit. The unit applies to plain numbers.
    unit: f64,
}

impl Latency {
    /// Creates a field with a unit. Without `unit`, the name of the field determines the unit.
    ///
    /// # Errors
    /// Returns an error if `name` is not a field or `unit` is not a unit of time.
    pub(crate) fn new(name: &str, unit: Option<&str>) -> Result<Self> {
        let field: Field = name.parse().with_context(|| format!("field `{name}`"))?;
        let nanos = match unit.unwrap_or_else(|| unit_of(name)) {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            other => bail!("expected a unit of time (ns, us, ms or s), found `{other}`"),
        };
        Ok(Self { field, unit: nanos })
    }

    /// Returns the default fields.
    pub(crate) fn usual(unit: Option<&str>) -> Result<Vec<Self>> {
        FIELDS.iter().map(|name| Self::new(name, unit)).collect()
    }

    /// Returns the duration in nanoseconds if the entry contains it. A value of the type duration needs no unit.
    fn of(&self, entry: &EntryRef<'_>) -> Option<f64> {
        let nanos = match self.field.value(entry)? {
            Value::Duration(nanos) => nanos as f64,
            _ => self.field.number(entry)? * self.unit,
        };
        (nanos.is_finite() && nanos >= 0.0).then_some(nanos)
    }
}

/// Returns the unit at the end of a name, or milliseconds if the name contains no unit.
fn unit_of(name: &str) -> &'static str {
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    if ends(&["_ns", "_nanos", "Nanos"]) {
        "ns"
    } else if ends(&["_us", "_micros", "Micros"]) {
        "us"
    } else if ends(&["_s", "_seconds", "_secs", "request.duration"]) {
        "s"
    } else {
        "ms"
    }
}

impl Objective {
    /// Returns the condition that no entry meets if the objective has no data.
    pub(crate) fn condition(&self) -> String {
        let fields: Vec<_> = self.fields.iter().map(|latency| format!("`{}`", latency.field)).collect();
        let mut text = match fields.as_slice() {
            [field] => format!("a duration in the field {field}"),
            fields => format!("a duration in one of the fields {}", fields.join(", ")),
        };
        if let Some(target) = &self.target {
            text.push_str(&format!(" and the target `{target}`"));
        }
        if let Some(of) = &self.of {
            text.push_str(&format!(" and a match of `{of}`"));
        }
        text
    }

    /// Returns the duration of `entry` in nanoseconds if the objective applies to the entry.
    pub(crate) fn latency(&self, entry: &EntryRef<'_>) -> Option<f64> {
        if self.target.as_ref().is_some_and(|target| entry.target().as_bytes() != target.as_bytes()) {
            return None;
        }
        let nanos = self.fields.iter().find_map(|field| field.of(entry))?;
        self.of.as_ref().is_none_or(|query| query.matches(entry)).then_some(nanos)
    }
}

/// Converts an objective in percent to a share.
///
/// # Errors
/// Returns an error if the percentage is not above 0 and below 100.
pub(crate) fn share(percent: f64) -> Result<f64> {
    if !(percent > 0.0 && percent < 100.0) {
        bail!("expected a percentage above 0 and below 100, found {percent}; for example 99.9");
    }
    Ok(percent / 100.0)
}

/// Parses a duration such as `800ms` and returns nanoseconds.
///
/// # Errors
/// Returns an error if the text is not a duration.
pub(crate) fn threshold(text: &str) -> Result<u64> {
    length(text).map_err(anyhow::Error::msg)
}

/// The TOML file of `--config`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    slo: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    target: Option<String>,
    of: Option<String>,
    field: Option<String>,
    unit: Option<String>,
    threshold: Option<String>,
    #[serde(default, deserialize_with = "percentage")]
    objective: Option<f64>,
}

/// Reads the percentage of an objective. An error contains the line of the value.
fn percentage<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let percent = f64::deserialize(deserializer)?;
    share(percent).map_err(D::Error::custom)?;
    Ok(Some(percent))
}

/// Reads objectives from a TOML file.
///
/// # Errors
/// Returns an error with the line and the column, or with the name of the objective, if the file is invalid.
pub(crate) fn read(path: &Path, options: &QueryOptions) -> Result<Vec<Objective>> {
    let file: File = settings::toml(path)?;
    if file.slo.is_empty() {
        bail!("{}: expected at least one [[slo]] table, found none", path.display());
    }
    let objective = |(at, entry): (usize, Entry)| {
        let name = entry.name.clone().or_else(|| entry.target.clone());
        let name = name.unwrap_or_else(|| format!("objective {}", at + 1));
        made(name.clone(), &entry, options).with_context(|| format!("{}: [[slo]] {name}", path.display()))
    };
    file.slo.into_iter().enumerate().map(objective).collect()
}

fn made(name: String, entry: &Entry, options: &QueryOptions) -> Result<Objective> {
    let unit = entry.unit.as_deref();
    Ok(Objective {
        name,
        of: entry.of.as_deref().map(|of| Query::parse_with(of, options)).transpose().context("of")?,
        target: entry.target.clone(),
        fields: match &entry.field {
            Some(field) => vec![Latency::new(field, unit)?],
            None => Latency::usual(unit)?,
        },
        threshold: entry.threshold.as_deref().map_or(Ok(THRESHOLD), threshold).context("threshold")?,
        objective: share(entry.objective.unwrap_or(OBJECTIVE)).context("objective")?,
    })
}
