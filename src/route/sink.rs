//! The destination of JSON lines.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// A destination of JSON lines.
pub trait LineSink: Send + Sync {
    /// Writes a line, including its line feed. Many threads call this method at once; an implementation must
    /// not interleave lines.
    ///
    /// # Errors
    /// Returns an error if the implementation cannot confirm that the sink contains the complete line. The
    /// router then writes the entry to the log.
    fn write_line(&self, line: &[u8]) -> io::Result<()>;
}

/// Writes each line with one call of `write_all`, without a flush. The buffer of a buffered writer is lost if
/// the process is killed.
impl<W: Write + Send> LineSink for Mutex<W> {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        self.lock().unwrap_or_else(PoisonError::into_inner).write_all(line)
    }
}

impl<S: LineSink + ?Sized> LineSink for std::sync::Arc<S> {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        (**self).write_line(line)
    }
}

impl<S: LineSink + ?Sized> LineSink for Box<S> {
    fn write_line(&self, line: &[u8]) -> io::Result<()> {
        (**self).write_line(line)
    }
}
