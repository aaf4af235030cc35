//! Mapped files.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};

#[cfg(unix)]
use memmap2::MmapMut;
use memmap2::{MmapOptions, MmapRaw};

#[cfg(all(unix, not(loom)))]
use super::sigbus::Guard;

/// A file mapped for reading, whose bytes may change at any time.
///
/// Invariant *foreign memory*: other processes may write to the file and truncate it while it is mapped. Therefore no
/// reference to the bytes of the map exists: all access is by loads through a raw pointer, either atomic or volatile,
/// and each byte is loaded into memory that belongs to this process before it is used. The map is at least `len`
/// bytes long and starts at a page.
///
/// If another program truncates the file, a load from a page that no longer exists raises SIGBUS, unless the process
/// handles this signal ([`sigbus`](super::sigbus)).
pub(crate) struct ReadMap {
    /// This field is before the map because fields are dropped in this order: another map may get the addresses of
    /// this one.
    #[cfg(all(unix, not(loom)))]
    guard: Option<Guard>,
    map: MmapRaw,
}

impl ReadMap {
    /// Maps all of `file`. Returns `None` if the process handles SIGBUS and has no place to guard a further map.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn new(file: &File) -> io::Result<Option<Self>> {
        let map = MmapOptions::new().map_raw_read_only(file)?;
        #[cfg(all(unix, not(loom)))]
        {
            let guard = if super::sigbus::is_handled_for_readers() {
                let Some(guard) = Guard::of_reader(map.as_ptr().addr(), map.len()) else { return Ok(None) };
                Some(guard)
            } else {
                None
            };
            Ok(Some(Self { guard, map }))
        }
        #[cfg(not(all(unix, not(loom))))]
        Ok(Some(Self { map }))
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// Returns the offset of a page that another program removed and that was replaced by zeros.
    #[inline]
    pub(crate) fn lost_page(&self) -> Option<usize> {
        #[cfg(all(unix, not(loom)))]
        return self.guard.as_ref().and_then(Guard::lost_page);
        #[cfg(not(all(unix, not(loom))))]
        None
    }

    /// Loads the word at `at`. All bytes that its writer stored before the word are visible to later loads. Returns
    /// `None` if `at` is not a multiple of 8 inside the map.
    #[inline]
    pub(crate) fn load_acquire(&self, at: usize) -> Option<u64> {
        if !at.is_multiple_of(8) || at.checked_add(8)? > self.map.len() {
            return None;
        }
        let word = self.word(at);
        // A load from memory that may be read-only has to be relaxed. The fence gives it acquire order.
        fence(Ordering::Acquire);
        Some(u64::from_le(word))
    }

    /// Loads the word at `at`, which is a multiple of 8 inside the map.
    #[inline(always)]
    fn word(&self, at: usize) -> u64 {
        debug_assert!(at.is_multiple_of(8) && at + 8 <= self.map.len());
        // SAFETY: the callers check that `at` is inside the map and a multiple of 8, and a map starts at a page, so the
        // pointer is valid and aligned. An `AtomicU64` may change at any time, which *foreign memory* requires, and a relaxed
        // load is allowed in read-only memory.
        unsafe { &*self.map.as_ptr().add(at).cast::<AtomicU64>() }.load(Ordering::Relaxed)
    }

    /// Copies the bytes from `at` to `out`. Returns whether the map has that many. The first word is loaded before
    /// the others.
    #[inline]
    #[expect(clippy::host_endian_bytes, reason = "the bytes keep their order")]
    pub(crate) fn copy(&self, at: usize, out: &mut [u8]) -> bool {
        if at.checked_add(out.len()).is_none_or(|end| end > self.map.len()) {
            return false;
        }
        if !at.is_multiple_of(8) {
            self.copy_bytes(at, out);
            return true;
        }
        let (mut at, mut out) = (at, out);
        #[cfg(target_arch = "x86_64")]
        {
            let copied = self.copy_blocks(at, out);
            at += copied;
            out = &mut out[copied..];
        }
        let (words, rest) = out.as_chunks_mut::<8>();
        for word in words {
            *word = self.word(at).to_ne_bytes();
            at += 8;
        }
        self.copy_bytes(at, rest);
        true
    }

    /// Copies as many blocks of 64 bytes as `out` has space for, if `at` is a multiple of 16, and returns the number of bytes.
    /// This is 1.1 to 1.4 times as fast as words.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn copy_blocks(&self, at: usize, out: &mut [u8]) -> usize {
        use std::arch::x86_64::{__m128i, _mm_storeu_si128};
        if !at.is_multiple_of(16) || out.len() < 64 {
            return 0;
        }
        let (blocks, _) = out.as_chunks_mut::<64>();
        let mut from = at;
        for block in &mut *blocks {
            // SAFETY: `copy` checks that all of `out` is inside the map. `from` is a multiple of 16 and a map starts at a page,
            // so each pointer is valid and aligned for a block of 16 bytes. A volatile load makes no assumption on memory that
            // changes (*foreign memory*), and every bit pattern is a valid block. The stores go to the 64 bytes of `block`.
            unsafe {
                let source = self.map.as_ptr().add(from).cast::<__m128i>();
                let parts = [
                    source.read_volatile(),
                    source.add(1).read_volatile(),
                    source.add(2).read_volatile(),
                    source.add(3).read_volatile(),
                ];
                let target = block.as_mut_ptr().cast::<__m128i>();
                for (i, part) in parts.into_iter().enumerate() {
                    _mm_storeu_si128(target.add(i), part);
                }
            }
            from += 64;
        }
        from - at
    }

    /// Copies bytes that are inside the map, one by one.
    fn copy_bytes(&self, at: usize, out: &mut [u8]) {
        for (i, byte) in out.iter_mut().enumerate() {
            // SAFETY: `copy` checks that all of `out` is inside the map. The rest is as in `word`.
            *byte = unsafe { &*self.map.as_ptr().add(at + i).cast::<AtomicU8>() }.load(Ordering::Relaxed);
        }
    }

    /// Releases the memory of the whole pages of `range`. Later loads read the file again.
    #[cfg(unix)]
    pub(crate) fn release(&self, range: Range<usize>) {
        const PAGE: usize = 1 << 16; // The largest page size in use, a multiple of all others.
        let (from, to) = (range.start.next_multiple_of(PAGE), range.end.min(self.map.len()) / PAGE * PAGE);
        if from < to {
            // SAFETY: the map belongs to a file and is never written to, so a later load finds the bytes of the file.
            // *Foreign memory* permits that these bytes have changed.
            let _ = unsafe {
                self.map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, from, to - from)
            };
        }
    }

    /// Makes the kernel map all pages at once. Errors are ignored.
    #[cfg(unix)]
    pub(crate) fn populate(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.map.advise(memmap2::Advice::PopulateRead);
    }

    /// Advises the kernel that the file will be read from front to back.
    pub(crate) fn advise_sequential(&self) {
        #[cfg(unix)]
        let _ = self.map.advise(memmap2::Advice::Sequential);
    }
}

/// A promise for files that are read in place.
///
/// Invariant *quiet*: as long as a [`QuietMap`] of a file exists, no process truncates the file, and no process
/// changes the bytes of a committed frame, of the first page, of the trailer, or of a sealed segment. Fusewire's own
/// writers satisfy this invariant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet(());

impl Quiet {
    /// Creates the promise.
    ///
    /// # Safety
    /// The caller promises *quiet* for every file that is mapped with the value.
    pub(crate) unsafe fn promised() -> Self {
        Self(())
    }
}

/// A file mapped for reading in place: it satisfies the invariant *quiet* of [`Quiet`].
pub(crate) struct QuietMap(ReadMap);

impl QuietMap {
    /// Maps all of `file`.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn new(file: &File, _: Quiet) -> io::Result<Self> {
        let map = MmapOptions::new().map_raw_read_only(file)?;
        #[cfg(all(unix, not(loom)))]
        return Ok(Self(ReadMap { guard: None, map }));
        #[cfg(not(all(unix, not(loom))))]
        Ok(Self(ReadMap { map }))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the pointer and the length are those of a map, which lives as long as `self` is borrowed. The
        // creator of `Quiet` promised that the bytes that a reader uses do not change and do not disappear.
        unsafe { std::slice::from_raw_parts(self.0.map.as_ptr(), self.0.map.len()) }
    }

    /// Returns the map for loads of single words, which a live writer may store at the same time.
    pub(crate) fn words(&self) -> &ReadMap {
        &self.0
    }
}

/// A file mapped for writing by one owner.
///
/// Invariant *owner*: the process that maps the file has created it and allocated it to its full length. No process
/// truncates it, and no other process writes to it.
#[cfg(unix)]
pub(crate) struct WriteMap(MmapMut);

#[cfg(unix)]
impl WriteMap {
    /// Maps all of `file`, which the caller has created and allocated with `len` bytes.
    pub(crate) fn new(file: &File, len: usize) -> io::Result<Self> {
        // SAFETY: the invariant *owner*: `SegmentWriter::create` creates the file under a name that did not exist.
        // `create` and `grow` allocate the file before they map it.
        let map = unsafe { MmapOptions::new().len(len).map_mut(file) }?;
        // With this advice a fault reads only its page, as in `Memory::new`. Errors are ignored.
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

    /// Stores a word. A reader that loads it with acquire order observes all earlier stores. Does nothing if `at` is
    /// not a multiple of 8 inside the map.
    #[inline]
    pub(crate) fn store_release(&mut self, at: usize, word: u64) {
        if !at.is_multiple_of(8) || at + 8 > self.0.len() {
            return;
        }
        // SAFETY: `at` is inside the map and, since a map begins at a page, the pointer is aligned to 8. The
        // exclusive borrow makes this the only access from this process, and other processes only load (invariant
        // *owner*).
        let word_in_map = unsafe { AtomicU64::from_ptr(self.0.as_mut_ptr().add(at).cast()) };
        word_in_map.store(word.to_le(), Ordering::Release);
    }

    /// Writes the mapped pages of `range` to disk. Waits until they are on disk.
    pub(crate) fn sync(&self, range: Range<usize>) -> io::Result<()> {
        self.0.flush_range(range.start, range.len())
    }

    /// Touches the pages of `range` for writing, so that later appends cause no page faults. Errors are ignored.
    pub(crate) fn prefault(&self, range: Range<usize>) {
        #[cfg(target_os = "linux")]
        let _ = self.0.advise_range(memmap2::Advice::PopulateWrite, range.start, range.len());
        #[cfg(not(target_os = "linux"))]
        let _ = range;
    }
}
