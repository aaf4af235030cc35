//! A buffer of the caller, initialised or not, that is filled at both sides of a gap.

use core::mem::MaybeUninit;

use bytes::BufMut;

/// A buffer that grows at two places: the *head* from the front, and the *tail* after a gap. When both are complete,
/// the gap is closed, and the buffer is one run of initialised bytes.
///
/// Bytes that do not fit are counted instead of written, so that the error for a small buffer contains the necessary
/// size.
///
/// The buffer also has a budget of bytes. One counter, `free`, covers the budget and the space after the tail, so a
/// push needs one comparison for both.
pub(crate) struct GapBuffer<'b> {
    /// Invariant *no uninit*: only initialised bytes are ever stored here, so a buffer that came from `&mut [u8]`
    /// stays initialised.
    bytes: &'b mut [MaybeUninit<u8>],
    /// Invariant *bounds*: `head <= tail_start` and `tail_start <= tail <= end <= bytes.len()`, while `end > 0`.
    ///
    /// Invariant *head*: while `end > 0`, `bytes[..head]` is initialised except for the first `front` bytes, which
    /// [`Closed::put`] writes.
    head: usize,
    /// The number of bytes at the front that are written last.
    front: usize,
    /// Invariant *tail*: while `end > 0`, `bytes[tail_start..tail]` is initialised.
    tail_start: usize,
    /// The offset after the last byte of the tail.
    tail: usize,
    /// The number of bytes of the budget that can be pushed without another check of the budget or of the space after
    /// the tail.
    ///
    /// Invariant *free*: `free <= end - tail` while `end > 0`, and `free == 0` otherwise.
    free: usize,
    /// The number of bytes of the budget in addition to `free`.
    rest: usize,
    /// `bytes.len()`, or 0 after something did not fit. From then on everything is only counted.
    end: usize,
    /// The offset after the highest byte ever written.
    touched: usize,
}

/// The maximum number of bytes of a FlatBuffers string in addition to its text: padding, length, NUL.
pub(crate) const STRING_OVERHEAD: usize = 3 + 4 + 1;

impl<'b> GapBuffer<'b> {
    /// Creates a buffer whose first `front` bytes are written last, with space for `gap` bytes of head before the
    /// tail, and with a budget of `budget` bytes.
    #[inline(always)]
    pub(crate) fn new(bytes: &'b mut [u8], front: usize, gap: usize, budget: usize) -> Self {
        let len = bytes.len();
        // SAFETY: the pointer and the length are those of a slice that this value borrows exclusively for 'b;
        // `MaybeUninit<u8>` has the layout of `u8`; and by the invariant *no uninit* the bytes of the caller stay
        // initialised.
        let bytes = unsafe { core::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) };
        Self::new_uninit(bytes, front, gap, budget)
    }

    /// Creates a buffer as [`new`](Self::new) does, over memory that may be uninitialised.
    #[inline(always)]
    pub(crate) fn new_uninit(
        bytes: &'b mut [MaybeUninit<u8>],
        front: usize,
        gap: usize,
        budget: usize,
    ) -> Self {
        let len = bytes.len();
        let (tail_start, end) = match len.checked_sub(front) {
            Some(room) => (front + gap.min(room / 2), len),
            None => (0, 0),
        };
        let free = budget.min(end - tail_start);
        let rest = budget - free;
        Self { bytes, head: front, front, tail_start, tail: tail_start, free, rest, end, touched: 0 }
    }

    /// Returns the number of bytes of the head, including the front.
    #[inline(always)]
    pub(crate) fn head_len(&self) -> usize {
        self.head
    }

    /// Returns the number of bytes of the tail.
    #[inline(always)]
    pub(crate) fn tail_len(&self) -> usize {
        self.tail - self.tail_start
    }

    /// Returns the number of bytes of the whole buffer.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the remaining budget in bytes.
    #[inline(always)]
    pub(crate) fn left(&self) -> usize {
        self.free + self.rest
    }

    /// Takes `bytes` from the budget. Takes nothing and returns `false` if the budget is too small.
    #[inline(always)]
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        if bytes <= self.free {
            self.free -= bytes;
            return true;
        }
        self.take_from_rest(bytes)
    }

    #[cold]
    #[inline(never)]
    fn take_from_rest(&mut self, bytes: usize) -> bool {
        let Some(left) = self.left().checked_sub(bytes) else { return false };
        (self.free, self.rest) = (0, left);
        self.set_free();
        true
    }

    /// Returns unused bytes to the budget.
    #[inline(always)]
    pub(crate) fn give_back(&mut self, bytes: usize) {
        self.rest += bytes;
    }

    /// Sets the remaining budget to 0.
    pub(crate) fn exhaust(&mut self) {
        (self.free, self.rest) = (0, 0);
    }

    /// Sets `free` to 0 without a change of the budget. Each push that needs `free` then fails, until
    /// [`release`](Self::release) is called.
    #[inline(always)]
    pub(crate) fn withhold(&mut self) {
        self.rest += core::mem::take(&mut self.free);
    }

    /// Takes `bytes` from the budget as [`take`](Self::take) does, after [`withhold`](Self::withhold).
    #[inline(always)]
    pub(crate) fn take_withheld(&mut self, bytes: usize) -> bool {
        let left = self.rest.checked_sub(bytes);
        self.rest = left.unwrap_or(self.rest);
        left.is_some()
    }

    /// Ends the effect of [`withhold`](Self::withhold).
    pub(crate) fn release(&mut self) {
        self.set_free();
    }

    /// Sets `free` to the largest number that the budget and the space after the tail allow.
    #[inline]
    fn set_free(&mut self) {
        let left = self.left();
        self.free = if self.end > 0 { left.min(self.end - self.tail) } else { 0 };
        self.rest = left - self.free;
    }

    /// Restores the invariant *free* after the tail has grown.
    #[inline(always)]
    fn keep_free(&mut self) {
        if self.free > self.end - self.tail {
            self.set_free();
        }
    }

    /// Appends bytes to the head, and two strings to the tail. Takes these bytes and `reserve` more from the budget.
    /// Does nothing and returns `false` if `free` or the gap is too small. The caller then uses [`take`](Self::take)
    /// and [`push`](Self::push), which also move the tail.
    #[inline(always)]
    pub(crate) fn try_push<const N: usize>(
        &mut self,
        head: [u8; N],
        first: &[u8],
        second: &[u8],
        reserve: usize,
    ) -> bool {
        let cost = N + first.len() + second.len() + reserve;
        if cost > self.free || self.head + N > self.tail_start {
            return false;
        }
        self.free -= cost;
        // SAFETY: the gap has space for `N` bytes. By the invariant *free*, there is space for both strings between
        // `tail` and `end`. `free` is reduced by at least the bytes that the tail grows by.
        unsafe { self.store_parts(head, first, second) };
        true
    }

    /// Appends bytes to the head, and two strings to the tail. The caller has taken these bytes from the budget.
    #[inline(always)]
    pub(crate) fn push<const N: usize>(&mut self, head: [u8; N], first: &[u8], second: &[u8]) {
        let strings = first.len() + second.len();
        if self.has_room(N, strings) || self.make_room(N, strings) {
            // SAFETY: there is space for `N` bytes between `head` and `tail_start`, and for both strings between
            // `tail` and `end`. `keep_free` then restores the invariant *free*.
            unsafe { self.store_parts(head, first, second) };
            self.keep_free();
        } else {
            self.head += N;
            self.tail += strings;
        }
    }

    /// Appends bytes to the head. The caller has taken them from the budget.
    #[inline(always)]
    pub(crate) fn push_head<const N: usize>(&mut self, head: [u8; N]) {
        if self.head + N <= self.tail_start {
            // SAFETY: the gap has space for `N` bytes. The tail does not change.
            unsafe { self.store_parts(head, &[], &[]) };
        } else {
            self.push(head, &[], &[]);
        }
    }

    /// Stores bytes at the end of the head, and two strings at the end of the tail.
    ///
    /// # Safety
    /// There is space for `N` bytes between `head` and `tail_start`, and for both strings between `tail` and `end`.
    /// The caller keeps the invariant *free*.
    #[inline(always)]
    unsafe fn store_parts<const N: usize>(&mut self, head: [u8; N], first: &[u8], second: &[u8]) {
        // SAFETY: by the caller's promise and the invariant *bounds*, all places are inside the buffer.
        unsafe { store_parts(self.bytes, self.head, self.tail, head, first, second) };
        self.head += N;
        self.tail += first.len() + second.len();
    }

    /// Returns a run into which `values` values can be pushed: `N` bytes of head for each, and `tails` bytes of tail
    /// for the first strings of all of them and for FlatBuffers strings. Returns `None` if `free` or the gap is too small.
    ///
    /// The run contains the bytes of the buffer. Until the caller passes the run to [`take_back`](Self::take_back), this
    /// value has no space.
    #[inline(always)]
    pub(crate) fn reserve<const N: usize>(&mut self, values: usize, tails: usize) -> Option<Run<'b, N>> {
        let (heads, tails) = (values * N, tails + values * SHORT_TEXT);
        if values == 0 || heads + tails > self.free || self.head + heads > self.tail_start {
            return None;
        }
        let Self { head, tail_start, .. } = *self;
        let tail_len = self.tail_len();
        let free = self.free - heads - tails;
        let total = self.free + head + tail_len;
        Some(Run { bytes: self.hand_over(), head, tail_start, tail_len, heads, tails, free, total })
    }

    /// Takes the bytes of a run back. The pushed bytes are taken from the budget. Returns the number of pushed bytes of
    /// head.
    #[inline(always)]
    pub(crate) fn take_back<const N: usize>(&mut self, run: Run<'b, N>) -> usize {
        let Run { bytes, head, tail_start, tail_len, total, .. } = run;
        let pushed = head - self.head;
        self.end = bytes.len();
        // The invariant *total* becomes the invariant *free*.
        self.free = total - head - tail_len;
        (self.bytes, self.head, self.tail_start) = (bytes, head, tail_start);
        self.tail = tail_start + tail_len;
        pushed
    }

    /// Returns whether `head` more bytes fit into the gap and `tail` more bytes fit after the tail.
    #[inline(always)]
    fn has_room(&self, head: usize, tail: usize) -> bool {
        self.head + head <= self.tail_start && self.tail + tail <= self.end
    }

    /// Appends bytes to the tail. The caller has taken them from the budget.
    #[inline(always)]
    pub(crate) fn push_tail(&mut self, bytes: &[u8]) {
        self.push([], bytes, &[]);
    }

    /// Appends bytes to the tail and takes them from the budget. Does nothing and returns `false` if `free` is too small.
    #[inline(always)]
    pub(crate) fn try_push_tail(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() > self.free {
            return false;
        }
        self.free -= bytes.len();
        // SAFETY: by the invariant *free*, there is space for the bytes between `tail` and `end`. `free` is reduced by
        // the bytes that the tail grows by.
        unsafe { self.store_parts([], bytes, &[]) };
        true
    }

    /// Appends a FlatBuffers string to the tail: zeros up to a multiple of 4, the length, the bytes, NUL. Takes
    /// [`STRING_OVERHEAD`] bytes and the length of the text from the budget. Returns the offset of the string in the
    /// tail. Does nothing and returns `None` if `free` is too small.
    #[inline(always)]
    pub(crate) fn try_push_string(&mut self, text: &[u8], len: u32) -> Option<usize> {
        let cost = STRING_OVERHEAD + text.len();
        if cost > self.free {
            return None;
        }
        self.free -= cost;
        // SAFETY: by the invariant *free*, there are `cost` bytes between `tail` and `end`. `free` is reduced by at
        // least the bytes that the tail grows by.
        Some(unsafe { self.store_string(text, len) })
    }

    /// Appends a FlatBuffers string as [`try_push_string`](Self::try_push_string) does. The caller has taken its bytes
    /// from the budget.
    #[inline(always)]
    pub(crate) fn push_string(&mut self, text: &[u8], len: u32) -> usize {
        let at = self.tail_len().next_multiple_of(4);
        let added = at + 4 + text.len() + 1 - self.tail_len();
        if self.has_room(0, added) || self.make_room(0, added) {
            // SAFETY: there is space for `added` bytes between `tail` and `end`. `keep_free` then restores the
            // invariant *free*.
            unsafe { self.store_string(text, len) };
            self.keep_free();
        } else {
            self.tail += added;
        }
        at
    }

    /// Stores a FlatBuffers string at the end of the tail. Returns its offset in the tail.
    ///
    /// # Safety
    /// There is space for the padding, the length, the text and NUL between `tail` and `end`. The caller keeps the
    /// invariant *free*.
    #[inline(always)]
    unsafe fn store_string(&mut self, text: &[u8], len: u32) -> usize {
        let at = self.tail_len();
        let padding = at.wrapping_neg() % 4;
        // SAFETY: by the caller's promise and the invariant *bounds*, all places are inside the buffer.
        unsafe { store_string(self.bytes, self.tail, padding, text, len) };
        self.tail += padding + 4 + text.len() + 1;
        at + padding
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
    #[inline]
    pub(crate) fn patch_tail<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if self.end > 0
            && at + N <= self.tail_len()
            && let Some(place) = self.bytes.get_mut(self.tail_start + at..self.tail_start + at + N)
        {
            place.write_copy_of_slice(&bytes);
        }
    }

    /// Moves the tail so that `head` more bytes fit before it and `tail` more bytes after it, and distributes the
    /// remaining space over both places. Therefore the number of moves is logarithmic in the space. Returns `false` if
    /// there is not enough space; from then on everything is only counted.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, head: usize, tail: usize) -> bool {
        let used = self.head + self.tail_len();
        let Some(slack) = self.end.checked_sub(used + head + tail) else {
            self.end = 0;
            self.tail = self.tail_len();
            self.tail_start = 0;
            self.set_free();
            return false;
        };
        self.move_tail(self.head + head + (slack / 2).min(self.head));
        true
    }

    /// Sets the gap to the size for `gap` more bytes of head. Does nothing if the tail is not empty.
    pub(crate) fn set_gap(&mut self, gap: usize) {
        if self.tail_len() == 0 && self.end > 0 {
            self.tail_start = self.head + gap.min((self.end - self.head) / 2);
            self.tail = self.tail_start;
            self.set_free();
        }
    }

    #[inline(never)]
    fn move_tail(&mut self, to: usize) {
        self.touched = self.touched.max(self.tail);
        self.bytes.copy_within(self.tail_start..self.tail, to);
        self.tail = to + self.tail_len();
        self.tail_start = to;
        self.set_free();
    }

    /// Closes the gap and takes the bytes out of this value, which then has no space. The caller then writes the front,
    /// which has `N` bytes.
    ///
    /// # Errors
    /// The number of necessary bytes, if the buffer is smaller.
    #[inline(always)]
    pub(crate) fn close<const N: usize>(&mut self) -> Result<Closed<'b, N>, usize> {
        let len = self.head + self.tail_len();
        // The last comparison is never true. The compiler needs it to remove the checks of `put`.
        if self.end == 0 || N != self.front || len < N {
            return Err(len);
        }
        if self.tail_start == self.head {
            self.touched = self.touched.max(len);
        } else {
            self.move_tail(self.head);
        }
        debug_assert!(self.tail_start == self.head && len == self.tail);
        let bytes = self.hand_over();
        Ok(Closed { bytes: &mut bytes[..len], touched: self.touched, written: 0 })
    }

    /// Takes the bytes out of this value, which then has no space.
    #[inline(always)]
    fn hand_over(&mut self) -> &'b mut [MaybeUninit<u8>] {
        (self.end, self.free) = (0, 0);
        core::mem::take(&mut self.bytes)
    }
}

/// The maximum length in bytes of a string for which a [`Run`] reserves space in advance.
pub(crate) const SHORT_TEXT: usize = 64;

/// The bytes of a [`GapBuffer`] with reserved space. If the compiler knows the reserved lengths and the lengths of the
/// pushed bytes, it removes the comparisons of these lengths.
pub(crate) struct Run<'b, const N: usize> {
    /// The bytes of the buffer, with the same invariants. The bytes before `head` are those of its head, and the
    /// `tail_len` bytes from `tail_start` are those of its tail.
    bytes: &'b mut [MaybeUninit<u8>],
    /// Invariant *reserved*: `head + heads <= tail_start` and `tail_start + tail_len + tails + free <= bytes.len()`.
    head: usize,
    tail_start: usize,
    tail_len: usize,
    heads: usize,
    tails: usize,
    /// The number of bytes of the budget for strings that are longer than [`SHORT_TEXT`].
    free: usize,
    /// The sum of `head`, `tail_len` and the bytes that can be pushed without a check, if nothing is reserved.
    ///
    /// Invariant *total*: `heads + tails + free <= total - head - tail_len <= bytes.len() - tail_start - tail_len`.
    total: usize,
}

impl<const N: usize> Run<'_, N> {
    /// Returns the number of bytes of the tail.
    #[inline(always)]
    pub(crate) fn tail_len(&self) -> usize {
        self.tail_len
    }

    /// Appends a FlatBuffers string to the tail as [`GapBuffer::try_push_string`] does, in [`STRING_OVERHEAD`] and `room`
    /// bytes of the reserved space. Returns its offset in the tail. Does nothing and returns `None` if the text does not
    /// fit.
    #[inline(always)]
    pub(crate) fn push_string(&mut self, text: &[u8], len: u32, room: usize) -> Option<usize> {
        if text.len() > room {
            return None;
        }
        let tails = self.tails.checked_sub(STRING_OVERHEAD + room)?;
        let at = self.tail_len;
        let padding = at.wrapping_neg() % 4;
        // SAFETY: by the invariant *reserved*, there is space for the string after the tail. Both invariants hold
        // afterwards: the tail grows by at most `STRING_OVERHEAD` and the text, `total - tail_len` decreases by exactly
        // that, and `tails` decreases by at least that.
        unsafe { store_string(self.bytes, self.tail_start + at, padding, text, len) };
        self.tails = tails;
        self.tail_len += padding + 4 + text.len() + 1;
        self.total -= 3 - padding;
        Some(at + padding)
    }

    /// Appends the head and the two strings of a value. Does nothing and returns `false` if a part does not fit, or if the
    /// second string is longer than [`SHORT_TEXT`] and `max` bytes.
    #[inline(always)]
    pub(crate) fn push(&mut self, head: [u8; N], first: &[u8], second: &[u8], max: usize) -> bool {
        let tails = first.len() + SHORT_TEXT;
        if N > self.heads || tails > self.tails {
            return false;
        }
        if second.len() > SHORT_TEXT {
            if second.len() > max || second.len() > self.free {
                return false;
            }
            self.free -= second.len();
        }
        self.heads -= N;
        self.tails -= tails;
        // SAFETY: by the invariant *reserved*, the gap has space for `N` bytes, and there is space for both strings
        // between the tail and the end. Both invariants hold afterwards: `heads` decreases by the growth of the head,
        // and `tails + free` decreases by at least the growth of the tail.
        unsafe { store_parts(self.bytes, self.head, self.tail_start + self.tail_len, head, first, second) };
        self.head += N;
        self.tail_len += first.len() + second.len();
        true
    }
}

/// Stores bytes at the offset `head_at`, and two strings from the offset `tail_at`.
///
/// # Safety
/// All places are inside `bytes`.
#[inline(always)]
unsafe fn store_parts<const N: usize>(
    bytes: &mut [MaybeUninit<u8>],
    head_at: usize,
    tail_at: usize,
    head: [u8; N],
    first: &[u8],
    second: &[u8],
) {
    // SAFETY: by the caller's promise, all places are inside the bytes. The strings are borrowed separately, so they do
    // not overlap them.
    unsafe {
        let base = bytes.as_mut_ptr().cast::<u8>();
        let tail = base.add(tail_at);
        base.add(head_at).cast::<[u8; N]>().write_unaligned(head);
        store(tail, first);
        store(tail.add(first.len()), second);
    }
}

/// Stores `padding` zeros, the length, the text and NUL from the offset `tail_at`.
///
/// # Safety
/// All places are inside `bytes`, and `padding` is at most 3.
#[inline(always)]
unsafe fn store_string(bytes: &mut [MaybeUninit<u8>], tail_at: usize, padding: usize, text: &[u8], len: u32) {
    // SAFETY: by the caller's promise, all places are inside the bytes. At least five bytes are added, so the first four
    // are inside too. All added bytes are written: the padding (partly overwritten by the length), the length, the text
    // and NUL.
    unsafe {
        let tail = bytes.as_mut_ptr().cast::<u8>().add(tail_at);
        tail.cast::<[u8; 4]>().write_unaligned([0; 4]);
        let string = tail.add(padding);
        string.cast::<[u8; 4]>().write_unaligned(len.to_le_bytes());
        store(string.add(4), text);
        string.add(4 + text.len()).write(0);
    }
}

/// A [`GapBuffer`] without a gap, whose front is written from its first byte to its last.
pub(crate) struct Closed<'b, const N: usize> {
    /// Invariant *closed*: only [`GapBuffer::close`] creates this value, with the gap closed. By the invariants *head*
    /// and *tail*, all bytes except the first `N` are initialised.
    bytes: &'b mut [MaybeUninit<u8>],
    touched: usize,
    /// Invariant *written*: the first `written` bytes are initialised.
    written: usize,
}

impl<'b, const N: usize> Closed<'b, N> {
    /// Appends bytes to the front. Does nothing if they do not fit.
    #[inline(always)]
    pub(crate) fn put<const K: usize>(&mut self, part: [u8; K]) {
        let end = self.written + K;
        if end <= N
            && let Some(place) = self.bytes.get_mut(self.written..end)
        {
            place.write_copy_of_slice(&part);
            self.written = end;
        }
    }

    /// Returns the bytes, or `None` if the front is not complete.
    #[inline(always)]
    pub(crate) fn finish(self) -> Option<Filled<'b>> {
        if self.written != N {
            return None;
        }
        let (bytes, len) = (self.bytes.as_mut_ptr().cast(), self.bytes.len());
        // SAFETY: by the invariants *closed* and *written*, all bytes are initialised. This value borrows them
        // exclusively for 'b.
        let bytes = unsafe { core::slice::from_raw_parts_mut(bytes, len) };
        Some(Filled { bytes, touched: self.touched })
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

/// A complete buffer: initialised bytes from the first byte of the buffer.
pub(crate) struct Filled<'b> {
    /// Invariant *filled*: only [`Closed::finish`] creates this value.
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
