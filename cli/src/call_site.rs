//! Identification of call sites: the target, and the message without its variable parts.

use std::borrow::Cow;
use std::fmt::Write;

use fusewire::decode::EntryRef;

/// Maximum number of bytes of a message that identify its call site.
pub(crate) const MESSAGE: usize = 200;

/// Returns at most the first `most` bytes of a text. Replaces invalid UTF-8 with U+FFFD.
pub(crate) fn lossy(bytes: &[u8], most: usize) -> Cow<'_, str> {
    let cut = bytes.get(..most).unwrap_or(bytes);
    match std::str::from_utf8(cut) {
        Ok(text) => text.into(),
        // The last character is incomplete.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(&cut[..error.valid_up_to()]),
        Err(_) => String::from_utf8_lossy(cut),
    }
}

/// Appends the message to `out`. Replaces each word that contains a digit with `#`, because such words differ between the
/// entries of one call site.
pub(crate) fn template(message: &str, out: &mut String) {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let varies = is_part(first) && word.bytes().any(|byte| byte.is_ascii_digit());
        out.push_str(if varies { "#" } else { word });
        rest = after;
    }
}

/// Returns the file and the line in the source code. Reads the current and the former attribute names of OpenTelemetry.
pub(crate) fn source(entry: &EntryRef<'_>) -> Option<String> {
    let file = ["code.file.path", "code.filepath"].iter().find_map(|key| entry.get(key))?;
    let line = ["code.line.number", "code.lineno"].iter().find_map(|key| entry.get(key));
    let mut source = lossy(file.as_str()?.as_bytes(), MESSAGE).into_owned();
    if let Some(line) = line.and_then(|line| line.as_i128()) {
        _ = write!(source, ":{line}");
    }
    Some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_one_site_become_one() {
        for (message, expected) in [
            ("order A-20931-77 paid", "order # paid"),
            ("took 12.5ms at 10:04", "took #.# at #:#"),
            ("no number", "no number"),
            ("é1 → ü", "# → ü"),
            ("", ""),
        ] {
            let mut out = String::new();
            template(message, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn texts_are_cut_at_characters() {
        assert_eq!(lossy("aé".as_bytes(), 2), "a");
        assert_eq!(lossy(b"a\xffb", 10), "a\u{fffd}b");
        assert_eq!(lossy(b"abc", 3), "abc");
    }
}
