//! The options of a reader.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fusewire::Zone;
use fusewire::log::{LogReader, ReadOptions, Scan};
use fusewire::query::Query;
use fusewire::query::aggregate::Counted;
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyValueError};
use pyo3::prelude::*;

use crate::counts::{self, Group, Question};
use crate::entries::Entries;
use crate::filter;
use crate::losses::{Losses, OnLoss};
use crate::pass::{Pass, damage};
use crate::resources::Resources;
use crate::time::zone;

/// The source of a reader: paths and options. It can start any number of passes.
#[pyclass(frozen, module = "fusewire._fusewire")]
pub(crate) struct Source {
    paths: Vec<PathBuf>,
    options: ReadOptions,
    since: Option<u64>,
    until: Option<u64>,
    query: Option<Query>,
    follow: bool,
    timeout: Option<Duration>,
    on_loss: OnLoss,
    copy: bool,
    /// The time zone of intervals.
    zone: Zone,
    /// The zone of times in lines without an offset.
    log_zone: Option<Zone>,
}

#[pymethods]
impl Source {
    /// Creates a source. `since` and `until` are in nanoseconds since the Unix epoch, and `timeout` is in seconds.
    #[new]
    #[pyo3(signature = (paths, *, since, until, query, follow, timeout, on_loss, copy, tz, log_tz))]
    #[expect(clippy::too_many_arguments, reason = "each has its name where it is called")]
    fn new(
        paths: Vec<PathBuf>,
        since: Option<u64>,
        until: Option<u64>,
        query: Option<&Bound<'_, filter::Query>>,
        follow: bool,
        timeout: Option<f64>,
        on_loss: &str,
        copy: bool,
        tz: &str,
        log_tz: Option<&str>,
    ) -> PyResult<Self> {
        let mut options = LogReader::options().copy(copy).follow(follow);
        if let Some(since) = since {
            options = options.since(since);
        }
        if let Some(until) = until {
            options = options.until(until);
        }
        let log_zone = log_tz.map(|log_tz| zone("log_tz", log_tz)).transpose()?;
        if let Some(zone) = &log_zone {
            options = options.line_zone(zone.clone());
        }
        let timeout = timeout
            .map(Duration::try_from_secs_f64)
            .transpose()
            .map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
        let query = query.map(|query| query.get().as_query().clone());
        Ok(Self {
            paths,
            options,
            since,
            until,
            query,
            follow,
            timeout,
            on_loss: OnLoss::parse(on_loss)?,
            copy,
            zone: zone("tz", tz)?,
            log_zone,
        })
    }

    /// Starts a pass. Returns an iterator of dicts; `losses` collects the losses.
    fn entries(&self, py: Python<'_>, losses: &Bound<'_, Losses>) -> PyResult<Entries> {
        Ok(Entries::new(self.begin(py, losses)?, self.resources(), self.follow, self.timeout))
    }

    /// Counts the entries of the log. Returns the groups, and the fields `entries`, `others`, `short_by` and `without_time`
    /// of `Counts`.
    #[expect(clippy::too_many_arguments, reason = "each has its name where it is called")]
    #[pyo3(signature = (losses, *, by, every, number, distinct, max_groups))]
    fn count(
        &self,
        py: Python<'_>,
        losses: &Bound<'_, Losses>,
        by: Vec<String>,
        every: Option<&str>,
        number: Option<&str>,
        distinct: Option<&str>,
        max_groups: usize,
    ) -> PyResult<(Vec<Group>, [u64; 4])> {
        let aggregation = Question::aggregation(py, &by, every, &self.zone, number, distinct, max_groups)?;
        let (since, until, query) = (self.since, self.until, self.query.clone());
        let question = Question { since, until, query, aggregation };
        let mut scan = Scan::new(&self.paths).copy(self.copy);
        if let Some(zone) = &self.log_zone {
            scan = scan.line_zone(zone.clone());
        }
        let mut found = Vec::new();
        let counted =
            py.detach(|| question.run(&scan, &mut found)).map_err(|error| self.not_opened(&error))?;
        if let (OnLoss::Raise, Some(loss)) = (self.on_loss, found.first()) {
            return Err(damage(py, loss.clone()));
        }
        losses.get().extend(found);
        let Counted { entries, others, short_by, without_time, .. } = counted;
        Ok((counts::groups(&counted), [entries, others, short_by, without_time]))
    }
}

impl Source {
    /// Starts a pass.
    pub(crate) fn begin(&self, py: Python<'_>, losses: &Bound<'_, Losses>) -> PyResult<Pass> {
        let mut options = self.options.clone();
        if let Some(query) = &self.query {
            options = interruptible(options, query.clone());
        }
        let reader = py.detach(|| options.open(&self.paths)).map_err(|error| self.not_opened(&error))?;
        Ok(Pass::new(reader, self.query.clone(), losses.get().shared(), self.on_loss))
    }

    /// Creates a cache for resources.
    pub(crate) fn resources(&self) -> Resources {
        Resources::new()
    }

    /// Converts the error of `open`, and adds the path that cannot be read if it is known.
    fn not_opened(&self, error: &std::io::Error) -> PyErr {
        let path = self.paths.iter().find(|path| !path.exists()).or_else(|| self.paths.first());
        let path = path.map_or_else(String::new, |path| path.display().to_string());
        match (error.raw_os_error(), error.kind()) {
            // Python selects the exception by the error number: FileNotFoundError, PermissionError and others.
            (Some(number), _) => PyOSError::new_err((number, error.to_string(), path)),
            (None, std::io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(format!("{path}: {error}")),
            (None, _) => PyOSError::new_err(format!("{path}: {error}")),
        }
    }
}

/// The number of skipped entries between two checks for signals, about 10 ms.
const PATIENCE: u32 = 1 << 16;

/// Returns options with a filter that accepts the entries that match `query`, and some of the others in long runs
/// without a match, so that the reader can check for signals. [`Pass`] removes the others. Each pass accepts the same
/// entries in the same order.
fn interruptible(options: ReadOptions, query: Query) -> ReadOptions {
    // A reader uses the filter in one thread.
    let others = AtomicU32::new(0);
    options.filter(query.wanted(), move |entry| {
        query.matches(entry) || {
            let count = others.load(Ordering::Relaxed).wrapping_add(1);
            others.store(count, Ordering::Relaxed);
            count.is_multiple_of(PATIENCE)
        }
    })
}
