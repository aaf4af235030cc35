//! A buffer that collects small pieces of output.

use core::fmt;

use crate::digits;

/// The capacity of the buffer in bytes.
const ROOM: usize = 512;

/// The destination of a line.
pub(crate) trait Sink {
    /// Takes `bytes`, which are valid UTF-8.
    ///
    /// # Errors
    /// The sink can take no more bytes.
    fn take(&mut self, bytes: &[u8]) -> fmt::Result;
}

impl Sink for Vec<u8> {
    #[inline]
    fn take(&mut self, bytes: &[u8]) -> fmt::Result {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// A sink that writes to a [`fmt::Write`].
pub(super) struct AsText<'w, W>(pub(super) &'w mut W);

impl<W: fmt::Write> Sink for AsText<'_, W> {
    fn take(&mut self, bytes: &[u8]) -> fmt::Result {
        // `Out` passes only whole pieces of text.
        self.0.write_str(core::str::from_utf8(bytes).map_err(|_| fmt::Error)?)
    }
}

/// A buffer before `sink`. Each flushed piece is valid UTF-8.
pub(super) struct Out<'s, S> {
    sink: &'s mut S,
    bytes: [u8; ROOM],
    /// The number of buffered bytes. Invariant: at most `ROOM`.
    len: usize,
}

impl<'s, S: Sink> Out<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Self { sink, bytes: [0; ROOM], len: 0 }
    }

    /// Passes the buffered bytes to the sink.
    #[cold]
    #[inline(never)]
    pub(super) fn flush(&mut self) -> fmt::Result {
        self.sink.take(&self.bytes[..core::mem::take(&mut self.len)])
    }

    /// Writes a text of constant length.
    #[inline(always)]
    pub(super) fn token<const N: usize>(&mut self, token: &[u8; N]) -> fmt::Result {
        if self.len + N > ROOM {
            self.flush()?;
        }
        if let Some(room) = self.bytes.get_mut(self.len..self.len + N) {
            room.copy_from_slice(token);
            self.len += N;
        }
        Ok(())
    }

    /// Writes a text of any length.
    #[inline(never)]
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        self.between(b"", bytes, b"")
    }

    /// Writes a text of any length between two constant texts, with one check of the capacity.
    #[inline(always)]
    pub(super) fn between<const N: usize, const M: usize>(
        &mut self,
        before: &[u8; N],
        bytes: &[u8],
        behind: &[u8; M],
    ) -> fmt::Result {
        let total = N + bytes.len() + M;
        if self.len + total > ROOM {
            return self.long([before, bytes, behind]);
        }
        let Some(room) = self.bytes.get_mut(self.len..self.len + total) else { return Ok(()) };
        self.len += total;
        let (to_before, room) = room.split_at_mut(N);
        let (to, to_behind) = room.split_at_mut(bytes.len());
        to_before.copy_from_slice(before);
        copy(to, bytes);
        to_behind.copy_from_slice(behind);
        Ok(())
    }

    /// Writes an integer.
    #[inline(always)]
    pub(super) fn decimal(&mut self, number: u64) -> fmt::Result {
        let len = digits::count(number);
        if self.len + len > ROOM {
            self.flush()?;
        }
        if let Some(room) = self.bytes.get_mut(self.len..self.len + len) {
            digits::fill(room, number);
            self.len += len;
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn long(&mut self, texts: [&[u8]; 3]) -> fmt::Result {
        for bytes in texts {
            if self.len + bytes.len() > ROOM {
                self.flush()?;
            }
            if bytes.len() > ROOM {
                self.sink.take(bytes)?;
            } else {
                self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
                self.len += bytes.len();
            }
        }
        Ok(())
    }
}

/// Copies bytes to a slice of the same length. Most texts are short; for them, a call of `memcpy` costs more than two
/// overlapping words.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() {
        0..4 => {
            for (to, byte) in to.iter_mut().zip(from) {
                *to = *byte;
            }
        }
        4..8 => ends::<4>(to, from),
        8..16 => ends::<8>(to, from),
        16..=32 => ends::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

/// Copies the first and the last `N` bytes, which together are all bytes.
#[inline(always)]
fn ends<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(first), Some(room)) = (from.first_chunk::<N>(), to.first_chunk_mut()) {
        *room = *first;
    }
    if let (Some(last), Some(room)) = (from.last_chunk::<N>(), to.last_chunk_mut()) {
        *room = *last;
    }
}

impl<S: Sink> fmt::Write for Out<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes())
    }
}
