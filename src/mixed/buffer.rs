//! A buffer for the unread part of an input.

use std::io::{self, Read};

/// The minimum size of a read, in bytes.
const STEP: usize = 64 << 10;
/// The maximum growth of the memory in one step, in bytes.
const GROWTH: usize = 4 << 20;
/// The maximum size of an empty buffer that keeps its memory, in bytes.
const KEPT: usize = 1 << 20;

/// The bytes of an input that were read and not consumed.
#[derive(Default)]
pub(super) struct Buffer {
    memory: Vec<u8>,
    start: usize,
    end: usize,
    passed: u64,
}

impl Buffer {
    /// Creates an empty buffer for an input that begins at `offset`.
    pub(super) fn new(offset: u64) -> Self {
        Self { passed: offset, ..Self::default() }
    }

    /// Returns the content of the buffer.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(self.start..self.end).unwrap_or(&[])
    }

    /// Returns the offset of the content in the input.
    #[inline]
    pub(super) fn offset(&self) -> u64 {
        self.passed
    }

    /// Consumes the first `len` bytes.
    #[inline]
    pub(super) fn pass(&mut self, len: usize) {
        let len = len.min(self.end - self.start);
        self.start += len;
        self.passed += len as u64;
    }

    /// Removes and returns the first `len` bytes, or all bytes if there are fewer.
    pub(super) fn take(&mut self, len: usize) -> Vec<u8> {
        let taken = self.bytes().get(..len).unwrap_or(self.bytes()).to_vec();
        self.pass(taken.len());
        taken
    }

    /// Advances the offset by `len` bytes that the caller read directly from the input. The buffer must be empty.
    pub(super) fn passed_elsewhere(&mut self, len: usize) {
        self.passed += len as u64;
    }

    /// Reads from the input once. Returns the number of bytes, or 0 at the end.
    pub(super) fn fill(&mut self, input: &mut impl Read) -> io::Result<usize> {
        self.make_room();
        let room = self.memory.get_mut(self.end..).unwrap_or(&mut []);
        let read = read_some(input, room)?;
        self.end += read;
        Ok(read)
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.memory.len() - self.end >= STEP {
            return;
        }
        if self.start >= self.memory.len() / 2 {
            self.memory.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.memory.len() - self.end < STEP {
            let growth = self.memory.len().clamp(STEP, GROWTH);
            self.memory.resize(self.memory.len() + growth, 0);
        }
    }

    /// Frees the memory that a long line needed, if the buffer is empty.
    pub(super) fn rest(&mut self) {
        if self.start == self.end && self.memory.len() > KEPT {
            *self = Self::new(self.passed);
        }
    }
}

/// Reads once. If a signal interrupts the read, reads again.
fn read_some(input: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_once_and_in_order_however_they_are_taken() {
        let input: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        let (mut buffer, mut rest) = (Buffer::new(5), input.as_slice());
        let mut seen = Vec::new();
        let mut step = 1;
        loop {
            let read = buffer.fill(&mut rest).unwrap();
            // Every fifth step consumes nothing, so the buffer must grow.
            let len = if step % 5 == 0 { 0 } else { buffer.bytes().len() * 2 / 3 };
            seen.extend_from_slice(&buffer.bytes()[..len]);
            buffer.pass(len);
            step += 1;
            if read == 0 {
                break;
            }
        }
        assert_eq!(buffer.offset(), 5 + seen.len() as u64);
        seen.extend(buffer.take(usize::MAX));
        assert!(seen == input);
        buffer.rest();
        assert_eq!((buffer.offset(), buffer.memory.len()), (5 + input.len() as u64, 0));
    }
}
