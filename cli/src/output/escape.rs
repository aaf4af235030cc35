//! The escapes of log text for a terminal.
//!
//! A log can contain the data of attackers. An escape sequence can change the screen, the title or the clipboard of a
//! reader. A line feed can forge an entry, and a change of the writing direction can hide an entry. These characters are
//! printed as escapes: `\x1b`, `\n`, `\u{202e}`.

use std::borrow::Cow;
use std::fmt::Write;

use super::colour::Paint;

/// The class of a byte, as bits: plain (0), needs quotes, needs a check of each character.
const QUOTES: u8 = 1;
const CLOSER_LOOK: u8 = 2;

/// The class of each byte.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b' ' | b'=' | b',' | b'{' | b'}' | b'[' | b']' => QUOTES,
            b'"' | b'\\' => QUOTES | CLOSER_LOOK,
            0..0x20 | 0x7f.. => CLOSER_LOOK,
            _ => 0,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    classes
};

/// The context of a text. It selects the additional escapes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    /// Free text, in which backslashes and tabs are not escaped.
    Line,
    /// A quoted text.
    Quoted,
    /// A word without quotes, in which backslashes are not escaped.
    Word,
}

/// Appends escaped free text. Line feeds are escaped too.
pub(crate) fn push_line(text: &[u8], paint: &Paint, out: &mut String) {
    push(text, Context::Line, paint, out);
}

/// Appends a text as a value. Quotes the text unless it is a single unambiguous word.
pub(crate) fn push_value(text: &[u8], paint: &Paint, out: &mut String) {
    let classes = text.iter().fold(0, |all, byte| all | CLASSES[usize::from(*byte)]);
    let bare = classes & QUOTES == 0
        && !text.is_empty()
        && !looks_like_another_kind(text)
        && (classes == 0 || !text.iter().any(u8::is_ascii_control));
    if bare {
        push(text, Context::Word, paint, out);
    } else {
        out.push('"');
        push(text, Context::Quoted, paint, out);
        out.push('"');
    }
}

/// Appends a text as a key. Quotes the text unless it is a single word.
pub(crate) fn push_key(text: &[u8], paint: &Paint, out: &mut String) {
    let classes = text.iter().fold(0, |all, byte| all | CLASSES[usize::from(*byte)]);
    if classes & QUOTES == 0 && !text.is_empty() {
        push(text, Context::Word, paint, out);
    } else {
        out.push('"');
        push(text, Context::Quoted, paint, out);
        out.push('"');
    }
}

/// Returns whether a word looks like a number, a boolean or null.
fn looks_like_another_kind(text: &[u8]) -> bool {
    match text[0] {
        b'0'..=b'9' | b'-' | b'+' | b'.' => {
            std::str::from_utf8(text).is_ok_and(|text| text.parse::<f64>().is_ok())
        }
        b'n' | b't' | b'f' | b'N' | b'i' => matches!(text, b"null" | b"true" | b"false" | b"NaN" | b"inf"),
        _ => false,
    }
}

fn push(text: &[u8], context: Context, paint: &Paint, out: &mut String) {
    let is_quoted = context == Context::Quoted;
    let plain = |byte: &u8| matches!(byte, 0x20..=0x7e) && !(is_quoted && matches!(byte, b'"' | b'\\'));
    if text.iter().all(plain)
        && let Ok(text) = std::str::from_utf8(text)
    {
        return out.push_str(text);
    }
    for chunk in text.utf8_chunks() {
        push_characters(chunk.valid(), context, paint, out);
        for byte in chunk.invalid() {
            // A write to a `String` cannot fail.
            let _ = write!(out, "{}\\x{byte:02x}{}", paint.on, paint.off);
        }
    }
}

fn push_characters(text: &str, context: Context, paint: &Paint, out: &mut String) {
    // `done` is the end of the written text. Runs without escapes are copied at once.
    let mut done = 0;
    for (at, character) in text.char_indices() {
        let escape = is_unsafe(character) || (context == Context::Quoted && matches!(character, '"' | '\\'));
        if !escape || (character == '\t' && context == Context::Line) {
            continue;
        }
        out.push_str(&text[done..at]);
        done = at + character.len_utf8();
        out.push_str(&paint.on);
        let _ = match character {
            '"' => write!(out, "\\\""),
            '\\' => write!(out, "\\\\"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            '\0' => write!(out, "\\0"),
            '\x01'..='\x7f' => write!(out, "\\x{:02x}", u32::from(character)),
            _ => write!(out, "\\u{{{:x}}}", u32::from(character)),
        };
        out.push_str(paint.off);
    }
    out.push_str(&text[done..]);
}

/// Returns whether a character can control a terminal or has no visible form.
///
/// These are the controls (C0, DEL, C1), line separators, changes of the writing direction (the "Trojan Source" set of
/// Unicode), zero-width characters, invisible fillers and tags. Two texts that differ only in such characters look
/// the same, and tags can store hidden text. The variation selectors U+FE00 to U+FE0F are not in the set: they select
/// the form of the character before them, for example of an emoji.
pub(crate) const fn is_unsafe(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Returns the value of a label of a metric, with its unsafe characters as escapes.
pub(crate) fn label(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() * 2);
    push(text.as_bytes(), Context::Word, &Paint::default(), &mut out);
    out.into()
}

/// Escapes the JSON text from `from` to the end of `out`. JSON allows DEL and C1 controls in strings. The escape
/// `\u0080` has the same meaning.
pub(crate) fn secure_json(out: &mut String, from: usize) {
    let is_hazard = |character: char| is_unsafe(character) && character != '\n';
    let added = &out[from..];
    if (added.is_ascii() && !added.as_bytes().contains(&0x7f)) || !added.contains(is_hazard) {
        return;
    }
    // This case is rare, so an allocation is acceptable. The capacity avoids reallocations for a text with many escapes.
    let mut safe = String::with_capacity(added.len() * 2);
    for character in added.chars() {
        if is_hazard(character) {
            // The escape of a character after U+FFFF consists of two surrogates.
            for unit in character.encode_utf16(&mut [0; 2]) {
                // A write to a `String` cannot fail.
                _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    out.truncate(from);
    out.push_str(&safe);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(push: fn(&[u8], &Paint, &mut String), text: &[u8]) -> String {
        let mut out = String::new();
        push(text, &Paint::default(), &mut out);
        out
    }

    #[test]
    fn a_word_stays_bare_and_everything_else_is_quoted() {
        for (text, expected) in [
            ("GET", "GET"),
            ("/a/b?c", "/a/b?c"),
            ("10.0.0.1", "10.0.0.1"),
            ("über", "über"),
            ("", "\"\""),
            ("two words", "\"two words\""),
            ("a=b", "\"a=b\""),
            ("say \"hi\"", "\"say \\\"hi\\\"\""),
            ("12", "\"12\""),
            ("-1e9", "\"-1e9\""),
            ("true", "\"true\""),
            ("null", "\"null\""),
            ("1.2.3", "1.2.3"),
            ("a\nb", "\"a\\nb\""),
            ("C:\\x", "\"C:\\\\x\""),
        ] {
            assert_eq!(printed(push_value, text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn no_character_that_a_terminal_acts_on_is_passed_on() {
        let hostile =
            "\x1b[2J\x07\u{9b}31m\u{202e}txt.exe\r\n\x7f\0\u{ad}\u{200b}\u{2066}\u{feff}\u{e0041}".as_bytes();
        for push in [push_line, push_value, push_key] {
            let out = printed(push, hostile);
            assert!(out.chars().all(|c| !is_unsafe(c)), "{out:?}");
            assert!(out.contains("\\x1b[2J\\x07\\u{9b}31m\\u{202e}txt.exe\\r\\n\\x7f\\0"), "{out:?}");
            assert!(out.contains("\\u{ad}\\u{200b}\\u{2066}\\u{feff}\\u{e0041}"), "{out:?}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_shown() {
        assert_eq!(printed(push_line, b"a\xffb\xc3"), "a\\xffb\\xc3");
    }

    #[test]
    fn json_is_safe_and_means_the_same() {
        let mut out = "kept\x1b {\"a\":\"\u{9b}31m ü \x7f\u{202e}\"}\n".to_owned();
        secure_json(&mut out, 6);
        assert_eq!(out, "kept\x1b {\"a\":\"\\u009b31m ü \\u007f\\u202e\"}\n");
        let mut out = "\"\u{e0041}\u{200b}\"".to_owned();
        secure_json(&mut out, 0);
        assert_eq!(out, "\"\\udb40\\udc41\\u200b\"");
    }
}
