//! The bytes of a segment, to which many threads append at the same time without a lock.

#[cfg(loom)]
use loom::sync::atomic::Ordering;
#[cfg(not(loom))]
use std::sync::atomic::Ordering;

use super::memory::Memory;
use crate::failpoint;
use crate::format::frame;
use crate::format::segment as layout;

/// Space for successive frames, from `start`.
///
/// Invariant *claimed*: the words at which frames begin are exactly those that are reached from `start` by the
/// lengths in these words. A thread that has changed such a word from 0 to an intent owns the frame's other bytes
/// until it stores the commit word. From then on no thread writes to them. Therefore no byte ever has two writers,
/// nor a writer and a reader, at the same time.
pub(crate) struct SharedMap {
    memory: Memory,
    /// The offset of the tail word, which contains the offset of the next frame.
    tail_at: usize,
    /// The offset after the last byte that can belong to a frame.
    end: usize,
    /// The offset after the last byte that [`claim`](Self::claim) claims.
    limit: usize,
}

/// The reason why no space was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoClaim {
    /// The remaining space is too small.
    Full,
    /// The segment is closed.
    Closed,
}

/// The bytes of one frame, and the right to write them.
pub(crate) struct Claim<'a> {
    map: &'a SharedMap,
    at: usize,
    len: usize,
}

impl SharedMap {
    /// Creates space for frames from `start` to `end`, and sets the tail word.
    pub(crate) fn new(memory: Memory, tail_at: usize, start: usize, end: usize) -> Self {
        let end = end.min(memory.len());
        let map = Self { memory, tail_at, end, limit: end };
        map.store(tail_at, layout::tail_word(start));
        map
    }

    /// Reserves the last `len` bytes before the end for [`claim_reserved`](Self::claim_reserved).
    #[cfg(not(loom))]
    pub(crate) fn reserve(&mut self, len: usize) {
        self.limit = self.end.saturating_sub(len);
    }

    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// Returns the offset after the last byte that [`claim`](Self::claim) claims.
    #[cfg(not(loom))]
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Loads the word at `at`, or 0 if it is outside. Everything that was stored before the word is visible from then
    /// on.
    #[inline(always)]
    pub(crate) fn load(&self, at: usize) -> u64 {
        self.memory.word(at).map_or(0, |word| u64::from_le(word.load(Ordering::Acquire)))
    }

    /// Stores a word. A thread that loads it observes all earlier stores.
    #[inline(always)]
    pub(crate) fn store(&self, at: usize, word: u64) {
        if let Some(place) = self.memory.word(at) {
            place.store(word.to_le(), Ordering::Release);
        }
    }

    /// Returns the offset of the next frame, or an offset a few frames before it.
    #[inline(always)]
    pub(crate) fn tail(&self) -> usize {
        layout::tail_offset(self.load(self.tail_at)).unwrap_or(self.end)
    }

    /// Claims space for a frame with `payload` bytes before the reserved bytes.
    ///
    /// The word of the frame itself, and not the tail, determines its owner: a process may be killed between any two
    /// instructions, and claimed space always contains its length.
    #[inline]
    pub(crate) fn claim(&self, payload: usize) -> Result<Claim<'_>, NoClaim> {
        self.claim_before(self.limit, payload)
    }

    /// Claims space for a frame with `payload` bytes, also in the reserved bytes.
    #[cfg(not(loom))]
    pub(crate) fn claim_reserved(&self, payload: usize) -> Result<Claim<'_>, NoClaim> {
        self.claim_before(self.end, payload)
    }

    #[inline(always)]
    fn claim_before(&self, end: usize, payload: usize) -> Result<Claim<'_>, NoClaim> {
        let len = frame::frame_len(payload);
        let at = self.take(len, end, frame::intent_word(payload))?;
        failpoint::hit("intent");
        self.advance(at + len);
        Ok(Claim { map: self, at, len })
    }

    /// Closes the segment: later claims fail. Returns the end of the frames.
    pub(crate) fn close(&self, salt: u32) -> usize {
        loop {
            // The word depends on its offset, and the offset is known only after the walk.
            let at = self.walk(self.tail()).0;
            if at >= self.end {
                return self.end;
            }
            let closed = frame::closed_word(frame::tag(salt, at));
            match self.swap_zero(at, closed) {
                Ok(()) => return at,
                Err(found) if frame::is_closed(found) => return at,
                Err(_) => {}
            }
        }
    }

    /// Claims the space after the end, which no frame can have, for the trailer. Returns `None` if it was claimed
    /// before.
    pub(crate) fn claim_trailer(&self) -> Option<Claim<'_>> {
        let payload = layout::TRAILER_LEN - frame::HEADER_LEN;
        self.swap_zero(self.end, frame::intent_word(payload)).ok()?;
        Some(Claim { map: self, at: self.end, len: layout::TRAILER_LEN })
    }

    /// Walks over all frames, complete or not, from `at`. Returns the offset after them, and the word there.
    fn walk(&self, mut at: usize) -> (usize, u64) {
        while at < self.end {
            let word = self.load(at);
            if word == 0 || frame::is_closed(word) {
                return (at, word);
            }
            at += frame::frame_len(frame::payload_len(word));
        }
        (at, 0)
    }

    #[inline]
    fn take(&self, len: usize, end: usize, intent: u64) -> Result<usize, NoClaim> {
        let mut at = self.tail();
        loop {
            if at.saturating_add(len) > end {
                return Err(NoClaim::Full);
            }
            failpoint::hit("reserve");
            match self.swap_zero(at, intent) {
                Ok(()) => return Ok(at),
                Err(found) if frame::is_closed(found) => return Err(NoClaim::Closed),
                Err(found) => at += frame::frame_len(frame::payload_len(found)),
            }
        }
    }

    #[inline(always)]
    fn swap_zero(&self, at: usize, word: u64) -> Result<(), u64> {
        let Some(place) = self.memory.word(at) else { return Err(0) };
        match place.compare_exchange(0, word.to_le(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(found) => Err(u64::from_le(found)),
        }
    }

    /// Moves the tail forward to `to`, and never back.
    #[inline(always)]
    fn advance(&self, to: usize) {
        let Some(place) = self.memory.word(self.tail_at) else { return };
        let mut found = place.load(Ordering::Relaxed);
        while layout::tail_offset(u64::from_le(found)).is_some_and(|tail| tail < to) {
            let word = layout::tail_word(to).to_le();
            match place.compare_exchange(found, word, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(other) => found = other,
            }
        }
    }

    /// Returns the commit word at `at`, and the bytes of the frame if it is complete.
    #[cfg(not(loom))]
    pub(crate) fn frame(&self, at: usize) -> (u64, &[u8]) {
        let word = self.load(at);
        if at >= self.end || !frame::is_committed(word) {
            return (word, &[]);
        }
        let end = (at + frame::frame_len(frame::payload_len(word))).min(self.end);
        // SAFETY: the word has been loaded with acquire order and belongs to a complete frame, and no thread writes
        // to such a frame (invariant *claimed*).
        (word, unsafe { self.memory.bytes(at + frame::TAG..end) })
    }
}

impl Claim<'_> {
    /// Returns the offset of the frame.
    #[inline(always)]
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Writes `covered`, which is the whole frame after the commit word, and then the commit word, which publishes
    /// the frame. Returns the offset after the frame. Returns `None` if a page of the file was replaced before: the
    /// frame may be in this page, and stays an incomplete append.
    #[inline(always)]
    pub(crate) fn commit(self, covered: &[u8], word: u64) -> Option<usize> {
        let covered = &covered[..covered.len().min(self.len - frame::TAG)];
        let at = self.at + frame::TAG;
        if cfg!(debug_assertions) {
            let (head, rest) = covered.split_at(covered.len() / 16 * 8);
            // SAFETY: as below.
            unsafe { self.map.memory.copy_in(at, head) };
            failpoint::hit("copy");
            // SAFETY: as below.
            unsafe { self.map.memory.copy_in(at + head.len(), rest) };
        } else {
            // SAFETY: this thread has claimed the bytes and has not committed them (invariant *claimed*; `covered` is
            // not longer than the claim).
            unsafe { self.map.memory.copy_in(at, covered) };
        }
        // The check must follow the copy. The processor keeps the order: a store to a page that was replaced faults, or
        // waits for the interrupt that removes the old page from the processor.
        core::sync::atomic::compiler_fence(Ordering::SeqCst);
        if self.map.memory.is_hit() {
            return None;
        }
        self.map.store(self.at, word);
        failpoint::hit("commit");
        Some(self.at + self.len)
    }
}
