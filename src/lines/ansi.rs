//! The removal of colours.

use std::borrow::Cow;

const ESCAPE: u8 = 0x1B;

/// Returns the text without the escape sequences that set colours or erase a part of the line. Other sequences remain.
pub(super) fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let (before, sequence) = rest.split_at(at);
        out.push_str(before);
        let len = length(sequence.as_bytes());
        if len == 0 {
            out.push('\u{1b}');
        }
        rest = sequence.get(len.max(1)..).unwrap_or("");
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns the length of a sequence `ESC [ numbers m` or `ESC [ numbers K`, or 0 for other bytes.
fn length(sequence: &[u8]) -> usize {
    if sequence.get(1) != Some(&b'[') {
        return 0;
    }
    let numbers =
        sequence.iter().skip(2).take_while(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')).count();
    match sequence.get(2 + numbers) {
        Some(b'm' | b'K') => 3 + numbers,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_are_removed() {
        for (text, expected) in [
            ("plain", "plain"),
            ("\u{1b}[31;1mred\u{1b}[0m!", "red!"),
            ("\u{1b}[2Kweb", "web"),
            ("\u{1b}]0;title\u{7}", "\u{1b}]0;title\u{7}"),
            ("\u{1b}[2J\u{1b}[", "\u{1b}[2J\u{1b}["),
            ("é\u{1b}[mé", "éé"),
        ] {
            assert_eq!(without_colours(text), expected);
        }
    }
}
