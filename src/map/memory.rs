//! Memory to which several threads write at the same time: words by atomic operations, other bytes only by the thread
//! that has claimed them.

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
    /// Invariant *shared owner*: this process created the file and allocated it to its full length. No other process
    /// truncates it or writes to it. Threads of this process access the words at which frames begin only by atomic
    /// operations, and other bytes only as the invariant *claimed* of [`SharedMap`](crate::map::shared::SharedMap)
    /// permits.
    ///
    /// If another program nevertheless truncates the file, the pages that it removes are replaced ([`Guard`]). The
    /// guard is dropped before the map, because another map may get the addresses of this one.
    pub(crate) struct Memory(Guard, MmapRaw);

    impl Memory {
        /// Maps all of `file`, which the caller has just created and allocated with `len` bytes. `guarded` is whether
        /// pages that another program removes are replaced.
        pub(crate) fn new(file: &File, len: usize, guarded: bool) -> io::Result<Self> {
            let map = MmapOptions::new().len(len).map_raw(file)?;
            // With the default advice, a fault reads pages around the page, up to the read-ahead of the device. Near
            // a memory limit each fault would then take that much memory for pages of zeros. Errors are ignored.
            let _ = map.advise(memmap2::Advice::Random);
            let guard = if guarded { Guard::new(map.as_mut_ptr().addr(), map.len()) } else { Guard::none() };
            Ok(Self(guard, map))
        }

        pub(crate) fn len(&self) -> usize {
            self.1.len()
        }

        /// Returns whether another program removed pages of the file.
        #[inline(always)]
        pub(crate) fn is_hit(&self) -> bool {
            self.0.is_hit()
        }

        /// Returns the word at `at`, or `None` if `at` is not a multiple of 8 inside the map.
        #[inline(always)]
        pub(crate) fn word(&self, at: usize) -> Option<&AtomicU64> {
            if !at.is_multiple_of(8) || at.checked_add(8)? > self.1.len() {
                return None;
            }
            // SAFETY: `at` is inside the map and, since a map begins at a page, the pointer is aligned to 8. The map lives
            // as long as `self` is borrowed, and all access to the word is atomic (invariant *shared owner*).
            Some(unsafe { AtomicU64::from_ptr(self.1.as_mut_ptr().add(at).cast()) })
        }

        /// Copies `bytes` to `at`. Does nothing if they do not fit.
        ///
        /// # Safety
        /// No other thread may read or write these bytes during the call.
        #[inline(always)]
        pub(crate) unsafe fn copy_in(&self, at: usize, bytes: &[u8]) {
            if at.checked_add(bytes.len()).is_none_or(|end| end > self.1.len()) {
                return;
            }
            // SAFETY: the destination is inside the map, and no other thread uses it during the call (the caller's
            // promise). `bytes` is borrowed memory outside of any map for writing.
            unsafe { self.1.as_mut_ptr().add(at).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }

        /// Copies `bytes` to `at` before the memory is shared. Does nothing if they do not fit.
        pub(crate) fn fill(&mut self, at: usize, bytes: &[u8]) {
            // SAFETY: because of the exclusive borrow, no other thread has the memory.
            unsafe { self.copy_in(at, bytes) };
        }

        /// Returns the bytes of `range`, or no bytes if it is not inside the map.
        ///
        /// # Safety
        /// No thread may write to the bytes while they are borrowed.
        pub(crate) unsafe fn bytes(&self, range: Range<usize>) -> &[u8] {
            if range.start > range.end || range.end > self.1.len() {
                return &[];
            }
            // SAFETY: the range is inside the map, which lives as long as `self` is borrowed. The caller guarantees
            // that no thread writes to it.
            unsafe { std::slice::from_raw_parts(self.1.as_ptr().add(range.start), range.len()) }
        }

        /// Touches the pages of `range` for writing, so that later appends cause no page faults. Errors are ignored.
        pub(crate) fn prefault(&self, range: Range<usize>) {
            let range = range.start.min(self.len())..range.end.min(self.len());
            #[cfg(target_os = "linux")]
            if !range.is_empty() {
                // The map reads no page around a fault. One request for all pages costs less than a request for each page.
                let _ = self.1.advise_range(memmap2::Advice::WillNeed, range.start, range.len());
                let _ = self.1.advise_range(memmap2::Advice::PopulateWrite, range.start, range.len());
            }
        }

        /// Replaces the map by anonymous memory in a forked child, so that the file and its lock belong to the parent
        /// alone. Later loads return zeros.
        pub(crate) fn abandon(&self) {
            use rustix::mm::{MapFlags, ProtFlags};
            let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE;
            // SAFETY: exactly the pages of this map are replaced. Only its owner, which is the parent, may write to
            // them (invariant *shared owner*). The pages stay mapped, so every pointer into them stays valid until
            // this is dropped.
            let _ = unsafe {
                rustix::mm::mmap_anonymous(
                    self.1.as_mut_ptr().cast(),
                    self.len(),
                    ProtFlags::READ | ProtFlags::WRITE,
                    flags,
                )
            };
        }

        /// Releases the memory of the pages of `range`. The file keeps their content. Errors are ignored.
        pub(crate) fn release(&self, range: Range<usize>) {
            let range = range.start.min(self.len())..range.end.min(self.len());
            #[cfg(target_os = "linux")]
            if !range.is_empty() {
                // SAFETY: the map is a shared map of a file. The call removes only this process's access to the
                // pages, and the next access finds the same bytes in the page cache.
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

/// The same memory as a vector of atomics of the model checker.
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

        pub(crate) fn is_hit(&self) -> bool {
            false
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
