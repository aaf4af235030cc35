//! JSON in the very form in which it is written here: no other blank, escape or digit.

use crate::json::cursor::{Cursor, RawString};
use crate::json::string::plain_len;
use crate::json::validate::code_unit;
use crate::text::is_written;

/// Takes what it expects off the front of a text, and nothing else.
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

    /// Whether both stand at the same place.
    pub(super) fn is_where(&self, other: &Self) -> bool {
        self.at == other.at
    }

    #[inline(always)]
    pub(super) fn starts_with(&self, token: &str) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(token.as_bytes()))
    }

    /// Steps behind `token` where it is next.
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

    /// One of `names`, up to the quote behind it.
    pub(super) fn name_of<T: Copy>(&mut self, names: &[(T, &str)]) -> Option<T> {
        let end = self.rest().as_bytes().iter().position(|byte| *byte == b'"')?;
        let name = self.rest().get(..end)?;
        let (value, _) = names.iter().find(|(_, known)| *known == name)?;
        self.at += end + 1;
        Some(*value)
    }

    /// The string whose opening quote is next.
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

    /// The plain text up to the quote that ends it.
    pub(super) fn plain(&mut self) -> Option<&'j str> {
        let end = self.rest().as_bytes().iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let text = self.rest().get(..end)?;
        self.at += end;
        self.expect("\"")?;
        Some(text)
    }

    /// A number's characters; no number has more than 64.
    fn digits(&mut self) -> &'j str {
        let rest = self.rest();
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let number = &rest[..rest.bytes().take(64).take_while(|byte| is_part(byte)).count()];
        self.at += number.len();
        number
    }

    /// An integer of the type asked for.
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

    /// As many hexadecimal digits as `T` has, as a number that is not 0.
    pub(super) fn hex(&mut self, len: usize) -> Option<u128> {
        let digits = self.rest().get(..len)?;
        let plain = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        self.at += len;
        u128::from_str_radix(digits, 16).ok().filter(|number| plain && *number != 0)
    }

    /// Steps behind the value that is next, whatever its form, in which only strings are told from the rest.
    pub(super) fn skip(&mut self) {
        let mut cursor = Cursor::new(self.rest());
        cursor.skip();
        self.at += cursor.position();
    }
}

/// A number as JSON has it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Signed(i128),
    /// Over `i128::MAX`.
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

/// The length of an escape as it is written here: the short form where there is one of ours, else four digits. Who prints
/// lines to terminals may have escaped other characters, for which the four digits stand too.
fn escape_len(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let lower = bytes.get(2..6)?.iter().all(|digit| !digit.is_ascii_uppercase());
            let is_ours = match code_unit(bytes, 0)? {
                0x09 | 0x0A | 0x0D | 0xD800..0xE000 => false,
                unit => !(0x20..0x7F).contains(&unit),
            };
            (lower && is_ours).then_some(6)
        }
        _ => None,
    }
}
