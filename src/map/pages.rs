//! Private memory whose pages take no space before they are used.

use std::io;

use memmap2::MmapMut;

/// Private memory of zeros. A page becomes resident when it is first touched.
pub(crate) struct Pages(MmapMut);

impl Pages {
    /// Creates memory of `len` bytes.
    ///
    /// # Errors
    /// The system has no memory.
    pub(crate) fn new(len: usize) -> io::Result<Self> {
        MmapMut::map_anon(len).map(Self)
    }

    /// Returns the bytes.
    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }
}
