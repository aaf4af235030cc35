//! Bounds-checked little-endian reads, and the hash function of the format.

macro_rules! read {
    ($name:ident, $int:ty) => {
        /// Returns the little-endian integer at `at`, or `None` if the slice ends before the end of the integer.
        #[inline(always)]
        pub(crate) fn $name(bytes: &[u8], at: usize) -> Option<$int> {
            let tail = bytes.get(at..)?;
            tail.first_chunk().map(|chunk| <$int>::from_le_bytes(*chunk))
        }
    };
}

read!(u16_at, u16);
read!(i16_at, i16);
read!(u32_at, u32);
read!(i32_at, i32);
read!(u64_at, u64);

/// The initial value of a 64-bit FNV-1a hash.
pub(crate) const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// Continues the FNV-1a hash `hash` with `bytes`.
pub(crate) const fn fnv1a64(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}
