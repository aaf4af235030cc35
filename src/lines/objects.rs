//! The end of JSON objects that have several lines, and of arrays of objects.

use super::scan::position;

/// The maximum depth of the containers.
const DEEPEST: u32 = 64;

/// The state of the text so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The text is the beginning of objects.
    Open,
    /// The text is complete objects, or a complete array of objects.
    Complete,
    /// The text has another form.
    Other,
}

/// The next token that JSON permits. A comma before a closing bracket is also permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    Begin,
    Key,
    Colon,
    Value,
    End,
}

/// A parser of the structure of objects, line by line. It accepts scalars of any form; the reader of the objects validates them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Objects {
    /// A bit for each open container: 1 for an object. The lowest bit is that of the innermost container.
    kinds: u64,
    depth: u32,
    expects: Expects,
    /// Whether the outermost container is an array.
    is_array: bool,
}

impl Objects {
    /// Begins with the first line of objects. Returns `None` if the line cannot have a continuation: it is not the beginning of
    /// an object or of an array of objects, or it ends with the end of one.
    #[inline]
    pub(super) fn begin(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii();
        if !matches!(line, [b'{' | b'[', ..]) || matches!(line, [.., b'}' | b']']) {
            return None;
        }
        Self::of(line).filter(|(_, state)| *state == State::Open).map(|(objects, _)| objects)
    }

    /// Returns the text inside the brackets of an array of objects, up to and including the last bracket. Returns `None` if
    /// `text` is not such an array.
    pub(super) fn array(text: &[u8]) -> Option<&[u8]> {
        let inside = text.trim_ascii().strip_prefix(b"[")?;
        Self::of(text).filter(|(_, state)| *state == State::Complete)?;
        Some(inside.trim_ascii_start())
    }

    fn of(text: &[u8]) -> Option<(Self, State)> {
        let mut objects = Self { kinds: 0, depth: 0, expects: Expects::Begin, is_array: false };
        let state = objects.add(text);
        (state != State::Other).then_some((objects, state))
    }

    /// Adds the next line.
    pub(super) fn add(&mut self, line: &[u8]) -> State {
        let mut at = 0;
        while let Some(byte) = line.get(at) {
            let next = self.token(*byte, line.get(at + 1..).unwrap_or(&[]));
            let Some(len) = next else { return State::Other };
            at += 1 + len;
        }
        if self.depth == 0 && self.expects == Expects::End { State::Complete } else { State::Open }
    }

    /// Takes the token that begins with `byte`. Returns the number of bytes of `rest` that belong to it.
    fn token(&mut self, byte: u8, rest: &[u8]) -> Option<usize> {
        let is_element = self.is_array && self.depth == 1;
        match (self.expects, byte) {
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            (Expects::Begin, b'{') => self.open(true)?,
            (Expects::Begin, b'[') => {
                self.is_array = true;
                self.open(false)?;
            }
            (Expects::Key, b'"') => {
                self.expects = Expects::Colon;
                return string(rest);
            }
            (Expects::Colon, b':') => self.expects = Expects::Value,
            (Expects::Key | Expects::End, b'}') => self.close(true)?,
            (Expects::Value | Expects::End, b']') => self.close(false)?,
            (Expects::Value, b'{') => self.open(true)?,
            (Expects::Value, _) if is_element => return None,
            (Expects::Value, b'[') => self.open(false)?,
            (Expects::Value, b'"') => {
                self.expects = Expects::End;
                return string(rest);
            }
            (Expects::Value, byte) if is_scalar(byte) => {
                self.expects = Expects::End;
                return Some(rest.iter().take_while(|byte| is_scalar(**byte)).count());
            }
            // Objects can follow one another, with or without a comma.
            (Expects::End, b'{') if self.depth == 0 && !self.is_array => self.open(true)?,
            (Expects::End, b',') if self.depth > 0 => {
                self.expects = if self.kinds & 1 == 1 { Expects::Key } else { Expects::Value };
            }
            (Expects::End, b',') if !self.is_array => {}
            _ => return None,
        }
        Some(0)
    }

    fn open(&mut self, is_object: bool) -> Option<()> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        self.kinds = self.kinds << 1 | u64::from(is_object);
        self.expects = if is_object { Expects::Key } else { Expects::Value };
        Some(())
    }

    fn close(&mut self, is_object: bool) -> Option<()> {
        if self.depth == 0 || (self.kinds & 1 == 1) != is_object {
            return None;
        }
        self.depth -= 1;
        self.kinds >>= 1;
        self.expects = Expects::End;
        Some(())
    }
}

fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// Returns the number of bytes of a string after its first quote, if it ends in the line.
fn string(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += position(rest.get(at..)?, |byte| matches!(byte, b'"' | b'\\'))?;
        match rest[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of lines of the objects at the beginning of `text`, or 0.
    fn lines(text: &str) -> usize {
        let mut lines = text.split_inclusive('\n');
        let Some(mut objects) = lines.next().and_then(|line| Objects::begin(line.as_bytes())) else {
            return 0;
        };
        for (at, line) in lines.enumerate() {
            match objects.add(line.as_bytes()) {
                State::Open => {}
                State::Complete => return at + 2,
                State::Other => return 0,
            }
        }
        0
    }

    #[test]
    fn objects_end_with_the_line_of_their_last_bracket() {
        for (text, expected) in [
            ("{\n}\n", 2),
            ("{\n  \"a\": 1,\n  \"b\": [1, {\"c\": \"}\\\"\"}],\n}\n{", 4),
            ("{\"a\":\n1}\n", 2),
            ("{\n}{\n}\n", 3),
            ("{\n}, {\n},\n", 3),
            ("[\n  {\n  },\n  {}\n]\n", 5),
            ("[{\n}]\n", 2),
            ("{}\n", 0),
            ("{\n\"a\": 1\n", 0),
            ("{\n  a: 1\n}\n", 0),
            ("{\n\"a\": \"x\n\"}\n", 0),
            ("{\n\"a\": 1]\n", 0),
            ("{\"msg\":\"torn\",\n{\"msg\":\"next\"}\n", 0),
            ("[\n  1\n]\n", 0),
            ("[main] {\n}\n", 0),
            ("[\n{}\n] x\n", 0),
        ] {
            assert_eq!(lines(text), expected, "{text}");
        }
        let deep = |depth: usize| {
            lines(&format!("{}\n{}\n", "{\"a\":".repeat(depth), "1}".to_owned() + &"}".repeat(depth - 1)))
        };
        assert_eq!((deep(64), deep(65)), (2, 0));
    }
}
