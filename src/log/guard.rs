//! A guard that closes a log at the end of `main`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Log;
use super::appender::Appender;
use super::outcome::CloseError;

/// A guard that closes a log when it is dropped, even if clones of the log still exist: [`Log::guard`].
///
/// Rust does not drop statics. The global loggers of the crates `tracing` and `log` are statics, so a log that they
/// own is never dropped. Without a guard, the log of such a process is in the same state as after SIGKILL.
///
/// # Examples
/// ```
/// use fusewire::log::Log;
///
/// # let directory = std::env::temp_dir().join(format!("fusewire-doc-guard-{}", std::process::id()));
/// let log = Log::options(&directory).open()?;
/// let _guard = log.guard();
/// # std::mem::forget(log.clone());
/// log.append(|entry| entry.set_body("paid"));
/// // Here the log is closed.
/// # drop(_guard);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the log is closed when the guard is dropped"]
pub struct Guard<A: Appender = Log> {
    appender: A,
    /// Whether an entry has been appended. `None` if the guard closes the log in any case.
    used: Option<Arc<AtomicBool>>,
}

impl<A: Appender> Guard<A> {
    /// Creates a guard that closes `appender`.
    pub fn new(appender: A) -> Self {
        Self { appender, used: None }
    }

    /// Creates the guard of a bridge. If the guard is dropped before the first append, the log stays open. A program
    /// may ignore the guard that an initialisation returns, and must not lose all entries in that case.
    #[cfg(any(feature = "log", feature = "tracing"))]
    pub(crate) fn of_bridge(appender: A, used: Arc<AtomicBool>) -> Self {
        Self { appender, used: Some(used) }
    }

    /// Returns the appender that the guard closes.
    pub fn appender(&self) -> &A {
        &self.appender
    }

    /// Closes the log now. Waits for at most `timeout`.
    ///
    /// # Errors
    /// The errors of [`Log::shutdown`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let guard = Log::options(directory.path()).open()?.guard();
    /// guard.appender().append(|entry| entry.set_body("last"));
    /// // In contrast to a drop of the guard, this call returns errors.
    /// guard.shutdown(Duration::from_secs(30))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(self, timeout: Duration) -> Result<(), CloseError> {
        self.appender.shutdown(timeout)
    }
}

impl<A: Appender> Drop for Guard<A> {
    fn drop(&mut self) {
        if self.used.as_ref().is_none_or(|used| used.load(Ordering::Acquire)) {
            let _ = self.appender.shutdown(self.appender.close_timeout());
        }
    }
}

impl<A: Appender> fmt::Debug for Guard<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}
