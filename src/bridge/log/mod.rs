//! The crate `log` into a log: a [`Logger`].
//!
//! ```
//! use fusewire::bridge::log::Logger;
//! use fusewire::log::Log;
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-log-{}", std::process::id()));
//! let fusewire = Log::options(&directory).open()?;
//! // `main` holds the guard: it closes the log.
//! let _guard = Logger::new(fusewire.clone()).with_max_level(log::LevelFilter::Info).init()?;
//!
//! log::info!(order = 7, amount = 129.95; "paid");
//! log::debug!("not logged");
//! # assert_eq!(fusewire.stats().entries, 1);
//! # drop(_guard);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The record's message is the entry's body; its level the severity (`Trace` 1, `Debug` 5, `Info` 9, `Warn` 13, `Error` 17);
//! its target the target. Its key-values are attributes of their types, errors with their sources; what has no type that `log`
//! knows is text that is stopped at its budget, or, with feature `serde` and captured by `:serde`, the map or array that it
//! is. Values captured by `:sval` are text.
//!
//! File, line and module are `code.file.path`, `code.line.number` and `code.namespace`, where asked for. Key-values `trace_id`
//! and `span_id` that are text of 32 and 16 hexadecimal digits are the entry's trace and span. What the thread's
//! [`Context`](crate::Context) says, the entry says, too.

mod kv;
mod logger;

pub use logger::Logger;
