//! A fixed number of buffers in which threads encode entries.

use std::cell::UnsafeCell;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use memmap2::{MmapMut, MmapRaw};

/// Buffers of one size, each with a value. A page of a buffer becomes resident when it is first touched.
///
/// Invariant *one holder*: buffer `i` consists of the bytes `i * stride .. (i + 1) * stride` of `memory` and the
/// value of `slots[i]`. It belongs to the holder that changed its `busy` flag from false to true, until the flag is
/// false again.
pub(crate) struct Scratches<T> {
    memory: MmapRaw,
    stride: usize,
    slots: Box<[Slot<T>]>,
    /// The number of buffers for general use. One more buffer is kept in reserve.
    common: usize,
}

/// The flag and the value of one buffer. Processors fetch cache lines in pairs, so each slot has two lines.
#[repr(align(128))]
struct Slot<T> {
    busy: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: only the thread that holds the buffer accesses the value (invariant *one holder*). The value moves from one
// holder to the next, which `Send` permits.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Scratches<T> {
    /// Creates `count` buffers (at least one) of at least `len` bytes and one buffer in reserve. `value` creates
    /// their values.
    pub(crate) fn new(count: usize, len: usize, value: impl Fn() -> T) -> io::Result<Self> {
        let stride = len.next_multiple_of(4096);
        let common = count.max(1);
        let total = stride.checked_mul(common + 1).ok_or(io::ErrorKind::InvalidInput)?;
        let memory = MmapMut::map_anon(total)?.into();
        let slot = |_| Slot { busy: AtomicBool::new(false), value: UnsafeCell::new(value()) };
        Ok(Self { memory, stride, slots: (0..=common).map(slot).collect(), common })
    }

    /// Returns the number of buffers, including the buffer in reserve.
    pub(crate) fn count(&self) -> usize {
        self.slots.len()
    }

    /// Takes a buffer: the one at `preferred` (modulo their number) if it is free, else the next free one. If all are
    /// taken, the thread yields until a buffer is free. Returns `None` after `patience`.
    #[inline]
    pub(crate) fn take(
        &self,
        preferred: usize,
        patience: impl FnOnce() -> Duration,
    ) -> Option<Scratch<'_, T>> {
        let preferred = preferred % self.common;
        if !self.slots[preferred].busy.swap(true, Ordering::Acquire) {
            return Some(Scratch { of: self, index: preferred });
        }
        self.take_one(preferred, 0..self.common, patience())
    }

    /// Takes the buffer in reserve, for a thread that already has a buffer. Returns `None` if other threads hold it
    /// for longer than `patience`.
    #[cold]
    pub(crate) fn take_reserve(&self, patience: Duration) -> Option<Scratch<'_, T>> {
        self.take_one(0, self.common..self.slots.len(), patience)
    }

    #[cold]
    fn take_one(&self, preferred: usize, slots: Range<usize>, patience: Duration) -> Option<Scratch<'_, T>> {
        let start = Instant::now();
        let mut pause = Duration::from_micros(100);
        loop {
            for offset in 0..slots.len() {
                let index = slots.start + (preferred + offset) % slots.len();
                if let Some(scratch) = self.try_take(index) {
                    return Some(scratch);
                }
            }
            match start.elapsed() {
                waited if waited >= patience => return None,
                // Most entries are complete in less than this. A thread that needs longer may wait for something.
                waited if waited < Duration::from_millis(1) => std::thread::yield_now(),
                _ => {
                    std::thread::sleep(pause);
                    // If a thousand threads polled without a pause, the threads that hold buffers would get no
                    // processor time.
                    pause = (pause * 2).min(Duration::from_millis(10));
                }
            }
        }
    }

    /// Takes the buffer at `index` if it is free.
    pub(crate) fn try_take(&self, index: usize) -> Option<Scratch<'_, T>> {
        let busy = &self.slots.get(index)?.busy;
        let taken = busy.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        taken.ok().map(|_| Scratch { of: self, index })
    }

    /// Frees every buffer. The value of each buffer that was held is replaced by a new one from `value` and not
    /// dropped. The holder may have been changing it, so its state is unknown.
    ///
    /// # Safety
    /// No thread may hold a buffer. This is true after a fork, because the child has none of its parent's other
    /// threads.
    pub(crate) unsafe fn reset(&self, value: impl Fn() -> T) {
        for slot in &self.slots {
            if slot.busy.load(Ordering::Acquire) {
                // SAFETY: the value is inside a live slot and has no other user: its holder is gone (the caller's
                // promise), and no thread takes a buffer that is not free. The old value is neither read nor dropped.
                unsafe { slot.value.get().write(value()) };
                slot.busy.store(false, Ordering::Release);
            }
        }
    }
}

/// One buffer. The buffer is free again when this is dropped.
pub(crate) struct Scratch<'a, T> {
    of: &'a Scratches<T>,
    index: usize,
}

impl<T> Scratch<'_, T> {
    /// Returns the index of the buffer.
    #[inline(always)]
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Returns the bytes and the value of the buffer.
    #[inline(always)]
    pub(crate) fn parts(&mut self) -> (&mut [u8], &mut T) {
        let start = self.index * self.of.stride;
        // SAFETY: the bytes are inside the memory, which is initialised (anonymous maps are zero) and lives as long
        // as `self` borrows it. No other thread has the bytes or the value (invariant *one holder*), and the
        // exclusive borrow of `self` makes these the only references.
        unsafe {
            let bytes =
                std::slice::from_raw_parts_mut(self.of.memory.as_mut_ptr().add(start), self.of.stride);
            (bytes, &mut *self.of.slots[self.index].value.get())
        }
    }
}

impl<T> Drop for Scratch<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.of.slots[self.index].busy.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_holders_have_the_same_buffer() {
        let scratches = Scratches::new(3, 100, || 0).unwrap();
        let mut held: Vec<_> = (0..3).map(|_| scratches.take(1, || Duration::ZERO).unwrap()).collect();
        let mut indexes: Vec<_> = held.iter().map(Scratch::index).collect();
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2]);
        assert!((0..3).all(|index| scratches.try_take(index).is_none()));
        assert!(scratches.take(1, || Duration::from_millis(2)).is_none());
        assert_eq!(scratches.take_reserve(Duration::ZERO).unwrap().index(), 3);
        for scratch in &mut held {
            let index = u8::try_from(scratch.index()).unwrap();
            let (bytes, value) = scratch.parts();
            assert_eq!(bytes.len(), 4096);
            bytes.fill(index);
            *value = index;
        }
        for scratch in &mut held {
            let index = u8::try_from(scratch.index()).unwrap();
            let (bytes, value) = scratch.parts();
            assert!(bytes.iter().all(|byte| *byte == index) && *value == index);
        }
        let freed = held.remove(0).index();
        assert_eq!(scratches.take(7, || Duration::ZERO).unwrap().index(), freed);
    }

    #[test]
    fn what_nobody_holds_any_more_is_replaced_and_not_dropped() {
        let count = std::sync::Arc::new(());
        let scratches = Scratches::new(2, 8, || std::sync::Arc::clone(&count)).unwrap();
        std::mem::forget(scratches.take(0, || Duration::ZERO));
        // SAFETY: the only holder no longer exists.
        unsafe { scratches.reset(|| std::sync::Arc::clone(&count)) };
        // One reference is `count` itself, three are in the values, and one is in the value that was not dropped.
        assert_eq!(std::sync::Arc::strong_count(&count), 5);
        assert!(scratches.try_take(0).is_some() && scratches.try_take(1).is_some());
    }

    #[test]
    fn more_threads_than_buffers_take_turns() {
        let scratches = Scratches::new(2, 8, || ()).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8_u8 {
                let scratches = &scratches;
                scope.spawn(move || {
                    for _ in 0..2_000 {
                        let mut scratch = scratches.take(usize::from(thread), || Duration::MAX).unwrap();
                        let (bytes, ()) = scratch.parts();
                        bytes[..64].fill(thread);
                        assert!(bytes[..64].iter().all(|byte| *byte == thread));
                    }
                });
            }
        });
    }
}
