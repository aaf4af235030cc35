//! Losses of a reader.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The number of losses that are stored. All losses are counted.
const KEPT: usize = 1_000;

/// The reaction to a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnLoss {
    Warn,
    Raise,
    Ignore,
}

impl OnLoss {
    pub(crate) fn parse(text: &str) -> PyResult<Self> {
        match text {
            "warn" => Ok(Self::Warn),
            "raise" => Ok(Self::Raise),
            "ignore" => Ok(Self::Ignore),
            other => Err(PyValueError::new_err(format!(
                "on_loss: expected \"warn\", \"raise\" or \"ignore\", found {other:?}"
            ))),
        }
    }
}

/// One loss: damaged bytes, segments that were deleted before they were read, an unreadable file, or dropped entries.
#[pyclass(frozen, get_all, eq, module = "fusewire")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Loss {
    /// The description of the loss.
    message: String,
    /// The path of the file; `None` if the loss does not belong to a file.
    path: Option<String>,
    /// The offset of the first lost byte; `None` if unknown.
    start: Option<u64>,
    /// The offset after the last lost byte; `None` if unknown.
    end: Option<u64>,
}

type Members = (String, Option<String>, Option<u64>, Option<u64>);

impl Loss {
    pub(crate) fn new(message: String) -> Self {
        Self { message, path: None, start: None, end: None }
    }

    pub(crate) fn of(mut self, path: &std::path::Path) -> Self {
        self.path = Some(path.display().to_string());
        self
    }

    pub(crate) fn at(mut self, start: u64, end: u64) -> Self {
        (self.start, self.end) = (Some(start), Some(end));
        self
    }
}

#[pymethods]
impl Loss {
    #[new]
    #[pyo3(signature = (message, path = None, start = None, end = None))]
    fn make(message: String, path: Option<String>, start: Option<u64>, end: Option<u64>) -> Self {
        Self { message, path, start, end }
    }

    /// Returns the class and the arguments from which another process creates an equal loss.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, Members) {
        let Self { message, path, start, end } = slf.get().clone();
        (slf.get_type(), (message, path, start, end))
    }

    pub(crate) fn __str__(&self) -> String {
        let path = self.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let range = match (self.start, self.end) {
            (Some(start), Some(end)) if end > start => format!("bytes {start} to {end}: "),
            (Some(start), _) => format!("offset {start}: "),
            _ => String::new(),
        };
        format!("{path}{range}{}", self.message)
    }

    fn __repr__(&self) -> String {
        format!("<Loss {self}>", self = self.__str__())
    }
}

/// The losses of one pass over a log, shared between the pass and the reader.
#[pyclass(frozen, module = "fusewire")]
#[derive(Default)]
pub(crate) struct Losses(Arc<Mutex<Found>>);

/// The losses that a pass has found.
#[derive(Default)]
pub(crate) struct Found {
    kept: Vec<Loss>,
    count: u64,
    /// The number of stored losses for which a warning was emitted.
    told: usize,
}

impl Losses {
    pub(crate) fn shared(&self) -> Arc<Mutex<Found>> {
        Arc::clone(&self.0)
    }
}

impl Losses {
    pub(crate) fn extend(&self, losses: Vec<Loss>) {
        let mut found = lock(&self.0);
        losses.into_iter().for_each(|loss| found.add(loss));
    }
}

#[pymethods]
impl Losses {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Returns the first 1,000 losses, in the order of the pass.
    fn list(&self) -> Vec<Loss> {
        lock(&self.0).kept.clone()
    }

    /// Returns the number of all losses.
    fn __len__(&self) -> usize {
        usize::try_from(lock(&self.0).count).unwrap_or(usize::MAX)
    }
}

/// Locks the losses. They are consistent even if a thread panicked with the lock.
pub(crate) fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Found {
    pub(crate) fn add(&mut self, loss: Loss) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(loss);
        }
    }

    /// Returns the losses for which no warning was emitted.
    pub(crate) fn untold(&mut self) -> Vec<Loss> {
        let untold = self.kept.get(self.told..).unwrap_or_default().to_vec();
        self.told = self.kept.len();
        untold
    }
}
