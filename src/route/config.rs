//! The configuration of a router.

use core::fmt;

use crate::severity::Severity;
use crate::trace::TraceContext;

use super::bucket;

/// An arm of a router: a destination of entries.
///
/// ```
/// use fusewire::route::Arm;
///
/// assert_eq!(Arm::Binary.other(), Arm::Json);
/// assert_eq!(Arm::ALL.map(Arm::name), ["binary", "json"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arm {
    /// Frames in the log.
    Binary,
    /// JSON lines in the sink.
    Json,
}

impl Arm {
    /// Both arms.
    pub const ALL: [Self; 2] = [Self::Binary, Self::Json];

    /// Returns the other arm.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Binary => Self::Json,
            Self::Json => Self::Binary,
        }
    }

    /// Returns the name in configuration files and metrics: `binary` or `json`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for Arm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A share of all traces, from 0 to 100 %, in steps of 0.0001 %.
///
/// ```
/// use fusewire::route::Percent;
///
/// assert_eq!(Percent::new(12.5).to_string(), "12.5 %");
/// assert_eq!(Percent::new(250.0), Percent::ALL);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Percent(u32);

impl Percent {
    /// No traces: 0 %.
    pub const NONE: Self = Self(0);
    /// All traces: 100 %.
    pub const ALL: Self = Self(bucket::COUNT);

    /// Creates a share from a percentage. A value below 0 is 0, a value above 100 is 100, and NaN is 0.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    pub fn new(percent: f64) -> Self {
        Self((percent.clamp(0.0, 100.0) * f64::from(bucket::COUNT / 100)).round() as u32)
    }

    /// Returns whether the share contains a trace. Only [`Percent::ALL`] contains entries without a trace.
    pub(super) fn includes(self, trace_id: u128) -> bool {
        if trace_id == 0 { self == Self::ALL } else { bucket::of(trace_id) < self.0 }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / f64::from(bucket::COUNT / 100))
    }
}

/// A rule that sends entries to an arm if all of its conditions hold. A rule without conditions applies to
/// all entries.
///
/// ```
/// use std::sync::Mutex;
/// use fusewire::log::Log;
/// use fusewire::route::{Arm, RouteConfig, Router, Rule};
/// use fusewire::{Context, Severity};
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let mut config = RouteConfig::all_to(Arm::Json);
/// config.rules.push(Rule::to(Arm::Binary).severity(Severity::ERROR));
/// config.rules.push(Rule::to(Arm::Binary).tag("canary", "yes"));
/// let router = Router::new(log, Mutex::new(Vec::new()), config);
///
/// let canary = Context::root().with_tag("canary", "yes");
/// assert_eq!(router.append(|entry| entry.set_severity(Severity::INFO)).arm, Arm::Json);
/// assert_eq!(router.append(|entry| entry.set_severity(Severity::ERROR)).arm, Arm::Binary);
/// assert_eq!(canary.scope(|| router.append(|_| ())).arm, Arm::Binary);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    arm: Arm,
    severity: Severity,
    tag: Option<(Box<str>, Option<Box<str>>)>,
    percent: Percent,
}

impl Rule {
    /// Creates a rule that sends all entries to `arm`.
    #[must_use]
    pub fn to(arm: Arm) -> Self {
        Self { arm, severity: Severity::UNSPECIFIED, tag: None, percent: Percent::ALL }
    }

    /// Adds the condition that an entry has at least this severity.
    #[must_use]
    pub fn severity(mut self, least: Severity) -> Self {
        self.severity = least;
        self
    }

    /// Adds the condition that the [`Context`](crate::Context) of an entry has this tag, with any value.
    #[must_use]
    pub fn tagged(mut self, name: &str) -> Self {
        self.tag = Some((name.into(), None));
        self
    }

    /// Adds the condition that the [`Context`](crate::Context) of an entry has this tag with this value.
    #[must_use]
    pub fn tag(mut self, name: &str, value: &str) -> Self {
        self.tag = Some((name.into(), Some(value.into())));
        self
    }

    /// Adds the condition that the trace of an entry is in this share of all traces.
    ///
    /// All processes select the same traces. A larger share contains all traces of a smaller share. An entry
    /// without a trace id matches only [`Percent::ALL`].
    #[must_use]
    pub fn percent(mut self, share: Percent) -> Self {
        self.percent = share;
        self
    }

    fn holds(&self, entry: &Traits<'_>) -> bool {
        entry.severity >= self.severity
            && self.percent.includes(entry.trace.trace_id)
            && self.tag.as_ref().is_none_or(|(name, value)| {
                let found = (entry.tag)(name);
                found.is_some_and(|found| value.as_ref().is_none_or(|value| found == &**value))
            })
    }
}

/// The properties of an entry that the rules use.
pub(super) struct Traits<'a> {
    pub(super) severity: Severity,
    pub(super) trace: TraceContext,
    /// Returns the value of a tag of the context.
    pub(super) tag: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// The bounds of an arm. If an arm exceeds a bound, the router disables it and sends all entries to the other
/// arm.
///
/// ```
/// use fusewire::route::{Arm, RouteConfig};
///
/// let mut config = RouteConfig::all_to(Arm::Binary);
/// config.bounds.max_error_rate = 0.01;
/// config.bounds.max_p99_ratio = Some(3.0);
/// assert_eq!(config.bounds.window, 1_000);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bounds {
    /// The minimum number of entries of an arm in one check. The default is 1,000. Threads share 16 sets of
    /// counters. Every 256 entries of a set start a check.
    pub window: u64,
    /// The maximum share of entries that fail, from 0 to 1. The default is 1, which disables this bound.
    pub max_error_rate: f64,
    /// The maximum ratio of the 99th percentile of the latency to that of the other arm. The default is no bound.
    ///
    /// One of eight entries is timed. The check needs 100 timed entries of each arm, and otherwise waits for
    /// more windows.
    pub max_p99_ratio: Option<f64>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { window: 1_000, max_error_rate: 1.0, max_p99_ratio: None }
    }
}

/// The rules and bounds of a router. The first rule that matches an entry determines its arm.
///
/// ```
/// use fusewire::route::{Arm, Percent, RouteConfig, Rule};
/// use fusewire::Severity;
///
/// let mut config = RouteConfig::binary_percent(Percent::new(10.0));
/// config.rules.push(Rule::to(Arm::Binary).severity(Severity::ERROR));
/// config.shadow = Percent::new(0.1);
/// assert_eq!((config.rules.len(), config.default), (2, Arm::Json));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RouteConfig {
    /// The rules, in the order of their evaluation.
    pub rules: Vec<Rule>,
    /// The arm for entries that match no rule. The default is JSON.
    pub default: Arm,
    /// The share of traces whose entries are encoded in both forms and compared. The default is none. Such an entry
    /// takes more time than the sum of both forms.
    pub shadow: Percent,
    /// The bounds of the arms.
    pub bounds: Bounds,
}

impl Default for RouteConfig {
    fn default() -> Self {
        Self { rules: Vec::new(), default: Arm::Json, shadow: Percent::NONE, bounds: Bounds::default() }
    }
}

impl RouteConfig {
    /// Returns a configuration that sends all entries to one arm.
    #[must_use]
    pub fn all_to(arm: Arm) -> Self {
        Self { default: arm, ..Self::default() }
    }

    /// Returns a configuration that sends this share of traces to the log and the rest to the sink.
    #[must_use]
    pub fn binary_percent(share: Percent) -> Self {
        Self { rules: vec![Rule::to(Arm::Binary).percent(share)], ..Self::default() }
    }

    pub(super) fn decide(&self, entry: &Traits<'_>) -> Arm {
        self.rules.iter().find(|rule| rule.holds(entry)).map_or(self.default, |rule| rule.arm)
    }
}
