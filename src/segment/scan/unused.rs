//! Searches in space that should be zero.

use crate::format::frame::ALIGN;

/// The number of bytes that are compared with zero at once.
const CHUNK: usize = 4096;
static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// Returns the offset of the first slot at or after `from` that is not all zero. Whole chunks are compared only at
/// multiples of the chunk size. Therefore each byte is read at most twice, for any pattern of zeros and other bytes.
pub(crate) fn next_nonzero(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while at < bytes.len() {
        let chunk = &bytes[at..(at + CHUNK).min(bytes.len())];
        if at.is_multiple_of(CHUNK) && is_zero(chunk) {
            at += CHUNK;
            continue;
        }
        if !is_zero(&chunk[..ALIGN.min(chunk.len())]) {
            return Some(at);
        }
        at += ALIGN;
    }
    None
}

/// Returns the offset after the last slot at or after `from` that is not all zero, or `from` if there is none.
pub(crate) fn last_nonzero(bytes: &[u8], from: usize) -> usize {
    let space = bytes.get(from..).unwrap_or(&[]);
    let Some(chunk) = space.chunks(CHUNK).rposition(|chunk| !is_zero(chunk)) else { return from };
    let start = chunk * CHUNK;
    let chunk = &space[start..space.len().min(start + CHUNK)];
    let slot = chunk.chunks(ALIGN).rposition(|slot| !is_zero(slot)).unwrap_or(0);
    (from + start + (slot + 1) * ALIGN).min(bytes.len())
}

/// Returns whether `bytes`, of at most [`CHUNK`] bytes, are all zero. The comparison of slices is a `memcmp`, which
/// is also fast without optimisation.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes == &ZEROS[..bytes.len().min(CHUNK)]
}
