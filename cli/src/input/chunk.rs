//! A stream of which as many bytes are in memory as somebody needs at once.

use std::io::{self, Read};

/// The bytes of a stream that have been read and not consumed.
pub(crate) struct Chunk {
    reader: Box<dyn Read>,
    bytes: Vec<u8>,
    start: usize,
}

/// Bytes asked for at a time.
const STEP: usize = 64 << 10;

impl Chunk {
    /// Nothing of `reader` yet.
    pub(crate) fn new(reader: Box<dyn Read>) -> Self {
        Self { reader, bytes: Vec::new(), start: 0 }
    }

    /// What is there.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Reads until `len` bytes are there, or the stream ends.
    pub(crate) fn fill_to(&mut self, len: usize) -> io::Result<()> {
        while self.bytes().len() < len && self.fill_some()? > 0 {}
        Ok(())
    }

    /// Reads what comes next; returns how much, 0 at the end.
    pub(crate) fn fill_some(&mut self) -> io::Result<usize> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let had = self.bytes.len();
        self.bytes.resize(had + STEP, 0);
        let read = loop {
            match self.reader.read(&mut self.bytes[had..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.bytes.truncate(had + read.as_ref().map_or(0, |read| *read));
        read
    }

    /// Passes over the first `len` bytes.
    pub(crate) fn consume(&mut self, len: usize) {
        self.start = (self.start + len).min(self.bytes.len());
    }

    /// Takes the first `len` bytes out, or all there are.
    pub(crate) fn take(&mut self, len: usize) -> Vec<u8> {
        let taken = self.bytes()[..len.min(self.bytes().len())].to_vec();
        self.consume(taken.len());
        taken
    }

    /// What is there, followed by what is not read yet.
    pub(crate) fn into_reader(mut self) -> impl Read {
        self.bytes.drain(..self.start);
        io::Cursor::new(self.bytes).chain(self.reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_once_and_in_order_however_they_are_taken() {
        let mut chunk = Chunk::new(Box::new(&b"abcdefgh"[..]));
        chunk.fill_to(3).unwrap();
        chunk.consume(2);
        assert_eq!(chunk.take(3), b"cde");
        let mut rest = String::new();
        chunk.into_reader().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "fgh");
    }
}
