//! The destination of JSON lines.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// A destination of JSON lines.
///
/// ```
/// use std::io;
/// use std::sync::{Arc, Mutex};
/// use fusewire::log::Log;
/// use fusewire::route::{Arm, LineSink, RouteConfig, Router};
///
/// #[derive(Default)]
/// struct Lines(Mutex<Vec<String>>);
///
/// impl LineSink for Lines {
///     fn write_line(&self, line: &[u8]) -> io::Result<()> {
///         self.0.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
///         Ok(())
///     }
/// }
///
/// # let directory = std::env::temp_dir().join(format!("fusewire-doc-sink-{}", std::process::id()));
/// let lines = Arc::new(Lines::default());
/// let log = Log::options(&directory).open()?;
/// let router = Router::new(log, Arc::clone(&lines), RouteConfig::all_to(Arm::Json));
/// router.append(|entry| entry.set_body("paid"));
/// assert!(lines.0.lock().unwrap()[0].contains("\"paid\""));
/// # drop(router);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), io::Error>(())
/// ```
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
