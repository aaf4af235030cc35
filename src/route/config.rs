//! Which way entries go.

use core::fmt;

use crate::severity::Severity;
use crate::trace::TraceContext;

use super::bucket;

/// The two ways that an entry can go (E1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arm {
    /// As a frame, to the log.
    Binary,
    /// As a line of JSON, to the sink.
    Json,
}

impl Arm {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Binary, Self::Json];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Binary => Self::Json,
            Self::Json => Self::Binary,
        }
    }

    /// Its name, as configuration and metrics spell it.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Percent(u32);

impl Percent {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self(bucket::COUNT);

    /// So many of a hundred; what is under 0 is 0, what is over 100 is 100, and what is no number is 0.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    pub fn new(percent: f64) -> Self {
        Self((percent.clamp(0.0, 100.0) * f64::from(bucket::COUNT / 100)).round() as u32)
    }

    /// Whether the trace is one of them. Whether an entry without a trace is: only of all.
    pub(super) fn includes(self, trace_id: u128) -> bool {
        if trace_id == 0 { self == Self::ALL } else { bucket::of(trace_id) < self.0 }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / f64::from(bucket::COUNT / 100))
    }
}

/// Sends entries one way if all of its conditions hold; one without conditions sends all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    arm: Arm,
    severity: Severity,
    tag: Option<(Box<str>, Option<Box<str>>)>,
    percent: Percent,
}

impl Rule {
    /// Sends all entries this way.
    #[must_use]
    pub fn to(arm: Arm) -> Self {
        Self { arm, severity: Severity::UNSPECIFIED, tag: None, percent: Percent::ALL }
    }

    /// Only those at least so severe.
    #[must_use]
    pub fn severity(mut self, least: Severity) -> Self {
        self.severity = least;
        self
    }

    /// Only those logged in a [`Context`](crate::Context) with this tag, whatever it says.
    #[must_use]
    pub fn tagged(mut self, name: &str) -> Self {
        self.tag = Some((name.into(), None));
        self
    }

    /// Only those logged in a [`Context`](crate::Context) with this tag and this value.
    #[must_use]
    pub fn tag(mut self, name: &str, value: &str) -> Self {
        self.tag = Some((name.into(), Some(value.into())));
        self
    }

    /// Only those of this share of all traces. It is the same ones in every process, and a larger share has those of a
    /// smaller one among it. An entry without a trace id belongs to no share but all.
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

/// What an entry is routed by.
pub(super) struct Traits<'a> {
    pub(super) severity: Severity,
    pub(super) trace: TraceContext,
    /// What the context's tag of a name says.
    pub(super) tag: &'a dyn Fn(&str) -> Option<&'a str>,
}

/// When an arm is taken to have failed, so that everything goes the other way from then on (E3).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bounds {
    /// How many entries of an arm are judged at a time; default 1,000. It is looked after every 256 entries of a thread, and
    /// fewer than this many are never judged.
    pub window: u64,
    /// The share of them, from 0 to 1, that may fail; default 1 (any).
    pub max_error_rate: f64,
    /// How many times as long as those of the other arm the slowest hundredth of its entries may take; default no bound. One
    /// entry in eight is timed, and both arms need a hundred of these: of smaller windows several are judged together.
    pub max_p99_ratio: Option<f64>,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { window: 1_000, max_error_rate: 1.0, max_p99_ratio: None }
    }
}

/// Which way entries go, and when that changes by itself. The first rule that holds decides.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RouteConfig {
    /// Looked at in this order.
    pub rules: Vec<Rule>,
    /// Where entries go for which no rule holds; default JSON.
    pub default: Arm,
    /// Of which share of traces every entry is also encoded the other way, and compared; default none. An entry costs what both ways
    /// cost, and more.
    pub shadow: Percent,
    /// When an arm is taken to have failed.
    pub bounds: Bounds,
}

impl Default for RouteConfig {
    fn default() -> Self {
        Self { rules: Vec::new(), default: Arm::Json, shadow: Percent::NONE, bounds: Bounds::default() }
    }
}

impl RouteConfig {
    /// Everything goes one way.
    #[must_use]
    pub fn all_to(arm: Arm) -> Self {
        Self { default: arm, ..Self::default() }
    }

    /// This share of traces goes to the log, the rest to the sink.
    #[must_use]
    pub fn binary_percent(share: Percent) -> Self {
        Self { rules: vec![Rule::to(Arm::Binary).percent(share)], ..Self::default() }
    }

    pub(super) fn decide(&self, entry: &Traits<'_>) -> Arm {
        self.rules.iter().find(|rule| rule.holds(entry)).map_or(self.default, |rule| rule.arm)
    }
}
