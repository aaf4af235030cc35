//! The writer of a log.

mod object;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fusewire::log::{Durability, Log};
use fusewire::segment::Resource;
use fusewire::{Severity, TraceContext};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

/// A writer that appends entries to a log. Appended entries survive the death of the process.
#[pyclass(frozen, module = "fusewire._fusewire")]
pub(crate) struct Writer(Mutex<Option<Log>>);

#[pymethods]
impl Writer {
    /// Creates a writer. `max_age` is in seconds. `None` selects the default of the library.
    #[new]
    #[pyo3(signature = (directory, *, service, segment_size, max_total_bytes, max_age, self_contained))]
    fn new(
        py: Python<'_>,
        directory: PathBuf,
        service: &str,
        segment_size: Option<u64>,
        max_total_bytes: Option<u64>,
        max_age: Option<f64>,
        self_contained: Option<bool>,
    ) -> PyResult<Self> {
        let mut options = Log::options(&directory).resource(Resource::of_this_process(service));
        if let Some(bytes) = segment_size {
            options = options.segment_size(bytes);
        }
        if let Some(bytes) = max_total_bytes {
            options = options.max_total_bytes(bytes);
        }
        if let Some(seconds) = max_age {
            let age = Duration::try_from_secs_f64(seconds);
            options =
                options.max_age(age.map_err(|error| PyValueError::new_err(format!("max_age: {error}")))?);
        }
        if let Some(self_contained) = self_contained {
            options = options.self_contained(self_contained);
        }
        let log = py.detach(|| options.open());
        let log = log.map_err(|error| PyOSError::new_err(format!("{}: {error}", directory.display())))?;
        Ok(Self(Mutex::new(Some(log))))
    }

    /// Appends an entry. Returns whether it was written, which is always false after `close`.
    #[expect(clippy::too_many_arguments, reason = "the parts of an entry")]
    fn append(
        &self,
        time_unix_nano: u64,
        severity: u8,
        target: &Bound<'_, PyString>,
        thread: &Bound<'_, PyString>,
        body: &Bound<'_, PyString>,
        trace_id: &str,
        span_id: &str,
        attributes: &Bound<'_, PyDict>,
    ) -> bool {
        // The mutex is not held while Python code runs, because this code can also log.
        let Some(log) = self.log().clone() else { return false };
        let trace = TraceContext {
            trace_id: TraceContext::parse_trace_id(trace_id).unwrap_or_default(),
            span_id: TraceContext::parse_span_id(span_id).unwrap_or_default(),
            flags: 0,
        };
        let outcome = log.append(|entry| {
            entry.set_time_unix_nano(time_unix_nano);
            entry.set_severity(Severity::from_number(severity));
            entry.set_target(&target.to_string_lossy());
            entry.set_thread(&thread.to_string_lossy());
            entry.set_body(&body.to_string_lossy());
            entry.set_trace(trace);
            object::write_members(attributes, &mut entry.attributes());
        });
        outcome.is_written()
    }

    /// Waits until all appended entries are on disk and survive a power cut.
    fn flush(&self, py: Python<'_>, timeout: f64) -> PyResult<()> {
        let Some(log) = self.log().clone() else { return Ok(()) };
        let timeout = Duration::try_from_secs_f64(timeout)
            .map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
        py.detach(|| log.flush(Durability::Disk, timeout))
            .map_err(|error| PyOSError::new_err(error.to_string()))
    }

    /// Closes the log.
    fn close(&self, py: Python<'_>) {
        let log = self.log().take();
        py.detach(|| drop(log));
    }

    /// Returns the number of written and of dropped entries.
    fn counts(&self) -> (u64, u64) {
        self.log().as_ref().map_or((0, 0), |log| {
            let stats = log.stats();
            (stats.entries, stats.drops.total())
        })
    }
}

impl Writer {
    fn log(&self) -> MutexGuard<'_, Option<Log>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
