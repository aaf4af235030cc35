//! JSON that other programs read and that is not valid by RFC 8259. A line of such JSON becomes valid JSON first.
//!
//! The accepted differences are: halves of surrogate pairs, bytes that are not UTF-8, control characters in strings, the
//! escape `\xHH` of nginx, a comma before a closing bracket, and the numbers `NaN`, `Infinity` and `-Infinity`.

use crate::rfc8259::validate::{code_unit, skip_space};

/// An object at the beginning of a line.
pub(crate) struct Repaired {
    /// The length of the object in the line.
    pub(crate) len: usize,
    /// Whether the text contains U+FFFD in place of bytes or escapes of the line.
    pub(crate) is_lossy: bool,
}

/// Writes the object at the beginning of `line` to `out` with the differences removed, except for the numbers that are not
/// finite. Returns `None` if there is no complete object. The caller must validate the text.
pub(crate) fn repair(line: &[u8], out: &mut String) -> Option<Repaired> {
    out.clear();
    let start = skip_space(line, 0);
    if line.get(start) != Some(&b'{') {
        return None;
    }
    let (mut at, mut depth, mut is_lossy) = (start, 0_usize, false);
    loop {
        match *line.get(at)? {
            b'"' => at = string(line, at + 1, out, &mut is_lossy)?,
            b',' => {
                let next = skip_space(line, at + 1);
                let is_last = matches!(line.get(next), Some(b'}' | b']'));
                // Without a value before it, the comma is a mistake.
                if !is_last || out.trim_end().ends_with(['{', '[', ':', ',']) {
                    out.push(',');
                }
                at += 1;
            }
            byte if byte.is_ascii() => {
                out.push(char::from(byte));
                at += 1;
                match byte {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.checked_sub(1)?,
                    _ => {}
                }
                if depth == 0 {
                    return Some(Repaired { len: at, is_lossy });
                }
            }
            _ => return None,
        }
    }
}

/// Copies a string, whose first byte is at `at`, with its quotes. Returns the position after it.
fn string(line: &[u8], mut at: usize, out: &mut String, is_lossy: &mut bool) -> Option<usize> {
    out.push('"');
    loop {
        let rest = line.get(at..)?;
        let len = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))?;
        for chunk in rest.get(..len)?.utf8_chunks() {
            out.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                out.push('\u{fffd}');
                *is_lossy = true;
            }
        }
        at += len;
        match line[at] {
            b'"' => {
                out.push('"');
                return Some(at + 1);
            }
            b'\\' => at = escape(line, at, out, is_lossy)?,
            control => {
                unit(out, control.into());
                at += 1;
            }
        }
    }
}

/// Copies the escape at `at`. Returns the position after it.
fn escape(line: &[u8], at: usize, out: &mut String, is_lossy: &mut bool) -> Option<usize> {
    match line.get(at + 1)? {
        b'u' => {
            let code = code_unit(line, at)?;
            let low = code_unit(line, at + 6).filter(|low| (0xDC00..0xE000).contains(low));
            match (code, low) {
                (0xD800..0xDC00, Some(low)) => {
                    unit(out, code);
                    unit(out, low);
                    Some(at + 12)
                }
                (0xD800..0xE000, _) => {
                    out.push('\u{fffd}');
                    *is_lossy = true;
                    Some(at + 6)
                }
                _ => {
                    unit(out, code);
                    Some(at + 6)
                }
            }
        }
        b'x' => {
            // The escapes are bytes, so several of them can be one character.
            let (mut bytes, mut at) = (Vec::new(), at);
            while let Some(byte) = hex_escape(line, at) {
                bytes.push(byte);
                at += 4;
            }
            if bytes.is_empty() {
                return None;
            }
            for chunk in bytes.utf8_chunks() {
                for character in chunk.valid().chars() {
                    match character {
                        '"' | '\\' | '\0'..' ' => unit(out, character.into()),
                        _ => out.push(character),
                    }
                }
                if !chunk.invalid().is_empty() {
                    out.push('\u{fffd}');
                    *is_lossy = true;
                }
            }
            Some(at)
        }
        byte if byte.is_ascii() => {
            out.push('\\');
            out.push(char::from(*byte));
            Some(at + 2)
        }
        _ => None,
    }
}

/// Returns the byte of the escape `\xHH` at `at`.
fn hex_escape(line: &[u8], at: usize) -> Option<u8> {
    let digits = line.get(at..at + 4)?.strip_prefix(b"\\x")?;
    let digits = core::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}

/// Appends the escape of a code unit.
fn unit(out: &mut String, code: u32) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from_digit(code >> shift & 15, 16).unwrap_or('0'));
    }
}
