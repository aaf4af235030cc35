//! Detection of frames outside segments by their header.

use crate::format::bytes::{u16_at, u32_at};
use crate::format::frame::{self, FrameFault};
use crate::limits::Limits;

use super::text;

/// The maximum payload of an entry frame, in bytes.
const MAX_PAYLOAD: usize = Limits::MAX_ENTRY_BYTES as usize;

/// The result of the inspection of a possible frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outline {
    /// The header of a frame of this length in bytes.
    Frame(usize),
    /// Too few bytes for a decision.
    Short,
    /// Not a frame.
    None,
}

/// Inspects the beginning of `bytes`. Four bytes of the header are zero; text contains no NUL.
#[inline]
pub(super) fn outline(bytes: &[u8]) -> Outline {
    // The byte contains the state of a complete frame and the top bits of the length. Entries are shorter
    // than 2^24 bytes.
    if bytes.get(3).is_some_and(|byte| byte & 0xFE != 0x20) {
        return Outline::None;
    }
    outline_of(bytes)
}

fn outline_of(bytes: &[u8]) -> Outline {
    if bytes.get(frame::TAG..).is_some_and(|tag| tag.iter().take(4).any(|byte| *byte != 0)) {
        return Outline::None;
    }
    if bytes.len() < frame::HEADER_LEN {
        // A short line of text is not the beginning of a frame. A length that consists of text characters is
        // at least 514 KiB, and a message of this size rarely ends within its header.
        let line = text::find_line_feed(bytes).and_then(|end| bytes.get(..end));
        return if line.is_some_and(text::is_text) { Outline::None } else { Outline::Short };
    }
    let payload = u32_at(bytes, frame::COMMIT).map_or(0, |word| frame::payload_len(word.into()));
    let is_header = bytes[frame::KIND] != 0 && u16_at(bytes, frame::RESERVED) == Some(0);
    if is_header && payload <= MAX_PAYLOAD {
        Outline::Frame(frame::frame_len(payload))
    } else {
        Outline::None
    }
}

/// Validates a complete frame.
pub(super) fn check(bytes: &[u8]) -> Result<(), FrameFault> {
    frame::parse(bytes, 0, frame::tag(0, 0)).map(|_| ())
}
