//! Where lines go.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Where the JSON arm writes.
pub trait LineSink: Send + Sync {
    /// Takes a line, its line feed included. Called from many threads at once: lines must not be mixed.
    ///
    /// # Errors
    /// Where the line may not be there, whole: it goes to the log then.
    fn write_line(&self, line: &[u8]) -> io::Result<()>;
}

/// One line after the other, with one call each. Nothing is flushed: a writer that keeps lines back loses them with the
/// process.
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
