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
        r"(?:^|[^\w.-])(\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}(?:[ -]\d{3})?|\d{4}[ -]\d{6}[ -]\d{4,5}|\d{13,19})(?:$|\.$|\.\s|[^\w.-])",
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

/// Returns whether a number under `key` is a card number. A number is less often one than a text, so the key decides.
pub(super) fn in_number(key: &[u8], number: u64) -> bool {
    let key = key.to_ascii_lowercase();
    let is_named = [&b"card"[..], b"pan", b"cc_num"]
        .iter()
        .any(|name| key.windows(name.len()).any(|part| part == *name));
    is_named && is_card(number.to_string().as_bytes())
}

fn has_card(text: &[u8]) -> bool {
    let Some(card) = CARD.as_ref() else { return false };
    let mut at = 0;
    // The byte after a number can be the byte before the next one.
    while let Some(digits) = card.captures_at(text, at).and_then(|found| found.get(1)) {
        if is_card(digits.as_bytes()) {
            return true;
        }
        at = digits.end();
    }
    false
}

/// The issuers of cards: the ranges of the first six digits, and the lengths of their numbers.
const ISSUERS: [(core::ops::RangeInclusive<u32>, core::ops::RangeInclusive<usize>); 13] = [
    // Visa
    (400_000..=499_999, 16..=16),
    // Mastercard
    (510_000..=559_999, 16..=16),
    (222_100..=272_099, 16..=16),
    // American Express
    (340_000..=349_999, 15..=15),
    (370_000..=379_999, 15..=15),
    // Diners Club
    (300_000..=305_999, 14..=14),
    (360_000..=369_999, 14..=14),
    (380_000..=399_999, 14..=14),
    // Discover
    (601_100..=601_199, 16..=16),
    (644_000..=659_999, 16..=16),
    // JCB
    (352_800..=358_999, 16..=16),
    // UnionPay
    (620_000..=626_999, 16..=19),
    (628_200..=628_899, 16..=19),
];

/// Returns whether a text contains the digits of a card number: the prefix and the length of an issuer, and a valid Luhn check
/// digit. One of ten arbitrary numbers has a valid check digit, so the prefix and the length are necessary.
fn is_card(text: &[u8]) -> bool {
    let digits: Vec<u32> =
        text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0')).collect();
    let prefix = digits.iter().take(6).fold(0, |prefix, digit| prefix * 10 + digit);
    let is_issued = ISSUERS
        .iter()
        .any(|(prefixes, lengths)| prefixes.contains(&prefix) && lengths.contains(&digits.len()));
    let luhn: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { *digit } else { (digit * 2) / 10 + (digit * 2) % 10 })
        .sum();
    is_issued && luhn.is_multiple_of(10)
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
            ("card 4111 1111 1111 1111 declined", "a card number"),
            ("card 4242424242424242.", "a card number"),
            ("orders 4111111111111112 4111-1111-1111-1111", "a card number"),
            ("5555 5555 5555 4444", "a card number"),
            ("2223003122003222", "a card number"),
            ("6011111111111117", "a card number"),
            ("3530111333300000", "a card number"),
            ("30569309025904", "a card number"),
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
            "id 4242424242424241",
            "id 9999999999999995",
            "version 1.4242424242424242",
            "at 1767323045123456 us",
            "0000 0000 0000 0000",
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
