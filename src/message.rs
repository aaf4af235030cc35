//! One entry in one message: a frame that stands alone, for brokers, pipes and datagrams.
//!
//! ```
//! use fusewire::{Limits, message};
//! let mut buffer = [0; 1024];
//! let message = message::write(&mut buffer, &Limits::default(), |entry| {
//!     entry.set_body("hello");
//! })?;
//! let (entry, rest) = message::read(message)?;
//! assert_eq!(entry.body(), "hello");
//! assert!(rest.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use crate::decode::EntryRef;
use crate::encode::{EntryWriter, encode};
use crate::error::{DecodeError, EncodeError};
use crate::format::frame::{self, FrameFault, FrameKind};
use crate::limits::Limits;

/// Why bytes are not a message with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// They do not begin with an intact frame.
    Frame(FrameFault),
    /// The frame is intact and holds something else.
    Kind(FrameKind),
    /// The frame is intact, and its payload is not an entry.
    Entry(DecodeError),
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(fault) => fault.fmt(f),
            Self::Kind(kind) => write!(f, "the frame is of kind {kind:?}, not an entry"),
            Self::Entry(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MessageError {}

/// Writes what `write` writes as a frame at the beginning of `buffer`; returns the message.
///
/// # Errors
/// As [`EntryWriter::finish`]; `needed` and `available` count the whole message.
pub fn write<'b>(
    buffer: &'b mut [u8],
    limits: &Limits,
    write: impl FnOnce(&mut EntryWriter<'_>),
) -> Result<&'b mut [u8], EncodeError> {
    let available = buffer.len();
    let too_small =
        |payload: usize| EncodeError::BufferTooSmall { needed: frame::frame_len(payload), available };
    let room = available.saturating_sub(frame::HEADER_LEN);
    let (len, severity) = match encode(&mut buffer[available - room..], limits, |entry| write(entry)) {
        Ok(entry) => (entry.len(), entry.severity()),
        Err(EncodeError::BufferTooSmall { needed, .. }) => return Err(too_small(needed)),
        Err(error) => return Err(error),
    };
    let Some(message) = buffer.get_mut(..frame::frame_len(len)) else { return Err(too_small(len)) };
    let word = frame::close(message, len, FrameKind::Entry, severity, frame::tag(0, 0));
    message[..frame::TAG].copy_from_slice(&word.to_le_bytes());
    Ok(message)
}

/// The entry in the message that `bytes` begin with, and the bytes after it. Messages may follow one another without
/// anything between them.
///
/// # Errors
/// Where the bytes are not an intact frame with an entry.
pub fn read(bytes: &[u8]) -> Result<(EntryRef<'_>, &[u8]), MessageError> {
    let frame = frame::parse(bytes, 0, frame::tag(0, 0)).map_err(MessageError::Frame)?;
    if frame.kind != FrameKind::Entry {
        return Err(MessageError::Kind(frame.kind));
    }
    let entry = EntryRef::new(frame.payload).map_err(MessageError::Entry)?;
    Ok((entry, &bytes[frame::frame_len(frame.payload.len())..]))
}
