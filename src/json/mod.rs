//! Entries as JSON, and JSON lines as entries. `schema/JSON.md` is the mapping.

mod base64;
mod cursor;
mod fuse;
mod header;
mod import;
mod object;
mod otlp;
mod otlp_value;
mod recognise;
mod restore;
mod validate;
mod write;

pub use import::{ImportReport, Importer};
pub use restore::Restorer;
pub use write::write_entry;
