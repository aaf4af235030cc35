//! A second implementation of the checksums, from their definitions.
#![allow(dead_code)]

/// Returns the result of zlib's `crc32(start, bytes)`, computed bit by bit.
pub fn crc32(start: u32, bytes: &[u8]) -> u32 {
    let mut crc = !start;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// Returns the commit word that `schema/FORMAT.md` defines for the whole frame `frame` with a payload of
/// `payload` bytes.
pub fn commit_word(frame: &[u8], payload: u32) -> u64 {
    u64::from(payload) | 2 << 28 | u64::from(crc32(payload, &frame[8..])) << 32
}
