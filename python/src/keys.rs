//! A cache of keys as Python strings. A log contains few different keys, and each of them many times.

use std::collections::HashMap;

use fusewire::Text;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// Limits of the cache, in keys and in bytes per key: generated keys must not exhaust the memory.
const KEPT: usize = 4_096;
const LONGEST: usize = 64;

/// The cached keys.
#[derive(Default)]
pub(crate) struct Keys(HashMap<Box<[u8]>, Py<PyString>>);

impl Keys {
    /// Converts `text` to a Python string. Short texts share one string.
    pub(crate) fn get<'py>(&mut self, py: Python<'py>, text: Text<'_>) -> PyResult<Bound<'py, PyString>> {
        if let Some(key) = self.0.get(text.as_bytes()) {
            return Ok(key.bind(py).clone());
        }
        let key = string(py, text)?;
        if text.len() <= LONGEST && self.0.len() < KEPT {
            self.0.insert(text.as_bytes().into(), key.clone().unbind());
        }
        Ok(key)
    }
}

/// Converts `text` to a Python string. Bytes that are not UTF-8 become surrogates, as in file names: `os.fsencode` returns
/// the bytes.
pub(crate) fn string<'py>(py: Python<'py>, text: Text<'_>) -> PyResult<Bound<'py, PyString>> {
    match text.to_str() {
        Ok(text) => Ok(PyString::new(py, text)),
        Err(_) => {
            let bytes = pyo3::types::PyBytes::new(py, text.as_bytes());
            PyString::from_encoded_object(&bytes, Some(c"utf-8"), Some(c"surrogateescape"))
        }
    }
}
