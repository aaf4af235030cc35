//! A bridge from the crate `log` to a log: [`Logger`].
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
//! The message of a record becomes the body of the entry. The target is unchanged. The level determines the
//! severity: `Trace` 1, `Debug` 5, `Info` 9, `Warn` 13, `Error` 17.
//!
//! Key-values become attributes with their types; errors include their sources. A value of a type that `log`
//! does not know becomes text, whose length is limited. With the feature `serde`, a value that `:serde`
//! captures becomes a map or an array instead. A value that `:sval` captures becomes text.
//!
//! File, line and module become `code.file.path`, `code.line.number` and `code.namespace`, if they are
//! enabled. The key-values `trace_id` and `span_id` become the trace id and the span id of the entry, if
//! their values are text with 32 and 16 hexadecimal digits. The entry also contains the
//! [`Context`](crate::Context) of the thread.

mod kv;
mod logger;

pub use logger::Logger;
