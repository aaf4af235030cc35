//! Pure bytes: the layout of an entry, of a frame, of a segment's header. No I/O, nothing of what they mean.
//! Every offset is the sum of what stands before it, and asserted at compile time.

pub(crate) mod bytes;
pub(crate) mod entry;
pub(crate) mod frame;
pub(crate) mod index;
pub(crate) mod segment;
