//! Bridges from other logging libraries. Each bridge has a feature and a module.

mod ids;
#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "tracing")]
pub mod tracing;
mod used;
