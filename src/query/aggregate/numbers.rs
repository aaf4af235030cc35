//! Numbers in few bytes: how many, the least, the greatest, the sum, and percentiles.

use std::collections::BTreeMap;

/// Binary digits behind the first one that are kept of each number.
const DIGITS: u32 = 8;
/// Digits of a double behind the first one.
const ALL_DIGITS: u32 = 52;
/// The most numbers that are told apart. When there are more, a digit less is kept.
const MOST: usize = 8_192;
/// About what one of them takes, in bytes.
const COST: usize = 24;

/// Numbers that were seen at a field.
///
/// Each is kept with nine significant binary digits, so that percentiles are of numbers rounded to 0.2 %: whole numbers up
/// to 512 are exact, and so are the least and the greatest. Numbers that stand further apart than usual (over 8,192 of them
/// after rounding) are rounded more: [`relative_error`](Self::relative_error) says how much.
#[derive(Clone, Default, PartialEq)]
pub struct Numbers {
    count: u64,
    /// The least and the greatest.
    ends: Option<(f64, f64)>,
    sum: f64,
    /// How often which number was seen, rounded.
    buckets: BTreeMap<i32, u64>,
    /// Digits that were given up.
    lost: u32,
}

impl Numbers {
    /// How many numbers; what is not one, or not finite, is not counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The least of them.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.ends.map(|(min, _)| min)
    }

    /// The greatest of them.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.ends.map(|(_, max)| max)
    }

    /// All of them together, rounded as doubles are at each step.
    #[must_use]
    pub fn sum(&self) -> Option<f64> {
        self.ends.map(|_| self.sum)
    }

    /// The number below which a share of them lies: 0.5 is the median. Within [`relative_error`](Self::relative_error).
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

    /// How far a quantile may be off, as a share of itself: 0.002, as long as the numbers do not stand very far apart. Of doubles
    /// under 1e-305 it may be more.
    #[must_use]
    pub fn relative_error(&self) -> f64 {
        let half = 0.5_f64.powi(DIGITS.saturating_sub(self.lost).cast_signed() + 1);
        // What was rounded before is rounded again.
        if self.lost == 0 { half } else { 2.0 * half }
    }

    /// Takes in a number, unless it is infinite or none.
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

    /// Gives up digits until few enough numbers are told apart.
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

    /// Takes in what another one has.
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

    /// About how many bytes it takes beside itself.
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

/// A number's place among all, rounded to the digits that are kept; the larger the number, the larger.
fn bucket(number: f64, lost: u32) -> i32 {
    let dropped = ALL_DIGITS - DIGITS + lost;
    let magnitude = number.abs().to_bits();
    let rounded = (magnitude + (1 << (dropped - 1))) >> dropped;
    // Twenty bits at most.
    let rounded = i32::try_from(rounded).unwrap_or(i32::MAX);
    if number < 0.0 { -rounded } else { rounded }
}

/// The number at a place.
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
        // Over 8,192 numbers that stand apart: some digits are given up.
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
