//! The iterator that returns dicts.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyDict;

use crate::batch::Batch;
use crate::losses::Loss;
use crate::pass::{Pass, Stop, damage};
use crate::resources::Resources;
use crate::value::Dicts;

/// The maximum number of entries in a batch. The first batch has one entry, and each batch has twice the entries of
/// the previous batch, so the first match of a rare condition is returned early.
const MOST: usize = 1_024;
/// The approximate maximum number of bytes in a batch.
const MOST_BYTES: usize = 1 << 20;

/// The interval between two checks for signals.
const PATIENCE: Duration = Duration::from_millis(100);

/// An iterator of entries. It does not hold the GIL while it reads or waits.
#[pyclass(frozen, module = "fusewire")]
pub(crate) struct Entries(Mutex<State>);

struct State {
    pass: Pass,
    resources: Resources,
    batch: Batch,
    /// The index of the next entry in the batch.
    next: usize,
    size: usize,
    dicts: Dicts,
    follow: bool,
    timeout: Option<Duration>,
    ended: bool,
    /// The loss to raise after the last entry of the batch.
    lost: Option<Loss>,
}

impl Entries {
    pub(crate) fn new(pass: Pass, resources: Resources, follow: bool, timeout: Option<Duration>) -> Self {
        Self(Mutex::new(State {
            pass,
            resources,
            batch: Batch::default(),
            next: 0,
            size: 1,
            dicts: Dicts::default(),
            follow,
            timeout,
            ended: false,
            lost: None,
        }))
    }
}

#[pymethods]
impl Entries {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        // Another thread can read without the GIL.
        let mut state = self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        state.next(py)
    }
}

impl State {
    fn next<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        if self.next >= self.batch.len() && !self.refill(py)? {
            return Ok(None);
        }
        let Some((entry, resource)) = self.batch.get(self.next) else { return Ok(None) };
        self.next += 1;
        self.dicts.entry(py, &entry, resource, &self.resources).map(Some)
    }

    /// Reads the next batch. Returns whether it contains entries.
    fn refill(&mut self, py: Python<'_>) -> PyResult<bool> {
        let deadline = self.timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some(loss) = self.lost.take() {
                self.ended = true;
                return Err(damage(py, loss));
            }
            if self.ended {
                return Ok(false);
            }
            let stop = py.detach(|| self.read());
            let is_end = matches!(stop, Stop::End);
            // The entries before the loss are returned first.
            if let Stop::Lost(loss) = stop {
                self.lost = Some(loss);
            }
            self.pass.warn(py)?;
            if self.batch.len() > 0 {
                return Ok(true);
            }
            py.check_signals()?;
            if is_end {
                self.ended = !self.follow || !self.wait(py, deadline)?;
            }
        }
    }

    fn read(&mut self) -> Stop {
        let Self { pass, resources, batch, size, .. } = self;
        batch.clear();
        self.next = 0;
        let most = *size;
        *size = (most * 2).min(MOST);
        pass.run(|entry, source| {
            batch.push(entry, resources.of(source));
            if batch.has(most, MOST_BYTES) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    /// Waits for new entries and handles signals. Returns whether entries arrived before `deadline`.
    fn wait(&mut self, py: Python<'_>, deadline: Option<Instant>) -> PyResult<bool> {
        loop {
            let left =
                deadline.map_or(PATIENCE, |deadline| deadline.saturating_duration_since(Instant::now()));
            if py.detach(|| self.pass.wait(left.min(PATIENCE)))? {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
            py.check_signals()?;
        }
    }
}
