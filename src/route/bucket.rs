//! The assignment of traces to buckets.

/// The number of buckets. One bucket is 0.0001 % of the traces.
pub(super) const COUNT: u32 = 1_000_000;

/// Returns the bucket of a trace id. The result is the same in every process, on every machine and in every
/// version.
///
/// The function folds the two halves of the id and mixes them with the finalizer of MurmurHash3 (Austin
/// Appleby, public domain), because not every bit of an id is random. It then scales the 64-bit result to the
/// number of buckets.
#[expect(clippy::cast_possible_truncation, reason = "halves, and a number under COUNT")]
pub(super) fn of(trace_id: u128) -> u32 {
    let mut hash = trace_id as u64 ^ ((trace_id >> 64) as u64).rotate_left(32);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    hash ^= hash >> 33;
    ((u128::from(hash) * u128::from(COUNT)) >> 64) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If one of these numbers changes, an upgrade moves traces to the other arm during a roll-out.
    #[test]
    fn a_trace_is_where_it_always_was() {
        let ids = [1, 2, 0x5b8a_a5a2_d2c8_72e8_321c_f373_08d6_9df2, u128::MAX, 1 << 64];
        assert_eq!(ids.map(of), [704_448, 229_479, 168_021, 0, 727_456]);
    }

    #[test]
    fn buckets_are_even_whatever_the_ids() {
        for step in [1_u128, 1 << 40, 1 << 64, 1 << 100, (1 << 64) + 1] {
            let under = (1..=100_000).filter(|n| of(n * step) < COUNT / 10).count();
            assert!((9_600..=10_400).contains(&under), "{under} of 100,000 with step {step:#x}");
        }
    }
}
