//! The detection of credentials, by the form of a value and by the name of its key.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

/// Kinds of secrets and their patterns. The secret is the group of the pattern if it has one, or else the whole match.
const FORMS: [(&str, &str); 12] = [
    ("an AWS access key", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b"),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,64}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,250}"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{20,250}\b"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"),
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
    ("a bearer token", r"(?i:\bbearer) +([A-Za-z0-9._~+/-]{20,}=*)"),
    ("a basic authorization", r"(?i:\bbasic) +([A-Za-z0-9+/]{16,}={0,2})(?:$|[\s,;])"),
    ("a URL with a password", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,100}:([^\s/@]{3,200})@[\w.\[-]"),
    (
        "a password",
        r#"(?i:\b(?:password|passwd|passphrase|client_secret|secret_key|api[_-]?key|access_token|refresh_token)\b)["']? *[=:] *["']?([^\s"',;&]{6,200})"#,
    ),
];

/// A prefilter: a text without one of these parts matches no pattern.
const HINTS: &str = r"(?i)A[KSBC][IC]A|gh[pousr]_|github_pat_|glpat-|xox|k_live_|AIza|eyJ|PRIVATE KEY|bearer|basic|://|pass|secret|api.?key|_token|\d[ -]?\d{4}";

static HINT: LazyLock<Option<Regex>> = LazyLock::new(|| RegexBuilder::new(HINTS).unicode(false).build().ok());
static PATTERNS: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    FORMS
        .iter()
        .filter_map(|(kind, form)| Some((*kind, RegexBuilder::new(form).unicode(false).build().ok()?)))
        .collect()
});
/// The digits of a card number, with or without separators.
static CARD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    RegexBuilder::new(
        r"(?:^|[^\w.-])(\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|\d{4}[ -]\d{6}[ -]\d{5}|\d{15,16})(?:$|[^\w.-])",
    )
    .unicode(false)
    .build()
    .ok()
});

/// Keys whose values are secrets, in lower case and without separators.
const KEYS: [&str; 20] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "clientsecret",
    "secretkey",
    "apikey",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "authtoken",
    "authorization",
    "proxyauthorization",
    "privatekey",
    "sessionkey",
    "cookie",
    "setcookie",
    "cvv",
    "cvc",
];

/// Returns the kind of a secret in `text`, or `None` if the text contains no secret.
pub(super) fn in_text(text: &[u8]) -> Option<&'static str> {
    if text.len() < 12 || !HINT.as_ref().is_some_and(|hint| hint.is_match(text)) {
        return None;
    }
    let found = PATTERNS.iter().find(|(_, pattern)| {
        pattern.captures_iter(text).any(|found| {
            let secret = found.get(1).or_else(|| found.get(0));
            secret.is_some_and(|secret| !is_masked(secret.as_bytes()))
        })
    });
    found.map(|(kind, _)| *kind).or_else(|| has_card(text).then_some("a card number"))
}

/// Returns whether the value of `key` is a secret that is not masked.
pub(super) fn by_key(key: &[u8], value: &[u8]) -> bool {
    let plain: Vec<u8> =
        key.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    KEYS.iter().any(|name| name.as_bytes() == plain) && value.len() >= 3 && !is_masked(value)
}

/// Returns whether a value is masked or a placeholder: `***`, `[REDACTED]`, `<token>`, `${PASSWORD}`, `null`.
fn is_masked(value: &[u8]) -> bool {
    let is_filler = |byte: &u8| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'#' | b'-' | b'?');
    let trimmed = value.trim_ascii();
    let wrapped = matches!(trimmed.first(), Some(b'[' | b'<' | b'{' | b'(' | b'$' | b'%'));
    let word: Vec<u8> =
        trimmed.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect();
    const WORDS: [&[u8]; 16] = [
        b"redacted",
        b"filtered",
        b"masked",
        b"hidden",
        b"removed",
        b"null",
        b"none",
        b"nil",
        b"true",
        b"false",
        b"undefined",
        b"empty",
        b"secret",
        b"changeme",
        b"required",
        b"invalid",
    ];
    let masked = trimmed.windows(3).any(|three| three == b"***")
        || trimmed.windows(3).any(|three| three == "•••".as_bytes().get(..3).unwrap_or_default());
    wrapped || masked || trimmed.iter().all(is_filler) || WORDS.contains(&word.as_slice())
}

fn has_card(text: &[u8]) -> bool {
    let Some(card) = CARD.as_ref() else { return false };
    card.captures_iter(text).any(|found| found.get(1).is_some_and(|digits| is_card(digits.as_bytes())))
}

/// Returns whether a text contains the digits of a card number. The digits must be in the range of an issuer, have a valid
/// Luhn check digit and include at least four different digits.
fn is_card(text: &[u8]) -> bool {
    let digits: Vec<u32> =
        text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0')).collect();
    let issued = matches!(
        (digits.first(), digits.get(1), digits.len()),
        (Some(4), _, 16)
            | (Some(3), Some(4 | 7), 15)
            | (Some(5), Some(1..=5), 16)
            | (Some(2), Some(2..=7), 16)
            | (Some(6), Some(0 | 5), 16)
    );
    let luhn: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { (digit * 2) / 10 + (digit * 2) % 10 })
        .sum();
    // One of ten arbitrary numbers has a valid check digit. A card number rarely has fewer than four different digits.
    let mut different = digits.clone();
    different.sort_unstable();
    different.dedup();
    issued && luhn.is_multiple_of(10) && different.len() >= 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_form() {
        for (text, kind) in [
            ("key AKIAIOSFODNN7EXAMPLE used", "an AWS access key"),
            ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "a GitHub token"),
            ("xoxb-123456789012-abcdefghij", "a Slack token"),
            ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "a Stripe key"),
            (
                "auth eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
                "a JSON web token",
            ),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "a private key"),
            ("Authorization: Bearer abcdefghijklmnopqrstuvwx", "a bearer token"),
            ("basic dXNlcjpwYXNzd29yZA==", "a basic authorization"),
            ("postgres://app:hunter22@db:5432/shop", "a URL with a password"),
            ("login with password=hunter2secret failed", "a password"),
            ("{\"api_key\": \"0123456789abcdef\"}", "a password"),
            ("card 4111 1111 1111 1234 no, 4012 8888 8888 1881 yes", "a card number"),
            ("pan=378282246310005", "a card number"),
        ] {
            assert_eq!(in_text(text.as_bytes()), Some(kind), "{text}");
        }
    }

    #[test]
    fn what_only_sounds_like_one_is_none() {
        for text in [
            "password=*** accepted",
            "password: [REDACTED]",
            "wrong password for user alice",
            "api_key=${API_KEY}",
            "bearer of bad news",
            "basic authorization required",
            "https://example.org:8080/path@2x.png",
            "order 4111111111111112 paid",
            "trace 5b8aa5a2d2c872e8321cf37308d69df2",
            "at 1767323045123456789 ns",
            "id 4242424242424242",
            "uuid 4012-8888-8888-1881-0000",
            "eyJ is how JSON begins in base64",
        ] {
            assert_eq!(in_text(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_key() {
        for key in ["password", "Pass_Word", "client-secret", "X", "apiKey"] {
            assert_eq!(by_key(key.as_bytes(), b"hunter2"), key != "X", "{key}");
        }
        for value in ["", "**", "********", "[Filtered]", "null", "<none>"] {
            assert!(!by_key(b"password", value.as_bytes()), "{value}");
        }
    }
}
