//! What bytes are, told by the first of them.

use core::fmt;

use crate::format::bytes::{u16_at, u32_at, u64_at};
use crate::format::frame;
use crate::format::segment;

/// The forms in which entries are kept and sent. Readers tell them by themselves (E2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// A segment: [`Segment`](crate::segment::Segment) reads it.
    Segment,
    /// A frame that stands alone: [`message::read`](crate::message::read) reads it, and says where the next one begins.
    Frame,
    /// A line with a JSON object: the importer of the module `json` reads it (feature `json`), and others like it.
    JsonLine,
    /// Something else, or too little of it: text, a segment whose first page is damaged, nothing.
    Unknown,
}

impl Encoding {
    /// Bytes that are enough to tell, but for JSON behind more white space.
    pub const DETECT_LEN: usize = frame::HEADER_LEN;

    /// What begins with `bytes`. It is a look at a few bytes, which tells the known forms apart; whether everything behind them
    /// is right is for the reader to find out. Ask again with more where fewer than [`DETECT_LEN`](Self::DETECT_LEN) are
    /// there and the answer is `Unknown`.
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

    /// A short name in lower case.
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

/// The header of a committed frame with the tag of a message, in which text has a letter and not a zero.
fn is_frame(bytes: &[u8]) -> bool {
    u64_at(bytes, frame::COMMIT).is_some_and(frame::is_committed)
        && u32_at(bytes, frame::TAG) == Some(frame::tag(0, 0))
        && bytes.get(frame::KIND).is_some_and(|kind| *kind != 0)
        && u16_at(bytes, frame::RESERVED) == Some(0)
}

/// A brace, and behind it a key or the end of the object.
fn is_object(bytes: &[u8]) -> bool {
    let trimmed = bytes.trim_ascii_start();
    let Some(inside) = trimmed.strip_prefix(b"{") else { return false };
    matches!(inside.trim_ascii_start().first(), Some(b'"' | b'}'))
}
