//! Validation of JSON text. A text is validated before any part of it is written, so an invalid text can be kept
//! whole.

/// The number of levels that need no allocation.
const FIXED_LEVELS: usize = 1024;

/// A validator of texts against RFC 8259. It supports any depth with one bit for each level. Its memory is reused.
pub(crate) struct Validator<M = Vec<u64>> {
    /// A bit for each open container, innermost last: whether it is an object.
    open: M,
    depth: usize,
    /// Whether `NaN`, `Infinity` and `-Infinity` are accepted as numbers.
    is_lenient: bool,
}

/// A store of one bit for each level.
pub(crate) trait Levels {
    fn set_bit(&mut self, level: usize, bit: bool);

    /// Returns the bit of a level, or `None` if the level is not stored.
    fn bit(&self, level: usize) -> Option<bool>;
}

impl Levels for Vec<u64> {
    fn set_bit(&mut self, level: usize, bit: bool) {
        if level / 64 >= self.len() {
            self.resize(level / 64 + 1, 0);
        }
        self.as_mut_slice().set_bit(level, bit);
    }

    fn bit(&self, level: usize) -> Option<bool> {
        self.as_slice().bit(level)
    }
}

impl Levels for [u64; FIXED_LEVELS / 64] {
    fn set_bit(&mut self, level: usize, bit: bool) {
        self.as_mut_slice().set_bit(level, bit);
    }

    fn bit(&self, level: usize) -> Option<bool> {
        self.as_slice().bit(level)
    }
}

impl Levels for [u64] {
    fn set_bit(&mut self, level: usize, bit: bool) {
        if let Some(word) = self.get_mut(level / 64) {
            *word = *word & !(1 << (level % 64)) | u64::from(bit) << (level % 64);
        }
    }

    fn bit(&self, level: usize) -> Option<bool> {
        self.get(level / 64).map(|word| word >> (level % 64) & 1 == 1)
    }
}

/// Returns whether `text` is one JSON value with optional white space around it. Allocates no memory. Below level
/// 1024, both types of closing brackets are accepted for a container.
#[cfg(feature = "serde")]
pub(crate) fn is_value(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut validator = Validator { open: [0; FIXED_LEVELS / 64], depth: 0, is_lenient: false };
    validator.value(bytes, 0).is_some_and(|end| skip_space(bytes, end) == bytes.len())
}

impl Default for Validator {
    fn default() -> Self {
        Self { open: Vec::new(), depth: 0, is_lenient: false }
    }
}

impl Validator {
    /// Returns whether `line` is one JSON object with optional white space around it.
    #[inline]
    pub(crate) fn is_object(&mut self, line: &str) -> bool {
        let bytes = line.as_bytes();
        let start = skip_space(bytes, 0);
        bytes.get(start) == Some(&b'{')
            && self.value(bytes, start).is_some_and(|end| skip_space(bytes, end) == bytes.len())
    }

    /// Returns whether `line` is one object as in [`is_object`](Self::is_object), or with `NaN`, `Infinity` and `-Infinity` as
    /// numbers.
    pub(crate) fn is_lenient_object(&mut self, line: &str) -> bool {
        self.is_lenient = true;
        let is_object = self.is_object(line);
        self.is_lenient = false;
        is_object
    }
}

impl<M: Levels> Validator<M> {
    fn push(&mut self, is_object: bool) {
        self.open.set_bit(self.depth, is_object);
        self.depth += 1;
    }

    /// Returns whether the innermost container is an object, or `None` if its level is not stored.
    fn in_object(&self) -> Option<bool> {
        self.open.bit(self.depth - 1)
    }

    /// Returns the end of the value at `at`, or `None` if it is invalid.
    fn value(&mut self, bytes: &[u8], mut at: usize) -> Option<usize> {
        self.depth = 0;
        loop {
            at = skip_space(bytes, at);
            match *bytes.get(at)? {
                open @ (b'{' | b'[') => {
                    let is_object = open == b'{';
                    at = skip_space(bytes, at + 1);
                    if bytes.get(at) == Some(if is_object { &b'}' } else { &b']' }) {
                        at += 1;
                    } else {
                        self.push(is_object);
                        at = if is_object { key(bytes, at)? } else { at };
                        continue;
                    }
                }
                b'"' => at = string(bytes, at)?,
                b't' => at = literal(bytes, at, b"true")?,
                b'f' => at = literal(bytes, at, b"false")?,
                b'n' => at = literal(bytes, at, b"null")?,
                b'N' | b'I' if self.is_lenient => at = not_finite(bytes, at)?,
                b'-' if self.is_lenient && bytes.get(at + 1) == Some(&b'I') => {
                    at = not_finite(bytes, at + 1)?
                }
                _ => at = number(bytes, at)?,
            }
            // After a value, the containers around it can also end.
            loop {
                if self.depth == 0 {
                    return Some(at);
                }
                let in_object = self.in_object();
                at = skip_space(bytes, at);
                match (*bytes.get(at)?, in_object) {
                    (b',', Some(true)) => {
                        at = key(bytes, skip_space(bytes, at + 1))?;
                        break;
                    }
                    (b',', Some(false)) => {
                        at += 1;
                        break;
                    }
                    (b',', None) => {
                        at = key(bytes, skip_space(bytes, at + 1)).unwrap_or(at + 1);
                        break;
                    }
                    (b'}', Some(true) | None) | (b']', Some(false) | None) => {
                        at += 1;
                        self.depth -= 1;
                    }
                    _ => return None,
                }
            }
        }
    }
}

pub(crate) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// Returns the position after the key at `at` and its colon.
fn key(bytes: &[u8], at: usize) -> Option<usize> {
    let colon = skip_space(bytes, string(bytes, at)?);
    (bytes.get(colon) == Some(&b':')).then_some(colon + 1)
}

fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes[at..].starts_with(word).then_some(at + word.len())
}

/// Returns the end of the name of a number that is not finite.
#[cold]
fn not_finite(bytes: &[u8], at: usize) -> Option<usize> {
    literal(bytes, at, b"NaN").or_else(|| literal(bytes, at, b"Infinity"))
}

fn string(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        return None;
    }
    let mut at = at + 1;
    loop {
        at += bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            b'\\' => at = escape(bytes, at)?,
            _ => return None,
        }
    }
}

fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at + 1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 2),
        b'u' => match code_unit(bytes, at)? {
            0xD800..0xDC00 => {
                // This is the first half of a surrogate pair. The second half must follow.
                let low = code_unit(bytes, at + 6)?;
                (0xDC00..0xE000).contains(&low).then_some(at + 12)
            }
            0xDC00..0xE000 => None,
            _ => Some(at + 6),
        },
        _ => None,
    }
}

/// Returns the code unit of the escape `\uXXXX` at `at`.
pub(crate) fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = |at: usize| {
        let end = at + bytes[at.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        (end > at).then_some(end)
    };
    let start = if bytes.get(at) == Some(&b'-') { at + 1 } else { at };
    let mut at = if bytes.get(start) == Some(&b'0') { start + 1 } else { digits(start)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(at + 1 + sign)?;
    }
    Some(at)
}
