//! The detection of compressed data by its first bytes.

use crate::packing::Packing;

/// The result of the inspection of the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Magic {
    /// The bytes begin as this format.
    Found(Packing),
    /// More bytes are necessary.
    Short,
    /// The bytes begin as no known format.
    None,
}

/// The first bytes of each format.
const MAGICS: [(&[u8], Packing); 6] = [
    (&[0x1F, 0x8B, 0x08], Packing::Gzip),
    (&[0x28, 0xB5, 0x2F, 0xFD], Packing::Zstd),
    (&[0xFD, b'7', b'z', b'X', b'Z', 0], Packing::Xz),
    (&[0x04, 0x22, 0x4D, 0x18], Packing::Lz4),
    (b"PK\x03\x04", Packing::Zip),
    (b"PK\x05\x06", Packing::Zip),
];
/// The bytes of a block and of the end of a bzip2 file. The digit of the block size is before them.
const BZIP2: [[u8; 6]; 2] = [[0x31, 0x41, 0x59, 0x26, 0x53, 0x59], [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]];

/// Inspects the first bytes.
pub(super) fn detect(bytes: &[u8]) -> Magic {
    let mut found = Magic::None;
    for (magic, packing) in MAGICS {
        found = found.or(compare(bytes, magic, packing));
    }
    // A skippable frame can precede the data: 0x184D2A50 to 0x184D2A5F, little-endian.
    if bytes.first().is_some_and(|byte| byte & 0xF0 == 0x50) {
        found = found.or(compare(&bytes[1..], &[0x2A, 0x4D, 0x18], Packing::Zstd));
    }
    for block in BZIP2 {
        let Some(rest) = bytes.get(4..) else {
            found = found.or(compare(bytes.get(..3).unwrap_or(bytes), b"BZh", Packing::Bzip2).unsure());
            continue;
        };
        if bytes.starts_with(b"BZh") && matches!(bytes.get(3), Some(b'1'..=b'9')) {
            found = found.or(compare(rest, &block, Packing::Bzip2));
        }
    }
    found
}

fn compare(bytes: &[u8], magic: &[u8], packing: Packing) -> Magic {
    if bytes.starts_with(magic) {
        Magic::Found(packing)
    } else if magic.starts_with(bytes) {
        Magic::Short
    } else {
        Magic::None
    }
}

impl Magic {
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Found(_), _) | (_, Self::None) => self,
            _ => other,
        }
    }

    fn unsure(self) -> Self {
        if self == Self::None { self } else { Self::Short }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_found_with_enough_bytes_and_text_is_no_format() {
        let bzip2 = b"BZh91AY&SY";
        for (bytes, packing) in [
            (&[0x1F, 0x8B, 0x08][..], Packing::Gzip),
            (&[0x28, 0xB5, 0x2F, 0xFD], Packing::Zstd),
            (&[0x5A, 0x2A, 0x4D, 0x18], Packing::Zstd),
            (bzip2, Packing::Bzip2),
            (b"\xFD7zXZ\0", Packing::Xz),
            (b"PK\x03\x04", Packing::Zip),
        ] {
            for len in 0..bytes.len() {
                assert_eq!(detect(&bytes[..len]), Magic::Short, "{bytes:?}, {len}");
            }
            assert_eq!(detect(bytes), Magic::Found(packing));
            assert_eq!(detect(&[bytes, b"more"].concat()), Magic::Found(packing));
        }
        for text in [
            &b"{\"a\":1}\n"[..],
            b"BZh is a name\n",
            b"BZh9 1AY&SY\n",
            b"PK\n",
            b"P\n",
            b"Zulu",
            b"\x1F\x8Ba",
        ] {
            assert_eq!(detect(text), Magic::None, "{text:?}");
        }
    }
}
