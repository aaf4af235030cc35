//! The native module of the Python package `fusewire`. The directory `fusewire/` contains the public API. This module
//! reads logs, appends to them, and converts between entries and Python objects.

mod arrow;
mod batch;
mod counts;
mod entries;
mod filter;
mod keys;
mod losses;
mod names;
mod options;
mod pass;
mod resources;
mod time;
mod value;
mod write;

use pyo3::prelude::*;

/// The native module of the package.
#[pymodule]
mod _fusewire {
    #[pymodule_export]
    use super::arrow::Table;
    #[pymodule_export]
    use super::counts::Group;
    #[pymodule_export]
    use super::entries::Entries;
    #[pymodule_export]
    use super::filter::Query;
    #[pymodule_export]
    use super::losses::{Loss, Losses};
    #[pymodule_export]
    use super::options::Source;
    #[pymodule_export]
    use super::time::parse_time;
    #[pymodule_export]
    use super::write::Writer;

    /// A file that another program truncates is an exception or a loss, not a death by SIGBUS.
    #[pymodule_init]
    fn init(_module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        #[cfg(unix)]
        fusewire::segment::handle_sigbus();
        Ok(())
    }
}
