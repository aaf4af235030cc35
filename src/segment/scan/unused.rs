//! Looking through space that should be zero.

use crate::format::frame::ALIGN;

/// How many bytes are compared with zero at once.
const CHUNK: usize = 4096;
static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// The next slot at or behind `from` that is not all zero. Looks at whole chunks only where they begin, so that every
/// byte is looked at twice at most, however zeros and others alternate.
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

/// One past the last slot at or behind `from` that is not zero, or `from`.
pub(crate) fn last_nonzero(bytes: &[u8], from: usize) -> usize {
    let space = bytes.get(from..).unwrap_or(&[]);
    let Some(chunk) = space.chunks(CHUNK).rposition(|chunk| !is_zero(chunk)) else { return from };
    let start = chunk * CHUNK;
    let chunk = &space[start..space.len().min(start + CHUNK)];
    let slot = chunk.chunks(ALIGN).rposition(|slot| !is_zero(slot)).unwrap_or(0);
    (from + start + (slot + 1) * ALIGN).min(bytes.len())
}

/// Of at most [`CHUNK`] bytes. A comparison of slices is a `memcmp`, which is fast without optimisation, too.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    bytes == &ZEROS[..bytes.len().min(CHUNK)]
}
