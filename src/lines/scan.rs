//! A cursor over the text of a line.

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

/// A position in a text. All positions are at the boundaries of characters.
#[derive(Clone, Copy)]
pub(super) struct Scan<'l> {
    text: &'l str,
    at: usize,
}

impl<'l> Scan<'l> {
    pub(super) fn new(text: &'l str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the text from the position to the end.
    #[inline]
    pub(super) fn rest(&self) -> &'l str {
        self.text.get(self.at..).unwrap_or("")
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Returns the byte that is `ahead` bytes after the position.
    #[inline]
    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Moves `len` bytes ahead.
    #[inline]
    pub(super) fn skip(&mut self, len: usize) {
        self.at = (self.at + len).min(self.text.len());
    }

    /// Moves after `byte`, if it is the next one.
    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Moves after `text`, if it is next.
    pub(super) fn eat_text(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    /// Moves after blanks and tabs. Returns their number.
    #[inline]
    pub(super) fn blanks(&mut self) -> usize {
        self.take_while(|byte| byte == b' ' || byte == b'\t').len()
    }

    /// Takes the bytes for which `is_part` returns true. `is_part` must treat all bytes of a character alike.
    #[inline]
    pub(super) fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'l str {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
        let len = bytes.iter().position(|byte| !is_part(*byte)).unwrap_or(bytes.len());
        let taken = self.text.get(self.at..self.at + len).unwrap_or("");
        self.at += taken.len();
        taken
    }

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
        self.at += len + 1;
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
        self.at += len + 1;
        rest.get(..len)
    }

    /// Takes exactly `count` digits, if their number fits the type.
    #[inline]
    pub(super) fn digits(&mut self, count: usize) -> Option<u32> {
        let mut number = 0_u32;
        for ahead in 0..count {
            let digit = self.peek_at(ahead).filter(u8::is_ascii_digit)?;
            number = number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
        }
        self.at += count;
        Some(number)
    }

    /// Takes one or two digits.
    #[inline]
    pub(super) fn one_or_two(&mut self) -> Option<u32> {
        let count = 1 + usize::from(self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()));
        self.digits(count)
    }

    /// Returns the number of digits at the position, at most 32.
    #[inline]
    pub(super) fn count_digits(&self) -> usize {
        (0..32).take_while(|ahead| self.peek_at(*ahead).is_some_and(|byte| byte.is_ascii_digit())).count()
    }

    /// Takes a number of 1 to 18 digits.
    pub(super) fn number(&mut self) -> Option<i64> {
        let digits = self.count_digits();
        let number = self.rest().get(..digits)?.parse().ok().filter(|_| (1..=18).contains(&digits))?;
        self.at += digits;
        Some(number)
    }
}
