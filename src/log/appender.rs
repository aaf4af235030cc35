//! What entries can be appended to.

use std::sync::Arc;

use crate::encode::EntryWriter;

use super::levels::Levels;
use super::outcome::Outcome;
use super::{Limits, Log};

/// What entries can be appended to: a [`Log`], and what stands before one. [`event!`](crate::event) and the bridges take any.
pub trait Appender {
    /// Appends what `write` writes as one entry.
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome;

    /// Which severities are logged, by target. [`append`](Self::append) appends all.
    fn levels(&self) -> &Levels;

    /// What an entry may be at most.
    fn limits(&self) -> &Limits;
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
        }
    )*};
}
through!(&A, Arc<A>, Box<A>);
