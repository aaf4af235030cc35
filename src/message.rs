//! Messages: one entry in one frame, for brokers, pipes and datagrams.
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
use crate::severity::Severity;
use crate::trip::TripReport;

/// The reason why bytes are not a message with an entry.
///
/// ```
/// use fusewire::message::{self, MessageError};
///
/// let mut buffer = [0; 512];
/// let message = message::write(&mut buffer, &Default::default(), |entry| entry.set_body("paid"))?;
/// message[20] ^= 1;
/// assert!(matches!(message::read(message), Err(MessageError::Frame(_))));
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageError {
    /// The bytes do not begin with an intact frame.
    Frame(FrameFault),
    /// The frame is intact, but it is not the frame of an entry.
    Kind(FrameKind),
    /// The frame is intact, but its payload is not a valid entry.
    Entry(DecodeError),
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(fault) => fault.fmt(f),
            Self::Kind(kind) => write!(f, "bad frame kind: expected Entry, found {kind:?}"),
            Self::Entry(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MessageError {}

/// Writes the entry that `write` builds as a message at the beginning of `buffer`. Returns the message.
///
/// # Errors
/// Returns the errors of [`EntryWriter::finish`]. `needed` and `available` are lengths of the whole message.
///
/// ```
/// use fusewire::message;
///
/// let mut buffer = [0; 512];
/// let message = message::write(&mut buffer, &Default::default(), |entry| entry.set_body("paid"))?;
/// assert_eq!(message.len() % 16, 0);
/// let (entry, rest) = message::read(message)?;
/// assert_eq!((entry.body(), rest.len()), ("paid".into(), 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write<'b>(
    buffer: &'b mut [u8],
    limits: &Limits,
    write: impl FnOnce(&mut EntryWriter<'_>),
) -> Result<&'b mut [u8], EncodeError> {
    write_reported(buffer, limits, write).map(|(message, _)| message)
}

/// Writes a message as [`write`] does, and also returns the report of the circuit breaker.
pub(crate) fn write_reported<'b>(
    buffer: &'b mut [u8],
    limits: &Limits,
    write: impl FnOnce(&mut EntryWriter<'_>),
) -> Result<(&'b mut [u8], TripReport), EncodeError> {
    let available = buffer.len();
    let too_small =
        |payload: usize| EncodeError::BufferTooSmall { needed: frame::frame_len(payload), available };
    let room = available.saturating_sub(frame::HEADER_LEN);
    let (len, severity, report) = match encode(&mut buffer[available - room..], limits, |entry| write(entry))
    {
        Ok(entry) => (entry.len(), entry.severity(), entry.report()),
        Err(EncodeError::BufferTooSmall { needed, .. }) => return Err(too_small(needed)),
        Err(error) => return Err(error),
    };
    let Some(message) = buffer.get_mut(..frame::frame_len(len)) else { return Err(too_small(len)) };
    close(message, len, severity);
    Ok((message, report))
}

/// Writes the header and the padding of a message whose payload of `len` bytes follows the space for the header.
fn close(message: &mut [u8], len: usize, severity: Severity) {
    let word = frame::close(message, len, FrameKind::Entry, severity, frame::tag(0, 0));
    message[..frame::TAG].copy_from_slice(&word.to_le_bytes());
}

/// Returns the length of a message that contains `entry`.
pub(crate) fn len_of(entry: &EntryRef<'_>) -> Result<usize, EncodeError> {
    let (len, max) = (entry.expanded_len().map_err(EncodeError::Unreadable)?, frame::MAX_PAYLOAD);
    if len <= max { Ok(frame::frame_len(len)) } else { Err(EncodeError::TooLong { len, max }) }
}

/// Writes a copy of `entry` as a message at the beginning of `buffer`. Returns the message.
///
/// A like entry is expanded once if the buffer has space for the bound of its length.
pub(crate) fn copy<'b>(entry: &EntryRef<'_>, buffer: &'b mut [u8]) -> Result<&'b mut [u8], EncodeError> {
    let available = buffer.len();
    if frame::frame_len(entry.expanded_bound()) > available {
        let needed = len_of(entry)?;
        if needed > available {
            return Err(EncodeError::BufferTooSmall { needed, available });
        }
    }
    let payload = buffer.get_mut(frame::HEADER_LEN..).unwrap_or_default();
    let (len, max) = (entry.expand(payload).map_err(EncodeError::Unreadable)?, frame::MAX_PAYLOAD);
    match buffer.get_mut(..frame::frame_len(len)) {
        Some(message) if len <= max => {
            close(message, len, entry.severity());
            Ok(message)
        }
        Some(_) => Err(EncodeError::TooLong { len, max }),
        None => Err(EncodeError::BufferTooSmall { needed: frame::frame_len(len), available }),
    }
}

/// Returns the entry of the message at the beginning of `bytes`, and the bytes after the message. Messages can follow
/// one another without a separator.
///
/// # Errors
/// The bytes do not begin with an intact frame that contains an entry.
///
/// ```
/// use fusewire::message;
///
/// let mut buffer = [0; 512];
/// let message = message::write(&mut buffer, &Default::default(), |entry| entry.set_body("paid"))?.to_vec();
/// let stream = [message.clone(), message].concat();
/// let (first, rest) = message::read(&stream)?;
/// let (second, rest) = message::read(rest)?;
/// assert_eq!((first.body(), second.body(), rest.len()), ("paid".into(), "paid".into(), 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read(bytes: &[u8]) -> Result<(EntryRef<'_>, &[u8]), MessageError> {
    let frame = frame::parse(bytes, 0, frame::tag(0, 0)).map_err(MessageError::Frame)?;
    if frame.kind != FrameKind::Entry {
        return Err(MessageError::Kind(frame.kind));
    }
    let entry = EntryRef::new(frame.payload).map_err(MessageError::Entry)?;
    Ok((entry, &bytes[frame::frame_len(frame.payload.len())..]))
}
