//! A cursor over text, for parsers of text without a general syntax.

/// A position in a text. All positions are at the boundaries of characters.
#[derive(Clone, Copy)]
pub(crate) struct Scan<'l> {
    text: &'l str,
    at: usize,
}

#[cfg_attr(
    not(any(feature = "json", feature = "query")),
    allow(dead_code, reason = "without these features, RFC 3339 is the only text")
)]
impl<'l> Scan<'l> {
    pub(crate) fn new(text: &'l str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the text from the position to the end.
    #[inline]
    pub(crate) fn rest(&self) -> &'l str {
        self.text.get(self.at..).unwrap_or("")
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Returns the byte that is `ahead` bytes after the position.
    #[inline]
    pub(crate) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Moves `len` bytes ahead.
    #[inline]
    pub(crate) fn skip(&mut self, len: usize) {
        self.at = (self.at + len).min(self.text.len());
    }

    /// Moves after `byte`, if it is the next one.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Moves after `text`, if it is next.
    pub(crate) fn eat_text(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    /// Moves after blanks and tabs. Returns their number.
    #[inline]
    pub(crate) fn blanks(&mut self) -> usize {
        let before = self.at;
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        self.at - before
    }

    /// Takes the bytes for which `is_part` returns true. `is_part` must treat all bytes of a character alike.
    #[inline]
    pub(crate) fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'l str {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
        let len = bytes.iter().position(|byte| !is_part(*byte)).unwrap_or(bytes.len());
        let taken = self.text.get(self.at..self.at + len).unwrap_or("");
        self.at += taken.len();
        taken
    }

    /// Takes exactly `count` digits, if their number fits the type.
    #[inline]
    pub(crate) fn digits(&mut self, count: usize) -> Option<u32> {
        let mut number = 0_u32;
        for digit in self.text.as_bytes().get(self.at..self.at + count)? {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
        }
        self.at += count;
        Some(number)
    }

    /// Takes one or two digits.
    #[inline]
    pub(crate) fn one_or_two(&mut self) -> Option<u32> {
        let count = 1 + usize::from(self.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()));
        self.digits(count)
    }

    /// Returns the number of digits at the position, at most 32.
    #[inline]
    pub(crate) fn count_digits(&self) -> usize {
        (0..32).take_while(|ahead| self.peek_at(*ahead).is_some_and(|byte| byte.is_ascii_digit())).count()
    }
}
