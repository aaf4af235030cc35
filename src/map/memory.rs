//! Memory that several threads write to at once: words by atomics, bytes by whoever has claimed them.

#[cfg(not(loom))]
pub(crate) use mapped::Memory;
#[cfg(loom)]
pub(crate) use modelled::Memory;

#[cfg(not(loom))]
mod mapped {
    use std::fs::File;
    use std::io;
    use std::ops::Range;
    use std::sync::atomic::AtomicU64;

    use memmap2::{MmapOptions, MmapRaw};

    use crate::map::sigbus::Guard;

    /// A file mapped for writing by the threads of one process.
    ///
    /// Invariant *shared owner*: the file was created by this process, is really allocated to its full length, is
    /// truncated by nobody, and nobody else writes to it. Threads of this process touch the words at which frames begin
    /// by atomics alone, and other bytes only as the invariant *claimed* of [`SharedMap`](crate::map::shared::SharedMap)
    /// allows.
    ///
    /// If another program truncates it all the same, the pages that it takes away are replaced ([`Guard`]). The guard is dropped
    /// before the map: another map may get its addresses.
    pub(crate) struct Memory(Guard, MmapRaw);

    impl Memory {
        /// Maps all of `file`, which the caller has just created and allocated with `len` bytes.
        pub(crate) fn new(file: &File, len: usize) -> io::Result<Self> {
            let map = MmapOptions::new().len(len).map_raw(file)?;
            // A fault in a map with the default advice reads around the page, as far as the read-ahead of the device goes:
            // near a memory limit each fault then takes that much memory, for pages that hold zeros. Best effort.
            let _ = map.advise(memmap2::Advice::Random);
            let guard = Guard::new(map.as_mut_ptr().addr(), map.len());
            Ok(Self(guard, map))
        }

        pub(crate) fn len(&self) -> usize {
            self.1.len()
        }

        /// Whether another program took pages of the file away.
        #[inline(always)]
        pub(crate) fn is_hit(&self) -> bool {
            self.0.is_hit()
        }

        /// The word at `at`; `None` where that is not a multiple of 8 inside the map.
        #[inline(always)]
        pub(crate) fn word(&self, at: usize) -> Option<&AtomicU64> {
            if !at.is_multiple_of(8) || at.checked_add(8)? > self.1.len() {
                return None;
            }
            // SAFETY: `at` is inside the map and, since a map begins at a page, the pointer is aligned to 8. The map lives
            // as long as `self` is borrowed, and all access to the word is atomic (invariant *shared owner*).
            Some(unsafe { AtomicU64::from_ptr(self.1.as_mut_ptr().add(at).cast()) })
        }

        /// Copies `bytes` to `at`, or nothing where they do not fit.
        ///
        /// # Safety
        /// No other thread may read or write these bytes meanwhile.
        #[inline(always)]
        pub(crate) unsafe fn copy_in(&self, at: usize, bytes: &[u8]) {
            if at.checked_add(bytes.len()).is_none_or(|end| end > self.1.len()) {
                return;
            }
            // SAFETY: the destination is inside the map, and nobody else's for now (the caller's promise); `bytes` is
            // borrowed memory outside of any map for writing.
            unsafe { self.1.as_mut_ptr().add(at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }

        /// Copies `bytes` to `at` before the memory is shared, or nothing where they do not fit.
        pub(crate) fn fill(&mut self, at: usize, bytes: &[u8]) {
            // SAFETY: the exclusive borrow: no other thread has the memory.
            unsafe { self.copy_in(at, bytes) };
        }

        /// The bytes of `range`, or none where it leaves the map.
        ///
        /// # Safety
        /// Nobody may write to them as long as they are borrowed.
        pub(crate) unsafe fn bytes(&self, range: Range<usize>) -> &[u8] {
            if range.start > range.end || range.end > self.1.len() {
                return &[];
            }
            // SAFETY: the range is inside the map, which lives as long as `self` is borrowed; that nobody writes is the
            // caller's promise.
            unsafe { std::slice::from_raw_parts(self.1.as_ptr().add(range.start), range.len()) }
        }

        /// Touches the pages of `range` for writing ahead of time, so that appends do not fault. Best effort.
        pub(crate) fn prefault(&self, range: Range<usize>) {
            let range = range.start.min(self.len())..range.end.min(self.len());
            #[cfg(target_os = "linux")]
            if !range.is_empty() {
                // The map reads no page around a fault. One request for all pages costs less than a request for each page.
                let _ = self.1.advise_range(memmap2::Advice::WillNeed, range.start, range.len());
                let _ = self.1.advise_range(memmap2::Advice::PopulateWrite, range.start, range.len());
            }
        }

        /// In a forked child: puts memory of no file in the place of the map, so that the file, and with it the lock on
        /// it, is the parent's alone. Whoever looks finds zeros.
        pub(crate) fn abandon(&self) {
            use rustix::mm::{MapFlags, ProtFlags};
            let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
            // SAFETY: exactly the pages of this map are replaced, which only its owner may write to (invariant *shared
            // owner*), and that is the parent. They stay mapped, so that every pointer into them stays valid until this
            // is dropped.
            let _ = unsafe {
                rustix::mm::mmap_anonymous(
                    self.1.as_mut_ptr().cast(),
                    self.len(),
                    ProtFlags::READ | ProtFlags::WRITE,
                    flags,
                )
            };
        }

        /// Gives the memory of the pages of `range` back; the file keeps them. Best effort.
        pub(crate) fn release(&self, range: Range<usize>) {
            let range = range.start.min(self.len())..range.end.min(self.len());
            #[cfg(target_os = "linux")]
            if !range.is_empty() {
                // SAFETY: the map is a shared one of a file: what is dropped here is only how this process reaches the
                // pages; the next access finds the same bytes in the page cache.
                let _ = unsafe {
                    self.1.unchecked_advise_range(
                        memmap2::UncheckedAdvice::DontNeed,
                        range.start,
                        range.len(),
                    )
                };
            }
        }
    }
}

/// The same over a vector of the model checker's atomics.
#[cfg(loom)]
mod modelled {
    use std::ops::Range;

    use loom::sync::atomic::{AtomicU64, Ordering};

    pub(crate) struct Memory(Vec<AtomicU64>);

    impl Memory {
        pub(crate) fn zeroed(len: usize) -> Self {
            Self((0..len / 8).map(|_| AtomicU64::new(0)).collect())
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len() * 8
        }

        pub(crate) fn word(&self, at: usize) -> Option<&AtomicU64> {
            self.0.get(at / 8)
        }

        pub(crate) unsafe fn copy_in(&self, at: usize, bytes: &[u8]) {
            for (i, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
                self.0[at / 8 + i].store(u64::from_le_bytes(*word), Ordering::Relaxed);
            }
        }

        pub(crate) unsafe fn bytes(&self, range: Range<usize>) -> Vec<u8> {
            let words = self.0[range.start / 8..range.end / 8].iter();
            words.flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect()
        }
    }
}
