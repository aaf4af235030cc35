//! A buffer that prints its pieces in reverse order.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

/// Pieces of output in an unnamed temporary file. Each piece uses eight bytes of memory.
pub(super) struct Backwards {
    file: BufWriter<File>,
    /// The end of each piece.
    ends: Vec<u64>,
}

impl Backwards {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: BufWriter::with_capacity(1 << 18, tempfile::tempfile()?), ends: Vec::new() })
    }

    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.file.write_all(piece)?;
        self.ends.push(self.ends.last().unwrap_or(&0) + piece.len() as u64);
        Ok(())
    }

    /// Writes the last piece first.
    pub(super) fn replay(self, out: &mut impl Write) -> io::Result<()> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut out = BufWriter::with_capacity(1 << 16, out);
        let mut piece = Vec::new();
        for (i, end) in self.ends.iter().enumerate().rev() {
            let start = i.checked_sub(1).map_or(0, |before| self.ends[before]);
            piece.resize(usize::try_from(end - start).unwrap_or(0), 0);
            file.read_exact_at(&mut piece, start)?;
            out.write_all(&piece)?;
        }
        out.flush()
    }
}
