//! How many different values there are, in constant memory.
//!
//! Source: Flajolet, Fusy, Gandouet, Meunier, *HyperLogLog: the analysis of a near-optimal cardinality estimation
//! algorithm* (2007), with linear counting where few registers are used.

use std::hash::{DefaultHasher, Hasher};

/// Bits of a hash that choose the register.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;

/// An estimate of how many different values have been seen: within 0.8 % (standard error), in 16 KiB.
#[derive(Clone)]
pub struct Distinct {
    registers: Box<[u8; REGISTERS]>,
}

impl Default for Distinct {
    fn default() -> Self {
        Self { registers: Box::new([0; REGISTERS]) }
    }
}

impl Distinct {
    /// Takes note of a value.
    pub(super) fn add(&mut self, value: &[u8]) {
        // With fixed keys: what several threads have seen can be put together.
        let mut hasher = DefaultHasher::new();
        hasher.write(value);
        let hash = hasher.finish();
        let register = usize::try_from(hash >> (64 - BITS)).unwrap_or(0);
        let rank = (hash << BITS | 1 << (BITS - 1)).leading_zeros() + 1;
        if let Some(register) = self.registers.get_mut(register) {
            *register = (*register).max(u8::try_from(rank).unwrap_or(u8::MAX));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (own, other) in self.registers.iter_mut().zip(other.registers.iter()) {
            *own = (*own).max(*other);
        }
    }

    /// How many there are.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate below 2^64, from counts below 2^15"
    )]
    pub fn estimate(&self) -> u64 {
        let count = REGISTERS as f64;
        let sum: f64 = self.registers.iter().map(|register| 0.5_f64.powi((*register).into())).sum();
        let raw = 0.7213 / (1.0 + 1.079 / count) * count * count / sum;
        let unused = self.registers.iter().filter(|register| **register == 0).count();
        let estimate =
            if raw <= 2.5 * count && unused > 0 { count * (count / unused as f64).ln() } else { raw };
        estimate.round() as u64
    }
}

impl core::fmt::Debug for Distinct {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Distinct").field("estimate", &self.estimate()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_within_three_standard_errors() {
        let mut all = Distinct::default();
        for n in 1..=300_000_u64 {
            // Each one twice, and by two counters that are put together.
            let mut other = Distinct::default();
            all.add(&n.to_le_bytes());
            if n.is_multiple_of(20_000) {
                other.add(&n.to_le_bytes());
                all.merge(&other);
            }
            if [10, 100, 1_000, 10_000, 40_000, 100_000, 300_000].contains(&n) {
                let error = (all.estimate() as f64 - n as f64).abs() / n as f64;
                assert!(error < 0.025, "{n}: {}", all.estimate());
            }
        }
    }
}
