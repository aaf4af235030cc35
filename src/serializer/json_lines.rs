//! The serializer of entries as lines of JSON.

use core::fmt;

use crate::decode::EntryRef;
use crate::encode::{self, EntryWriter};
use crate::encoding::Encoding;
use crate::error::EncodeError;
use crate::json::{Sink, write_to};
use crate::limits::Limits;
use crate::trip::TripReport;

use super::{Serialized, Serializer};

/// A serializer of entries as lines of JSON. `schema/JSON.md` specifies the form; each line ends with a line feed.
///
/// The serializer encodes an entry into its own memory, as [`Binary`](super::Binary) does, and converts the entry to
/// JSON. Therefore the limits and the content are the same. An escaped byte takes up to six bytes in the line, so a
/// line can be longer than the entry.
///
/// ```
/// use fusewire::serializer::{JsonLines, Serializer};
///
/// let mut lines = JsonLines::default();
/// let mut buffer = [0; 512];
/// let written = lines.encode(&|entry| entry.set_body("paid"), &mut buffer)?;
/// assert_eq!(&buffer[..written.len], b"{\"body\":\"paid\"}\n");
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Default)]
pub struct JsonLines {
    limits: Limits,
    /// The memory for an entry. The last entry is at the beginning.
    entry: Vec<u8>,
}

impl JsonLines {
    /// Creates a serializer with `limits`, clamped to their ranges.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits: limits.clamped(), entry: Vec::new() }
    }

    /// Encodes the entry. Returns its length and the report of the circuit breaker.
    fn entry(&mut self, write: &dyn Fn(&mut EntryWriter<'_>)) -> Result<(usize, TripReport), EncodeError> {
        loop {
            match encode::encode(&mut self.entry, &self.limits, |entry| write(entry)) {
                Err(EncodeError::BufferTooSmall { needed, available }) if needed > available => {
                    self.entry.resize(needed.next_power_of_two(), 0);
                }
                result => return result.map(|entry| (entry.len(), entry.report())),
            }
        }
    }

    /// Encodes the entry and writes it as a line.
    fn line(
        &mut self,
        write: &dyn Fn(&mut EntryWriter<'_>),
        line: &mut Line<'_>,
    ) -> Result<TripReport, EncodeError> {
        let (len, report) = self.entry(write)?;
        // The bytes are a valid entry, because they were just encoded.
        if let Ok(entry) = EntryRef::new(&self.entry[..len]) {
            line.write(&entry);
        }
        Ok(report)
    }
}

impl fmt::Debug for JsonLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLines").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Serializer for JsonLines {
    fn encoding(&self) -> Encoding {
        Encoding::JsonLine
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn is_zero_copy(&self) -> bool {
        false
    }

    fn encoded_len(&mut self, write: &dyn Fn(&mut EntryWriter<'_>)) -> Result<usize, EncodeError> {
        let mut line = Line::new(&mut []);
        self.line(write, &mut line)?;
        Ok(line.len)
    }

    fn encode(
        &mut self,
        write: &dyn Fn(&mut EntryWriter<'_>),
        buffer: &mut [u8],
    ) -> Result<Serialized, EncodeError> {
        let mut line = Line::new(buffer);
        let report = self.line(write, &mut line)?;
        Ok(Serialized { len: line.finish()?, report })
    }

    fn transcoded_len(&mut self, entry: &EntryRef<'_>) -> Result<usize, EncodeError> {
        let mut line = Line::new(&mut []);
        line.write(entry);
        Ok(line.len)
    }

    fn transcode(&mut self, entry: &EntryRef<'_>, buffer: &mut [u8]) -> Result<usize, EncodeError> {
        let mut line = Line::new(buffer);
        line.write(entry);
        line.finish()
    }
}

/// A line in a buffer. Bytes that do not fit are only counted.
struct Line<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> Line<'b> {
    fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    fn write(&mut self, entry: &EntryRef<'_>) {
        // Counting does not fail.
        let _ = write_to(entry, self);
        let _ = self.take(b"\n");
    }

    fn finish(self) -> Result<usize, EncodeError> {
        let available = self.buffer.len();
        if self.len <= available {
            Ok(self.len)
        } else {
            Err(EncodeError::BufferTooSmall { needed: self.len, available })
        }
    }
}

impl Sink for Line<'_> {
    fn take(&mut self, bytes: &[u8]) -> fmt::Result {
        if let Some(room) = self.buffer.get_mut(self.len..).and_then(|rest| rest.get_mut(..bytes.len())) {
            room.copy_from_slice(bytes);
        }
        self.len += bytes.len();
        Ok(())
    }
}
