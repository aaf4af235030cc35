//! Metrics of a log, a router and the memory recorder: in the text format of Prometheus, or, with the feature
//! `metrics`, through the crate of that name.
//!
//! ```
//! use fusewire::log::Log;
//! use fusewire::metrics::{CONTENT_TYPE, Metrics};
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-metrics-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! log.append(|entry| entry.set_body("ready"));
//!
//! // The response to `GET /metrics`:
//! let text = Metrics::new().log(&log.stats()).to_prometheus();
//! assert!(text.contains("log_missing_trace_id_total{level=\"unspecified\"} 1\n"));
//! # assert!(CONTENT_TYPE.starts_with("text/plain"));
//! # drop(log);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Metrics add no counters and no threads. Each request computes the values from
//! [`Stats`](crate::log::Stats), [`RouteStats`](crate::route::RouteStats) and
//! [`MemStats`](crate::memory::MemStats).
//!
//! Names follow the conventions of Prometheus: the base unit (seconds, bytes, a ratio from 0 to 1) is in the
//! name, and counters end in `_total`. Counters restart at 0 with the process. [`families`] lists all
//! metrics.

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
/// The metrics of a log, for a program that computes them from the entries of another process.
pub mod of_entries {
    pub use super::of_log::{BYTES, DROPPED, DROPPED_BY_LEVEL, ENTRIES, MISSING, TRIPPED, TRIPS};
}

use std::borrow::Cow;

/// The name and the value of a label.
type Label = (Cow<'static, str>, Cow<'static, str>);

/// The samples of metrics at one moment, from any number of sources.
///
/// If two samples of a family have the same labels, the later one replaces the earlier one. If a process has
/// two logs, set a different [`label`](Self::label) before you add each log.
///
/// ```
/// use fusewire::metrics::{Family, Metrics};
///
/// static QUEUED: Family = Family::gauge("shop_queued_orders", "Orders in the queue.");
///
/// let mut metrics = Metrics::new();
/// metrics.label("shop", "eu").add(&QUEUED, &[], 7);
/// metrics.label("shop", "us").add(&QUEUED, &[], 2);
/// let text = metrics.to_prometheus();
/// assert!(text.contains("shop_queued_orders{shop=\"eu\"} 7\nshop_queued_orders{shop=\"us\"} 2\n"));
/// ```
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

/// The value of a sample. Counters of bytes can exceed the integers that a float represents exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Value {
    Whole(u64),
    Float(f64),
}

impl Metrics {
    /// Creates an empty set of samples.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a label for all samples that are added later. It replaces an earlier label of the same name.
    ///
    /// A character that is invalid in a label name (`[a-zA-Z_][a-zA-Z0-9_]*`) is replaced by `_`. The value
    /// can be any text.
    pub fn label(&mut self, name: &str, value: &str) -> &mut Self {
        let name = family::label_name(name);
        self.common.retain(|(other, _)| *other != name);
        self.common.push((name.into(), value.to_owned().into()));
        self
    }

    /// Adds a sample with an integer value.
    pub fn add(&mut self, family: &'static Family, labels: &[(&'static str, &str)], value: u64) -> &mut Self {
        self.push(family, labels, Value::Whole(value))
    }

    /// Adds a sample with a floating-point value.
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
        // A label of the sample has priority over a common label.
        let common =
            self.common.iter().filter(|(name, _)| labels.iter().all(|(own, _)| name != own)).cloned();
        let labels = common.chain(own).collect();
        self.samples.push(Sample { family, labels, value });
        self
    }

    /// Returns the samples by family, in the order of their first appearance. Only the latest of equal
    /// samples is returned.
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

/// Returns all metrics of this library.
///
/// ```
/// use fusewire::metrics::families;
///
/// assert!(families().any(|family| family.name() == "fusewire_log_entries_total"));
/// ```
pub fn families() -> impl Iterator<Item = &'static Family> {
    let of_log = of_log::FAMILIES.iter().copied();
    #[cfg(feature = "json")]
    let of_log = of_log.chain(of_route::FAMILIES.iter().copied());
    of_log.chain(of_memory::families())
}
