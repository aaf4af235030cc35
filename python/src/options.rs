//! What is to be read, and how.

use std::path::PathBuf;
use std::time::Duration;

use fusewire::log::{LogReader, ReadOptions};
use pyo3::exceptions::{PyFileNotFoundError, PyOSError, PyValueError};
use pyo3::prelude::*;

use crate::entries::Entries;
use crate::filter::Query;
use crate::losses::{Losses, OnLoss};
use crate::pass::Pass;

/// What is to be read: reading it can be begun any number of times.
#[pyclass(frozen, module = "fusewire._fusewire")]
pub(crate) struct Source {
    paths: Vec<PathBuf>,
    options: ReadOptions,
    follow: bool,
    timeout: Option<Duration>,
    on_loss: OnLoss,
}

#[pymethods]
impl Source {
    /// `since` and `until` are nanoseconds since the Unix epoch, `timeout` is in seconds.
    #[new]
    #[pyo3(signature = (paths, *, since, until, query, follow, timeout, on_loss, copy))]
    #[expect(clippy::too_many_arguments, reason = "each has its name where it is called")]
    fn new(
        paths: Vec<PathBuf>,
        since: Option<u64>,
        until: Option<u64>,
        query: Option<&Bound<'_, Query>>,
        follow: bool,
        timeout: Option<f64>,
        on_loss: &str,
        copy: bool,
    ) -> PyResult<Self> {
        let mut options = LogReader::options().copy(copy).follow(follow);
        if let Some(since) = since {
            options = options.since(since);
        }
        if let Some(until) = until {
            options = options.until(until);
        }
        if let Some(query) = query {
            options = options.query(query.get().as_query());
        }
        let timeout = timeout
            .map(Duration::try_from_secs_f64)
            .transpose()
            .map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
        Ok(Self { paths, options, follow, timeout, on_loss: OnLoss::parse(on_loss)? })
    }

    /// Begins to read: an iterator of dicts. What is lost goes to `losses`.
    fn entries(&self, py: Python<'_>, losses: &Bound<'_, Losses>) -> PyResult<Entries> {
        Ok(Entries::new(self.begin(py, losses)?, self.follow, self.timeout))
    }
}

impl Source {
    /// Begins to read.
    pub(crate) fn begin(&self, py: Python<'_>, losses: &Bound<'_, Losses>) -> PyResult<Pass> {
        let reader =
            py.detach(|| self.options.clone().open(&self.paths)).map_err(|error| self.not_opened(&error))?;
        Ok(Pass::new(reader, losses.get().shared(), self.on_loss))
    }

    /// Which of the paths cannot be read, where one can tell.
    fn not_opened(&self, error: &std::io::Error) -> PyErr {
        let path = self.paths.iter().find(|path| !path.exists()).or_else(|| self.paths.first());
        let path = path.map_or_else(String::new, |path| path.display().to_string());
        match (error.raw_os_error(), error.kind()) {
            // With number, text and path Python makes the exception that is meant: FileNotFoundError, PermissionError.
            (Some(number), _) => PyOSError::new_err((number, error.to_string(), path)),
            (None, std::io::ErrorKind::NotFound) => PyFileNotFoundError::new_err(format!("{path}: {error}")),
            (None, _) => PyOSError::new_err(format!("{path}: {error}")),
        }
    }
}
