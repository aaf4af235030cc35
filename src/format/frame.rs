//! The frame: header, payload, padding. `schema/FORMAT.md`, section "The frame", is the specification.

use core::sync::atomic::{Ordering, fence};

use crc32fast::Hasher;

use super::bytes::{u16_at, u32_at, u64_at};
use crate::severity::Severity;

/// The alignment of frames in bytes. A slot is an offset divided by this number.
pub(crate) const ALIGN: usize = 16;

/// u64: length, state and checksum.
pub(crate) const COMMIT: usize = 0;
/// u32: salt xor slot.
pub(crate) const TAG: usize = COMMIT + 8;
/// u8: the kind.
pub(crate) const KIND: usize = TAG + 4;
/// u8: the severity.
pub(crate) const SEVERITY: usize = KIND + 1;
/// u16: zero.
pub(crate) const RESERVED: usize = SEVERITY + 1;
/// The length of the header in bytes. The payload follows the header.
pub(crate) const HEADER_LEN: usize = RESERVED + 2;

/// The length of the longest payload in bytes. The commit word has 28 bits for the length.
pub(crate) const MAX_PAYLOAD: usize = (1 << LENGTH_BITS) - 1;
const LENGTH_BITS: u32 = 28;

const _: () = assert!(HEADER_LEN == ALIGN);

/// The state of a frame whose space is reserved and whose bytes are being copied. Free space has state 0.
const INTENT: u64 = 1;
/// The state of a complete frame with a checksum.
const COMMITTED: u64 = 2;
/// The state of the word that ends a segment.
const CLOSED: u64 = 3;

/// The use of the payload of a frame by readers. Readers select frames by their role, so a new kind with one of these roles
/// needs no change of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A log entry. Readers return it as an entry.
    Entry,
    /// An entry about the log. Readers return it as a frame, in the order of its time.
    Record,
    /// An entry with the attributes of the producer. Readers return it as a frame without a time.
    Resource,
    /// Data of the file. A copy of the frames omits it.
    File,
    /// Data that readers do not use. They return the frame without a time, and a copy of the frames contains it.
    Opaque,
}

/// Defines [`FrameKind`] from a table. A row contains the number, the name, the role, and whether a search reads each zone
/// that contains such a frame (`read`) or may skip it (`skip`).
macro_rules! frame_kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal, $role:ident, $search:ident;)*) => {
        /// The kind of the payload of a frame.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum FrameKind {
            $($(#[$doc])* $kind,)*
            /// A kind for private use by a writer, 128 to 255.
            Private(u8),
            /// A kind of a later version of the format.
            Unknown(u8),
        }

        impl FrameKind {
            /// The kinds that this version of the format defines, in the order of their numbers.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$kind),*];

            /// Returns the kind with this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Self {
                match number {
                    $($number => Self::$kind,)*
                    128..=255 => Self::Private(number),
                    _ => Self::Unknown(number),
                }
            }

            /// Returns the number of the kind.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$kind => $number,)*
                    Self::Private(number) | Self::Unknown(number) => number,
                }
            }

            /// Returns the name of the kind in lower case.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                    Self::Private(_) => "private",
                    Self::Unknown(_) => "unknown",
                }
            }

            /// Returns the role of the frames of this kind.
            ///
            /// This is the only place that defines the treatment of kinds that this version does not define.
            #[inline]
            pub(crate) const fn role(self) -> Role {
                match self {
                    $(Self::$kind => Role::$role,)*
                    Self::Private(_) | Self::Unknown(_) => Role::Opaque,
                }
            }

            /// Returns whether the frames of this kind are log entries.
            #[inline(always)]
            pub(crate) const fn is_entry(self) -> bool {
                matches!(self.role(), Role::Entry)
            }

            /// Returns whether a search reads each zone that contains such a frame.
            pub(crate) const fn is_searched(self) -> bool {
                match self {
                    $(Self::$kind => frame_kinds!(@ $search),)*
                    Self::Private(_) | Self::Unknown(_) => true,
                }
            }
        }
    };
    (@ read) => { true };
    (@ skip) => { false };
}

frame_kinds! {
    /// A log entry.
    Entry = 1, "entry", Entry, read;
    /// The resource: attributes of the producer of the entries that follow.
    Resource = 2, "resource", Resource, skip;
    /// A pair of clock readings.
    Clock = 3, "clock", Opaque, read;
    /// A loss record: the number of dropped entries.
    Loss = 4, "loss", Record, read;
    /// Data that is derived from other frames to speed up reading.
    Index = 5, "index", Opaque, read;
    /// The trailer of a sealed segment.
    Seal = 6, "seal", File, read;
    /// Unused space.
    Padding = 7, "padding", File, skip;
    /// A like entry: the difference of a log entry from an earlier entry of its segment.
    Like = 8, "like", Entry, read;
}

/// A frame with a valid checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRef<'a> {
    /// The offset of the frame in bytes from the beginning of the segment or message.
    pub offset: u64,
    /// The kind of the payload.
    pub kind: FrameKind,
    /// The severity of the entry. A filter can use it without decoding the payload.
    pub severity: Severity,
    /// The payload without padding. The payload of a frame of kind [`Like`](FrameKind::Like) is only a part of an entry.
    pub payload: &'a [u8],
}

impl FrameRef<'_> {
    /// Returns the length of the frame in bytes, with header, payload and padding.
    #[must_use]
    pub fn len_on_disk(&self) -> u64 {
        frame_len(self.payload.len()) as u64
    }
}

/// The reason why no valid frame is at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameFault {
    /// The commit word is zero: no frame was committed at this offset.
    Free,
    /// An append reserved the space and did not commit the frame.
    Intent,
    /// The segment is closed: no frame begins at or after this offset.
    Closed,
    /// The frame ends after the last available byte.
    Truncated {
        /// The number of bytes that the frame needs.
        needed: u64,
        /// The number of available bytes.
        available: u64,
    },
    /// The header has a value that the format does not allow.
    Header,
    /// The frame belongs to another offset or another segment.
    Misplaced {
        /// The tag of this offset: salt xor slot.
        expected: u32,
        /// The tag in the header.
        found: u32,
    },
    /// The bytes differ from the committed bytes.
    Checksum {
        /// The checksum, computed from the bytes.
        expected: u32,
        /// The checksum in the commit word.
        found: u32,
    },
}

impl core::fmt::Display for FrameFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Free => f.write_str("no frame: the commit word is zero"),
            Self::Intent => f.write_str("incomplete append"),
            Self::Closed => f.write_str("no frame: the segment is closed at this offset"),
            Self::Truncated { needed, available } => {
                write!(f, "truncated frame: expected {needed} bytes, found {available}")
            }
            Self::Header => f.write_str("bad frame header"),
            Self::Misplaced { expected, found } => {
                write!(f, "bad frame tag: expected {expected:08x}, found {found:08x}")
            }
            Self::Checksum { expected, found } => {
                write!(f, "bad frame checksum: expected {expected:08x}, found {found:08x}")
            }
        }
    }
}

impl std::error::Error for FrameFault {}

/// Returns the length in bytes of a frame with a payload of `payload` bytes.
pub(crate) const fn frame_len(payload: usize) -> usize {
    HEADER_LEN + payload.next_multiple_of(ALIGN)
}

/// Returns the commit word of a complete frame.
const fn commit_word(payload: usize, crc: u32) -> u64 {
    (payload & MAX_PAYLOAD) as u64 | COMMITTED << LENGTH_BITS | (crc as u64) << 32
}

/// Returns the word that reserves space for a payload of `payload` bytes.
pub(crate) const fn intent_word(payload: usize) -> u64 {
    (payload & MAX_PAYLOAD) as u64 | INTENT << LENGTH_BITS
}

/// Returns whether `word` marks the end of a closed segment.
pub(crate) const fn is_closed(word: u64) -> bool {
    (word >> LENGTH_BITS) & 0xF == CLOSED
}

/// Returns whether `word` is the commit word of a complete frame.
pub(crate) const fn is_committed(word: u64) -> bool {
    (word >> LENGTH_BITS) & 0xF == COMMITTED
}

/// Returns the word after the last frame of a closed segment. `tag` is the tag of its offset.
pub(crate) const fn closed_word(tag: u32) -> u64 {
    CLOSED << LENGTH_BITS | (tag as u64) << 32
}

/// Returns the payload length in a commit word, at most [`MAX_PAYLOAD`].
#[expect(clippy::cast_possible_truncation, reason = "28 bits")]
pub(crate) const fn payload_len(word: u64) -> usize {
    word as usize & MAX_PAYLOAD
}

/// Returns the tag of the frame at `offset` in a segment with `salt`. The tag is 0 in a message.
#[expect(clippy::cast_possible_truncation, reason = "segments are at most 1 GiB: slots fit 26 bits")]
pub(crate) const fn tag(salt: u32, offset: usize) -> u32 {
    salt ^ (offset / ALIGN) as u32
}

/// Returns the CRC-32 (ISO-HDLC) of all bytes after the commit word. The initial value is the length in place of
/// zero, so the checksum also covers the length.
fn checksum(covered: &[u8], payload: usize) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "payloads are at most MAX_PAYLOAD = 2^28 - 1 bytes")]
    let mut hasher = Hasher::new_with_initial(payload as u32);
    hasher.update(covered);
    hasher.finalize()
}

/// Writes the header after the commit word, and the padding. `frame` is [`frame_len`] bytes long and contains a
/// payload of `payload` bytes. Returns the commit word; the frame is complete when the caller has stored this word.
pub(crate) fn close(frame: &mut [u8], payload: usize, kind: FrameKind, severity: Severity, tag: u32) -> u64 {
    frame[TAG..KIND].copy_from_slice(&tag.to_le_bytes());
    frame[KIND] = kind.number();
    frame[SEVERITY] = severity.number();
    frame[RESERVED..HEADER_LEN].fill(0);
    frame[HEADER_LEN + payload..].fill(0);
    commit_word(payload, checksum(&frame[TAG..], payload))
}

/// Parses the frame at the beginning of `bytes`.
///
/// The checks run in the order of their cost. A frame is valid only if it passes all checks.
#[inline]
pub(crate) fn parse(bytes: &[u8], offset: usize, expected_tag: u32) -> Result<FrameRef<'_>, FrameFault> {
    let (frame, word, payload) = placed(bytes, expected_tag)?;
    let (expected, found) = (checksum(&frame[TAG..], payload), (word >> 32) as u32);
    if expected != found {
        return Err(FrameFault::Checksum { expected, found });
    }
    Ok(believed(frame, payload, offset))
}

/// Parses a frame without a test of its checksum, for bytes that were validated before.
#[inline]
pub(crate) fn parse_trusted(
    bytes: &[u8],
    offset: usize,
    expected_tag: u32,
) -> Result<FrameRef<'_>, FrameFault> {
    let (frame, _, payload) = placed(bytes, expected_tag)?;
    Ok(believed(frame, payload, offset))
}

/// Returns the frame with the expected tag, its commit word, and the length of its payload.
#[inline]
fn placed(bytes: &[u8], expected_tag: u32) -> Result<(&[u8], u64, usize), FrameFault> {
    let (word, payload) = examine(bytes, bytes.len(), expected_tag)?;
    Ok((&bytes[..frame_len(payload)], word, payload))
}

/// Checks the header of a frame without its payload: `header` is the beginning of the frame, and `available` the number of
/// bytes from there to the end of the space for frames. Returns the commit word and the length of the payload.
#[inline]
pub(crate) fn examine(
    header: &[u8],
    available: usize,
    expected_tag: u32,
) -> Result<(u64, usize), FrameFault> {
    let (word, payload) = announced(header, available).map_err(|fault| match fault {
        FrameFault::Header if u64_at(header, COMMIT) == Some(closed_word(expected_tag)) => FrameFault::Closed,
        fault => fault,
    })?;
    // Another process may be writing. The fence orders the reads below after the read of the commit word.
    fence(Ordering::Acquire);
    let found_tag = u32_at(header, TAG).unwrap_or(0);
    if found_tag != expected_tag {
        return Err(FrameFault::Misplaced { expected: expected_tag, found: found_tag });
    }
    Ok((word, payload))
}

#[inline]
fn believed(frame: &[u8], payload: usize, offset: usize) -> FrameRef<'_> {
    FrameRef {
        offset: offset as u64,
        kind: FrameKind::from_number(frame[KIND]),
        severity: Severity::from_number(frame[SEVERITY]),
        payload: &frame[HEADER_LEN..HEADER_LEN + payload],
    }
}

/// Returns the commit word of a committed frame and its payload length. The frame does not exceed `available` bytes.
#[inline]
fn announced(header: &[u8], available: usize) -> Result<(u64, usize), FrameFault> {
    let truncated =
        |needed: usize| FrameFault::Truncated { needed: needed as u64, available: available as u64 };
    let word = u64_at(header, COMMIT).ok_or(truncated(HEADER_LEN))?;
    if word == 0 {
        return Err(FrameFault::Free);
    }
    let payload = payload_len(word);
    match (word >> LENGTH_BITS) & 0xF {
        COMMITTED => {}
        INTENT => return Err(FrameFault::Intent),
        _ => return Err(FrameFault::Header),
    }
    if available < frame_len(payload) {
        return Err(truncated(frame_len(payload)));
    }
    if u16_at(header, RESERVED) != Some(0) {
        return Err(FrameFault::Header);
    }
    Ok((word, payload))
}

/// Returns the number of bytes that [`parse`] hashes before it accepts or rejects the frame with this header; `None` if the
/// header is sufficient to reject the frame. The arguments are those of [`examine`].
pub(crate) fn cost(header: &[u8], available: usize) -> Option<usize> {
    announced(header, available).ok().map(|(_, payload)| frame_len(payload))
}

/// Returns the tag in the header of a frame.
pub(crate) fn tag_in(header: &[u8]) -> u32 {
    u32_at(header, TAG).unwrap_or(0)
}

/// Returns the salt of the frame at the beginning of `bytes`, if there is a valid frame. This is for segments whose
/// first page is lost.
pub(crate) fn salt_of(bytes: &[u8], offset: usize) -> Option<u32> {
    let found = u32_at(bytes, TAG)?;
    parse(bytes, offset, found).ok().map(|_| tag(found, offset))
}
