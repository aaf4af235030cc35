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

/// Returns whether two slices are equal. For 4 to 16 bytes, two overlapping words are faster than a call of `memcmp`.
#[inline(always)]
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        0 => true,
        4..8 => a.first_chunk::<4>() == b.first_chunk::<4>() && a.last_chunk::<4>() == b.last_chunk::<4>(),
        8..=16 => a.first_chunk::<8>() == b.first_chunk::<8>() && a.last_chunk::<8>() == b.last_chunk::<8>(),
        _ => a == b,
    }
}

/// Copies `from` to the beginning of `to`. Returns `false` if `to` is shorter; `to` is then unchanged. For up to 16 bytes,
/// two overlapping words are faster than a call of `memcpy`.
#[inline(always)]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) -> bool {
    let Some(to) = to.get_mut(..from.len()) else { return false };
    match from.len() {
        0 => {}
        1..4 => {
            for (to, from) in to.iter_mut().zip(from) {
                *to = *from;
            }
        }
        4..8 => copy_ends::<4>(to, from),
        8..=16 => copy_ends::<8>(to, from),
        _ => to.copy_from_slice(from),
    }
    true
}

/// Copies the first and the last `N` bytes.
#[inline(always)]
fn copy_ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk()) {
        *to = *from;
    }
}
