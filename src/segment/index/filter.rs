//! The set of trace ids of a zone: a Bloom filter of 512-bit blocks. A lookup reads one cache line.

/// The number of bytes of a block.
const BLOCK: usize = 64;
/// The number of bits that an id sets in its block.
const BITS: u32 = 7;

/// Adds `id` to `filter`, whose length is a multiple of 64.
pub(super) fn add(filter: &mut [u8], id: u128) {
    let (block, mut bits) = place(id, filter.len());
    let Some(block) = filter.get_mut(block..block + BLOCK) else { return };
    for _ in 0..BITS {
        let bit = usize::from(low_bits(bits));
        block[bit / 8] |= 1 << (bit % 8);
        bits >>= 9;
    }
}

/// Returns whether `id` may have been added to `filter`. It always returns `true` for an id that was added.
#[inline]
pub(super) fn may_hold(filter: &[u8], id: u128) -> bool {
    let (block, mut bits) = place(id, filter.len());
    // An empty filter excludes no id.
    let Some(block) = filter.get(block..block + BLOCK) else { return true };
    for _ in 0..BITS {
        let bit = usize::from(low_bits(bits));
        if block[bit / 8] & 1 << (bit % 8) == 0 {
            return false;
        }
        bits >>= 9;
    }
    true
}

/// Returns a filter of half the blocks that contains all ids of `filter`.
pub(super) fn folded(filter: &[u8]) -> impl Iterator<Item = u8> + '_ {
    filter
        .as_chunks::<{ 2 * BLOCK }>()
        .0
        .iter()
        .flat_map(|pair| (0..BLOCK).map(|i| pair[i] | pair[BLOCK + i]))
}

#[expect(clippy::cast_possible_truncation, reason = "nine bits")]
fn low_bits(bits: u64) -> u16 {
    bits as u16 & 0x1FF
}

/// Returns the offset of the block of an id, and the bits in the block, nine bits each.
#[expect(clippy::cast_possible_truncation, reason = "halves of a product, and an index under the length")]
fn place(id: u128, len: usize) -> (usize, u64) {
    // Two multiplications with odd constants, each followed by a shift, distribute ids that are not random.
    let mixed = (id as u64 ^ ((id >> 64) as u64).rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    let mixed = mixed ^ mixed >> 32;
    let blocks = (len / BLOCK) as u64;
    // The upper bits select the block. In a filter of half the blocks, the block of an id therefore has half the
    // index.
    let block = (((mixed >> 32) * blocks) >> 32) as usize;
    (block * BLOCK, mixed.wrapping_mul(0xA076_1D64_78BD_642F) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> u128 {
        u128::from(n) << 64 | u128::from(n.wrapping_mul(7))
    }

    #[test]
    fn what_was_added_is_held_folded_or_not_and_little_else_is() {
        let mut filter = vec![0; 4 * BLOCK];
        (0..100).for_each(|n| add(&mut filter, id(n)));
        let half: Vec<u8> = folded(&filter).collect();
        let quarter: Vec<u8> = folded(&half).collect();
        for (filter, at_most) in [(&filter, 30), (&half, 600), (&quarter, 3_500)] {
            assert!((0..100).all(|n| may_hold(filter, id(n))));
            let wrong = (1_000..11_000).filter(|n| may_hold(filter, id(*n))).count();
            assert!(wrong < at_most, "{wrong} of 10,000 with {} bytes", filter.len());
        }
        assert!(may_hold(&[], 1));
    }
}
