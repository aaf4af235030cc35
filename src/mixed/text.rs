//! The detection of text.

/// The number of bytes that one step compares.
const LANES: usize = 32;

/// Returns the position of the first line feed or NUL. A NUL is not part of text.
#[inline]
pub(super) fn find_end(bytes: &[u8]) -> Option<usize> {
    find(bytes, |byte| byte == b'\n' || byte == 0)
}

/// Returns the position of the first line feed.
#[inline]
pub(super) fn find_line_feed(bytes: &[u8]) -> Option<usize> {
    find(bytes, |byte| byte == b'\n')
}

/// Returns the position of the first byte for which `is_it` returns true. The function tests a block of bytes
/// with one branch.
#[inline(always)]
fn find(bytes: &[u8], is_it: impl Fn(u8) -> bool) -> Option<usize> {
    let (chunks, rest) = bytes.as_chunks::<LANES>();
    for (i, chunk) in chunks.iter().enumerate() {
        if chunk.iter().fold(false, |any, byte| any | is_it(*byte)) {
            return chunk.iter().position(|byte| is_it(*byte)).map(|at| i * LANES + at);
        }
    }
    rest.iter().position(|byte| is_it(*byte)).map(|at| chunks.len() * LANES + at)
}

/// Returns whether a byte is not part of text: a control character other than white space, backspace and
/// escape.
pub(super) const fn is_strange(byte: u8) -> bool {
    matches!(byte, 0..=7 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F)
}

/// Returns whether bytes can be part of a readable text.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    !bytes.iter().any(|byte| is_strange(*byte)) && core::str::from_utf8(bytes).is_ok()
}

/// Returns whether a line, including its end, looks like a JSON object.
pub(super) fn is_like_json(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"{") && line.ends_with(b"}") && is_text(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_is_found_wherever_it_is() {
        for len in 0..200 {
            let mut bytes = vec![b'a'; len];
            assert_eq!(find_end(&bytes), None);
            for at in (0..len).rev() {
                bytes[at] = if at % 2 == 0 { b'\n' } else { 0 };
                assert_eq!(find_end(&bytes), Some(at));
                assert_eq!(find_line_feed(&bytes), (at..len).find(|at| at % 2 == 0));
            }
        }
    }
}
