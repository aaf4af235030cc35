//! A caller's buffer, initialised or not, filled from two ends of a gap.

use core::mem::MaybeUninit;

use bytes::BufMut;

/// Bytes that grow in two places at once: the *head* from the front, the *tail* behind a gap. When both are done the
/// gap is closed and the buffer is one run of initialised bytes.
///
/// What does not fit is counted instead of written, so that a buffer too small still tells how large it should be.
pub(crate) struct GapBuffer<'b> {
    /// Invariant *no uninit*: only initialised bytes are ever stored here, so that a buffer that came from
    /// `&mut [u8]` stays one.
    bytes: &'b mut [MaybeUninit<u8>],
    /// Invariant *bounds*: `head <= tail_start` and `tail_start + tail_len <= end <= bytes.len()`, while `end > 0`.
    ///
    /// Invariant *head*: while `end > 0`, `bytes[..head]` is initialised but for the first
    /// `front` bytes, which `finish` writes.
    head: usize,
    /// Bytes at the front that are written last.
    front: usize,
    /// Invariant *tail*: while `end > 0`, `bytes[tail_start..tail_start + tail_len]` is initialised.
    tail_start: usize,
    tail_len: usize,
    /// `bytes.len()`, or 0 once something did not fit: from then on everything is only counted.
    end: usize,
    /// One past the highest byte ever written.
    touched: usize,
}

impl<'b> GapBuffer<'b> {
    /// A buffer whose first `front` bytes are written last, with room for `gap` bytes of head before the tail.
    #[inline(always)]
    pub(crate) fn new(bytes: &'b mut [u8], front: usize, gap: usize) -> Self {
        let len = bytes.len();
        // SAFETY: the pointer and the length are those of a slice we hold exclusively for 'b; `MaybeUninit<u8>` has
        // the layout of `u8`; and by the invariant *no uninit* the caller finds initialised bytes afterwards.
        let bytes = unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) };
        Self::new_uninit(bytes, front, gap)
    }

    /// The same over memory that need not be initialised.
    #[inline(always)]
    pub(crate) fn new_uninit(bytes: &'b mut [MaybeUninit<u8>], front: usize, gap: usize) -> Self {
        let len = bytes.len();
        let (tail_start, end) = match len.checked_sub(front) {
            Some(room) => (front + gap.min(room / 2), len),
            None => (0, 0),
        };
        Self { bytes, head: front, front, tail_start, tail_len: 0, end, touched: 0 }
    }

    /// Bytes of the head, the front included.
    #[inline(always)]
    pub(crate) fn head_len(&self) -> usize {
        self.head
    }

    /// Bytes of the tail.
    #[inline(always)]
    pub(crate) fn tail_len(&self) -> usize {
        self.tail_len
    }

    /// Bytes of the whole buffer.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Appends to the head, and two strings to the tail.
    #[inline(always)]
    pub(crate) fn push<const N: usize>(&mut self, head: [u8; N], first: &[u8], second: &[u8]) {
        if !self.has_room(N, first.len() + second.len()) && !self.make_room(N, first.len() + second.len()) {
            self.head += N;
            self.tail_len += first.len() + second.len();
            return;
        }
        // SAFETY: there is room for `N` bytes between `head` and `tail_start` and for both strings between the tail's
        // end and `end`; by the invariant *bounds* these places are inside the buffer.
        unsafe {
            let base = self.bytes.as_mut_ptr().cast::<u8>();
            let tail = base.add(self.tail_start + self.tail_len);
            base.add(self.head).cast::<[u8; N]>().write_unaligned(head);
            store(tail, first);
            store(tail.add(first.len()), second);
        }
        self.head += N;
        self.tail_len += first.len() + second.len();
    }

    /// Whether `head` more bytes fit the gap and `tail` more bytes fit behind the tail.
    #[inline(always)]
    fn has_room(&self, head: usize, tail: usize) -> bool {
        self.head + head <= self.tail_start && self.tail_start + self.tail_len + tail <= self.end
    }

    /// Appends to the tail.
    #[inline(always)]
    pub(crate) fn push_tail(&mut self, bytes: &[u8]) {
        self.push([], bytes, &[]);
    }

    /// Appends a FlatBuffers string to the tail: zeros up to a multiple of 4, its length, its bytes, NUL. Returns where
    /// in the tail it begins.
    #[inline(always)]
    pub(crate) fn push_string(&mut self, text: &[u8], len: u32) -> usize {
        let padding = self.tail_len.wrapping_neg() % 4;
        let at = self.tail_len + padding;
        let added = padding + 4 + text.len() + 1;
        if self.has_room(0, added) || self.make_room(0, added) {
            // SAFETY: `added` bytes from the tail's end on, at least five, are inside the buffer by the invariant *bounds*,
            // and all of them are written: padding (and what the length overwrites), length, text, NUL.
            unsafe {
                let tail = self.bytes.as_mut_ptr().cast::<u8>().add(self.tail_start + self.tail_len);
                tail.cast::<[u8; 4]>().write_unaligned([0; 4]);
                tail.add(padding).cast::<[u8; 4]>().write_unaligned(len.to_le_bytes());
                store(tail.add(padding + 4), text);
                tail.add(added - 1).write(0);
            }
        }
        self.tail_len += added;
        at
    }

    /// Overwrites bytes of the head that were pushed before; nothing where they were only counted.
    #[inline]
    pub(crate) fn patch_head(&mut self, at: usize, bytes: &[u8]) {
        if self.end > 0 && at >= self.front && at + bytes.len() <= self.head {
            self.bytes[at..at + bytes.len()].write_copy_of_slice(bytes);
        }
    }

    /// A byte of the head that was pushed before; `None` where it was only counted.
    #[cfg(feature = "json")]
    pub(crate) fn head_byte(&self, at: usize) -> Option<u8> {
        if self.end == 0 || at < self.front || at >= self.head {
            return None;
        }
        // SAFETY: by the invariant *head*, bytes from `front` to `head` are initialised while `end > 0`.
        self.bytes.get(at).map(|byte| unsafe { byte.assume_init() })
    }

    /// Overwrites bytes of the tail that were pushed before; nothing where they were only counted.
    pub(crate) fn patch_tail(&mut self, at: usize, bytes: &[u8]) {
        if self.end > 0 && at + bytes.len() <= self.tail_len {
            let at = self.tail_start + at;
            self.bytes[at..at + bytes.len()].write_copy_of_slice(bytes);
        }
    }

    /// Moves the tail so that `head` more bytes fit before it and `tail` more behind it, and shares what room is
    /// left between the two: the number of moves is logarithmic in the room. Where there is not enough, `false`, and
    /// from then on everything is only counted.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, head: usize, tail: usize) -> bool {
        let used = self.head + self.tail_len;
        let Some(slack) = self.end.checked_sub(used + head + tail) else {
            self.end = 0;
            self.tail_start = 0;
            return false;
        };
        self.move_tail(self.head + head + (slack / 2).min(self.head));
        true
    }

    /// Makes the gap just large enough for `gap` more bytes of head, while nothing is in the tail yet.
    pub(crate) fn set_gap(&mut self, gap: usize) {
        if self.tail_len == 0 && self.end > 0 {
            self.tail_start = self.head + gap.min((self.end - self.head) / 2);
        }
    }

    fn move_tail(&mut self, to: usize) {
        self.touched = self.touched.max(self.tail_start + self.tail_len);
        self.bytes.copy_within(self.tail_start..self.tail_start + self.tail_len, to);
        self.tail_start = to;
    }

    /// Closes the gap and writes the front.
    ///
    /// # Errors
    /// The number of bytes needed, where the buffer has fewer.
    #[inline(always)]
    pub(crate) fn finish<const N: usize>(mut self, front: &[u8; N]) -> Result<Filled<'b>, usize> {
        let len = self.head + self.tail_len;
        if self.end == 0 || N != self.front {
            return Err(len);
        }
        if self.tail_start == self.head {
            self.touched = self.touched.max(len);
        } else {
            self.move_tail(self.head);
        }
        self.bytes[..N].write_copy_of_slice(front);
        let touched = self.touched;
        Ok(Filled { bytes: self.into_initialised(len), touched })
    }

    fn into_initialised(self, len: usize) -> &'b mut [u8] {
        debug_assert!(self.tail_start == self.head && len == self.head + self.tail_len);
        let bytes = &mut self.bytes[..len];
        // SAFETY: by the invariants *head* and *tail* with the gap closed (`tail_start == head`) and the front
        // written, all of `bytes[..head + tail_len]` is initialised; it is ours exclusively for 'b.
        unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) }
    }
}

/// Copies `src` to `dst`. Short strings of unknown length are the usual case, and calling `memcpy` costs more than
/// copying them: two overlapping words do.
///
/// # Safety
/// `dst` is valid for writes of `src.len()` bytes and does not overlap `src`.
#[inline(always)]
unsafe fn store(dst: *mut u8, src: &[u8]) {
    let (from, len) = (src.as_ptr(), src.len());
    // SAFETY: each word begins at or after the first byte and ends at or before the last one of both, by the length
    // that its branch has checked; the rest is the caller's promise.
    unsafe {
        match len {
            0 => {}
            1..4 => {
                dst.write(*from);
                dst.add(len / 2).write(*from.add(len / 2));
                dst.add(len - 1).write(*from.add(len - 1));
            }
            4..8 => ends::<4>(dst, from, len),
            8..16 => ends::<8>(dst, from, len),
            16..32 => ends::<16>(dst, from, len),
            32..=64 => ends::<32>(dst, from, len),
            _ => core::ptr::copy_nonoverlapping(from, dst, len),
        }
    }
}

/// Copies the first and the last `N` of `len` bytes.
///
/// # Safety
/// `len >= N`; `from` is valid for reads and `dst` for writes of `len` bytes; they do not overlap.
#[inline(always)]
unsafe fn ends<const N: usize>(dst: *mut u8, from: *const u8, len: usize) {
    // SAFETY: by the caller's promise both words are inside both.
    unsafe {
        let first = from.cast::<[u8; N]>().read_unaligned();
        let last = from.add(len - N).cast::<[u8; N]>().read_unaligned();
        dst.cast::<[u8; N]>().write_unaligned(first);
        dst.add(len - N).cast::<[u8; N]>().write_unaligned(last);
    }
}

/// A closed [`GapBuffer`]: initialised bytes from the buffer's first one on.
pub(crate) struct Filled<'b> {
    /// Invariant *filled*: made by [`GapBuffer::finish`] only.
    bytes: &'b mut [u8],
    touched: usize,
}

impl<'b> Filled<'b> {
    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// The bytes.
    pub(crate) fn into_bytes(self) -> &'b mut [u8] {
        self.bytes
    }

    /// How many bytes of the buffer may have been written to; at least the length.
    pub(crate) fn touched(&self) -> usize {
        self.touched
    }
}

/// Lets `fill` write into the spare room that `buf` has at hand, and advances `buf` by what it filled.
pub(crate) fn fill_spare<B: BufMut, T, E>(
    buf: &mut B,
    fill: impl for<'s> FnOnce(&'s mut [MaybeUninit<u8>]) -> Result<(Filled<'s>, T), E>,
) -> Result<(usize, T), E> {
    // SAFETY: the slice goes to `fill` alone, whose only way to a `Filled` is a `GapBuffer`; by its invariant
    // *no uninit* the chunk's bytes stay initialised where they were.
    let spare = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
    let start = spare.as_ptr().cast::<u8>();
    let (filled, result) = fill(spare)?;
    let len = if core::ptr::eq(filled.bytes.as_ptr(), start) { filled.bytes.len() } else { 0 };
    // SAFETY: by the invariant *filled*, `len` bytes from the chunk's first one on are initialised and inside it.
    unsafe { buf.advance_mut(len) };
    Ok((len, result))
}
