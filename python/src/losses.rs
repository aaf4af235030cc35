//! What reading does not give, and why.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// So many losses are kept one by one; all are counted.
const KEPT: usize = 1_000;

/// What is done about a loss.
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

/// One thing that was lost: bytes that hold no entry and should, segments that were deleted before they were read, a file
/// that cannot be read, entries for which the writer had no room.
#[pyclass(frozen, get_all, eq, module = "fusewire")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Loss {
    /// What was lost, in words.
    message: String,
    /// The file, where it is one.
    path: Option<String>,
    /// The first byte of it in the file, where that is known.
    start: Option<u64>,
    /// One past its last byte, where that is known.
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

    /// What makes the same loss in another process.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, Members) {
        let Self { message, path, start, end } = slf.get().clone();
        (slf.get_type(), (message, path, start, end))
    }

    pub(crate) fn __str__(&self) -> String {
        let path = self.path.as_ref().map_or_else(String::new, |path| format!("{path}: "));
        let range = match (self.start, self.end) {
            (Some(start), Some(end)) if end > start => format!("bytes {start} to {end}: "),
            (Some(start), _) => format!("byte {start}: "),
            _ => String::new(),
        };
        format!("{path}{range}{}", self.message)
    }

    fn __repr__(&self) -> String {
        format!("<Loss {self}>", self = self.__str__())
    }
}

/// The losses of one pass over a log, shared by who reads and who asks.
#[pyclass(frozen, module = "fusewire")]
#[derive(Default)]
pub(crate) struct Losses(Arc<Mutex<Found>>);

/// What was found so far.
#[derive(Default)]
pub(crate) struct Found {
    kept: Vec<Loss>,
    count: u64,
    /// How many of those that are kept somebody was warned of.
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

    /// The first thousand, in the order in which they were found.
    fn list(&self) -> Vec<Loss> {
        lock(&self.0).kept.clone()
    }

    /// How many there were.
    fn __len__(&self) -> usize {
        usize::try_from(lock(&self.0).count).unwrap_or(usize::MAX)
    }
}

/// What is kept is whole between any two of its changes, whoever panicked.
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

    /// Those of which nobody was warned yet.
    pub(crate) fn untold(&mut self) -> Vec<Loss> {
        let untold = self.kept.get(self.told..).unwrap_or_default().to_vec();
        self.told = self.kept.len();
        untold
    }
}
