//! Python objects that are looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

pub(crate) static QUERY_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static DAMAGE_ERROR: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static LOSS_WARNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static MAKE_QUERY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static TIMESTAMP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static DURATION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static ZONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
pub(crate) static MOMENT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
