//! A parser that accepts only the exact form in which this crate writes JSON: no other space, escape or digit.

use crate::json::cursor::{Cursor, RawString};
use crate::json::string::plain_len;
use crate::json::validate::code_unit;
use crate::text::is_written;

/// A parser that removes expected tokens from the beginning of a text.
#[derive(Clone, Copy)]
pub(super) struct Exact<'j> {
    text: &'j str,
    at: usize,
}

impl<'j> Exact<'j> {
    pub(super) fn new(text: &'j str) -> Self {
        Self { text, at: 0 }
    }

    #[inline(always)]
    pub(super) fn rest(&self) -> &'j str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Returns whether both parsers are at the same position.
    pub(super) fn is_where(&self, other: &Self) -> bool {
        self.at == other.at
    }

    #[inline(always)]
    pub(super) fn starts_with(&self, token: &str) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(token.as_bytes()))
    }

    /// Removes `token` if it is next. Returns whether it was next.
    #[must_use]
    #[inline(always)]
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    #[inline(always)]
    pub(super) fn expect(&mut self, token: &str) -> Option<()> {
        self.eat(token).then_some(())
    }

    /// Parses one of `names` and the quote after it.
    pub(super) fn name_of<T: Copy>(&mut self, names: &[(T, &str)]) -> Option<T> {
        let end = self.rest().as_bytes().iter().position(|byte| *byte == b'"')?;
        let name = self.rest().get(..end)?;
        let (value, _) = names.iter().find(|(_, known)| *known == name)?;
        self.at += end + 1;
        Some(*value)
    }

    /// Parses a string with its quotes.
    pub(super) fn string(&mut self) -> Option<RawString<'j>> {
        self.expect("\"")?;
        let (bytes, start) = (self.text.as_bytes(), self.at);
        let (mut at, mut escaped) = (start, false);
        loop {
            at += plain_len(bytes.get(at..)?);
            at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20 | 0x7F))?;
            match bytes[at] {
                b'"' => break,
                b'\\' => at += escape_len(&bytes[at..])?,
                _ => return None,
            }
            escaped = true;
        }
        self.at = at + 1;
        Some(RawString::new(self.text.get(start..at)?, escaped))
    }

    /// Parses a text without escapes and the quote after it.
    pub(super) fn plain(&mut self) -> Option<&'j str> {
        let end = self.rest().as_bytes().iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let text = self.rest().get(..end)?;
        self.at += end;
        self.expect("\"")?;
        Some(text)
    }

    /// Returns the characters of a number, at most 64.
    fn digits(&mut self) -> &'j str {
        let rest = self.rest();
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let number = &rest[..rest.bytes().take(64).take_while(|byte| is_part(byte)).count()];
        self.at += number.len();
        number
    }

    /// Parses an integer of type `T`.
    pub(super) fn integer<T: core::str::FromStr>(&mut self) -> Option<T> {
        integer(self.digits())
    }

    pub(super) fn number(&mut self) -> Option<Number> {
        let digits = self.digits();
        if !digits.contains(['.', 'e']) {
            return integer(digits).map(Number::Signed).or_else(|| integer(digits).map(Number::Unsigned));
        }
        let number: f64 = digits.parse().ok()?;
        (number.is_finite() && is_written(digits, format_args!("{number:?}")))
            .then_some(Number::Float(number))
    }

    /// Parses `len` hexadecimal digits as a number that is not 0.
    pub(super) fn hex(&mut self, len: usize) -> Option<u128> {
        let digits = self.rest().get(..len)?;
        let plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        self.at += len;
        u128::from_str_radix(digits, 16).ok().filter(|number| plain && *number != 0)
    }

    /// Skips the next value without a check of its form.
    pub(super) fn skip(&mut self) {
        let mut cursor = Cursor::new(self.rest());
        cursor.skip();
        self.at += cursor.position();
    }
}

/// A number in JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Signed(i128),
    /// An integer above `i128::MAX`.
    Unsigned(u128),
    Float(f64),
}

fn integer<T: core::str::FromStr>(digits: &str) -> Option<T> {
    let plain = match digits.strip_prefix('-').unwrap_or(digits).as_bytes() {
        [b'0'] => digits.len() == 1,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if plain { digits.parse().ok() } else { None }
}

/// Returns the length of an escape in the written form: the short form if there is one, else four digits, and for a
/// character after U+FFFF two times four digits. Output for terminals can escape any character outside ASCII; this form
/// is also accepted.
fn escape_len(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let len = match code_unit(bytes, 0)? {
                0x09 | 0x0A | 0x0D | 0x20..0x7F => return None,
                0xD800..0xDC00 if matches!(code_unit(bytes, 6)?, 0xDC00..0xE000) => 12,
                0xD800..0xE000 => return None,
                _ => 6,
            };
            let is_lower = |digit: &u8| !digit.is_ascii_uppercase();
            bytes.get(..len)?.iter().all(is_lower).then_some(len)
        }
        _ => None,
    }
}
