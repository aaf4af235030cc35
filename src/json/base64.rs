//! Base64 with padding (RFC 4648, section 4).

use core::fmt;

use super::out::{Out, Sink};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn write<S: Sink>(out: &mut Out<'_, S>, bytes: &[u8]) -> fmt::Result {
    let (chunks, rest) = bytes.as_chunks::<3>();
    for chunk in chunks {
        out.token(&digits(*chunk))?;
    }
    let [a, b, c, _] = digits([0, 1, 2].map(|i| rest.get(i).copied().unwrap_or(0)));
    match rest.len() {
        0 => Ok(()),
        1 => out.token(&[a, b, b'=', b'=']),
        _ => out.token(&[a, b, c, b'=']),
    }
}

fn digits([a, b, c]: [u8; 3]) -> [u8; 4] {
    let word = u32::from_be_bytes([0, a, b, c]);
    [18, 12, 6, 0].map(|shift| ALPHABET[(word >> shift & 0x3F) as usize])
}

/// Returns whether `text` is the output of [`write`] for some bytes.
pub(super) fn is_canonical(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let last = digits.bytes().last().and_then(value_of).unwrap_or(0);
    // The bits of the last digit that belong to no byte.
    let unused = match padding {
        0 => 0,
        1 => 0b11,
        2 => 0b1111,
        _ => return false,
    };
    text.len().is_multiple_of(4)
        && last & unused == 0
        && digits.bytes().all(|digit| value_of(digit).is_some())
}

#[inline]
fn value_of(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Appends the bytes that `text` represents to `out`. Returns `None` if `text` is not valid base64.
pub(super) fn read(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut word = 0_u32;
    for (i, digit) in digits.iter().enumerate() {
        word = word << 6 | u32::from(value_of(*digit)?);
        if i % 4 == 3 {
            out.extend_from_slice(&word.to_be_bytes()[1..]);
            word = 0;
        }
    }
    // The last group is incomplete. Shift its bits to their position in a complete group.
    let (bytes, shift) = match digits.len() % 4 {
        0 => return Some(()),
        2 => (1, 12),
        3 => (2, 6),
        _ => return None,
    };
    out.extend_from_slice(&(word << shift).to_be_bytes()[1..=bytes]);
    Some(())
}
