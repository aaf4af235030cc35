//! What entries can be appended to.

use std::sync::Arc;
use std::time::Duration;

use crate::encode::EntryWriter;

use super::levels::Levels;
use super::options::LogOptions;
use super::outcome::{CloseError, Durability, FlushError, Outcome};
use super::{Limits, Log};

/// What entries can be appended to: a [`Log`], and what stands before one. [`event!`](crate::event) and the bridges take any.
pub trait Appender {
    /// Appends what `write` writes as one entry.
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome;

    /// Which severities are logged, by target. [`append`](Self::append) appends all.
    fn levels(&self) -> &Levels;

    /// What an entry may be at most.
    fn limits(&self) -> &Limits;

    /// Waits until every entry that went into the log survives what `durability` says. See [`Log::flush`].
    ///
    /// # Errors
    /// Where the disk is not done in `timeout`, or fails.
    fn flush(&self, durability: Durability, timeout: Duration) -> Result<(), FlushError>;

    /// Completes the log, also while other clones of it live. See [`Log::shutdown`].
    ///
    /// # Errors
    /// If the disk is not done in `timeout`.
    fn shutdown(&self, timeout: Duration) -> Result<(), CloseError>;

    /// How long a [`Guard`](super::Guard) waits for [`shutdown`](Self::shutdown). See [`LogOptions::close_timeout`].
    fn close_timeout(&self) -> Duration {
        LogOptions::CLOSE_TIMEOUT
    }
}

impl Appender for Log {
    #[inline]
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        Log::append(self, write)
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
            fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
                (**self).append(write)
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
