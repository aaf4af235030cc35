//! A cursor over validated JSON.
//!
//! Other text leads to wrong values, but not to a panic: every step is bounds-checked, and every loop advances.

use super::validate::{code_unit, skip_space};

/// A position in validated JSON.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'j> {
    text: &'j str,
    at: usize,
}

/// The type of a value, as its first byte determines it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Null,
    True,
    False,
    Number,
    String,
    Array,
    Object,
}

impl<'j> Cursor<'j> {
    pub(crate) fn new(text: &'j str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the number of bytes before the cursor.
    pub(crate) fn position(&self) -> usize {
        self.at.min(self.text.len())
    }

    #[inline]
    fn peek(&mut self) -> Option<u8> {
        self.at = skip_space(self.text.as_bytes(), self.at);
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn shape(&mut self) -> Shape {
        match self.peek() {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::Array,
            Some(b'"') => Shape::String,
            Some(b't') => Shape::True,
            Some(b'f') => Shape::False,
            None | Some(b'n') => Shape::Null,
            Some(_) => Shape::Number,
        }
    }

    /// Moves into a container. [`next_child`](Self::next_child) then moves to each child.
    pub(crate) fn enter(&mut self) {
        self.peek();
        self.at += 1;
    }

    /// Moves to the next child of the container and returns `true`. At the end, moves out of the container and
    /// returns `false`.
    #[inline]
    pub(crate) fn next_child(&mut self) -> bool {
        match self.peek() {
            None => false,
            Some(b'}' | b']') => {
                self.at += 1;
                false
            }
            Some(b',') => {
                self.at += 1;
                true
            }
            Some(_) => true,
        }
    }

    /// Returns the key at the cursor, with its escapes, and moves to its value.
    #[inline]
    pub(crate) fn key(&mut self) -> RawString<'j> {
        let key = self.string();
        if self.peek() == Some(b':') {
            self.at += 1;
        }
        key
    }

    /// Returns the string at the cursor, with its escapes, and moves after it.
    #[inline]
    pub(crate) fn string(&mut self) -> RawString<'j> {
        self.peek();
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let (mut end, mut escaped) = (start, false);
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    end += 2;
                }
                _ => end += 1,
            }
        }
        self.at = (end + 1).min(bytes.len());
        RawString { text: self.text.get(start..end).unwrap_or(""), escaped }
    }

    /// Returns the text of the number at the cursor, and moves after it.
    #[inline]
    pub(crate) fn number(&mut self) -> &'j str {
        self.peek();
        let rest = &self.text.as_bytes()[self.at.min(self.text.len())..];
        let len = rest
            .iter()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let len = if matches!(rest.get(len), Some(b'N' | b'I')) { not_finite(rest, len) } else { len };
        let number = self.text.get(self.at..self.at + len).unwrap_or("");
        self.at += len.max(1);
        number
    }

    /// Moves after the value at the cursor, at any depth of nesting.
    pub(crate) fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.shape() {
                Shape::String => {
                    self.string();
                }
                Shape::Number => {
                    // The commas, colons and ends of containers between values are handled below.
                    self.number();
                }
                Shape::True | Shape::Null => self.at += 4,
                Shape::False => self.at += 5,
                Shape::Array | Shape::Object => {
                    self.at += 1;
                    depth += 1;
                }
            }
            loop {
                match self.peek() {
                    _ if depth == 0 => return,
                    Some(b'}' | b']') => {
                        self.at += 1;
                        depth -= 1;
                    }
                    Some(b',' | b':') => self.at += 1,
                    None => return,
                    Some(_) => break,
                }
            }
        }
    }

    /// Returns the text of the value at the cursor, and moves after it.
    pub(crate) fn raw(&mut self) -> &'j str {
        self.peek();
        let start = self.at;
        self.skip();
        self.text.get(start..self.at).unwrap_or("")
    }

    /// Moves out of the container. Returns the number of remaining children.
    pub(crate) fn skip_rest(&mut self, in_object: bool) -> u64 {
        let mut children = 0;
        while self.next_child() {
            if in_object {
                self.key();
            }
            self.skip();
            children += 1;
        }
        children
    }

    /// Returns the length in bytes of the value at the cursor.
    pub(crate) fn len(mut self) -> usize {
        self.shape();
        let start = self.at;
        self.skip();
        self.at - start
    }

    /// Returns a cursor at the value of `key` in the object at this cursor. If the key occurs more than once, the
    /// first occurrence is used.
    pub(crate) fn member(mut self, key: &str) -> Option<Self> {
        if self.shape() != Shape::Object {
            return None;
        }
        self.enter();
        while self.next_child() {
            let found = self.key();
            if found.is(key) {
                return Some(self);
            }
            self.skip();
        }
        None
    }
}

/// Returns the length of the name of a number, such as `-Infinity`, after `len` bytes. A lenient validator accepts it.
#[cold]
fn not_finite(rest: &[u8], len: usize) -> usize {
    len + rest.iter().skip(len).take_while(|byte| byte.is_ascii_alphabetic()).count()
}

/// A string without its quotes and with its escapes.
#[derive(Clone, Copy)]
pub(crate) struct RawString<'j> {
    text: &'j str,
    escaped: bool,
}

impl<'j> RawString<'j> {
    pub(crate) fn new(text: &'j str, escaped: bool) -> Self {
        Self { text, escaped }
    }

    /// Returns the text with its escapes.
    pub(crate) fn raw(self) -> &'j str {
        self.text
    }

    /// Returns whether the text contains escapes.
    pub(crate) fn is_escaped(self) -> bool {
        self.escaped
    }

    /// Calls `take` with consecutive pieces of the decoded string until `take` fails.
    #[inline]
    pub(crate) fn pieces<E>(self, mut take: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let mut rest = self.text;
        while let Some(at) = rest.find('\\') {
            take(&rest[..at])?;
            let (character, len) = unescape(&rest[at..]);
            take(character.encode_utf8(&mut [0; 4]))?;
            rest = rest.get(at + len..).unwrap_or("");
        }
        take(rest)
    }

    /// Returns whether the string is `text` and contains no escape. Loggers write known names without escapes.
    pub(crate) fn is(&self, text: &str) -> bool {
        !self.escaped && self.text == text
    }

    /// Returns the decoded string. It is stored in `scratch` if the text contains escapes.
    #[inline]
    pub(crate) fn decode<'s>(self, scratch: &'s mut String) -> &'s str
    where
        'j: 's,
    {
        if !self.escaped {
            return self.text;
        }
        scratch.clear();
        let Ok(()) = self.pieces(|piece| {
            scratch.push_str(piece);
            Ok::<_, core::convert::Infallible>(())
        });
        scratch
    }
}

/// Returns the character of the escape at the beginning of `text`, and the length of the escape.
fn unescape(text: &str) -> (char, usize) {
    let bytes = text.as_bytes();
    let simple = match bytes.get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => {
            let high = code_unit(bytes, 0).unwrap_or(0xFFFD);
            if let (0xD800..0xDC00, Some(low @ 0xDC00..0xE000)) = (high, code_unit(bytes, 6)) {
                let scalar = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return (char::from_u32(scalar).unwrap_or('\u{fffd}'), 12);
            }
            return (char::from_u32(high).unwrap_or('\u{fffd}'), 6);
        }
        Some(other) => char::from(*other),
        None => '\u{fffd}',
    };
    (simple, 2)
}
