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
    /// Invariant *head*: while `end > 0`, `bytes[..head]` is initialised once [`write_front`](Self::write_front) has
    /// filled the first `front` bytes; `head <= tail_start`.
    head: usize,
    /// Bytes at the front that are written last.
    front: usize,
    /// Invariant *tail*: while `end > 0`, `bytes[tail_start..tail_start + tail_len]` is initialised and in bounds.
    tail_start: usize,
    tail_len: usize,
    /// `bytes.len()`, or 0 once something did not fit: from then on everything is only counted.
    end: usize,
    /// One past the highest byte ever written.
    touched: usize,
}

impl<'b> GapBuffer<'b> {
    /// A buffer whose first `front` bytes are written last, with room for `gap` bytes of head before the tail.
    pub(crate) fn new(bytes: &'b mut [u8], front: usize, gap: usize) -> Self {
        let len = bytes.len();
        // SAFETY: the pointer and the length are those of a slice we hold exclusively for 'b; `MaybeUninit<u8>` has
        // the layout of `u8`; and by the invariant *no uninit* the caller finds initialised bytes afterwards.
        let bytes = unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) };
        Self::new_uninit(bytes, front, gap)
    }

    /// The same over memory that need not be initialised.
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
        let tail_end = self.tail_start + self.tail_len;
        let added = first.len() + second.len();
        if self.head + N > self.tail_start || added > self.end.saturating_sub(tail_end) {
            self.push_slow(head, first, second);
            return;
        }
        store(&mut self.bytes[self.head..self.head + N], &head);
        store(&mut self.bytes[tail_end..tail_end + first.len()], first);
        store(&mut self.bytes[tail_end + first.len()..tail_end + added], second);
        self.head += N;
        self.tail_len += added;
    }

    #[cold]
    #[inline(never)]
    fn push_slow<const N: usize>(&mut self, head: [u8; N], first: &[u8], second: &[u8]) {
        let added = first.len() + second.len();
        if self.make_room(N, added) {
            let tail_end = self.tail_start + self.tail_len;
            store(&mut self.bytes[self.head..self.head + N], &head);
            store(&mut self.bytes[tail_end..tail_end + first.len()], first);
            store(&mut self.bytes[tail_end + first.len()..tail_end + added], second);
        }
        self.head += N;
        self.tail_len += added;
    }

    /// Appends to the tail.
    #[inline]
    pub(crate) fn push_tail(&mut self, bytes: &[u8]) {
        self.push([], bytes, &[]);
    }

    /// Overwrites bytes of the head that were pushed before; nothing where they were only counted.
    #[inline]
    pub(crate) fn patch_head(&mut self, at: usize, bytes: &[u8]) {
        if self.end > 0 && at >= self.front && at + bytes.len() <= self.head {
            store(&mut self.bytes[at..at + bytes.len()], bytes);
        }
    }

    /// Overwrites bytes of the tail that were pushed before; nothing where they were only counted.
    pub(crate) fn patch_tail(&mut self, at: usize, bytes: &[u8]) {
        if self.end > 0 && at + bytes.len() <= self.tail_len {
            let at = self.tail_start + at;
            store(&mut self.bytes[at..at + bytes.len()], bytes);
        }
    }

    /// Moves the tail so that `head` more bytes fit before it and `tail` more behind it, and shares what room is
    /// left between the two: the number of moves is logarithmic in the room. `false` where there is not enough.
    fn make_room(&mut self, head: usize, tail: usize) -> bool {
        let used = self.head + self.tail_len;
        let Some(slack) = self.end.checked_sub(used + head + tail) else {
            self.end = 0;
            self.tail_start = 0;
            return false;
        };
        let to = self.head + head + (slack / 2).min(self.head);
        self.move_tail(to);
        true
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
    #[inline]
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
        store(&mut self.bytes[..N], front);
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

/// Copies `src` into `dst`, which must be as long. Short strings of unknown length are the usual case, and calling
/// `memcpy` costs more than copying them: two overlapping words do.
#[inline(always)]
fn store(dst: &mut [MaybeUninit<u8>], src: &[u8]) {
    let len = src.len();
    if len > 32 {
        dst.write_copy_of_slice(src);
    } else if len >= 16 {
        word::<16>(dst, src, 0);
        word::<16>(dst, src, len - 16);
    } else if len >= 8 {
        word::<8>(dst, src, 0);
        word::<8>(dst, src, len - 8);
    } else if len >= 4 {
        word::<4>(dst, src, 0);
        word::<4>(dst, src, len - 4);
    } else {
        for (to, from) in dst.iter_mut().zip(src) {
            to.write(*from);
        }
    }
}

#[inline(always)]
fn word<const N: usize>(dst: &mut [MaybeUninit<u8>], src: &[u8], at: usize) {
    if let (Some(to), Some(from)) = (dst[at..].first_chunk_mut::<N>(), src[at..].first_chunk::<N>()) {
        *to = from.map(MaybeUninit::new);
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
