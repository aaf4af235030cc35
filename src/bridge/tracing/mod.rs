//! A bridge from `tracing` to a log: a [`Layer`] for `tracing_subscriber`.
//!
//! ```
//! use fusewire::log::Log;
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-tracing-{}", std::process::id()));
//! // Before: tracing_subscriber::fmt().json().init();
//! let log = Log::options(&directory).open()?;
//! // `main` holds the guard: it closes the log. The level is INFO, as with `fmt()`.
//! let _guard = fusewire::bridge::tracing::init(log.clone())?;
//!
//! let span = tracing::info_span!("request", method = "GET", path = "/orders/7");
//! span.in_scope(|| tracing::info!(status = 200, "served"));
//! # assert_eq!(log.stats().entries, 1);
//! # drop(_guard);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! In a program with other layers, add a [`Layer`], and keep a [`Log::guard`](crate::log::Log::guard) in
//! `main`:
//!
//! ```
//! # use fusewire::log::Log;
//! use tracing_subscriber::{filter::LevelFilter, prelude::*};
//!
//! # let directory = std::env::temp_dir().join(format!("fusewire-doc-layers-{}", std::process::id()));
//! let log = Log::options(&directory).open()?;
//! let _guard = log.guard();
//! let layer = fusewire::bridge::tracing::Layer::new(log);
//! tracing_subscriber::registry().with(layer).with(LevelFilter::INFO).init();
//! # drop(_guard);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Mapping of an event
//!
//! | of the event | in the entry |
//! |---|---|
//! | `message` | body; a second one is an attribute |
//! | level | severity: `TRACE` 1, `DEBUG` 5, `INFO` 9, `WARN` 13, `ERROR` 17 |
//! | target, name of the thread | target, thread |
//! | fields | attributes with their types, all of them if a name repeats; errors include their sources; `?` and `%` fields are text of limited length |
//! | fields `trace_id` and `span_id` of the event, or of the nearest span that has them | trace id and span id, if the value is 32 or 16 hexadecimal digits, or a number other than 0 |
//! | the spans of the event | attribute `spans`, an array of maps, outermost first; or `span`, or none: see [`Scope`] |
//! | file, line, module | `code.file.path`, `code.line.number`, `code.namespace`, if enabled |
//!
//! The layer encodes the fields of a span when the span is created, and again when fields are recorded. A
//! field that is recorded again *replaces* its earlier value. An event copies the encoded fields. After the
//! first event of a thread, an event does not allocate. If a span is older than the layer, its entries
//! contain its name and the fields that are recorded later.
//!
//! `tracing-log` forwards records of the crate `log`. Their entries contain the target, file and line of the
//! record.
//!
//! # Levels
//!
//! The layer logs every event that it receives. To select events, use a filter: for this layer
//! (`layer.with_filter(LevelFilter::INFO)`, or an `EnvFilter`) or for all layers. `tracing` applies the
//! filter before it evaluates the fields, and caches the result for each call site. The layer has no level
//! option. An option would apply after the evaluation of the fields, or would also disable events of other
//! layers.
//!
//! # Limitations
//!
//! A layer receives values of the crate `valuable` only if all crates are compiled with `--cfg
//! tracing_unstable`. Without this flag, log these values with `?`, as text.
//!
//! Code that formats a value runs inside the append. Entries that this code logs are dropped and counted as
//! [`DropCause::Reentrant`](crate::log::DropCause::Reentrant). If this code panics, the log is unchanged and
//! the panic continues.

mod current;
mod expected;
mod fields;
mod init;
mod layer;
#[cfg(feature = "tracing-opentelemetry-0-34")]
mod opentelemetry;
mod options;
mod span;

pub(crate) use current::write_surroundings;
pub use init::{init, init_at};
pub use layer::Layer;
pub use options::{Scope, SpanEvents};
