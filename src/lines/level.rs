//! The levels in lines of text.

use crate::severity::Severity;

use super::scan::Scan;

/// The words that are levels wherever a level can be. Other names of levels (`http`, `log`, `success`) are also words of
/// messages.
const WORDS: [&str; 34] = [
    "trace",
    "trc",
    "debug",
    "dbg",
    "debug1",
    "debug2",
    "debug3",
    "debug4",
    "debug5",
    "info",
    "inf",
    "notice",
    "warn",
    "wrn",
    "warning",
    "error",
    "err",
    "eror",
    "crit",
    "critical",
    "fatal",
    "ftl",
    "fatl",
    "alert",
    "emerg",
    "emergency",
    "panic",
    "dpanic",
    "verbose",
    "vrb",
    "severe",
    "information",
    "erro",
    "fail",
];

/// Returns the severity of a word. `note` of MySQL is a level inside brackets only.
fn of_word(word: &str, is_in_brackets: bool) -> Option<Severity> {
    if word.len() == 1 {
        let is_letter = is_in_brackets && matches!(word, "T" | "D" | "I" | "W" | "E" | "F" | "V");
        return if is_letter { Severity::from_name(word) } else { None };
    }
    if is_in_brackets && matches!(word, "Note" | "System") {
        return Some(Severity::INFO);
    }
    let first = word.bytes().next().map(|byte| byte.to_ascii_lowercase());
    let is_level = |level: &&str| {
        level.len() == word.len() && level.bytes().next() == first && level.eq_ignore_ascii_case(word)
    };
    if !(3..=11).contains(&word.len()) || !WORDS.iter().any(is_level) {
        return None;
    }
    Severity::from_name(word)
        .or_else(|| Severity::from_name(word.trim_end_matches(|c: char| c.is_ascii_digit())))
}

/// Takes a level at the position of `scan`: a word, or a word in brackets with blanks around it. A word in lower case is a
/// level only if `is_expected`, or in brackets.
pub(super) fn take(scan: &mut Scan<'_>, is_expected: bool) -> Option<Severity> {
    let mut ahead = *scan;
    let end = match ahead.peek()? {
        b'[' => Some(b']'),
        b'(' => Some(b')'),
        b'<' => Some(b'>'),
        _ => None,
    };
    if end.is_some() {
        ahead.skip(1);
        ahead.blanks();
    }
    let word = ahead.take_while(|byte| byte.is_ascii_alphanumeric());
    let severity = of_word(word, end.is_some())?;
    match end {
        Some(end) => {
            ahead.blanks();
            if !ahead.eat(end) {
                return None;
            }
        }
        None => {
            let is_upper = word.bytes().any(|byte| byte.is_ascii_uppercase())
                && !word.bytes().any(|byte| byte.is_ascii_lowercase());
            let follows = ahead.peek();
            let is_whole =
                !matches!(follows, Some(b'_' | b'-' | b'/' | b'=' | b'.' | b'(' | b'\'' | b'+' | 0x80..));
            // `ERROR+4` of slog.
            if follows == Some(b'+') && ahead.peek_at(1).is_some_and(|byte| byte.is_ascii_digit()) {
                let plus = ahead.rest();
                ahead.skip(1);
                let digits = ahead.take_while(|byte| byte.is_ascii_digit()).len();
                let name = format!("{word}{}", plus.get(..=digits)?);
                *scan = ahead;
                return Severity::from_name(&name);
            }
            if !is_whole || !is_upper && !is_expected && follows != Some(b':') {
                return None;
            }
        }
    }
    *scan = ahead;
    Some(severity)
}

/// Returns the severity of a message that begins with the name of a level and a colon: `error: no such file`.
pub(super) fn of_message(message: &str) -> Option<Severity> {
    let mut scan = Scan::new(message);
    let severity = take(&mut scan, true)?;
    (!message.starts_with(['[', '(', '<']) && scan.eat_text(": ")).then_some(severity)
}
