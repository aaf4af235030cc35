//! Mapped files.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::Mmap;
#[cfg(unix)]
use memmap2::{MmapMut, MmapOptions};

/// A file mapped for reading.
///
/// Invariant *foreign memory*: somebody else may write to the file while it is mapped. Whoever maps it promises that
/// nobody truncates it and that nobody but a Fusewire writer changes it; such a writer never changes bytes that it has
/// committed, and the reader believes no others.
pub(crate) struct ReadMap(Mmap);

impl ReadMap {
    /// Maps all of `file`.
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: the invariant *foreign memory*, which the constructors of `Segment` that lead here hand to their
        // callers in words. The map lives as long as it is borrowed from.
        unsafe { Mmap::map(file) }.map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Loads a word so that all that its writer wrote before it is seen by what this thread reads from now on. 0 where `at`
    /// is not a multiple of 8 inside the map.
    pub(crate) fn load_acquire(&self, at: usize) -> u64 {
        if !at.is_multiple_of(8) || at.saturating_add(8) > self.0.len() {
            return 0;
        }
        // SAFETY: `at` is inside the map and, since a map begins at a page, the pointer is aligned to 8. The word is only
        // loaded, which a map for reading allows, and its writer stores it atomically (invariant *foreign memory*).
        let word_in_map = unsafe { AtomicU64::from_ptr(self.0.as_ptr().add(at).cast_mut().cast()) };
        u64::from_le(word_in_map.load(Ordering::Acquire))
    }

    /// Lets go of the memory that holds the whole pages of `range`; what is read there later comes from the file again.
    #[cfg(unix)]
    pub(crate) fn release(&self, range: Range<usize>) {
        const PAGE: usize = 1 << 16; // The largest in use: a multiple of all others.
        let (from, to) = (range.start.next_multiple_of(PAGE), range.end.min(self.0.len()) / PAGE * PAGE);
        if from < to {
            // SAFETY: the map is of a file and never written to, so that the same bytes are found again: those of the file.
            // That they are still the ones that were read before is the invariant *foreign memory*.
            let _ =
                unsafe { self.0.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, from, to - from) };
        }
    }

    /// Has the kernel map all pages at once. Best effort.
    #[cfg(unix)]
    pub(crate) fn populate(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.0.advise(memmap2::Advice::PopulateRead);
    }

    /// Tells the kernel that the file will be read front to back.
    pub(crate) fn advise_sequential(&self) {
        #[cfg(unix)]
        let _ = self.0.advise(memmap2::Advice::Sequential);
    }
}

/// A file mapped for writing by one owner.
///
/// Invariant *owner*: the file was created by the one who maps it, is really allocated to its full length, and is
/// truncated by nobody; nobody else writes to it.
#[cfg(unix)]
pub(crate) struct WriteMap(MmapMut);

#[cfg(unix)]
impl WriteMap {
    /// Maps all of `file`, which the caller has just created and allocated with `len` bytes.
    pub(crate) fn new(file: &File, len: usize) -> io::Result<Self> {
        // SAFETY: the invariant *owner*: `SegmentWriter::create` makes the file under a name that did not exist, and
        // allocates it before it maps it.
        let map = unsafe { MmapOptions::new().len(len).map_mut(file) }?;
        // So that a fault reads no more than its page, as in `Memory::new`. Best effort.
        let _ = map.advise(memmap2::Advice::Random);
        Ok(Self(map))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        let end = range.end.min(self.0.len());
        &mut self.0[range.start.min(end)..end]
    }

    /// Stores a word so that whoever loads it with acquire order sees all that was written before. Nothing where `at`
    /// is not a multiple of 8 inside the map.
    #[inline]
    pub(crate) fn store_release(&mut self, at: usize, word: u64) {
        if !at.is_multiple_of(8) || at + 8 > self.0.len() {
            return;
        }
        // SAFETY: `at` is inside the map and, since a map begins at a page, the pointer is aligned to 8; the exclusive
        // borrow makes this the only access from this process, and other processes only load (invariant *owner*).
        let word_in_map = unsafe { AtomicU64::from_ptr(self.0.as_mut_ptr().add(at).cast()) };
        word_in_map.store(word.to_le(), Ordering::Release);
    }

    /// Writes the mapped pages of `range` to disk and waits for it.
    pub(crate) fn sync(&self, range: Range<usize>) -> io::Result<()> {
        self.0.flush_range(range.start, range.len())
    }

    /// Touches the pages of `range` for writing ahead of time, so that appends do not fault. Best effort.
    pub(crate) fn prefault(&self, range: Range<usize>) {
        #[cfg(target_os = "linux")]
        let _ = self.0.advise_range(memmap2::Advice::PopulateWrite, range.start, range.len());
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }
}
