//! Necessary conditions for a match that an index can test.

use crate::segment::Wanted;
use crate::severity::Severity;
use crate::trip::TripCause;

use super::plan::{Check, Plan, Test, TextField, TextIs};

/// Conditions that every matching entry meets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hints {
    severities: u32,
    /// The first and the last time, in nanoseconds since the Unix epoch. An entry without a time does not
    /// meet the condition.
    times: Option<(u64, u64)>,
    traces: Option<Vec<u128>>,
    targets: Option<Vec<Box<[u8]>>>,
    trips: Option<Vec<TripCause>>,
    /// Whether every entry that meets the conditions matches.
    pub(super) exact: bool,
}

impl Hints {
    const ANYTHING: Self =
        Self { severities: u32::MAX, times: None, traces: None, targets: None, trips: None, exact: true };

    /// No known condition.
    const NOTHING: Self = Self { exact: false, ..Self::ANYTHING };

    pub(super) fn of(plan: &Plan) -> Self {
        match plan {
            Plan::Always => Self::ANYTHING,
            Plan::All(all) => all.iter().map(Self::of).fold(Self::ANYTHING, Self::and),
            Plan::Any(all) => all.iter().map(Self::of).reduce(Self::or).unwrap_or(Self::NOTHING),
            Plan::Not(inner) => {
                let inner = Self::of(inner);
                let negated = Self { severities: !inner.severities, ..Self::ANYTHING };
                if inner.exact && inner.is_of_severities() { negated } else { Self::NOTHING }
            }
            Plan::Test(test) => Self::of_test(test),
        }
    }

    fn of_test(test: &Test) -> Self {
        match test {
            Test::Severity(bits) => Self { severities: *bits, ..Self::ANYTHING },
            Test::Time(first, last) => Self { times: Some((*first, *last)), ..Self::ANYTHING },
            Test::Trace(ids) => Self { traces: Some(ids.clone()), ..Self::ANYTHING },
            Test::Text(TextField::Target, check) if !check.negated => match &check.is {
                TextIs::OneOf(all) => Self { targets: Some(all.clone()), ..Self::ANYTHING },
                _ => Self::NOTHING,
            },
            Test::Trips(cause, check) if excludes_zero(check) => {
                let causes = cause.map_or(TripCause::ALL.to_vec(), |cause| vec![cause]);
                Self { trips: Some(causes), exact: check.is_more_than_zero(), ..Self::ANYTHING }
            }
            _ => Self::NOTHING,
        }
    }

    /// Returns whether all conditions are conditions on the severity.
    fn is_of_severities(&self) -> bool {
        self.times.is_none() && self.traces.is_none() && self.targets.is_none() && self.trips.is_none()
    }

    fn and(self, other: Self) -> Self {
        let mut exact = self.exact && other.exact;
        let times = match (self.times, other.times) {
            (Some(a), Some(b)) => Some((a.0.max(b.0), a.1.min(b.1))),
            (a, b) => a.or(b),
        };
        Self {
            severities: self.severities & other.severities,
            times,
            traces: one(self.traces, other.traces, &mut exact),
            targets: one(self.targets, other.targets, &mut exact),
            trips: one(self.trips, other.trips, &mut exact),
            exact,
        }
    }

    fn or(self, other: Self) -> Self {
        let exact = self.exact && other.exact && self.is_of_severities() && other.is_of_severities();
        let times = self.times.zip(other.times).map(|(a, b)| match (a.0 <= a.1, b.0 <= b.1) {
            (true, true) => (a.0.min(b.0), a.1.max(b.1)),
            (true, false) => a,
            (false, _) => b,
        });
        Self {
            severities: self.severities | other.severities,
            times,
            traces: both(self.traces, other.traces),
            targets: both(self.targets, other.targets),
            trips: both(self.trips, other.trips),
            exact,
        }
    }

    /// Returns the conditions in the form that an index reads.
    pub(super) fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        if self.severities != u32::MAX {
            let numbers = (0..=31_u8).filter(|number| self.severities >> number & 1 != 0);
            wanted.of_severities(numbers.map(Severity::from_number));
        }
        if let Some((first, last)) = self.times {
            wanted.since = Some(first);
            wanted.until = last.checked_add(1);
        }
        wanted.traces = self.traces.clone().unwrap_or_default();
        wanted.targets = self.targets.clone().unwrap_or_default();
        wanted.of_trips(self.trips.iter().flatten().copied());
        wanted
    }
}

fn excludes_zero(check: &Check) -> bool {
    !check.of_count(0)
}

/// Returns the smaller of two sets. A matching entry has a value in each set, so either set is a valid
/// condition.
fn one<T>(a: Option<Vec<T>>, b: Option<Vec<T>>, exact: &mut bool) -> Option<Vec<T>> {
    match (a, b) {
        (Some(a), Some(b)) => {
            *exact = false;
            Some(if a.len() <= b.len() { a } else { b })
        }
        (a, b) => a.or(b),
    }
}

/// Returns the union of two sets. A matching entry has a value in at least one set.
fn both<T>(a: Option<Vec<T>>, b: Option<Vec<T>>) -> Option<Vec<T>> {
    a.zip(b).map(|(mut a, b)| {
        a.extend(b);
        a
    })
}
