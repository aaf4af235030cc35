//! Numbers in JSON text.

use core::fmt::{self, Write};

/// A number with exactly the value of its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Exact {
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
}

/// Returns the number with the value of `text`: an integer of up to 128 bits, or a double whose shortest decimal form
/// has the value of the text. Returns `None` if there is none, or if the text is not a number.
pub(crate) fn exact(text: &str) -> Option<Exact> {
    let is_integer = !text.contains(['.', 'e', 'E']);
    if is_integer && text != "-0" {
        if let Ok(number) = text.parse() {
            return Some(Exact::I64(number));
        }
        if let Ok(number) = text.parse() {
            return Some(Exact::U64(number));
        }
        if let Ok(number) = text.parse() {
            return Some(Exact::I128(number));
        }
        if let Ok(number) = text.parse() {
            return Some(Exact::U128(number));
        }
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    let mut shortest = Shortest { bytes: [0; SHORTEST], len: 0 };
    write!(shortest, "{number:e}").ok()?;
    (Decimal::of(shortest.text())? == Decimal::of(text)?).then_some(Exact::F64(number))
}

/// The length of the longest double in scientific notation: sign, 17 digits, point, `e`, sign, three digits.
const SHORTEST: usize = 24;

struct Shortest {
    bytes: [u8; SHORTEST],
    len: usize,
}

impl Shortest {
    fn text(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }
}

impl Write for Shortest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes
            .get_mut(self.len..self.len + text.len())
            .ok_or(fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// A decimal number: its significant digits without zeros at either end, and the power of ten of the first digit.
struct Decimal<'t> {
    is_negative: bool,
    /// The digits, possibly with a point between them.
    digits: &'t [u8],
    exponent: i64,
}

impl<'t> Decimal<'t> {
    /// Parses a number. Returns `None` if `text` contains a character that a JSON number cannot contain.
    fn of(text: &'t str) -> Option<Self> {
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        if !mantissa.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        let is_significant = |byte: &u8| matches!(byte, b'1'..=b'9');
        let (Some(first), Some(last)) = (
            mantissa.bytes().position(|byte| is_significant(&byte)),
            mantissa.bytes().rposition(|byte| is_significant(&byte)),
        ) else {
            return Some(Self { is_negative, digits: &[], exponent: 0 });
        };
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        // The digit before the point has power 0; the digit after it has power -1.
        let power = point as i64 - first as i64 - i64::from(first < point);
        let digits = &mantissa.as_bytes()[first..=last];
        Some(Self { is_negative, digits, exponent: exponent.checked_add(power)? })
    }

    fn digits(&self) -> impl Iterator<Item = &u8> {
        self.digits.iter().filter(|byte| **byte != b'.')
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_negative == other.is_negative
            && self.exponent == other.exponent
            && self.digits().eq(other.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_value_of_its_text_or_none() {
        for (text, number) in [
            ("0", Exact::I64(0)),
            ("-9223372036854775808", Exact::I64(i64::MIN)),
            ("9223372036854775808", Exact::U64(1 << 63)),
            ("18446744073709551616", Exact::I128(1 << 64)),
            ("340282366920938463463374607431768211455", Exact::U128(u128::MAX)),
            ("-0", Exact::F64(-0.0)),
            ("0.0", Exact::F64(0.0)),
            ("0e99", Exact::F64(0.0)),
            ("1.5", Exact::F64(1.5)),
            ("1.50", Exact::F64(1.5)),
            ("0.1", Exact::F64(0.1)),
            ("100e-3", Exact::F64(0.1)),
            ("0.001e2", Exact::F64(0.1)),
            ("-1.25E+3", Exact::F64(-1250.0)),
            ("1e308", Exact::F64(1e308)),
            ("5e-324", Exact::F64(5e-324)),
            ("1e40", Exact::F64(1e40)),
            ("10000000000000000000000000000000000000000", Exact::F64(1e40)),
        ] {
            assert_eq!(exact(text), Some(number), "{text}");
        }
        for text in [
            "0.1000000000000000055511151231257827",
            "3.14159265358979323846264338327950288",
            "340282366920938463463374607431768211456",
            "1e309",
            "1e-400",
            "1e99999999999999999999",
            "",
            "-",
            "NaN",
            "inf",
            "1x",
        ] {
            assert_eq!(exact(text), None, "{text}");
        }
    }

    #[test]
    fn every_double_is_exact_in_its_shortest_form() {
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = f64::from_bits(state);
            if number.is_finite() {
                for text in [format!("{number:?}"), format!("{number:e}")] {
                    assert_eq!(exact(&text), Some(Exact::F64(number)), "{text}");
                }
            }
        }
    }
}
