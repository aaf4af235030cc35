//! Whether anything has gone through a bridge.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that is set by the first entry.
#[derive(Clone, Default)]
pub(super) struct Used(pub(super) Arc<AtomicBool>);

impl Used {
    #[inline]
    pub(super) fn note(&self) {
        // A load is cheap for many threads, a store is not.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Release);
        }
    }
}
