//! A buffer of the caller, initialised or not, that is filled at both sides of a gap.

use core::mem::MaybeUninit;

use bytes::BufMut;

/// A buffer that grows at two places: the *head* from the front, and the *tail* after a gap. When both are complete,
/// the gap is closed, and the buffer is one run of initialised bytes.
///
/// Bytes that do not fit are counted instead of written, so that the error for a small buffer contains the necessary
/// size.
pub(crate) struct GapBuffer<'b> {
    /// Invariant *no uninit*: only initialised bytes are ever stored here, so a buffer that came from `&mut [u8]`
    /// stays initialised.
    bytes: &'b mut [MaybeUninit<u8>],
    /// Invariant *bounds*: `head <= tail_start` and `tail_start + tail_len <= end <= bytes.len()`, while `end > 0`.
    ///
    /// Invariant *head*: while `end > 0`, `bytes[..head]` is initialised except for the first `front` bytes, which
    /// `finish` writes.
    head: usize,
    /// The number of bytes at the front that are written last.
    front: usize,
    /// Invariant *tail*: while `end > 0`, `bytes[tail_start..tail_start + tail_len]` is initialised.
    tail_start: usize,
    tail_len: usize,
    /// `bytes.len()`, or 0 after something did not fit. From then on everything is only counted.
    end: usize,
    /// The offset after the highest byte ever written.
    touched: usize,
}

impl<'b> GapBuffer<'b> {
    /// Creates a buffer whose first `front` bytes are written last, with space for `gap` bytes of head before the
    /// tail.
    #[inline(always)]
    pub(crate) fn new(bytes: &'b mut [u8], front: usize, gap: usize) -> Self {
        let len = bytes.len();
        // SAFETY: the pointer and the length are those of a slice that this value borrows exclusively for 'b;
        // `MaybeUninit<u8>` has the layout of `u8`; and by the invariant *no uninit* the bytes of the caller stay
        // initialised.
        let bytes = unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) };
        Self::new_uninit(bytes, front, gap)
    }

    /// Creates a buffer as [`new`](Self::new) does, over memory that may be uninitialised.
    #[inline(always)]
    pub(crate) fn new_uninit(bytes: &'b mut [MaybeUninit<u8>], front: usize, gap: usize) -> Self {
        let len = bytes.len();
        let (tail_start, end) = match len.checked_sub(front) {
            Some(room) => (front + gap.min(room / 2), len),
            None => (0, 0),
        };
        Self { bytes, head: front, front, tail_start, tail_len: 0, end, touched: 0 }
    }

    /// Returns the number of bytes of the head, including the front.
    #[inline(always)]
    pub(crate) fn head_len(&self) -> usize {
        self.head
    }

    /// Returns the number of bytes of the tail.
    #[inline(always)]
    pub(crate) fn tail_len(&self) -> usize {
        self.tail_len
    }

    /// Returns the number of bytes of the whole buffer.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Appends bytes to the head, and two strings to the tail.
    #[inline(always)]
    pub(crate) fn push<const N: usize>(&mut self, head: [u8; N], first: &[u8], second: &[u8]) {
        if !self.has_room(N, first.len() + second.len()) && !self.make_room(N, first.len() + second.len()) {
            self.head += N;
            self.tail_len += first.len() + second.len();
            return;
        }
        // SAFETY: there is space for `N` bytes between `head` and `tail_start`, and for both strings between the
        // tail's end and `end`. By the invariant *bounds* these places are inside the buffer.
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

    /// Returns whether `head` more bytes fit into the gap and `tail` more bytes fit after the tail.
    #[inline(always)]
    fn has_room(&self, head: usize, tail: usize) -> bool {
        self.head + head <= self.tail_start && self.tail_start + self.tail_len + tail <= self.end
    }

    /// Appends bytes to the tail.
    #[inline(always)]
    pub(crate) fn push_tail(&mut self, bytes: &[u8]) {
        self.push([], bytes, &[]);
    }

    /// Appends a FlatBuffers string to the tail: zeros up to a multiple of 4, the length, the bytes, NUL. Returns the
    /// offset of the string in the tail.
    #[inline(always)]
    pub(crate) fn push_string(&mut self, text: &[u8], len: u32) -> usize {
        let padding = self.tail_len.wrapping_neg() % 4;
        let at = self.tail_len + padding;
        let added = padding + 4 + text.len() + 1;
        if self.has_room(0, added) || self.make_room(0, added) {
            // SAFETY: `added` bytes from the tail's end are inside the buffer by the invariant *bounds*, and `added`
            // is at least five. All of these bytes are written: the padding (partly overwritten by the length), the
            // length, the text and NUL.
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

    /// Overwrites bytes of the head that were pushed before. Does nothing if they were only counted.
    #[inline]
    pub(crate) fn patch_head(&mut self, at: usize, bytes: &[u8]) {
        if self.end > 0 && at >= self.front && at + bytes.len() <= self.head {
            self.bytes[at..at + bytes.len()].write_copy_of_slice(bytes);
        }
    }

    /// Returns a byte of the head that was pushed before, or `None` if it was only counted.
    #[cfg(feature = "json")]
    pub(crate) fn head_byte(&self, at: usize) -> Option<u8> {
        if self.end == 0 || at < self.front || at >= self.head {
            return None;
        }
        // SAFETY: by the invariant *head*, the bytes from `front` to `head` are initialised while `end > 0`.
        self.bytes.get(at).map(|byte| unsafe { byte.assume_init() })
    }

    /// Overwrites bytes of the tail that were pushed before. Does nothing if they were only counted.
    pub(crate) fn patch_tail(&mut self, at: usize, bytes: &[u8]) {
        if self.end > 0 && at + bytes.len() <= self.tail_len {
            let at = self.tail_start + at;
            self.bytes[at..at + bytes.len()].write_copy_of_slice(bytes);
        }
    }

    /// Moves the tail so that `head` more bytes fit before it and `tail` more bytes after it, and distributes the
    /// remaining space over both places. Therefore the number of moves is logarithmic in the space. Returns `false` if
    /// there is not enough space; from then on everything is only counted.
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

    /// Sets the gap to the size for `gap` more bytes of head. Does nothing if the tail is not empty.
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
    /// The number of necessary bytes, if the buffer is smaller.
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
        // SAFETY: the gap is closed (`tail_start == head`) and the front is written, so by the invariants *head* and
        // *tail* all of `bytes[..head + tail_len]` is initialised. This value borrows it exclusively for 'b.
        unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) }
    }
}

/// Copies `src` to `dst`. Most strings are short and have no constant length. Two overlapping words copy such a
/// string faster than a call of `memcpy`.
///
/// # Safety
/// `dst` is valid for writes of `src.len()` bytes and does not overlap `src`.
#[inline(always)]
unsafe fn store(dst: *mut u8, src: &[u8]) {
    let (from, len) = (src.as_ptr(), src.len());
    // SAFETY: each word begins at or after the first byte and ends at or before the last byte of both ranges, by the
    // length that its branch has checked. The caller guarantees the rest.
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
    // SAFETY: by the caller's promise both words are inside both ranges.
    unsafe {
        let first = from.cast::<[u8; N]>().read_unaligned();
        let last = from.add(len - N).cast::<[u8; N]>().read_unaligned();
        dst.cast::<[u8; N]>().write_unaligned(first);
        dst.add(len - N).cast::<[u8; N]>().write_unaligned(last);
    }
}

/// A closed [`GapBuffer`]: initialised bytes from the first byte of the buffer.
pub(crate) struct Filled<'b> {
    /// Invariant *filled*: only [`GapBuffer::finish`] creates this value.
    bytes: &'b mut [u8],
    touched: usize,
}

impl<'b> Filled<'b> {
    /// Returns the bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    /// Returns the bytes with the lifetime of the buffer.
    pub(crate) fn into_bytes(self) -> &'b mut [u8] {
        self.bytes
    }

    /// Returns the number of bytes of the buffer that may have been written to. It is at least the length.
    pub(crate) fn touched(&self) -> usize {
        self.touched
    }
}

/// Calls `fill` with the spare capacity of `buf`, and advances `buf` by the filled bytes.
pub(crate) fn fill_spare<B: BufMut, T, E>(
    buf: &mut B,
    fill: impl for<'s> FnOnce(&'s mut [MaybeUninit<u8>]) -> Result<(Filled<'s>, T), E>,
) -> Result<(usize, T), E> {
    // SAFETY: only `fill` gets the slice, and it can create a `Filled` only with a `GapBuffer`. By the invariant *no
    // uninit* of the `GapBuffer`, initialised bytes of the chunk stay initialised.
    let spare = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
    let start = spare.as_ptr().cast::<u8>();
    let (filled, result) = fill(spare)?;
    let len = if core::ptr::eq(filled.bytes.as_ptr(), start) { filled.bytes.len() } else { 0 };
    // SAFETY: by the invariant *filled*, `len` bytes from the first byte of the chunk are initialised and inside the
    // chunk.
    unsafe { buf.advance_mut(len) };
    Ok((len, result))
}
