//! The bytes of a segment, as a cursor reads them.

use crate::format::frame::{self, FrameFault, FrameRef, HEADER_LEN};

use super::unused;

/// The bytes of a segment.
///
/// A slice lends frames from its own bytes. [`Copies`](super::copies::Copies) reads memory or files that other processes
/// change, and lends frames from a private buffer.
pub(crate) trait Source {
    /// A frame that was found.
    type Frame;

    /// Returns the number of bytes.
    fn len(&self) -> usize;

    /// Fills `out` with the bytes from `at`. Returns `None` if the source ends before. The first eight bytes are read
    /// before the others if another process may write to the source.
    fn read(&self, at: usize, out: &mut [u8]) -> Option<()>;

    /// Returns the frame at `at`, which ends at `end` or before. Computes the checksum unless `trusted`.
    fn parse(&mut self, at: usize, end: usize, tag: u32, trusted: bool) -> Result<Self::Frame, FrameFault>;

    /// Returns the number of bytes of the frame on disk.
    fn len_of(frame: &Self::Frame) -> usize;

    /// Returns the frame that was found last.
    fn frame<'s>(&'s self, found: &Self::Frame) -> FrameRef<'s>;

    /// Returns the next slot from `from` to `end` that is not all zero.
    fn next_nonzero(&mut self, end: usize, from: usize) -> Option<usize>;

    /// Returns the end of the last slot from `from` to `end` that is not all zero, or `from`.
    fn last_nonzero(&mut self, end: usize, from: usize) -> usize;

    /// Discards bytes that [`next_nonzero`](Self::next_nonzero) keeps, so that the next search reads the current
    /// bytes.
    fn look_anew(&mut self) {}

    /// Releases the memory of the bytes from `from` to `to`, which the source can read again.
    fn release(&self, _from: usize, _to: usize) {}

    /// Returns the header at `at`, limited to the bytes before `end`, and its length.
    fn header(&self, at: usize, end: usize) -> ([u8; HEADER_LEN], usize) {
        read_header(self, at, end)
    }

    /// Checks only the header of the frame at `at`.
    fn examine(&self, at: usize, end: usize, tag: u32) -> Result<(u64, usize), FrameFault> {
        let (header, len) = self.header(at, end);
        frame::examine(&header[..len], end.min(self.len()).saturating_sub(at), tag)
    }

    /// Returns the number of bytes that [`parse`](Self::parse) hashes at `at`, or 0 if the header is sufficient.
    fn cost(&self, at: usize, end: usize) -> usize {
        let (header, len) = self.header(at, end);
        frame::cost(&header[..len], end.min(self.len()).saturating_sub(at)).unwrap_or(0)
    }

    /// Returns the little-endian word at `at`.
    fn word(&self, at: usize) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(at, &mut bytes)?;
        Some(u64::from_le_bytes(bytes))
    }
}

/// Returns the header at `at`, limited to the bytes before `end`, and its length.
pub(super) fn read_header<S: Source + ?Sized>(
    source: &S,
    at: usize,
    end: usize,
) -> ([u8; HEADER_LEN], usize) {
    let mut header = [0; HEADER_LEN];
    let len = end.min(source.len()).saturating_sub(at).min(HEADER_LEN);
    let read = header.get_mut(..len).and_then(|header| source.read(at, header));
    (header, if read.is_some() { len } else { 0 })
}

impl<'a> Source for &'a [u8] {
    type Frame = FrameRef<'a>;

    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn read(&self, at: usize, out: &mut [u8]) -> Option<()> {
        out.copy_from_slice(self.get(at..)?.get(..out.len())?);
        Some(())
    }

    #[inline(always)]
    fn parse(&mut self, at: usize, end: usize, tag: u32, trusted: bool) -> Result<FrameRef<'a>, FrameFault> {
        let bytes = self.get(at..end).unwrap_or(&[]);
        if trusted { frame::parse_trusted(bytes, at, tag) } else { frame::parse(bytes, at, tag) }
    }

    #[inline(always)]
    fn len_of(frame: &FrameRef<'a>) -> usize {
        frame::frame_len(frame.payload.len())
    }

    #[inline(always)]
    fn frame<'s>(&'s self, found: &FrameRef<'a>) -> FrameRef<'s> {
        *found
    }

    fn next_nonzero(&mut self, end: usize, from: usize) -> Option<usize> {
        unused::next_nonzero(self.get(..end).unwrap_or(self), from)
    }

    fn last_nonzero(&mut self, end: usize, from: usize) -> usize {
        unused::last_nonzero(self.get(..end).unwrap_or(self), from)
    }
}
