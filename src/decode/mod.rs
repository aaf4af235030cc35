//! The decoder of one entry, without a copy or an allocation. Every access is bounds-checked.
//!
//! A *canonical* entry begins with one of two constant prefixes, and its fields are at fixed offsets. The writer of
//! this crate writes only such entries. Other valid FlatBuffers of the schema are decoded through their vtable, with
//! the same results. Invalid bytes result in an error or a wrong value, but not in a panic. [`EntryRef::verify`]
//! checks all rules of the format in a separate pass.

mod entry;
pub(crate) mod like;
mod like_tape;
mod nodes;
mod one_pass;
mod path;
#[cfg_attr(not(feature = "query"), allow(dead_code, reason = "only queries search in bases"))]
mod paths;
mod root;
#[cfg(feature = "serde")]
mod serialize;
mod tape;
mod value;
mod values;
mod verify;
mod walk;

pub use entry::EntryRef;
#[cfg(feature = "query")]
pub(crate) use paths::SearchId;
pub use tape::{Attribute, Attributes, Children};
pub use value::Value;
#[cfg(feature = "json")]
pub(crate) use walk::Step;
pub use walk::{Visit, Walk};

use crate::error::{DecodeError, DecodeFault};

/// Returns an error about `field` at `offset`.
pub(crate) const fn fault(offset: usize, field: &'static str, fault: DecodeFault) -> DecodeError {
    DecodeError { offset, field, fault }
}

/// Returns the error for a `field` at `offset` that ends at `end`, outside the `available` bytes.
pub(crate) const fn out_of_bounds(
    offset: usize,
    field: &'static str,
    end: u64,
    available: usize,
) -> DecodeError {
    fault(offset, field, DecodeFault::OutOfBounds { end, available: available as u64 })
}
