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
/// A log that has gone into a static, as the global loggers of the crates `tracing` and `log` do, is never dropped. Without a
/// guard its process ends as if it had been killed.
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
    /// Whether anything has been appended, if that decides.
    used: Option<Arc<AtomicBool>>,
}

impl<A: Appender> Guard<A> {
    /// A guard that closes `appender`.
    pub fn new(appender: A) -> Self {
        Self { appender, used: None }
    }

    /// The guard of a bridge. If it is dropped before anything is appended, the log goes on: to ignore the guard that a set-up
    /// returns must not lose all entries.
    #[cfg(any(feature = "log", feature = "tracing"))]
    pub(crate) fn of_bridge(appender: A, used: Arc<AtomicBool>) -> Self {
        Self { appender, used: Some(used) }
    }

    /// The appender that the guard closes.
    pub fn appender(&self) -> &A {
        &self.appender
    }

    /// Closes the log now, and waits for at most `timeout`.
    ///
    /// # Errors
    /// Those of [`Log::shutdown`].
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
