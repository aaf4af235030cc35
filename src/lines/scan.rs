//! The parts of lines that a cursor takes: words, quoted strings and numbers.

pub(super) use crate::text_scan::Scan;

/// The number of bytes that one step of a search tests.
const LANES: usize = 16;

/// Returns the position of the first byte for which `is_it` returns true.
#[inline(always)]
pub(super) fn position(bytes: &[u8], is_it: impl Fn(u8) -> bool) -> Option<usize> {
    let (chunks, rest) = bytes.as_chunks::<LANES>();
    for (at, chunk) in chunks.iter().enumerate() {
        if chunk.iter().fold(false, |any, byte| any | is_it(*byte)) {
            return chunk.iter().position(|byte| is_it(*byte)).map(|found| at * LANES + found);
        }
    }
    rest.iter().position(|byte| is_it(*byte)).map(|at| chunks.len() * LANES + at)
}

impl<'l> Scan<'l> {
    /// Takes the text up to the next blank. Returns `None` if it is empty.
    pub(super) fn word(&mut self) -> Option<&'l str> {
        let word = self.take_while(|byte| byte != b' ' && byte != b'\t' && byte != b'\n');
        (!word.is_empty()).then_some(word)
    }

    /// Takes the text up to `end`, within the line, and moves after `end`.
    pub(super) fn until(&mut self, end: u8) -> Option<&'l str> {
        let rest = self.rest();
        let len = rest.bytes().position(|byte| byte == end || byte == b'\n')?;
        if rest.as_bytes().get(len) != Some(&end) {
            return None;
        }
        self.skip(len + 1);
        rest.get(..len)
    }

    /// Takes the text of a quoted string, after its first quote. A backslash precedes a quote inside.
    pub(super) fn quoted(&mut self) -> Option<&'l str> {
        let rest = self.rest();
        let mut escaped = false;
        let len = rest.bytes().position(|byte| {
            let is_end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            is_end
        })?;
        self.skip(len + 1);
        rest.get(..len)
    }

    /// Takes a number of 1 to 18 digits.
    pub(super) fn number(&mut self) -> Option<i64> {
        let digits = self.count_digits();
        let number = self.rest().get(..digits)?.parse().ok().filter(|_| (1..=18).contains(&digits))?;
        self.skip(digits);
        Some(number)
    }
}
