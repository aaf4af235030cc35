//! Detection of the encoding of bytes.

use core::fmt;

use crate::format::bytes::{u16_at, u32_at, u64_at};
use crate::format::frame;
use crate::format::segment;

/// The encodings of entries in files and streams. Readers detect the encoding.
///
/// ```
/// use fusewire::Encoding;
/// use fusewire::message;
///
/// let mut buffer = [0; 512];
/// let message = message::write(&mut buffer, &Default::default(), |entry| entry.set_body("paid"))?;
/// assert_eq!(Encoding::detect(message), Encoding::Frame);
/// assert_eq!(Encoding::Frame.name(), "frame");
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// A segment. [`Segment`](crate::segment::Segment) reads it.
    Segment,
    /// A message: one frame outside a segment. [`message::read`](crate::message::read) reads it and returns the bytes
    /// after it.
    Frame,
    /// A line with a JSON object, of this crate or of another logger. The importer in the module `json` reads it
    /// (feature `json`).
    JsonLine,
    /// Other bytes, or too few bytes. Examples are text, and a segment with a damaged first page.
    Unknown,
}

impl Encoding {
    /// The number of bytes that [`detect`](Self::detect) needs. To detect JSON after longer white space, `detect`
    /// needs more bytes.
    pub const DETECT_LEN: usize = frame::HEADER_LEN;

    /// Returns the encoding of the data that begins with `bytes`. The function checks only the first bytes; a reader
    /// validates the rest. If `bytes` is shorter than [`DETECT_LEN`](Self::DETECT_LEN), the result can be `Unknown`;
    /// then call the function again with more bytes.
    ///
    /// ```
    /// use fusewire::Encoding;
    /// assert_eq!(Encoding::detect(b"{\"level\":\"info\"}\n"), Encoding::JsonLine);
    /// assert_eq!(Encoding::detect(b"{curly} text\n"), Encoding::Unknown);
    /// ```
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Self {
        if bytes.starts_with(&segment::MAGIC) {
            Self::Segment
        } else if is_frame(bytes) {
            Self::Frame
        } else if is_object(bytes) {
            Self::JsonLine
        } else {
            Self::Unknown
        }
    }

    /// Returns a short name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Frame => "frame",
            Self::JsonLine => "json",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Returns whether `bytes` begin with the header of a committed message. Text cannot match: the reserved field is
/// zero.
fn is_frame(bytes: &[u8]) -> bool {
    u64_at(bytes, frame::COMMIT).is_some_and(frame::is_committed)
        && u32_at(bytes, frame::TAG) == Some(frame::tag(0, 0))
        && bytes.get(frame::KIND).is_some_and(|kind| *kind != 0)
        && u16_at(bytes, frame::RESERVED) == Some(0)
}

/// Returns whether `bytes` begin with `{` and then the quote of a key or `}`.
fn is_object(bytes: &[u8]) -> bool {
    let trimmed = bytes.trim_ascii_start();
    let Some(inside) = trimmed.strip_prefix(b"{") else { return false };
    matches!(inside.trim_ascii_start().first(), Some(b'"' | b'}'))
}
