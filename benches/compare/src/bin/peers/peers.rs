//! The peers, by logging macro.
//!
//! Each peer logs the same event: a message, a number, a float, a string, a signed number, a flag and a path.

pub mod emit;
pub mod fusewire;
pub mod log;
pub mod slog;
pub mod tracing;
