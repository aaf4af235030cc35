//! Error budgets and burn rates.

use serde::Serialize;

use super::count::{Counter, Culprit, MINUTE, Tally, Target};
use super::objective::Objective;

/// Pairs of windows in minutes, with a burn rate and an alert. An alert requires this burn rate of a 30-day budget in both
/// windows. The long window excludes insignificant events, and the short window excludes events that are over. Source: *The
/// Site Reliability Workbook*, "Alerting on SLOs", chapter 5.
const PAIRS: [(u64, u64, f64, Alert); 3] =
    [(60, 5, 14.4, Alert::Page), (360, 30, 6.0, Alert::Page), (4_320, 360, 1.0, Alert::Ticket)];

/// Windows in the output, in minutes.
pub(crate) const WINDOWS: [u64; 3] = [5, 60, 360];

/// Maximum number of targets in the output.
pub(super) const SHOWN: usize = 20;

/// Maximum number of worst minutes for each objective.
const WORST: usize = 5;

/// The results of all objectives.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// The first and the last minute, in nanoseconds since the Unix epoch.
    pub(crate) span: (u64, u64),
    pub(crate) objectives: Vec<Kept>,
    /// Number of entries of further targets and minutes, beyond the maximum numbers.
    pub(crate) others: u64,
}

/// The result of an objective.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Kept {
    pub(crate) name: String,
    /// Maximum duration in nanoseconds.
    pub(crate) threshold_nanos: u64,
    /// Minimum share of good entries.
    pub(crate) objective: f64,
    /// Sum of all targets.
    #[serde(flatten)]
    pub(crate) all: Row,
    /// Targets in descending order of their number of bad entries.
    pub(crate) targets: Vec<Row>,
    pub(crate) worst_minutes: Vec<Minute>,
    pub(crate) look_at: Vec<LookAt>,
}

/// The result of a target.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) target: Option<String>,
    pub(crate) total: u64,
    pub(crate) slow: u64,
    pub(crate) failed: u64,
    pub(crate) bad: u64,
    /// Used share of the error budget; 1.0 is the complete budget.
    pub(crate) burned: f64,
    /// Burn rates in the [`WINDOWS`] that end with the last minute. A rate of 1.0 uses up exactly the budget.
    pub(crate) burn_rates: [Option<f64>; WINDOWS.len()],
    pub(crate) alert: Alert,
    /// Median of the durations in nanoseconds. `p99` is the 99th percentile, and `max` is the maximum.
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) max: Option<f64>,
}

/// The alert that the burn rates require.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Alert {
    None,
    Ticket,
    Page,
}

/// A minute with bad entries.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Minute {
    pub(crate) time_unix_nano: u64,
    pub(crate) target: String,
    pub(crate) total: u64,
    pub(crate) bad: u64,
}

/// A bad entry.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LookAt {
    pub(crate) trace_id: Option<String>,
    pub(crate) target: String,
    pub(crate) latency_nanos: f64,
    pub(crate) time_unix_nano: u64,
    pub(crate) level: String,
    pub(crate) message: String,
}

impl Report {
    /// Creates the report from the counts.
    pub(crate) fn new(objectives: &[Objective], counted: Counter<'_>, keep: usize) -> Self {
        let span = counted.span.unwrap_or((0, 0));
        let mut of_each: Vec<Vec<(String, Target)>> = objectives.iter().map(|_| Vec::new()).collect();
        for ((at, name), target) in counted.targets {
            of_each[at].push((name.into(), target));
        }
        let kept =
            objectives.iter().zip(of_each).map(|(objective, targets)| kept(objective, targets, span.1, keep));
        Self { span: (span.0 * MINUTE, span.1 * MINUTE), objectives: kept.collect(), others: counted.others }
    }

    /// Returns whether an error budget is exceeded.
    pub(crate) fn is_burned(&self) -> bool {
        self.objectives.iter().any(|kept| kept.all.burned > 1.0)
    }

    /// Returns whether no objective applies to any entry.
    pub(crate) fn is_empty(&self) -> bool {
        self.objectives.iter().all(|kept| kept.all.total == 0)
    }
}

fn kept(objective: &Objective, mut targets: Vec<(String, Target)>, last: u64, keep: usize) -> Kept {
    targets.sort_by(|a, b| {
        b.1.tally
            .bad
            .cmp(&a.1.tally.bad)
            .then(b.1.tally.total.cmp(&a.1.tally.total))
            .then_with(|| a.0.cmp(&b.0))
    });
    let mut all = Target::default();
    let mut minutes = Vec::new();
    let mut culprits: Vec<(&str, &Culprit)> = Vec::new();
    for (name, target) in &targets {
        all.tally.add(target.tally);
        all.latencies.merge(target.latencies.clone());
        for (minute, tally) in &target.minutes {
            all.minutes.entry(*minute).or_default().add(*tally);
            if tally.bad > 0 {
                minutes.push(Minute {
                    time_unix_nano: minute * MINUTE,
                    target: name.clone(),
                    total: tally.total,
                    bad: tally.bad,
                });
            }
        }
        culprits.extend(target.culprits.iter().map(|culprit| (name.as_str(), culprit)));
    }
    minutes.sort_by(|a, b| {
        b.bad.cmp(&a.bad).then(a.time_unix_nano.cmp(&b.time_unix_nano)).then_with(|| a.target.cmp(&b.target))
    });
    minutes.truncate(WORST);
    culprits.sort_by(|a, b| b.1.latency.total_cmp(&a.1.latency).then(a.1.time.cmp(&b.1.time)));
    Kept {
        name: objective.name.clone(),
        threshold_nanos: objective.threshold,
        objective: objective.objective,
        all: row(None, &all, objective.objective, last),
        targets: targets
            .iter()
            .map(|(name, target)| row(Some(name.clone()), target, objective.objective, last))
            .collect(),
        worst_minutes: minutes,
        look_at: culprits.into_iter().take(keep).map(|(name, culprit)| look_at(name, culprit)).collect(),
    }
}

fn row(name: Option<String>, target: &Target, objective: f64, last: u64) -> Row {
    let Tally { total, slow, failed, bad } = target.tally;
    let rate = |minutes: u64| {
        let mut sum = Tally::default();
        let within = target.minutes.iter().filter(|(minute, _)| **minute + minutes > last);
        within.for_each(|(_, tally)| sum.add(*tally));
        (sum.total > 0).then(|| burning(sum, objective))
    };
    let fast = |minutes: u64, limit: f64| rate(minutes).is_some_and(|rate| rate >= limit);
    let alert = PAIRS.iter().find(|(long, short, limit, _)| fast(*long, *limit) && fast(*short, *limit));
    Row {
        target: name,
        total,
        slow,
        failed,
        bad,
        burned: burning(target.tally, objective),
        burn_rates: WINDOWS.map(rate),
        alert: alert.map_or(Alert::None, |pair| pair.3),
        p50: target.latencies.quantile(0.5),
        p99: target.latencies.quantile(0.99),
        max: target.latencies.max(),
    }
}

/// Returns the number of bad entries as a multiple of the permitted number.
fn burning(tally: Tally, objective: f64) -> f64 {
    tally.bad as f64 / (tally.total as f64 * (1.0 - objective)).max(f64::MIN_POSITIVE)
}

fn look_at(target: &str, culprit: &Culprit) -> LookAt {
    LookAt {
        trace_id: (culprit.trace_id != 0).then(|| format!("{:032x}", culprit.trace_id)),
        target: target.to_owned(),
        latency_nanos: culprit.latency,
        time_unix_nano: culprit.time,
        level: culprit.level.to_string(),
        message: culprit.message.clone(),
    }
}
