//! `tracing` into a log: a [`Layer`] of `tracing_subscriber`.
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
//! A program that has other layers puts a [`Layer`] among them, and holds [`Log::guard`](crate::log::Log::guard):
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
//! # What becomes of an event
//!
//! | of the event | in the entry |
//! |---|---|
//! | `message` | body; a second one is an attribute |
//! | level | severity: `TRACE` 1, `DEBUG` 5, `INFO` 9, `WARN` 13, `ERROR` 17 |
//! | target, name of the thread | target, thread |
//! | fields | attributes of their types, all of them if a name repeats; errors with their sources, `?` and `%` as text that is stopped at its budget |
//! | fields `trace_id`, `span_id` of the event, or of the nearest span that has them | the entry's trace and span, where the value is such an id: 32 and 16 hexadecimal digits, or a number that is not 0 |
//! | the spans that it is in | attribute `spans`, an array of maps, outermost first; or `span`, or none: [`Scope`] |
//! | file, line, module | `code.file.path`, `code.line.number`, `code.namespace`, where asked for |
//!
//! Fields of a span are encoded when it is made, and again when some are recorded: a field that is recorded again *replaces*
//! what was recorded before. An event copies them. It allocates nothing, once its thread is known.
//! Of a span that was made before the layer was there, the name and the fields that are recorded later are known.
//!
//! Records of the `log` crate that come through `tracing-log` are as if they had come from `tracing`: with the target, file
//! and line of the record.
//!
//! # Levels
//!
//! The layer logs all that reaches it. What shall not reach it is told by a filter, for this layer alone
//! (`layer.with_filter(LevelFilter::INFO)`, or an `EnvFilter`) or for all of them: `tracing` asks it before anything is
//! evaluated, and remembers the answer for each call site. An own level of the layer could only come later than that, or else
//! silence the other layers too.
//!
//! # What it does not do
//!
//! Values of the crate `valuable` reach a layer only where everything is compiled with `--cfg tracing_unstable`; without it
//! there is nothing to implement. Logged with `?` they are text.
//!
//! Code that formats a value runs while the event is written. What it logs itself is dropped, and counted
//! ([`DropCause::Reentrant`](crate::log::DropCause::Reentrant)). Where it panics, there is no entry, the panic goes on, and
//! the log is as it was.

mod current;
mod expected;
mod fields;
mod init;
mod layer;
#[cfg(feature = "tracing-opentelemetry-0-34")]
mod opentelemetry;
mod options;
mod span;

pub(crate) use current::write_current;
pub use init::{init, init_at};
pub use layer::Layer;
pub use options::{Scope, SpanEvents};
