//! Counting of entries with several threads and the indexes.

use fusewire::log::Scan;
use fusewire::query::aggregate::{Aggregation, Counted, Interval, Numbers};
use fusewire::query::{Field, Query};
use fusewire::{Timestamp, Zone};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::filter::query_error;
use crate::losses::Loss;

/// A group of entries with the same values of the counted fields.
#[pyclass(frozen, module = "fusewire")]
pub(crate) struct Group {
    /// The value of each field as text; `None` if the entries do not have the field.
    #[pyo3(get)]
    key: Vec<Option<String>>,
    /// The start of the interval, in nanoseconds since the Unix epoch.
    #[pyo3(get)]
    since_unix_nano: Option<u64>,
    /// The number of entries.
    #[pyo3(get)]
    count: u64,
    /// The approximate number of different values.
    #[pyo3(get)]
    distinct: Option<u64>,
    numbers: Option<Numbers>,
}

#[pymethods]
impl Group {
    /// The number of entries that have the number.
    #[getter]
    fn numbers(&self) -> u64 {
        self.numbers.as_ref().map_or(0, Numbers::count)
    }

    #[getter]
    fn min(&self) -> Option<f64> {
        self.numbers.as_ref()?.min()
    }

    #[getter]
    fn max(&self) -> Option<f64> {
        self.numbers.as_ref()?.max()
    }

    #[getter]
    fn sum(&self) -> Option<f64> {
        self.numbers.as_ref()?.sum()
    }

    /// Returns the approximate quantile `share` (0 to 1) of the numbers.
    fn quantile(&self, share: f64) -> Option<f64> {
        self.numbers.as_ref()?.quantile(share)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let key = self.key.clone().into_pyobject(py)?.repr()?;
        let since = self.since_unix_nano.map_or_else(String::new, |nanos| format!(" since {nanos}"));
        Ok(format!("<Group {key}{since}: {} entries>", self.count))
    }
}

/// The parameters of a count.
pub(crate) struct Question {
    pub(crate) since: Option<u64>,
    pub(crate) until: Option<u64>,
    pub(crate) query: Option<Query>,
    pub(crate) aggregation: Aggregation,
}

impl Question {
    /// Creates the parameters from the names of fields.
    pub(crate) fn aggregation(
        py: Python<'_>,
        by: &[String],
        every: Option<&str>,
        zone: &Zone,
        number: Option<&str>,
        distinct: Option<&str>,
        max_groups: usize,
    ) -> PyResult<Aggregation> {
        let mut aggregation = Aggregation::new().max_groups(max_groups);
        for name in by {
            aggregation = aggregation.by(field(py, name)?);
        }
        if let Some(every) = every {
            let every = Interval::parse(every, zone.clone())
                .map_err(|message| PyValueError::new_err(format!("every: {message}")))?;
            aggregation = aggregation.each(every);
        }
        if let Some(name) = number {
            aggregation = aggregation.number(field(py, name)?);
        }
        if let Some(name) = distinct {
            aggregation = aggregation.distinct(field(py, name)?);
        }
        Ok(aggregation)
    }

    /// Counts the entries, and adds losses to `found`.
    pub(crate) fn run(&self, scan: &Scan, found: &mut Vec<Loss>) -> std::io::Result<Counted> {
        let counted = self.aggregation.run(scan, &self.whole()?)?;
        for (path, range) in counted.scanned.lost.iter().filter(|(_, range)| range.is_loss()) {
            found.push(Loss::new(range.reason.to_string()).of(path).at(range.start, range.end));
        }
        for (path, offset, error) in &counted.scanned.unreadable_entries {
            found.push(
                Loss::new(format!("the frame is intact, but its entry is invalid: {error}"))
                    .of(path)
                    .at(*offset, *offset),
            );
        }
        for (path, error) in &counted.scanned.unreadable {
            found.push(Loss::new(error.to_string()).of(path));
        }
        Ok(counted)
    }

    /// Combines the query with the time range.
    fn whole(&self) -> std::io::Result<Query> {
        let time = |nanos: u64| Timestamp::new((nanos / 1_000_000_000).cast_signed(), subsecond(nanos));
        let limit = |test: &str, nanos: Option<u64>| {
            let time = time(nanos?)?;
            Some(format!("time {test} \"{time}\""))
        };
        let given = self.query.as_ref().map(|query| format!("({query})"));
        let parts = [given.filter(|text| text != "()"), limit(">=", self.since), limit("<", self.until)];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let options = self.query.as_ref().map_or_else(Default::default, Query::options);
        Query::parse_with(&text, &options).map_err(std::io::Error::other)
    }
}

fn subsecond(nanos: u64) -> u32 {
    u32::try_from(nanos % 1_000_000_000).unwrap_or(0)
}

fn field(py: Python<'_>, name: &str) -> PyResult<Field> {
    Field::parse(name).map_err(|error| query_error(py, name, &error))
}

/// Converts the groups to Python objects.
pub(crate) fn groups(counted: &Counted) -> Vec<Group> {
    let group = |group: &fusewire::query::aggregate::Group| Group {
        key: group.key.clone(),
        since_unix_nano: group.since,
        count: group.count,
        distinct: group.distinct.as_ref().map(|distinct| distinct.estimate()),
        numbers: group.numbers.clone(),
    };
    counted.groups().iter().map(group).collect()
}
