//! Entries as lines of JSON.

use core::fmt;

use crate::decode::EntryRef;
use crate::encode::{self, EntryWriter};
use crate::encoding::Encoding;
use crate::error::EncodeError;
use crate::json::{Sink, write_to};
use crate::limits::Limits;
use crate::trip::TripReport;

use super::{Serialized, Serializer};

/// Each entry as a line of JSON, of the form that `schema/JSON.md` states, with the line feed behind it.
///
/// An entry is encoded in memory that is kept here, as it is for [`Binary`](super::Binary), and written as JSON from there:
/// so it obeys the same limits and says the same, by construction. A line is longer than the entry where
/// much of it has to be escaped, up to six bytes for one.
#[derive(Default)]
pub struct JsonLines {
    limits: Limits,
    /// The last entry, at the beginning.
    entry: Vec<u8>,
}

impl JsonLines {
    /// Under `limits`, of which every number is moved into its range.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits: limits.clamped(), entry: Vec::new() }
    }

    /// Encodes the entry; returns its length and what the fuse did.
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
        // It is an entry: it has just been encoded.
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

/// A line in a buffer. What does not fit is counted.
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
