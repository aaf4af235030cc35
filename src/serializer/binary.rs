//! The serializer of entries as messages.

use crate::decode::EntryRef;
use crate::encode::{self, EntryWriter};
use crate::encoding::Encoding;
use crate::error::EncodeError;
use crate::format::frame;
use crate::limits::Limits;
use crate::message;

use super::{Serialized, Serializer};

/// A serializer of entries as [`message`]s: frames with a checksum.
///
/// ```
/// use fusewire::message;
/// use fusewire::serializer::{Binary, Serializer};
///
/// let mut binary = Binary::default();
/// let mut buffer = [0; 512];
/// let written = binary.encode(&|entry| entry.set_body("paid"), &mut buffer)?;
/// let (entry, _) = message::read(&buffer[..written.len])?;
/// assert_eq!(entry.body(), "paid");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Binary {
    limits: Limits,
}

impl Binary {
    /// Creates a serializer with `limits`, clamped to their ranges.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits: limits.clamped() }
    }
}

impl Serializer for Binary {
    fn encoding(&self) -> Encoding {
        Encoding::Frame
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn is_zero_copy(&self) -> bool {
        true
    }

    fn encoded_len(&mut self, write: &dyn Fn(&mut EntryWriter<'_>)) -> Result<usize, EncodeError> {
        encode::encoded_len(&self.limits, |entry| write(entry)).map(frame::frame_len)
    }

    fn encode(
        &mut self,
        write: &dyn Fn(&mut EntryWriter<'_>),
        buffer: &mut [u8],
    ) -> Result<Serialized, EncodeError> {
        let (message, report) = message::write_reported(buffer, &self.limits, |entry| write(entry))?;
        Ok(Serialized { len: message.len(), report })
    }

    fn transcoded_len(&mut self, entry: &EntryRef<'_>) -> Result<usize, EncodeError> {
        message::len_of(entry)
    }

    fn transcode(&mut self, entry: &EntryRef<'_>, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        message::copy(entry, buffer).map(|message| message.len())
    }
}
