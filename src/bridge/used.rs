//! A flag for the use of a bridge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that the first entry sets.
#[derive(Clone, Default)]
pub(super) struct Used(pub(super) Arc<AtomicBool>);

impl Used {
    #[inline]
    pub(super) fn note(&self) {
        // A load scales to many threads, but a store does not.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Release);
        }
    }
}
