//! The contract that every form of an entry keeps (B4), and the two that do: [`Binary`], and `JsonLines` with the feature
//! `json`.
//!
//! What they write can be strung together in any order, with nothing between: each frame says where it ends, each line ends
//! with a line feed, and [`Encoding::detect`] tells what comes next.
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

/// One form of entries.
///
/// What is given to write is called as often as it takes, and has to write the same each time. The same fuse guards every
/// form: under the same limits each of them keeps the same of an entry, and reports the same. No method allocates in steady
/// state: memory that one needs is kept, and grows with the largest entry.
pub trait Serializer {
    /// Which form it is.
    fn encoding(&self) -> Encoding;

    /// Its name, as tools print it.
    fn name(&self) -> &'static str {
        self.encoding().name()
    }

    /// The limits that it obeys.
    fn limits(&self) -> &Limits;

    /// Whether a reader uses values where they lie, without taking the entry apart.
    fn is_zero_copy(&self) -> bool;

    /// The exact length of what [`encode`](Self::encode) writes.
    ///
    /// # Errors
    /// What the fuse is told to refuse the entry for.
    fn encoded_len(&mut self, write: &dyn Fn(&mut EntryWriter<'_>)) -> Result<usize, EncodeError>;

    /// Writes what `write` writes to the beginning of `buffer`.
    ///
    /// # Errors
    /// [`EncodeError::BufferTooSmall`] with the bytes needed, or what the fuse was told to refuse the entry for. What is in
    /// the buffer then is garbage.
    fn encode(
        &mut self,
        write: &dyn Fn(&mut EntryWriter<'_>),
        buffer: &mut [u8],
    ) -> Result<Serialized, EncodeError>;

    /// The exact length of what [`transcode`](Self::transcode) writes.
    ///
    /// # Errors
    /// [`EncodeError::TooLong`].
    fn transcoded_len(&mut self, entry: &EntryRef<'_>) -> Result<usize, EncodeError>;

    /// Writes an entry that has been encoded to the beginning of `buffer`, whatever limits it was encoded under, and returns
    /// the length.
    ///
    /// # Errors
    /// [`EncodeError::BufferTooSmall`] with the bytes needed, and [`EncodeError::TooLong`].
    fn transcode(&mut self, entry: &EntryRef<'_>, buffer: &mut [u8]) -> Result<usize, EncodeError>;
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serialized {
    /// Bytes from the beginning of the buffer.
    pub len: usize,
    /// What the fuse did.
    pub report: TripReport,
}
