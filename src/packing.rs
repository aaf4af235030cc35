//! The formats of compressed files, and the faults of compressed data.

use core::fmt;

/// A format of compressed files. Readers detect it from the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Packing {
    /// A gzip file, with one or more members.
    Gzip,
    /// A Zstandard file, with one or more frames.
    Zstd,
    /// A bzip2 file, with one or more streams.
    Bzip2,
    /// An xz file, with one or more streams.
    Xz,
    /// An LZ4 file. Readers only detect it.
    Lz4,
    /// A ZIP archive. Readers only detect it.
    Zip,
}

impl Packing {
    /// Returns the name of the format in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lz4 => "lz4",
            Self::Zip => "zip",
        }
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A fault of compressed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PackedFault {
    /// The data ends before the end of the compressed stream.
    Truncated,
    /// The data is not valid, or its checksum is wrong.
    Invalid,
    /// The decompression needs more memory than readers use.
    TooLarge,
    /// Other bytes follow the compressed stream.
    Trailing,
}

impl PackedFault {
    /// Writes the fault of data in the format `packing`.
    pub(crate) fn write(self, packing: Packing, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "the {packing} data is incomplete; the file ends too early"),
            Self::Invalid => write!(f, "invalid {packing} data"),
            Self::TooLarge => write!(f, "the {packing} data needs more than 128 MiB of memory"),
            Self::Trailing => write!(f, "other bytes after the {packing} data"),
        }
    }
}
