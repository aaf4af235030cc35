//! Error types, with the offsets and numbers of each error.

use core::fmt;

use crate::path::KeyPath;

/// The reason why an entry was not encoded. After an error, the content of the buffer is undefined.
///
/// ```
/// use fusewire::encode::encode;
/// use fusewire::error::EncodeError;
///
/// let Err(EncodeError::BufferTooSmall { needed, .. }) =
///     encode(&mut [0; 16], &Default::default(), |entry| entry.set_body("paid"))
/// else {
///     panic!("the entry fits")
/// };
/// let mut buffer = vec![0; needed];
/// assert!(encode(&mut buffer, &Default::default(), |entry| entry.set_body("paid")).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The entry does not fit into the buffer.
    BufferTooSmall {
        /// The number of bytes that this entry needs. A buffer of exactly this length is enough.
        needed: usize,
        /// The length of the buffer in bytes.
        available: usize,
    },
    /// The entry has a value of a refused type, under [`OnType::Reject`](crate::limits::OnType::Reject).
    SerializeBlocked {
        /// The path of the value.
        path: KeyPath,
        /// The name of the type, or of the kind.
        type_name: &'static str,
    },
    /// A container exceeds the width limit, under [`OnWidth::Reject`](crate::limits::OnWidth::Reject).
    TooWide {
        /// The path of the container. It is empty for the attributes of the entry.
        path: KeyPath,
        /// The greatest permitted number of children.
        max_width: u16,
    },
    /// An entry that was encoded elsewhere exceeds the longest payload of a frame.
    TooLong {
        /// The length of the entry in bytes.
        len: usize,
        /// The longest payload of a frame in bytes.
        max: usize,
    },
    /// A value of an entry that depends on another entry of its segment is outside its bytes.
    Unreadable(DecodeError),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed, available } => {
                write!(f, "buffer too small: expected at least {needed} bytes, found {available}")
            }
            Self::Unreadable(error) => write!(f, "unreadable entry: {error}"),
            Self::SerializeBlocked { path, type_name } => {
                write!(f, "value at `{path}` has the refused type {type_name}")
            }
            Self::TooWide { path, max_width } if path.as_str().is_empty() => {
                write!(f, "too many attributes: expected at most {max_width}")
            }
            Self::TooWide { path, max_width } => {
                write!(f, "container at `{path}` too wide: expected at most {max_width} children")
            }
            Self::TooLong { len, max } => {
                write!(f, "entry too long: expected at most {max} bytes, found {len}")
            }
        }
    }
}

impl std::error::Error for EncodeError {}

/// An error in the bytes of an entry.
///
/// ```
/// use fusewire::decode::EntryRef;
///
/// let error = EntryRef::new(&[0xff; 16]).unwrap_err();
/// assert!(!error.to_string().is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The byte offset of the error in the entry.
    pub offset: usize,
    /// The invalid field or structure.
    pub field: &'static str,
    /// The kind of the error.
    pub fault: DecodeFault,
}

/// The kinds of errors in the bytes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeFault {
    /// The field ends after the end of the structure that contains it.
    OutOfBounds {
        /// The end of the field: the offset of the first byte after it.
        end: u64,
        /// The end of the structure that contains it.
        available: u64,
    },
    /// The field does not begin at a multiple of its alignment.
    Misaligned {
        /// The alignment in bytes.
        alignment: u8,
    },
    /// The text is not valid UTF-8.
    NotUtf8,
    /// The field has a value that the format does not allow.
    Invalid {
        /// The value in the entry.
        found: u64,
        /// The values that the format allows.
        expected: &'static str,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, field, fault } = self;
        write!(f, "entry offset {offset}: bad {field}: ")?;
        match fault {
            DecodeFault::OutOfBounds { end, available } => {
                write!(f, "expected an end of at most {available}, found {end}")
            }
            DecodeFault::Misaligned { alignment } => write!(f, "expected an offset divisible by {alignment}"),
            DecodeFault::NotUtf8 => f.write_str("expected valid UTF-8"),
            DecodeFault::Invalid { found, expected } => write!(f, "expected {expected}, found {found}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The reason why this version cannot read bytes as a segment.
///
/// ```
/// use fusewire::segment::{Segment, SegmentError};
///
/// let segment = Segment::from_vec(b"not a segment".to_vec());
/// let error: SegmentError = segment.header().unwrap_err();
/// assert!(!error.to_string().is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SegmentError {
    /// The bytes do not begin with the signature of a segment.
    NotASegment,
    /// The segment ends before the end of its header.
    TooShort {
        /// The length of the segment in bytes.
        len: u64,
        /// The length of the header in bytes.
        needed: u64,
    },
    /// The header, the first page of the segment, is damaged.
    HeaderChecksum {
        /// The checksum, computed from the bytes of the header.
        expected: u32,
        /// The checksum in the header.
        found: u32,
    },
    /// The segment has another major version of the format.
    Version {
        /// The major and the minor version of the segment.
        found: (u16, u16),
    },
    /// The segment uses features that this version does not support and cannot ignore.
    Incompatible {
        /// The flags of the features.
        flags: u32,
    },
    /// The offset of the first frame and the size in the header contradict each other.
    Geometry {
        /// The offset of the first frame, from the header.
        data_start: u64,
        /// The length of the file in bytes, from the header.
        size: u64,
    },
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASegment => f.write_str("offset 0: bad signature: expected a Fusewire segment"),
            Self::TooShort { len, needed } => {
                write!(f, "truncated header: expected at least {needed} bytes, found {len}")
            }
            Self::HeaderChecksum { expected, found } => {
                write!(f, "offset 4092: bad header checksum: expected {expected:08x}, found {found:08x}")
            }
            Self::Version { found: (major, minor) } => {
                write!(f, "offset 8: unsupported format version: expected 1.x, found {major}.{minor}")
            }
            Self::Incompatible { flags } => {
                write!(
                    f,
                    "offset 24: unsupported feature flags: expected 00000000, found {flags:08x}; use a later version of Fusewire"
                )
            }
            Self::Geometry { data_start, size } => {
                write!(f, "bad header: data start {data_start} does not fit the segment size {size}")
            }
        }
    }
}

impl std::error::Error for SegmentError {}
