//! Conditions on entries.

use fusewire::query::{self, QueryError, QueryOptions};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::names;
use crate::time::zone;

/// A condition on entries: ``Query("level >= warn and request.status == 500")``.
///
/// ``now`` is the reference of relative times, in nanoseconds since the Unix epoch (default: the current time).
/// ``tz`` is the time zone of days and of times without an offset: ``"local"``, ``"UTC"``, an offset such as ``"+02:00"``, or
/// a name such as ``"Europe/Berlin"``. Raises ``QueryError``, which contains the column, if the text is not a valid query.
#[pyclass(frozen, eq, module = "fusewire")]
#[derive(PartialEq)]
pub(crate) struct Query(query::Query);

#[pymethods]
impl Query {
    #[new]
    #[pyo3(signature = (text, *, now = None, tz = "local"))]
    fn new(text: &Bound<'_, PyString>, now: Option<u64>, tz: &str) -> PyResult<Self> {
        let mut options = QueryOptions { zone: zone("tz", tz)?, ..QueryOptions::default() };
        if let Some(now) = now {
            options.now_unix_nano = now;
        }
        let py = text.py();
        let source = text.to_cow()?;
        match query::Query::parse_with(&source, &options) {
            Ok(query) => Ok(Self(query)),
            Err(error) => Err(query_error(py, &source, &error)),
        }
    }

    /// Returns the canonical form of the query. Parsing it returns an equal query.
    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("Query({})", PyString::new(py, &self.0.to_string()).repr()?))
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.0.to_string().hash(&mut hasher);
        hasher.finish()
    }

    /// Returns ``(text, now, tz)``, from which another process creates an equal query.
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<(Py<PyAny>, (String, u64, String))> {
        let make = names::MAKE_QUERY.import(slf.py(), "fusewire._query", "make_query")?;
        let options = slf.get().0.options();
        let made = (slf.get().0.to_string(), options.now_unix_nano, options.zone.to_string());
        Ok((make.clone().unbind(), made))
    }
}

/// Converts the error of `text` to a `QueryError` exception.
pub(crate) fn query_error(py: Python<'_>, text: &str, error: &QueryError) -> PyErr {
    let made = || {
        let class = names::QUERY_ERROR.import(py, "fusewire._errors", "QueryError")?;
        let shown = format!("{error:#}");
        class.call1((shown, text, error.column(), error.offset(), error.message()))
    };
    made().map_or_else(|error: PyErr| error, PyErr::from_value)
}

impl Query {
    pub(crate) fn as_query(&self) -> &query::Query {
        &self.0
    }
}
