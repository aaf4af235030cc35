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

/// The short forms that are no words of a sentence in lower case. `warn` is a verb.
const SHORT: [&str; 14] = [
    "info", "inf", "wrn", "err", "eror", "erro", "dbg", "trc", "crit", "ftl", "fatl", "emerg", "dpanic",
    "vrb",
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

/// The place of a level in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A word that is not in upper case is a level only before a colon.
    Any,
    /// The column after the time. A word that is not in upper case is a level only before a separator of columns or before
    /// the column of a logger. Otherwise, it begins a sentence: `Error handling is enabled`.
    Column,
    /// The level in the header of a line. A word in any case is a level.
    Header,
}

/// Takes a level at the position of `scan`: a word, or a word in brackets with blanks around it. A word in brackets is a level in
/// any case. The place determines the case of other words.
pub(super) fn take(scan: &mut Scan<'_>, place: Place) -> Option<Severity> {
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
            let is_expected = match place {
                Place::Any => false,
                Place::Column => is_column(word, ahead.rest()),
                Place::Header => true,
            };
            if !is_whole || !is_upper && !is_expected && follows != Some(b':') {
                return None;
            }
        }
    }
    *scan = ahead;
    Some(severity)
}

/// Returns whether a word that is not in upper case is a column. The text after the word shows it: a separator, a padding, the
/// name of a thread or of a logger, or the same word again. Short forms in lower case begin no sentence.
fn is_column(word: &str, rest: &str) -> bool {
    let is_lower = word.bytes().all(|byte| !byte.is_ascii_uppercase());
    let is_short = SHORT.contains(&word) || word.ends_with(|last: char| last.is_ascii_digit());
    if is_lower && is_short && rest.starts_with(' ') {
        return true;
    }
    let next = rest.trim_start_matches(' ');
    if rest.starts_with(['\t', '|']) || rest.starts_with("  ") || next.starts_with(['|', ':']) {
        return true;
    }
    if next.starts_with("- ") || next.starts_with("-- ") {
        return true;
    }
    // `error Error: no such file`
    if next.get(..word.len()).is_some_and(|again| again.eq_ignore_ascii_case(word)) {
        return true;
    }
    let word = next.split([' ', '\t', '\n']).next().unwrap_or("");
    let thread = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
    if thread.is_some_and(|thread| is_lower && thread.starts_with(|first: char| first.is_ascii_alphabetic()))
    {
        return true;
    }
    let name = word.strip_suffix(':').unwrap_or(word);
    let is_name =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$' | b'-' | b':' | b'/');
    let is_logger = (name.contains(['.', '/']) || name.contains("::")) && name.bytes().all(is_name);
    let after = next.get(word.len()..).unwrap_or("").trim_start_matches(' ');
    is_logger && (name.len() < word.len() || after.starts_with("- ") || after.starts_with(": "))
}

/// Returns the severity of a message that begins with the name of a level and a colon: `error: no such file`.
pub(super) fn of_message(message: &str) -> Option<Severity> {
    let mut scan = Scan::new(message);
    let severity = take(&mut scan, Place::Header)?;
    (!message.starts_with(['[', '(', '<']) && scan.eat_text(": ")).then_some(severity)
}

/// Returns the severity of a word in upper case.
pub(super) fn of_upper(word: &str) -> Option<Severity> {
    let is_upper = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    of_word(word, false).filter(|_| is_upper)
}

/// Returns the severity of a message of Cisco: `%SYS-5-CONFIG_I: message`. The number is one of syslog.
pub(super) fn of_cisco(message: &str) -> Option<Severity> {
    let mut scan = Scan::new(message);
    if !scan.eat(b'%') {
        return None;
    }
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let mut severity = None;
    // A second name of the facility can precede the number: `%SEC_LOGIN-SW1-5-LOGIN: `.
    for _ in 0..4 {
        let part = scan.take_while(is_part);
        if scan.eat(b':') {
            return severity.filter(|_| !part.is_empty());
        }
        let number = matches!(part.as_bytes(), [b'0'..=b'7']).then(|| part.parse().ok()).flatten();
        severity = number.and_then(Severity::from_syslog);
        if part.is_empty() || !scan.eat(b'-') {
            return None;
        }
    }
    None
}
