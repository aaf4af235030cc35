//! The layout of entries, frames, segments and indexes. These modules do no I/O. Each offset is the sum of the
//! preceding lengths; the compiler checks the results.

pub(crate) mod bytes;
pub(crate) mod entry;
pub(crate) mod frame;
pub(crate) mod index;
pub(crate) mod like;
pub(crate) mod segment;
