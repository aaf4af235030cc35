#![doc = include_str!("../docs/crate.md")]
// docs.rs shows the Cargo feature that an item needs. `loom` is a test configuration, so docs.rs does not show it.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(loom))))]
#![deny(unsafe_code)]
#![warn(missing_docs, unreachable_pub)]
// The build for the model checker uses only the checked part of the library.
#![cfg_attr(loom, allow(dead_code, unused_imports))]
// The library does not panic or print, and numbers on disk do not depend on the pointer size.
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::cast_possible_truncation
    )
)]

#[cfg(all(unix, not(loom), any(feature = "log", feature = "tracing")))]
pub mod bridge;
mod context;
pub mod decode;
mod digits;
pub mod encode;
mod encoding;
pub mod error;
#[cfg(all(unix, not(loom)))]
mod event;
#[doc(hidden)]
pub mod failpoint;
mod format;
pub mod generated;
#[cfg(feature = "json")]
pub mod json;
pub mod kind;
pub mod limits;
mod line_time;
#[cfg(feature = "json")]
pub mod lines;
#[cfg(all(unix, not(loom)))]
pub mod log;
#[cfg(all(test, loom))]
#[path = "log/model.rs"]
mod log;
mod map;
#[cfg(all(unix, not(loom)))]
pub mod memory;
pub mod message;
#[cfg(all(unix, not(loom)))]
pub mod metrics;
pub mod mixed;
#[cfg(any(feature = "json", feature = "query"))]
mod names;
pub mod owned;
pub mod packing;
#[cfg(all(unix, not(loom)))]
pub mod panic;
mod path;
#[cfg(all(not(loom), feature = "query"))]
pub mod query;
#[cfg(any(feature = "json", feature = "serde"))]
mod rfc8259;
#[cfg(all(unix, not(loom), feature = "json"))]
pub mod route;
pub mod segment;
pub mod serializer;
pub mod severity;
pub mod text;
mod text_scan;
pub mod time;
#[cfg_attr(
    not(any(feature = "json", feature = "query")),
    allow(dead_code, reason = "without these features, RFC 3339 is the only text")
)]
mod time_text;
pub mod trace;
pub mod trip;
mod zone;

pub use context::{Context, Entered, InContext};
pub use encoding::Encoding;
#[cfg(all(unix, not(loom)))]
pub use event::EventBuilder;
#[cfg(all(unix, not(loom)))]
#[doc(hidden)]
pub use event::{__expect, __write_surroundings, __write_thread};
pub use kind::{Kind, KindSet, NodeFlags, UnknownValue};
pub use limits::Limits;
pub use path::KeyPath;
pub use severity::Severity;
pub use text::Text;
pub use time::Timestamp;
pub use trace::TraceContext;
pub use trip::{Trip, TripCause, TripReport};
pub use zone::Zone;

/// The conversion between full and like entries, for tests and benchmarks.
#[doc(hidden)]
pub mod like {
    pub use crate::decode::like::{LikeHead, base, view};
    pub use crate::encode::like::{convert, scratch_len};
    pub use crate::format::like::{Base, Facts, is_repeat_due};
    pub use crate::segment::base::{BaseFault, Bases};
}

/// The README and the guides, whose examples are compiled as documentation tests.
#[cfg(doctest)]
mod guides {
    #[cfg(feature = "tracing")]
    #[doc = include_str!("../README.md")]
    mod readme {}

    #[cfg(feature = "query")]
    #[doc = include_str!("../docs/consumers.md")]
    mod consumers {}

    #[cfg(all(feature = "log", feature = "tracing"))]
    #[doc = include_str!("../docs/producers.md")]
    mod producers {}

    #[cfg(feature = "json")]
    #[doc = include_str!("../docs/rollout.md")]
    mod rollout {}

    #[doc = include_str!("../docs/start.md")]
    mod start {}

    #[cfg(feature = "log")]
    #[doc = include_str!("../docs/migration.md")]
    mod migration {}
}
