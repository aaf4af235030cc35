//! Values that are written without quotes.

use super::syntax::{Literal, UNITS};

/// Parses a word as a value.
pub(super) fn parse(word: &str) -> Result<Literal, String> {
    match word {
        "null" => return Ok(Literal::Null),
        "true" => return Ok(Literal::Bool(true)),
        "false" => return Ok(Literal::Bool(false)),
        _ => {}
    }
    if let Some(ago) = word.strip_prefix("now-").and_then(duration) {
        return Ok(Literal::Now(ago));
    }
    if !looks_like_number(word) {
        return Ok(Literal::Word(word.to_owned()));
    }
    if let Some(nanos) = duration(word) {
        return Ok(Literal::Duration(nanos));
    }
    if let Ok(number) = word.parse::<i128>() {
        return Ok(Literal::Int(number));
    }
    if let Ok(number) = word.parse::<u128>() {
        return Ok(Literal::Large(number));
    }
    match word.parse::<f64>() {
        Ok(number) if number.is_finite() && word.bytes().all(|byte| b"0123456789.eE+-".contains(&byte)) => {
            Ok(Literal::Float(number))
        }
        Ok(_) if word.bytes().all(|byte| b"0123456789.eE+-".contains(&byte)) => {
            Err(format!("expected a number below 1.8e308, found `{word}`"))
        }
        _ => Ok(Literal::Word(word.to_owned())),
    }
}

fn looks_like_number(word: &str) -> bool {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    let digits = digits.strip_prefix('.').unwrap_or(digits);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// Parses a duration such as `250ms`, `1.5s` or `1h30m`. Returns whole nanoseconds, rounded towards zero.
pub(super) fn duration(word: &str) -> Option<i128> {
    let (sign, mut rest) = match word.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, word),
    };
    let mut total = 0_i128;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(number);
        let unit = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let (_, nanos) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(times(number, *nanos)?)?;
        rest = behind;
    }
    (!word.is_empty()).then_some(sign * total)
}

/// Returns `nanos` multiplied by a decimal number.
fn times(number: &str, nanos: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    // A number above `u64::MAX` is not a duration.
    let whole = if whole.is_empty() && !fraction.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
    let digits = fraction.get(..fraction.len().min(18)).filter(|digits| !digits.contains('.'))?;
    let scale = 10_i128.checked_pow(u32::try_from(digits.len()).ok()?)?;
    let parts = if digits.is_empty() { 0 } else { digits.parse::<i128>().ok()? };
    nanos.checked_mul(whole.into())?.checked_add(nanos.checked_mul(parts)? / scale)
}
