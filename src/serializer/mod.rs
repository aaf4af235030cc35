//! The common interface of the encodings of an entry, with two implementations: [`Binary`], and `JsonLines` with the
//! feature `json`.
//!
//! Their outputs can follow one another in any order without separators. The header of a frame contains its length,
//! each line ends with a line feed, and [`Encoding::detect`] returns the encoding of the following bytes.
//!
//! ```
//! use fusewire::serializer::{Binary, Serializer};
//! use fusewire::{Limits, encode::EntryWriter, message};
//!
//! let mut serializers: Vec<Box<dyn Serializer>> = vec![Box::new(Binary::new(Limits::default()))];
//! # #[cfg(feature = "json")]
//! serializers.push(Box::new(fusewire::serializer::JsonLines::new(Limits::default())));
//!
//! let paid = |entry: &mut EntryWriter<'_>| {
//!     entry.set_body("paid");
//!     entry.attr("amount", &129.95);
//! };
//! for serializer in &mut serializers {
//!     let mut buffer = vec![0; serializer.encoded_len(&paid)?];
//!     let written = serializer.encode(&paid, &mut buffer)?;
//!     assert_eq!(written.len, buffer.len());
//!     println!("{}: {} bytes", serializer.name(), written.len);
//! }
//! # Ok::<(), fusewire::error::EncodeError>(())
//! ```

mod binary;
#[cfg(feature = "json")]
mod json_lines;

pub use binary::Binary;
#[cfg(feature = "json")]
pub use json_lines::JsonLines;

use crate::decode::EntryRef;
use crate::encode::EntryWriter;
use crate::encoding::Encoding;
use crate::error::EncodeError;
use crate::limits::Limits;
use crate::trip::TripReport;

/// A serializer of entries in one encoding.
///
/// A method may call its argument `write` several times. `write` must write the same entry each time. The circuit
/// breaker is the same in all encodings: under the same limits, they keep the same values and return the same report.
/// In the steady state no method allocates: an implementation keeps its memory, which grows to the size of the
/// largest entry.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::serializer::{Binary, Serializer};
///
/// let mut buffer = [0; 512];
/// let entry = encode(&mut buffer, &Default::default(), |entry| entry.set_body("paid"))?;
/// let entry = EntryRef::new(entry.into_bytes())?;
/// let mut serializer: Box<dyn Serializer> = Box::new(Binary::default());
/// let mut output = vec![0; serializer.transcoded_len(&entry)?];
/// assert_eq!(serializer.transcode(&entry, &mut output)?, output.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Serializer {
    /// Returns the encoding.
    fn encoding(&self) -> Encoding;

    /// Returns the name of the encoding, as tools print it.
    fn name(&self) -> &'static str {
        self.encoding().name()
    }

    /// Returns the limits.
    fn limits(&self) -> &Limits;

    /// Returns whether a reader can use the values in place, without a conversion.
    fn is_zero_copy(&self) -> bool;

    /// Returns the exact length in bytes of the output of [`encode`](Self::encode).
    ///
    /// # Errors
    /// Returns an error if the limits refuse a value or a container.
    fn encoded_len(&mut self, write: &dyn Fn(&mut EntryWriter<'_>)) -> Result<usize, EncodeError>;

    /// Writes the entry that `write` builds at the beginning of `buffer`.
    ///
    /// # Errors
    /// Returns [`EncodeError::BufferTooSmall`] with the necessary length if the buffer is too small. Returns another
    /// error if the limits refuse a value or a container. After an error the bytes in the buffer have no meaning.
    fn encode(
        &mut self,
        write: &dyn Fn(&mut EntryWriter<'_>),
        buffer: &mut [u8],
    ) -> Result<Serialized, EncodeError>;

    /// Returns the exact length in bytes of the output of [`transcode`](Self::transcode).
    ///
    /// # Errors
    /// Returns [`EncodeError::TooLong`] if the entry exceeds the longest payload of a frame.
    fn transcoded_len(&mut self, entry: &EntryRef<'_>) -> Result<usize, EncodeError>;

    /// Writes an encoded entry at the beginning of `buffer`, and returns the length. The limits do not apply.
    ///
    /// # Errors
    /// Returns [`EncodeError::BufferTooSmall`] with the necessary length if the buffer is too small, and
    /// [`EncodeError::TooLong`] if the entry exceeds the longest payload of a frame.
    fn transcode(&mut self, entry: &EntryRef<'_>, buffer: &mut [u8]) -> Result<usize, EncodeError>;
}

/// The result of [`Serializer::encode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serialized {
    /// The number of bytes written at the beginning of the buffer.
    pub len: usize,
    /// The report of the circuit breaker.
    pub report: TripReport,
}
