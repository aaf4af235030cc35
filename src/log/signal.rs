//! Signals between the threads of a log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// Locks `mutex` and ignores poisoning: no code of the program runs under this lock, so a panic cannot leave the data
/// in an inconsistent state.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A signal that wakes one thread. The thread checks for work before it waits again.
#[derive(Default)]
pub(super) struct Signal {
    /// Whether the thread has been woken and has not checked for work since. The flag is changed only by
    /// read-modify-write operations: if a caller finds it set, the thread will see all changes that the caller made
    /// before.
    pending: AtomicBool,
    thread: OnceLock<Thread>,
}

impl Signal {
    /// Makes the thread check for work. This takes no system call if another caller has woken the thread and it has
    /// not checked since.
    pub(super) fn wake(&self) {
        if !self.pending.swap(true, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Waits until another thread calls [`wake`](Self::wake), or until `timeout` has passed. Only one thread may call
    /// this.
    pub(super) fn wait(&self, timeout: Option<Duration>) {
        self.thread.get_or_init(thread::current);
        // A read-modify-write and not a load: a caller that changes the flag after this sees the thread to wake.
        if !self.pending.swap(false, Ordering::SeqCst) {
            match timeout {
                Some(timeout) => thread::park_timeout(timeout),
                None => thread::park(),
            }
            self.pending.swap(false, Ordering::SeqCst);
        }
    }
}
