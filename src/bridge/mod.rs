//! Logging through what a program logs with already: one feature, one module.

mod ids;
#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "tracing")]
pub mod tracing;
mod used;
