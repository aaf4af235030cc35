//! Frames that stand alone, told from text by their header.

use crate::format::bytes::{u16_at, u32_at};
use crate::format::frame::{self, FrameFault};
use crate::limits::Limits;

use super::text;

/// The longest payload of a frame with an entry.
const MAX_PAYLOAD: usize = Limits::MAX_ENTRY_BYTES as usize;

/// Whether a frame begins somewhere, as far as its header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outline {
    /// It has the header of a frame of this length.
    Frame(usize),
    /// There are too few bytes to tell.
    Short,
    /// No.
    None,
}

/// What the beginning of `bytes` looks like. Four bytes of the header are zero, and text has no NUL.
#[inline]
pub(super) fn outline(bytes: &[u8]) -> Outline {
    // The state of a complete frame; a payload over 2^24 bytes is no entry's.
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
        // A line of a few letters is no frame: where the length has no zero it is half a megabyte, and nobody cuts such a
        // message after a dozen bytes.
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

/// Checks the frame of which there are all bytes.
pub(super) fn check(bytes: &[u8]) -> Result<(), FrameFault> {
    frame::parse(bytes, 0, frame::tag(0, 0)).map(|_| ())
}
