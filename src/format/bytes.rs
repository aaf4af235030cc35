//! Little-endian reads that cannot leave the slice.

macro_rules! read {
    ($name:ident, $int:ty) => {
        /// The little-endian integer at `at`, or `None` where the slice ends before it does.
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
