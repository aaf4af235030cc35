//! A fixed number of buffers that many threads build entries in.

use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

use memmap2::{MmapMut, MmapRaw};

/// Buffers of one size in memory that becomes resident only where it is touched.
///
/// Invariant *one holder*: buffer `i` is the bytes `i * stride .. (i + 1) * stride` of `memory`, and belongs to whoever
/// changed `busy[i]` from false to true, until it is false again.
pub(crate) struct Scratches {
    memory: MmapRaw,
    stride: usize,
    busy: Box<[Flag]>,
}

/// On two cache lines of its own: processors fetch them in pairs.
#[repr(align(128))]
struct Flag(AtomicBool);

impl Scratches {
    /// `count` buffers of at least `len` bytes, at least one.
    pub(crate) fn new(count: usize, len: usize) -> io::Result<Self> {
        let stride = len.next_multiple_of(4096);
        let total = stride.checked_mul(count.max(1)).ok_or(io::ErrorKind::InvalidInput)?;
        let memory = MmapMut::map_anon(total)?.into();
        let busy = (0..count.max(1)).map(|_| Flag(AtomicBool::new(false))).collect();
        Ok(Self { memory, stride, busy })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.busy.len()
    }

    /// A buffer: the one at `preferred` (modulo their number) where nobody has it, else the next free one. Where all are
    /// taken, the calling thread gives way until one is not.
    #[inline]
    pub(crate) fn take(&self, preferred: usize) -> Scratch<'_> {
        let preferred = preferred % self.busy.len();
        if !self.busy[preferred].0.swap(true, Ordering::Acquire) {
            return Scratch { of: self, index: preferred };
        }
        self.take_another(preferred)
    }

    #[cold]
    fn take_another(&self, preferred: usize) -> Scratch<'_> {
        let free =
            |flag: &Flag| flag.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
        loop {
            for offset in 0..self.busy.len() {
                let index = (preferred + offset) % self.busy.len();
                if free(&self.busy[index]) {
                    return Scratch { of: self, index };
                }
            }
            std::thread::yield_now();
        }
    }

    /// Makes every buffer free.
    ///
    /// # Safety
    /// No thread may hold one: as after a fork, whose child has none of its parent's other threads.
    pub(crate) unsafe fn reset(&self) {
        for flag in &self.busy {
            flag.0.store(false, Ordering::Release);
        }
    }
}

/// One buffer, for as long as this lives.
pub(crate) struct Scratch<'a> {
    of: &'a Scratches,
    index: usize,
}

impl Scratch<'_> {
    /// Which one it is.
    #[inline(always)]
    pub(crate) fn index(&self) -> usize {
        self.index
    }
}

impl Deref for Scratch<'_> {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        let start = self.index * self.of.stride;
        // SAFETY: the bytes are inside the memory, which is initialised (anonymous maps are zero) and lives as long as
        // `self` borrows it, and nobody else has them (invariant *one holder*).
        unsafe { std::slice::from_raw_parts(self.of.memory.as_ptr().add(start), self.of.stride) }
    }
}

impl DerefMut for Scratch<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        let start = self.index * self.of.stride;
        // SAFETY: as for `deref`; the exclusive borrow of `self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.of.memory.as_mut_ptr().add(start), self.of.stride) }
    }
}

impl Drop for Scratch<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.of.busy[self.index].0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_holders_have_the_same_buffer() {
        let scratches = Scratches::new(3, 100).unwrap();
        let mut held: Vec<_> = (0..3).map(|_| scratches.take(1)).collect();
        let mut indexes: Vec<_> = held.iter().map(Scratch::index).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2]);
        for scratch in &mut held {
            assert_eq!(scratch.len(), 4096);
            let index = u8::try_from(scratch.index()).unwrap();
            scratch.fill(index);
        }
        assert!(held.iter().all(|scratch| scratch.iter().all(|byte| usize::from(*byte) == scratch.index())));
        held.remove(0);
        assert!(!indexes.is_empty() && scratches.take(7).index() < 3);
    }

    #[test]
    fn more_threads_than_buffers_take_turns() {
        let scratches = Scratches::new(2, 8).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                let scratches = &scratches;
                scope.spawn(move || {
                    for _ in 0..2_000 {
                        let mut scratch = scratches.take(usize::from(thread));
                        scratch[..64].fill(thread);
                        assert!(scratch[..64].iter().all(|byte| *byte == thread));
                    }
                });
            }
        });
    }
}
