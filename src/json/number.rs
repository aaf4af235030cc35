//! Doubles as JSON text.

use core::fmt::{self, Write};

use crate::digits;

use super::out::{Out, Sink};

/// Writes the shortest text that parses as the same number, as `{:?}` does. It always has a point or an exponent.
#[inline]
pub(super) fn finite<S: Sink>(out: &mut Out<'_, S>, value: f64) -> fmt::Result {
    /// The factor for `DECIMALS` decimals.
    const SCALE: f64 = 1e6;
    const DECIMALS: usize = 6;
    /// If the scaled number is below this limit, neighbouring numbers with `DECIMALS` decimals are farther apart than
    /// neighbouring doubles.
    const DISTINCT: f64 = 4_503_599_627_370_496.0;

    let size = value.abs();
    let scaled = (size * SCALE).round();
    // If `scaled` is below 2^52, different numbers with six decimals are different doubles. If the value is such a
    // number, its digits are the shortest text. The quotient of two exact numbers is the double nearest to it. Small
    // numbers have an exponent.
    let is_short = scaled < DISTINCT && scaled / SCALE == size && (size >= 1e-4 || size == 0.0);
    if !is_short {
        return write!(out, "{value:?}");
    }
    if value.is_sign_negative() {
        out.token(b"-")?;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an integer under 2^52")]
    let scaled = scaled as u64;
    let (whole, fraction) = (scaled / 1_000_000, scaled % 1_000_000);
    let mut decimals = [0; DECIMALS];
    digits::fill(&mut decimals, fraction);
    let zeros = decimals.iter().rev().take_while(|digit| **digit == b'0').count();
    out.decimal(whole)?;
    out.token(b".")?;
    out.bytes(&decimals[..(DECIMALS - zeros).max(1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_are_written_as_debug_does() {
        let check = |value: f64| {
            let mut bytes = Vec::new();
            let mut out = Out::new(&mut bytes);
            finite(&mut out, value).unwrap();
            out.flush().unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), format!("{value:?}"));
        };
        let mut state = 1_u64;
        for _ in 0..60_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = f64::from_bits(state);
            if random.is_finite() {
                check(random);
            }
            // Numbers with few decimals, and their neighbours.
            let few = (state >> 20) as f64 / 10_f64.powi((state % 9) as i32);
            let small = (state >> 50) as f64 / 1e6;
            for value in
                [few, -few, few.next_up(), few.next_down(), small, small.next_up(), (state >> 30) as f64]
            {
                check(value);
            }
        }
        for value in [
            0.0,
            -0.0,
            1e-4,
            9.9e-5,
            1e-6,
            1e15,
            1e16,
            0.1,
            0.3,
            9_007_199_254.740_992,
            4_503_599_627.370_496,
            8_819_103_700.651,
            5e-324,
            f64::MAX,
        ] {
            check(value);
            check(-value);
            check(value.next_up());
            check(value.next_down());
        }
    }
}
