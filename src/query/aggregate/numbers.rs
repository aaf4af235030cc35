//! Statistics of numbers in bounded memory.

use std::collections::BTreeMap;

/// The number of binary digits after the first one that a bucket keeps.
const DIGITS: u32 = 8;
/// The number of binary digits after the first one in an `f64`.
const ALL_DIGITS: u32 = 52;
/// The maximum number of buckets. If there are more, each bucket keeps one digit less.
const MOST: usize = 8_192;
/// The approximate size of a bucket, in bytes.
const COST: usize = 24;

/// Statistics of the numbers in a field.
///
/// Percentiles are computed from numbers with nine significant binary digits, so the rounding error is at
/// most 0.2 %. Whole numbers up to 512 are exact. Minimum and maximum are always exact. If more than 8,192
/// numbers differ after rounding, all numbers are rounded to fewer digits;
/// [`relative_error`](Self::relative_error) returns the resulting error.
///
/// ```
/// use fusewire::query::aggregate::Numbers;
///
/// let mut numbers = Numbers::default();
/// (1..=100).for_each(|number| numbers.add(f64::from(number)));
/// assert_eq!((numbers.count(), numbers.sum(), numbers.max()), (100, Some(5050.0), Some(100.0)));
/// assert_eq!((numbers.quantile(0.5), numbers.quantile(0.99)), (Some(50.0), Some(99.0)));
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct Numbers {
    count: u64,
    /// The minimum and the maximum.
    ends: Option<(f64, f64)>,
    sum: f64,
    /// The count of each rounded number.
    buckets: BTreeMap<i32, u64>,
    /// The number of digits that were removed.
    lost: u32,
}

impl Numbers {
    /// Returns the number of finite numbers. Other values are not counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the minimum.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.ends.map(|(min, _)| min)
    }

    /// Returns the maximum.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.ends.map(|(_, max)| max)
    }

    /// Returns the sum. Each addition rounds to an `f64`.
    #[must_use]
    pub fn sum(&self) -> Option<f64> {
        self.ends.map(|_| self.sum)
    }

    /// Returns the quantile for a share from 0.0 to 1.0: 0.5 is the median. The result is exact within
    /// [`relative_error`](Self::relative_error).
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank that is off by one in 2^53 is"
    )]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let (min, max) = self.ends?;
        let rank = (share.clamp(0.0, 1.0) * (self.count - 1) as f64) as u64;
        let mut seen = 0;
        let found = self.buckets.iter().find(|(_, count)| {
            seen += **count;
            seen > rank
        });
        found.map(|(bucket, _)| value(*bucket, self.lost).clamp(min, max))
    }

    /// Returns the maximum relative error of a quantile. The error is 0.002 if at most 8,192 numbers differ
    /// after rounding. For numbers below 1e-305, the error can be larger.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        let half = 0.5_f64.powi(DIGITS.saturating_sub(self.lost).cast_signed() + 1);
        // Numbers that were already rounded are rounded again.
        if self.lost == 0 { half } else { 2.0 * half }
    }

    /// Adds a number. Infinity and NaN are ignored.
    pub fn add(&mut self, number: f64) {
        if !number.is_finite() {
            return;
        }
        self.count += 1;
        self.sum += number;
        self.widen((number, number));
        *self.buckets.entry(bucket(number, self.lost)).or_insert(0) += 1;
        self.bound();
    }

    fn widen(&mut self, (min, max): (f64, f64)) {
        let ends = self.ends.get_or_insert((min, max));
        *ends = (ends.0.min(min), ends.1.max(max));
    }

    /// Removes digits until there are few enough buckets.
    fn bound(&mut self) {
        while self.buckets.len() > MOST && self.lost < DIGITS {
            self.lower();
        }
    }

    fn lower(&mut self) {
        let fine = core::mem::take(&mut self.buckets);
        for (bucket, count) in fine {
            let half = (bucket.abs() + 1) >> 1;
            *self.buckets.entry(if bucket < 0 { -half } else { half }).or_insert(0) += count;
        }
        self.lost += 1;
    }

    /// Adds the numbers of `other`.
    pub fn merge(&mut self, mut other: Self) {
        while self.lost < other.lost {
            self.lower();
        }
        while other.lost < self.lost {
            other.lower();
        }
        self.count += other.count;
        self.sum += other.sum;
        other.ends.into_iter().for_each(|ends| self.widen(ends));
        for (bucket, count) in other.buckets {
            *self.buckets.entry(bucket).or_insert(0) += count;
        }
        self.bound();
    }

    /// Returns the approximate size of the heap memory, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.buckets.len() * COST
    }
}

impl core::fmt::Debug for Numbers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut all = f.debug_struct("Numbers");
        all.field("count", &self.count)
            .field("ends", &self.ends)
            .field("median", &self.quantile(0.5))
            .finish()
    }
}

/// Returns the bucket of a number. Buckets have the order of the numbers.
fn bucket(number: f64, lost: u32) -> i32 {
    let dropped = ALL_DIGITS - DIGITS + lost;
    let magnitude = number.abs().to_bits();
    let rounded = (magnitude + (1 << (dropped - 1))) >> dropped;
    // The result has at most 20 bits.
    let rounded = i32::try_from(rounded).unwrap_or(i32::MAX);
    if number < 0.0 { -rounded } else { rounded }
}

/// Returns the number that a bucket represents.
fn value(bucket: i32, lost: u32) -> f64 {
    let magnitude = f64::from_bits(u64::from(bucket.unsigned_abs()) << (ALL_DIGITS - DIGITS + lost));
    if bucket < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Numbers {
        let mut numbers = Numbers::default();
        for value in values {
            numbers.add(*value);
        }
        numbers
    }

    #[test]
    fn small_whole_numbers_are_exact() {
        let values: Vec<f64> = (-512..=512).map(f64::from).collect();
        let numbers = of(&values);
        for (i, value) in values.iter().enumerate() {
            let quantile = (i as f64 + 0.01) / (values.len() - 1) as f64;
            assert_eq!(numbers.quantile(quantile), Some(*value));
        }
    }

    #[test]
    fn quantiles_are_as_near_as_is_said() {
        let mut value = 1e-300;
        let mut values = Vec::new();
        // More than 8,192 numbers differ after rounding, so digits are removed.
        while value < 1e300 {
            values.push(-value);
            values.push(value);
            value *= 1.1;
        }
        for len in [100, 2_000, values.len()] {
            let mut values = values[values.len() - len..].to_vec();
            let mut numbers = of(&values[..len / 2]);
            numbers.merge(of(&values[len / 2..]));
            values.sort_by(f64::total_cmp);
            assert!(numbers.buckets.len() <= MOST);
            assert_eq!(numbers.lost == 0, len < 8_000);
            for (i, exact) in values.iter().enumerate().step_by(len / 100) {
                let found = numbers.quantile((i as f64 + 0.01) / (len - 1) as f64).unwrap();
                assert!((found - exact).abs() <= exact.abs() * numbers.relative_error(), "{found} {exact}");
            }
            assert_eq!((numbers.min(), numbers.max()), (Some(values[0]), Some(values[len - 1])));
        }
    }

    #[test]
    fn what_is_at_the_ends_stays_there() {
        let ends = of(&[f64::INFINITY, f64::MAX, 0.0, -0.0, f64::NAN, -f64::MAX]);
        assert_eq!((ends.count(), ends.quantile(0.0), ends.quantile(0.5)), (4, Some(-f64::MAX), Some(0.0)));
        assert_eq!(ends.quantile(1.0), Some(f64::MAX));
        assert_eq!(of(&[f64::MAX]).quantile(0.5), Some(f64::MAX));
        assert_eq!((of(&[]).quantile(0.5), of(&[]).sum()), (None, None));
    }
}
