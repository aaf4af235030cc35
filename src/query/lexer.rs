//! The lexer of queries.

/// A token of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Letters, digits and the other characters of names, numbers and times: see [`is_of_word`].
    Word(String),
    /// A text in quotes, with its escape sequences resolved.
    Text(String),
    /// One of [`SIGNS`].
    Sign(&'static str),
    End,
}

/// The operators. An operator precedes every operator that is a prefix of it, because the lexer takes the
/// first match.
const SIGNS: [&str; 17] =
    ["&&", "||", "==", "=~", "!~", "!=", "<=", ">=", "=", "<", ">", "!", "(", ")", "[", "]", ","];

/// A token and its byte range in the text.
#[derive(Clone, Debug)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// An error: the first byte, the byte after the last one, and the message.
pub(super) struct Fault(pub(super) usize, pub(super) usize, pub(super) String);

/// Returns the first token of `text` at or after the byte `at`.
pub(super) fn lex(text: &str, at: usize) -> Result<Lexeme, Fault> {
    let rest = text.get(at..).unwrap_or("");
    let start = text.len() - rest.trim_start().len();
    let rest = rest.trim_start();
    let found = |token, end| Ok(Lexeme { token, start, end });
    let Some(first) = rest.chars().next() else { return found(Token::End, start) };
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return found(Token::Sign(sign), start + sign.len());
    }
    if first == '"' || first == '\'' {
        let (quoted, end) = quoted(text, start, first)?;
        return found(Token::Text(quoted), end);
    }
    let len = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
    if len == 0 {
        let end = start + first.len_utf8();
        return Err(Fault(
            start,
            end,
            format!("expected a word, a text in quotes or an operator, found `{first}`; put texts in quotes"),
        ));
    }
    found(Token::Word(rest[..len].to_owned()), start + len)
}

/// Returns whether a character can be part of a word, at any position.
pub(super) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '@' | '$' | '/' | '+' | '#' | '%' | '*')
}

/// Parses the quoted text that begins at `start`. Returns its content and the byte after its end.
fn quoted(text: &str, start: usize, quote: char) -> Result<(String, usize), Fault> {
    let mut value = String::new();
    let mut chars = text[start + 1..].char_indices();
    while let Some((at, c)) = chars.next() {
        let at = start + 1 + at;
        match c {
            _ if c == quote => return Ok((value, at + 1)),
            '\\' => {
                let escaped = match chars.next().map(|(_, c)| c) {
                    Some('n') => Some('\n'),
                    Some('t') => Some('\t'),
                    Some('r') => Some('\r'),
                    Some(c @ ('\\' | '"' | '\'' | '/')) => Some(c),
                    Some('u') => code_point(&mut chars),
                    _ => None,
                };
                let Some(escaped) = escaped else {
                    let message = "expected \\\\, \\\", \\', \\n, \\r, \\t or \\u{...} after a backslash";
                    return Err(Fault(at, at + 1, message.to_owned()));
                };
                value.push(escaped);
            }
            _ => value.push(c),
        }
    }
    Err(Fault(
        start,
        start + 1,
        format!("expected `{quote}` at the end of the text, found the end of the query"),
    ))
}

/// Parses the part of `\u{1f600}` after the `u`.
fn code_point(chars: &mut core::str::CharIndices<'_>) -> Option<char> {
    chars.next().filter(|(_, c)| *c == '{')?;
    let (mut number, mut digits) = (0_u32, 0);
    loop {
        match chars.next()?.1 {
            '}' => return (digits > 0).then(|| char::from_u32(number))?,
            digit => {
                number = number.checked_mul(16)?.checked_add(digit.to_digit(16)?)?;
                digits += 1;
            }
        }
    }
}

/// Parses a regular expression between slashes, if there is one at or after the byte `at`. `\/` is a slash.
pub(super) fn slashed(text: &str, at: usize) -> Option<Result<(String, Lexeme), Fault>> {
    let rest = text.get(at..)?.trim_start();
    let start = text.len() - rest.len();
    let body = rest.strip_prefix('/')?;
    let mut pattern = String::new();
    let mut chars = body.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '/' => {
                let end = start + 1 + at + 1;
                return Some(Ok((pattern.clone(), Lexeme { token: Token::Text(pattern), start, end })));
            }
            '\\' => match chars.next() {
                Some((_, '/')) => pattern.push('/'),
                Some((_, c)) => pattern.extend(['\\', c]),
                None => break,
            },
            c => pattern.push(c),
        }
    }
    let message = "expected `/` at the end of the regular expression, found the end of the query";
    Some(Err(Fault(start, start + 1, message.to_owned())))
}
