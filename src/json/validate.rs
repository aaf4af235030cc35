//! Is a line one JSON object? Answered before anything of it is written, so that a line that is not can be kept whole.

/// Checks lines against RFC 8259. Nesting of any depth is followed with one bit per level, in memory that is kept.
#[derive(Default)]
pub(super) struct Validator {
    /// Of each open container, innermost last: whether it is an object.
    open: Vec<u64>,
    depth: usize,
}

impl Validator {
    /// Whether `line` is one JSON object, with nothing but white space around it.
    pub(super) fn is_object(&mut self, line: &str) -> bool {
        let bytes = line.as_bytes();
        let start = skip_space(bytes, 0);
        bytes.get(start) == Some(&b'{')
            && self.value(bytes, start).is_some_and(|end| skip_space(bytes, end) == bytes.len())
    }

    fn push(&mut self, is_object: bool) {
        let (word, bit) = (self.depth / 64, self.depth % 64);
        if word == self.open.len() {
            self.open.push(0);
        }
        self.open[word] = self.open[word] & !(1 << bit) | u64::from(is_object) << bit;
        self.depth += 1;
    }

    fn in_object(&self) -> bool {
        let last = self.depth - 1;
        self.open[last / 64] >> (last % 64) & 1 == 1
    }

    /// Where the value at `at` ends.
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
                _ => at = number(bytes, at)?,
            }
            // A value has ended: so may have the containers around it.
            loop {
                if self.depth == 0 {
                    return Some(at);
                }
                let in_object = self.in_object();
                at = skip_space(bytes, at);
                match (*bytes.get(at)?, in_object) {
                    (b',', true) => {
                        at = key(bytes, skip_space(bytes, at + 1))?;
                        break;
                    }
                    (b',', false) => {
                        at += 1;
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        at += 1;
                        self.depth -= 1;
                    }
                    _ => return None,
                }
            }
        }
    }
}

pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// The key at `at` and its colon.
fn key(bytes: &[u8], at: usize) -> Option<usize> {
    let colon = skip_space(bytes, string(bytes, at)?);
    (bytes.get(colon) == Some(&b':')).then_some(colon + 1)
}

fn literal(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    bytes[at..].starts_with(word).then_some(at + word.len())
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
                // Half a character: the other half has to follow.
                let low = code_unit(bytes, at + 6)?;
                (0xDC00..0xE000).contains(&low).then_some(at + 12)
            }
            0xDC00..0xE000 => None,
            _ => Some(at + 6),
        },
        _ => None,
    }
}

/// The code unit that the escape `\uXXXX` at `at` names.
pub(super) fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
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
