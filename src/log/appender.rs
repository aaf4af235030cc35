//! The interface for appending entries.

use std::sync::Arc;
use std::time::Duration;

use crate::encode::EntryWriter;

use super::levels::Levels;
use super::options::LogOptions;
use super::outcome::{CloseError, Durability, FlushError, Outcome};
use super::{Limits, Log};

/// A destination of entries: a [`Log`], or a component that forwards entries to one. [`event!`](crate::event) and the
/// bridges accept any appender.
///
/// ```
/// use fusewire::Severity;
/// use fusewire::log::{Appender, Log, Outcome};
///
/// /// A function that works with a log and with a router.
/// fn audit(log: &impl Appender, user: &str) -> Outcome {
///     log.append(|entry| {
///         entry.set_severity(Severity::INFO);
///         entry.set_target("audit");
///         entry.attr("user", user);
///     })
/// }
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// assert!(audit(&log, "kim").is_written());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Appender {
    /// Appends the content that `write` writes as one entry.
    #[track_caller]
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome;

    /// Appends an entry as [`append`](Self::append) does. Entries with the same `site` probably have the same keys, in the
    /// same order.
    #[doc(hidden)]
    #[inline]
    #[track_caller]
    fn __append_at(&self, site: usize, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        let _ = site;
        self.append(write)
    }

    /// Returns the severities that are logged, by target. [`append`](Self::append) ignores them and appends every
    /// entry.
    fn levels(&self) -> &Levels;

    /// Returns the limits of an entry.
    fn limits(&self) -> &Limits;

    /// Blocks until every entry whose append has returned has the given durability. See [`Log::flush`].
    ///
    /// # Errors
    /// An error if the disk fails, or does not complete the write within `timeout`.
    fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError>;

    /// Closes the log, even if clones of it exist. See [`Log::shutdown`].
    ///
    /// # Errors
    /// An error if the disk does not complete the write within `timeout`.
    fn shutdown(&self, timeout: Duration) -> Result<(), CloseError>;

    /// Returns the time that a [`Guard`](super::Guard) waits for [`shutdown`](Self::shutdown). See
    /// [`LogOptions::close_timeout`].
    fn close_timeout(&self) -> Duration {
        LogOptions::CLOSE_TIMEOUT
    }
}

impl Appender for Log {
    #[inline]
    #[track_caller]
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        Log::append(self, write)
    }

    #[inline]
    fn __append_at(&self, site: usize, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        self.append_at(site, write)
    }

    #[inline]
    fn levels(&self) -> &Levels {
        Log::levels(self)
    }

    fn limits(&self) -> &Limits {
        Log::limits(self)
    }

    fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError> {
        Log::flush(self, durability, timeout)
    }

    fn shutdown(&self, timeout: Duration) -> Result<(), CloseError> {
        Log::shutdown(self, timeout)
    }

    fn close_timeout(&self) -> Duration {
        self.0.core.options.close_timeout
    }
}

macro_rules! through {
    ($($pointer:ty),*) => {$(
        impl<A: Appender + ?Sized> Appender for $pointer {
            #[inline]
            #[track_caller]
            fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
                (**self).append(write)
            }

            #[inline]
            fn __append_at(&self, site: usize, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
                (**self).__append_at(site, write)
            }

            #[inline]
            fn levels(&self) -> &Levels {
                (**self).levels()
            }

            fn limits(&self) -> &Limits {
                (**self).limits()
            }

            fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError> {
                (**self).flush(durability, timeout)
            }

            fn shutdown(&self, timeout: Duration) -> Result<(), CloseError> {
                (**self).shutdown(timeout)
            }

            fn close_timeout(&self) -> Duration {
                (**self).close_timeout()
            }
        }
    )*};
}
through!(&A, Arc<A>, Box<A>);
