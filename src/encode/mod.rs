//! Writing one entry, and the circuit breaker that bounds it.
//!
//! ```
//! use fusewire::{Limits, Severity, encode::encode};
//!
//! let mut buffer = [0; 1024];
//! let entry = encode(&mut buffer, &Limits::default(), |entry| {
//!     entry.set_severity(Severity::WARN);
//!     entry.set_body("retrying");
//!     entry.attr("attempt", &3).attr("backoff", &std::time::Duration::from_millis(250));
//!     entry.attributes().slot("request").map().entry("path", "/api").entry("tags", &["eu", "canary"]);
//! })?;
//! assert!(entry.report().is_clean());
//! # Ok::<(), fusewire::error::EncodeError>(())
//! ```

mod collections;
mod container;
mod formatted;
mod fragment;
mod key;
#[cfg(feature = "json")]
mod restored;
mod scope;
#[cfg(feature = "serde")]
mod serde;
mod slot;
mod tape;
mod value;
mod writer;

use bytes::BufMut;

pub use container::{ArrayWriter, MapWriter};
pub use fragment::Fragment;
pub use key::{KeyFilter, LogKey};
#[cfg(feature = "serde")]
pub use serde::AsSerde;
pub use slot::ValueWriter;
pub use value::{AsDebug, AsDisplay, AsError, Bytes, FromFn, LogValue, from_fn};
pub use writer::{Encoded, EntryWriter};

use crate::error::EncodeError;
use crate::limits::Limits;
use crate::map::buffer::fill_spare;
use crate::trip::TripReport;

/// Encodes what `write` writes into the beginning of `buffer`.
///
/// # Errors
/// As [`EntryWriter::finish`].
#[inline(always)]
pub fn encode<'b>(
    buffer: &'b mut [u8],
    limits: &Limits,
    write: impl FnOnce(&mut EntryWriter<'b>),
) -> Result<Encoded<'b>, EncodeError> {
    let mut entry = EntryWriter::new(buffer, limits);
    write(&mut entry);
    entry.fill().map(Encoded)
}

/// Encodes what `write` writes straight into the spare room of `buffer` and advances it; returns the bytes written.
///
/// The entry has to fit what [`BufMut::chunk_mut`] gives: reserve before (`limits.max_entry_bytes` is always enough).
///
/// # Errors
/// As [`EntryWriter::finish`]; `buffer` is then not advanced.
pub fn encode_into<B: BufMut>(
    buffer: &mut B,
    limits: &Limits,
    write: impl FnOnce(&mut EntryWriter<'_>),
) -> Result<(usize, TripReport), EncodeError> {
    fill_spare(buffer, |spare| {
        let mut entry = EntryWriter::new_uninit(spare, limits);
        write(&mut entry);
        let filled = entry.fill()?;
        Ok((filled, *entry.report()))
    })
}

/// The exact length of what `write` writes (B3). Nothing is stored; `write` runs once, as it does to encode.
///
/// # Errors
/// What the fuse is told to refuse the entry for.
pub fn encoded_len(limits: &Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> Result<usize, EncodeError> {
    let mut entry = EntryWriter::new(&mut [], limits);
    write(&mut entry);
    match entry.finish() {
        Ok(encoded) => Ok(encoded.len()),
        Err(EncodeError::BufferTooSmall { needed, .. }) => Ok(needed),
        Err(error) => Err(error),
    }
}
