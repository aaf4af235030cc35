//! Exact comparison of numbers of different kinds.

use core::cmp::Ordering;

use crate::decode::Value;

/// A number in a value or in a query.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Int(i128),
    /// An integer above `i128::MAX`.
    Large(u128),
    Float(f64),
}

/// 2^127: one more than the largest `i128`.
const BEYOND: f64 = 170_141_183_460_469_231_731_687_303_715_884_105_728.0;

impl Number {
    /// Returns the number in a value, or `None` if the value has another kind.
    #[inline]
    pub(super) fn of(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Float(value) => Some(Self::Float(*value)),
            Value::Uint128(value) if i128::try_from(*value).is_err() => Some(Self::Large(*value)),
            // `as_i128` has an arm for each kind.
            value => value.as_i128().map(Self::Int),
        }
    }

    /// Returns the product with `factor`. An integer product outside `i128` becomes infinite.
    #[expect(clippy::cast_precision_loss, reason = "factors are nanoseconds of units, far below 2^53")]
    pub(super) fn times(self, factor: i128) -> Self {
        match self {
            Self::Int(value) => match value.checked_mul(factor) {
                Some(product) => Self::Int(product),
                None => Self::Float(if value < 0 { f64::NEG_INFINITY } else { f64::INFINITY }),
            },
            Self::Large(_) => Self::Float(f64::INFINITY),
            Self::Float(value) => Self::Float(value * factor as f64),
        }
    }

    /// Compares two numbers by their exact values, without rounding. Returns `None` if one of them is NaN.
    #[inline]
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        Some(match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Large(a), Self::Large(b)) => a.cmp(&b),
            (Self::Large(_), Self::Int(_)) => Ordering::Greater,
            (Self::Int(_), Self::Large(_)) => Ordering::Less,
            (Self::Float(a), Self::Float(b)) => return a.partial_cmp(&b),
            (Self::Int(a), Self::Float(b)) => return int_and_float(a, b),
            (Self::Float(a), Self::Int(b)) => return int_and_float(b, a).map(Ordering::reverse),
            (Self::Large(a), Self::Float(b)) => return large_and_float(a, b),
            (Self::Float(a), Self::Large(b)) => return large_and_float(b, a).map(Ordering::reverse),
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the float is whole and within i128")]
fn int_and_float(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    let whole = float.trunc();
    // If the whole parts are equal, the fraction decides.
    Some(
        int.cmp(&(whole as i128))
            .then_with(|| 0.0_f64.partial_cmp(&(float - whole)).unwrap_or(Ordering::Equal)),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the float is whole, positive and within u128"
)]
fn large_and_float(large: u128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // Floats at or above 2^127 are whole numbers.
    if float < BEYOND {
        return Some(Ordering::Greater);
    }
    if float >= BEYOND * 2.0 { Some(Ordering::Less) } else { Some(large.cmp(&(float as u128))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rounding_decides() {
        use Number::{Float, Int, Large};
        let large = 1_u128 << 127;
        for (a, b, ordering) in [
            (Int(i128::from(u64::MAX)), Float(18_446_744_073_709_551_616.0), Ordering::Less),
            (Int(1 << 53 | 1), Float(9_007_199_254_740_992.0), Ordering::Greater),
            (Int(i128::MAX), Float(BEYOND), Ordering::Less),
            (Int(i128::MIN), Float(-BEYOND), Ordering::Equal),
            (Int(-1), Float(-1.5), Ordering::Greater),
            (Int(0), Float(-0.0), Ordering::Equal),
            (Int(0), Float(5e-324), Ordering::Less),
            (Int(0), Float(f64::INFINITY), Ordering::Less),
            (Large(large), Float(BEYOND), Ordering::Equal),
            (Large(large + 1), Float(BEYOND), Ordering::Greater),
            (Large(u128::MAX), Float(BEYOND * 2.0), Ordering::Less),
            (Large(large), Int(i128::MAX), Ordering::Greater),
        ] {
            assert_eq!(a.compare(b), Some(ordering), "{a:?} {b:?}");
            assert_eq!(b.compare(a), Some(ordering.reverse()), "{b:?} {a:?}");
        }
        assert!(Int(0).compare(Float(f64::NAN)).is_none() && Large(large).compare(Float(f64::NAN)).is_none());
    }
}
