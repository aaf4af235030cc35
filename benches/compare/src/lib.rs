//! Code that the programs of this package share.

pub mod memory;
pub mod read_back;
