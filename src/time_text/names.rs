//! The names of months and weekdays in a text.

use crate::text_scan::Scan;

/// The names of months in English, French and German. A text contains the name or at least its first three letters.
const MONTHS: [(&str, u32); 35] = [
    ("january", 1),
    ("february", 2),
    ("march", 3),
    ("april", 4),
    ("may", 5),
    ("june", 6),
    ("july", 7),
    ("august", 8),
    ("september", 9),
    ("october", 10),
    ("november", 11),
    ("december", 12),
    ("janvier", 1),
    ("février", 2),
    ("Février", 2),
    ("mars", 3),
    ("avril", 4),
    ("mai", 5),
    ("juin", 6),
    ("juillet", 7),
    ("août", 8),
    ("Août", 8),
    ("septembre", 9),
    ("octobre", 10),
    ("décembre", 12),
    ("Décembre", 12),
    ("januar", 1),
    ("februar", 2),
    ("märz", 3),
    ("März", 3),
    ("mrz", 3),
    ("juni", 6),
    ("juli", 7),
    ("oktober", 10),
    ("dezember", 12),
];

/// Takes the name of a month, with or without a point after it. Returns the number of the month, 1 to 12.
pub(crate) fn month(scan: &mut Scan<'_>) -> Option<u32> {
    let [first, second, third] = [scan.peek()?, scan.peek_at(1)?, scan.peek_at(2)?].map(|byte| byte | 0x20);
    // The short names in English, which most lines contain.
    let short = match [first, second, third] {
        [b'j', b'a', b'n'] => 1,
        [b'f', b'e', b'b'] => 2,
        [b'm', b'a', b'r'] => 3,
        [b'a', b'p', b'r'] => 4,
        [b'm', b'a', b'y'] => 5,
        [b'j', b'u', b'n'] => 6,
        [b'j', b'u', b'l'] => 7,
        [b'a', b'u', b'g'] => 8,
        [b's', b'e', b'p'] => 9,
        [b'o', b'c', b't'] => 10,
        [b'n', b'o', b'v'] => 11,
        [b'd', b'e', b'c'] => 12,
        _ if !b"jfmasondJFMASOND".contains(&scan.peek()?) => return None,
        _ => 0,
    };
    if short > 0 && scan.peek_at(3).is_none_or(|byte| !byte.is_ascii_alphabetic() && byte < 0x80) {
        scan.skip(3);
        scan.eat(b'.');
        return Some(short);
    }
    let mut ahead = *scan;
    let word = ahead.take_while(|byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    let is_name = |name: &str| {
        name.as_bytes().first().is_some_and(|byte| byte | 0x20 == first)
            && name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
    };
    let (_, month) = MONTHS.iter().find(|(name, _)| is_name(name)).filter(|_| word.len() >= 3)?;
    ahead.eat(b'.');
    *scan = ahead;
    Some(*month)
}

/// Takes the name of a weekday in English, or at least its first three letters.
pub(crate) fn weekday(scan: &mut Scan<'_>) -> Option<()> {
    let name = match [scan.peek()?, scan.peek_at(1)?, scan.peek_at(2)?].map(|byte| byte | 0x20) {
        [b'm', b'o', b'n'] => "monday",
        [b't', b'u', b'e'] => "tuesday",
        [b'w', b'e', b'd'] => "wednesday",
        [b't', b'h', b'u'] => "thursday",
        [b'f', b'r', b'i'] => "friday",
        [b's', b'a', b't'] => "saturday",
        [b's', b'u', b'n'] => "sunday",
        _ => return None,
    };
    let mut ahead = *scan;
    let word = ahead.take_while(|byte| byte.is_ascii_alphabetic());
    let is_name = name.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
    is_name.then(|| *scan = ahead)
}
