//! The conversion of the fields of a line to the text of a JSON object.

/// Begins an object.
pub(super) fn begin(out: &mut String) {
    out.clear();
    out.push('{');
}

pub(super) fn end(out: &mut String) {
    out.push('}');
}

/// Appends a member with a text.
pub(super) fn text(out: &mut String, key: &str, text: &str) {
    self::key(out, key);
    string(out, text);
}

/// Appends a member: a number or a boolean, if the text has the form of one, or else a text.
pub(super) fn scalar(out: &mut String, key: &str, text: &str) {
    self::key(out, key);
    if matches!(text, "true" | "false") || is_number(text) { out.push_str(text) } else { string(out, text) }
}

fn key(out: &mut String, key: &str) {
    if !out.ends_with('{') || out.len() > 1 {
        out.push(',');
    }
    string(out, key);
    out.push(':');
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(plain..at).unwrap_or(""));
        plain = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            _ => {
                const HEX: [char; 16] =
                    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
                out.push_str("\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.push_str(text.get(plain..).unwrap_or(""));
    out.push('"');
}

/// Returns whether a text is a JSON number. A number with a zero before it, for example `007`, is a text.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || digits.len() > 40 || !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return false;
    }
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    if whole > 1 && digits.starts_with('0') {
        return false;
    }
    let Some(rest) = digits.get(whole..).filter(|rest| !rest.is_empty()) else { return true };
    let (fraction, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], rest.get(at + 1..).unwrap_or("")),
        None => (rest, "0"),
    };
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (fraction.is_empty() || fraction.strip_prefix('.').is_some_and(plain))
        && plain(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
}
