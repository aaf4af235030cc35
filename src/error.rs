//! What can go wrong, with the numbers in it.

use core::fmt;

use crate::path::KeyPath;

/// Why an entry was not written. Nothing of it is visible in the buffer's promise: the bytes are garbage.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The buffer is too small.
    BufferTooSmall {
        /// Bytes that this entry needs; a buffer of exactly this length is enough.
        needed: usize,
        /// Bytes that the buffer has.
        available: usize,
    },
    /// A value of a refused type (A3), under [`OnType::Reject`](crate::limits::OnType::Reject).
    SerializeBlocked {
        /// Where it stood.
        path: KeyPath,
        /// The type's name, or the kind's.
        type_name: &'static str,
    },
    /// A container over the width limit (A2), under [`OnWidth::Reject`](crate::limits::OnWidth::Reject).
    TooWide {
        /// The container; empty for the attributes themselves.
        path: KeyPath,
        /// The limit.
        max_width: u16,
    },
    /// An entry that has been encoded elsewhere is longer than a frame can be.
    TooLong {
        /// Its bytes.
        len: usize,
        /// The longest payload of a frame.
        max: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed, available } => {
                write!(f, "the entry needs {needed} bytes, the buffer has {available}")
            }
            Self::SerializeBlocked { path, type_name } => {
                write!(f, "the value at `{path}` is of the refused type {type_name}")
            }
            Self::TooWide { path, max_width } => {
                write!(f, "the container at `{path}` has more than {max_width} children")
            }
            Self::TooLong { len, max } => {
                write!(f, "the entry has {len} bytes, a frame holds at most {max}")
            }
        }
    }
}

impl std::error::Error for EncodeError {}

/// What is wrong with bytes that should be an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Byte offset in the entry where it shows.
    pub offset: usize,
    /// The field or structure that was read.
    pub field: &'static str,
    /// What is wrong.
    pub fault: DecodeFault,
}

/// The kinds of faults in an entry's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeFault {
    /// It reaches beyond the end of what holds it.
    OutOfBounds {
        /// First byte after it.
        end: u64,
        /// Bytes there are.
        available: u64,
    },
    /// It does not begin at a multiple of its alignment.
    Misaligned {
        /// The alignment in bytes.
        alignment: u8,
    },
    /// It is not UTF-8.
    NotUtf8,
    /// It has a value that the format does not allow.
    Invalid {
        /// The value found.
        found: u64,
        /// What the format allows there.
        expected: &'static str,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {} ", self.field, self.offset)?;
        match self.fault {
            DecodeFault::OutOfBounds { end, available } => {
                write!(f, "reaches to {end}, there are {available} bytes")
            }
            DecodeFault::Misaligned { alignment } => write!(f, "is not at a multiple of {alignment}"),
            DecodeFault::NotUtf8 => f.write_str("is not UTF-8"),
            DecodeFault::Invalid { found, expected } => write!(f, "is {found}, expected {expected}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Why bytes are not a segment that this version reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentError {
    /// It does not begin as a segment does.
    NotASegment,
    /// It ends inside its first pages.
    TooShort {
        /// Bytes there are.
        len: u64,
        /// Bytes the pages need.
        needed: u64,
    },
    /// The first page is damaged.
    HeaderChecksum {
        /// The checksum of the bytes there are.
        expected: u32,
        /// The checksum found.
        found: u32,
    },
    /// It is of another major version of the format.
    Version {
        /// Major, minor.
        found: (u16, u16),
    },
    /// It uses features that this version does not know and must not ignore.
    Incompatible {
        /// The flag word.
        flags: u32,
    },
    /// The first page contradicts itself.
    Geometry {
        /// Where the frames are said to begin.
        data_start: u64,
        /// How long the file is said to be.
        size: u64,
    },
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASegment => {
                f.write_str("this is not a Fusewire segment: byte 0 does not begin its signature")
            }
            Self::TooShort { len, needed } => {
                write!(f, "the segment ends at byte {len}, inside its first {needed} bytes")
            }
            Self::HeaderChecksum { expected, found } => write!(
                f,
                "the first page is damaged: its checksum at byte 4092 is {found:#010x}, the bytes have {expected:#010x}"
            ),
            Self::Version { found: (major, minor) } => {
                write!(f, "format version {major}.{minor} at byte 8, this program reads 1.x")
            }
            Self::Incompatible { flags } => {
                write!(
                    f,
                    "the segment uses features that this program does not know: {flags:#010x} at byte 24"
                )
            }
            Self::Geometry { data_start, size } => {
                write!(f, "the first page says that data begins at {data_start} of {size} bytes")
            }
        }
    }
}

impl std::error::Error for SegmentError {}
