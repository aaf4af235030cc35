//! Keys as strings of Python, each made once: entries of a log have few keys, and many of each.

use std::collections::HashMap;

use fusewire::Text;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// So many keys of at most so many bytes are kept: a log that makes up its keys must not fill the memory.
const KEPT: usize = 4_096;
const LONGEST: usize = 64;

/// Keys that were met.
#[derive(Default)]
pub(crate) struct Keys(HashMap<Box<[u8]>, Py<PyString>>);

impl Keys {
    /// `text` as a string of Python's, and the same one for the same text where that is worth it.
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

/// `text` as a string. Bytes that are not UTF-8 are what Python makes of those in names of files: `os.fsencode` gives
/// them back.
pub(crate) fn string<'py>(py: Python<'py>, text: Text<'_>) -> PyResult<Bound<'py, PyString>> {
    match text.to_str() {
        Ok(text) => Ok(PyString::new(py, text)),
        Err(_) => {
            let bytes = pyo3::types::PyBytes::new(py, text.as_bytes());
            PyString::from_encoded_object(&bytes, Some(c"utf-8"), Some(c"surrogateescape"))
        }
    }
}
