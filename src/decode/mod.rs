//! Reading one entry where it lies: every access bounds-checked, nothing allocated, nothing trusted.
//!
//! Two roads lead to the same answers. A *canonical* entry, which every entry of our own writer is, begins with one of
//! two constant prefixes, and its fields are at fixed offsets. Any other valid FlatBuffer of the schema is read by its
//! vtable. Hostile bytes give an error or a wrong value, never a panic; [`EntryRef::verify`] is a pass of its own that
//! checks everything the format says.

mod entry;
mod path;
mod root;
#[cfg(feature = "serde")]
mod serialize;
mod tape;
mod value;
mod verify;
mod walk;

pub use entry::EntryRef;
pub use tape::{Attribute, Attributes, Children};
pub use value::Value;
#[cfg(feature = "json")]
pub(crate) use walk::Step;
pub use walk::{Visit, Walk};

use crate::error::{DecodeError, DecodeFault};

/// An error about `field` at `offset`.
pub(crate) const fn fault(offset: usize, field: &'static str, fault: DecodeFault) -> DecodeError {
    DecodeError { offset, field, fault }
}

/// `field` at `offset` needs bytes up to `end`, there are `available`.
pub(crate) const fn out_of_bounds(
    offset: usize,
    field: &'static str,
    end: u64,
    available: usize,
) -> DecodeError {
    fault(offset, field, DecodeFault::OutOfBounds { end, available: available as u64 })
}
