//! How threads of the log wait for one another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// A lock that nothing of a user's runs under, so that a panic cannot have left half a change behind.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes one thread, which looks for what there is to do before it waits again.
#[derive(Default)]
pub(super) struct Signal {
    /// Changed by read-modify-write alone: whoever finds it set knows that the thread has not looked yet, and will see all
    /// that was done before.
    pending: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Signal {
    /// Makes the thread that waits look again. No system call where somebody else has done so and it has not looked yet.
    pub(super) fn wake(&self) {
        if !self.pending.swap(true, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Waits until somebody wakes this thread, or for `timeout`. Always called by the same thread.
    pub(super) fn wait(&self, timeout: Option<Duration>) {
        self.thread.get_or_init(thread::current);
        // Not a mere load: whoever changes it after this sees which thread to wake.
        if !self.pending.swap(false, Ordering::SeqCst) {
            match timeout {
                Some(timeout) => thread::park_timeout(timeout),
                None => thread::park(),
            }
            self.pending.swap(false, Ordering::SeqCst);
        }
    }
}
