//! Text as JSON strings.

use core::fmt;

use crate::text::Text;

use super::out::{Out, Sink};

/// Writes a JSON string. Invalid UTF-8 becomes U+FFFD.
#[inline(never)]
pub(super) fn string<S: Sink>(out: &mut Out<'_, S>, text: Text<'_>) -> fmt::Result {
    string_behind(out, b"\"", text, b"\"")
}

/// Writes a string between `before`, which ends with the opening quote, and `behind`, which begins with the closing
/// quote.
#[inline(always)]
pub(super) fn string_behind<S: Sink, const N: usize, const M: usize>(
    out: &mut Out<'_, S>,
    before: &[u8; N],
    text: Text<'_>,
    behind: &[u8; M],
) -> fmt::Result {
    if is_plain(text.as_bytes()) {
        return out.between(before, text.as_bytes(), behind);
    }
    out.token(before)?;
    lossy(out, text)?;
    out.token(behind)
}

/// Writes the content of a string. Invalid UTF-8 becomes U+FFFD.
#[cold]
#[inline(never)]
fn lossy<S: Sink>(out: &mut Out<'_, S>, text: Text<'_>) -> fmt::Result {
    for chunk in text.as_bytes().utf8_chunks() {
        escaped(out, chunk.valid())?;
        if !chunk.invalid().is_empty() {
            out.bytes("\u{fffd}".as_bytes())?;
        }
    }
    Ok(())
}

/// Writes the content of a string with escapes.
pub(super) fn escaped<S: Sink>(out: &mut Out<'_, S>, text: &str) -> fmt::Result {
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' && byte != 0x7F {
            continue;
        }
        out.bytes(&text.as_bytes()[plain..at])?;
        plain = at + 1;
        match byte {
            b'"' => out.token(b"\\\"")?,
            b'\\' => out.token(b"\\\\")?,
            b'\n' => out.token(b"\\n")?,
            b'\r' => out.token(b"\\r")?,
            b'\t' => out.token(b"\\t")?,
            _ => {
                let digit = |half: u8| b"0123456789abcdef"[usize::from(half & 0xF)];
                out.token(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte)])?;
            }
        }
    }
    out.bytes(&text.as_bytes()[plain..])
}

/// Returns whether all bytes are ASCII characters that need no escape. Most text consists of such characters.
#[inline]
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    if let Some(last) = bytes.last_chunk::<8>() {
        // The last word overlaps the word before it.
        let odd = words.iter().fold(0, |odd, word| odd | odd_bytes(u64::from_le_bytes(*word)));
        return odd | odd_bytes(u64::from_le_bytes(*last)) == 0;
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let both = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
        return odd_bytes(both) == 0;
    }
    rest.iter().all(|byte| matches!(byte, 0x20..0x7F) && *byte != b'"' && *byte != b'\\')
}

/// Returns the length in bytes of the plain words of eight bytes at the beginning. The bytes after them can also be
/// plain.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let words = bytes.as_chunks::<8>().0;
    8 * words.iter().take_while(|word| odd_bytes(u64::from_le_bytes(**word)) == 0).count()
}

/// Returns a number other than 0 if a byte is a control character, a quote, a backslash, DEL, or not ASCII.
#[inline(always)]
const fn odd_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let quote = word ^ (b'"' as u64 * ONES);
    let backslash = word ^ (b'\\' as u64 * ONES);
    // The subtraction sets the high bit of a byte that is less than the subtrahend. In a word with a byte that is not
    // ASCII the result does not matter, because the last term is not 0.
    let under =
        (word.wrapping_sub(0x20 * ONES) | quote.wrapping_sub(ONES) | backslash.wrapping_sub(ONES)) & HIGH;
    let del = word.wrapping_add(ONES) & HIGH;
    under | del | word & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_what_stays_as_it_is() {
        let odd = |byte: u8| !matches!(byte, 0x20..0x7F) || byte == b'"' || byte == b'\\';
        for len in 0..40 {
            for at in 0..len {
                for byte in 0..=u8::MAX {
                    for around in [b'a', b' ', b'~', b'#', b'[', b'!', b']'] {
                        let mut bytes = vec![around; len];
                        bytes[at] = byte;
                        assert_eq!(is_plain(&bytes), !odd(byte), "{bytes:?}");
                    }
                }
            }
        }
    }
}
