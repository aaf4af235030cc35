//! Common code of the programs in this package.

pub mod memory;
pub mod read_back;
