//! Entries as Arrow record batches, exported through the Arrow C stream interface.

mod builder;
mod column;
mod learn;
mod stream;

use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::losses::Losses;
use crate::options::Source;
use column::Column;
use stream::{Batches, Misfits};

/// The columns of ``Reader.select``, and the number of values that did not have the type of their column.
#[pyclass(frozen, module = "fusewire._fusewire")]
pub(crate) struct Table {
    columns: Vec<Column>,
    misfits: Arc<Misfits>,
}

#[pymethods]
impl Table {
    /// Creates a table. `columns` contains names and types; the type `None` is inferred.
    #[new]
    fn new(columns: Vec<(String, Option<String>)>) -> PyResult<Self> {
        let columns: Vec<_> = columns
            .into_iter()
            .map(|(name, kind)| Column::new(name, kind.as_deref()))
            .collect::<PyResult<_>>()?;
        let misfits = Arc::new(Misfits::new(columns.len()));
        Ok(Self { columns, misfits })
    }

    /// Returns an Arrow C stream of `source` as a capsule. `losses` collects the losses.
    fn stream<'py>(
        &self,
        py: Python<'py>,
        source: &Bound<'py, Source>,
        losses: &Bound<'py, Losses>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let pass = source.get().begin(py, losses)?;
        let resources = source.get().resources();
        self.misfits.clear();
        let (columns, misfits) = (self.columns.clone(), Arc::clone(&self.misfits));
        let batches = py.detach(|| Batches::new(pass, resources, columns, misfits));
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, c"arrow_array_stream")
    }

    /// Returns the number of values that did not have the type of their column and are null, by column.
    fn misfits(&self) -> Vec<(String, u64)> {
        let counts = self.columns.iter().zip(self.misfits.counts());
        counts.filter(|(_, count)| *count > 0).map(|(column, count)| (column.name.clone(), count)).collect()
    }
}
