//! Conversion of entries to JSON, and of JSON lines to entries. `schema/JSON.md` specifies the conversion.

mod base64;
mod fuse;
mod header;
pub(crate) mod ids;
pub(crate) mod lenient;
mod levels;
mod number;
pub(crate) mod object;
pub(crate) mod otlp;
mod otlp_value;
mod out;
mod restore;
#[cfg(test)]
mod specification;
mod string;
mod tagged;
mod times;
mod tracing;
mod value;
mod write;

use crate::rfc8259::{cursor, validate};

pub(crate) use object::Scratch;
pub(crate) use out::Sink;
pub use restore::Restorer;
pub(crate) use restore::Written;

pub use value::{append_attributes, append_value};
pub(crate) use write::write_to;
pub use write::{append_entry, write_entry};
