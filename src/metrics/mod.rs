//! What a log, a router and the memory recorder say of themselves, as metrics: as text for Prometheus, or, with the feature
//! `metrics`, through the crate of that name (F2).
//!
//! ```
//! use fusewire::log::Log;
//! use fusewire::metrics::{CONTENT_TYPE, Metrics};
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-metrics-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! log.append(|entry| entry.set_body("ready"));
//!
//! // Whatever answers `GET /metrics`:
//! let text = Metrics::new().log(&log.stats()).to_prometheus();
//! assert!(text.contains("log_missing_trace_id_total{level=\"unspecified\"} 1\n"));
//! # assert!(CONTENT_TYPE.starts_with("text/plain"));
//! # drop(log);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Nothing is counted for the sake of metrics, and nothing runs by itself: they are made of [`Stats`](crate::log::Stats),
//! [`RouteStats`](crate::route::RouteStats) and [`MemStats`](crate::memory::MemStats) when they are asked for.
//!
//! Names are Prometheus' conventions: base units (seconds, bytes, shares from 0 to 1) in the name, `_total` for counters.
//! Counters begin anew with the process, as such counters do. [`families`] lists them all.

mod exposition;
#[cfg(feature = "metrics")]
mod facade;
mod family;
mod of_log;
mod of_memory;
#[cfg(feature = "json")]
mod of_route;

pub use exposition::CONTENT_TYPE;
pub use family::{Family, FamilyKind, Unit};
pub use of_log::{LEVELS, level_name};
/// The families of a log, for who counts by himself what somebody else's log says.
pub mod of_entries {
    pub use super::of_log::{BYTES, DROPPED, DROPPED_BY_LEVEL, ENTRIES, MISSING, TRIPPED, TRIPS};
}

use std::borrow::Cow;

/// A name, and what it is for this sample.
type Label = (Cow<'static, str>, Cow<'static, str>);

/// Samples of metrics at a moment, collected from as many sources as there are.
///
/// Of two samples of one family with the same labels the later one counts. Where a process has two logs, a
/// [`label`](Self::label) before each tells them apart.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    samples: Vec<Sample>,
    common: Vec<Label>,
}

#[derive(Clone, Debug)]
struct Sample {
    family: &'static Family,
    labels: Vec<Label>,
    value: Value,
}

/// What a sample says. Counters of bytes go beyond what a float tells exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Whole(u64),
    Float(f64),
}

impl Metrics {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a label to all samples that are added from now on, instead of an earlier one of that name.
    ///
    /// What cannot stand in the name of a label (`[a-zA-Z_][a-zA-Z0-9_]*`) becomes `_`. The value may be any text.
    pub fn label(&mut self, name: &str, value: &str) -> &mut Self {
        let name = family::label_name(name);
        self.common.retain(|(other, _)| *other != name);
        self.common.push((name.into(), value.to_owned().into()));
        self
    }

    /// Adds a sample of a family: a counter, or a number that is whole.
    pub fn add(&mut self, family: &'static Family, labels: &[(&'static str, &str)], value: u64) -> &mut Self {
        self.push(family, labels, Value::Whole(value))
    }

    /// Adds a sample of a family that may be a fraction.
    pub fn add_float(
        &mut self,
        family: &'static Family,
        labels: &[(&'static str, &str)],
        value: f64,
    ) -> &mut Self {
        self.push(family, labels, Value::Float(value))
    }

    fn push(&mut self, family: &'static Family, labels: &[(&'static str, &str)], value: Value) -> &mut Self {
        let own = labels.iter().map(|&(name, value)| (name.into(), value.to_owned().into()));
        // A label of the sample's own is more than one of all samples.
        let common =
            self.common.iter().filter(|(name, _)| labels.iter().all(|(own, _)| name != own)).cloned();
        let labels = common.chain(own).collect();
        self.samples.push(Sample { family, labels, value });
        self
    }

    /// The samples by family, in the order in which families and samples came first; each with its latest value.
    fn by_family(&self) -> Vec<(&'static Family, Vec<&Sample>)> {
        let mut families: Vec<(&'static Family, Vec<&Sample>)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for sample in &self.samples {
            let place = *places.entry(sample.family.name()).or_insert_with(|| {
                families.push((sample.family, Vec::new()));
                families.len() - 1
            });
            families[place].1.push(sample);
        }
        for (_, samples) in &mut families {
            let mut seen = std::collections::HashSet::new();
            samples.reverse();
            samples.retain(|sample| {
                let mut labels: Vec<_> = sample.labels.iter().collect();
                labels.sort();
                seen.insert(labels)
            });
            samples.reverse();
        }
        families
    }
}

/// Every metric that this library gives out: those that [`Metrics`] of all sources may hold.
pub fn families() -> impl Iterator<Item = &'static Family> {
    let of_log = of_log::FAMILIES.iter().copied();
    #[cfg(feature = "json")]
    let of_log = of_log.chain(of_route::FAMILIES.iter().copied());
    of_log.chain(of_memory::families())
}
