//! The encoder of one entry, with the circuit breaker that limits the entry.
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
#[cfg_attr(not(unix), allow(dead_code, reason = "the log uses it"))]
pub(crate) mod direct;
mod formatted;
mod fragment;
mod key;
#[doc(hidden)]
#[cfg_attr(not(unix), allow(dead_code, reason = "events use it"))]
pub mod known;
pub(crate) mod like;
#[cfg(feature = "json")]
mod restored;
#[cfg_attr(not(unix), allow(dead_code, reason = "the log uses it"))]
pub(crate) mod row;
mod scope;
#[cfg(feature = "serde")]
mod serde;
mod slot;
mod tape;
#[cfg(all(unix, not(loom)))]
pub(crate) mod thread_name;
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

/// Encodes the entry that `write` builds at the beginning of `buffer`.
///
/// # Errors
/// Returns the errors of [`EntryWriter::finish`].
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::{Limits, Severity};
///
/// let mut buffer = [0; 1024];
/// let entry = encode(&mut buffer, &Limits::default(), |entry| {
///     entry.set_severity(Severity::WARN);
///     entry.set_body("payment retried");
///     entry.attr("attempt", &3);
/// })?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// assert_eq!((entry.severity(), entry.body()), (Severity::WARN, "payment retried".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

/// Encodes the entry that `write` builds into the spare capacity of `buffer`, and advances `buffer`. Returns the
/// number of written bytes and the report of the circuit breaker.
///
/// The entry must fit the slice that [`BufMut::chunk_mut`] returns. Reserve the space before the call;
/// `limits.max_entry_bytes` is always enough.
///
/// ```
/// use fusewire::Limits;
/// use fusewire::encode::encode_into;
///
/// let limits = Limits::default();
/// let mut buffer = Vec::with_capacity(limits.max_entry_bytes as usize);
/// let (len, _) = encode_into(&mut buffer, &limits, |entry| entry.set_body("first"))?;
/// assert_eq!(buffer.len(), len);
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
///
/// # Errors
/// Returns the errors of [`EntryWriter::finish`]. After an error, `buffer` has its previous length.
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

/// Returns the exact length in bytes of the entry that `write` builds. Calls `write` once and stores nothing.
///
/// ```
/// use fusewire::Limits;
/// use fusewire::encode::{encode, encoded_len};
///
/// let len = encoded_len(&Limits::default(), |entry| entry.set_body("paid"))?;
/// let mut buffer = vec![0; len];
/// assert_eq!(encode(&mut buffer, &Limits::default(), |entry| entry.set_body("paid"))?.len(), len);
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
///
/// # Errors
/// Returns [`EncodeError::SerializeBlocked`] or [`EncodeError::TooWide`] if `limits` refuse a value or a container.
pub fn encoded_len(limits: &Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> Result<usize, EncodeError> {
    let mut entry = EntryWriter::new(&mut [], limits);
    write(&mut entry);
    match entry.finish() {
        Ok(encoded) => Ok(encoded.len()),
        Err(EncodeError::BufferTooSmall { needed, .. }) => Ok(needed),
        Err(error) => Err(error),
    }
}
