//! The state of a thread in a log. It determines whether an append, or a call that takes a lock, may begin.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering, compiler_fence};

/// The state of a thread in a log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// The thread runs no code of a log.
    Nothing,
    /// Code of the program writes an entry.
    Building,
    /// Code of the program panicked while it wrote an entry, and its panic hook or a destructor writes another one.
    BuildingAnother,
    /// Code of the log runs, possibly with a lock held. Code of the program can still run in this state, in an
    /// allocator or in a signal handler. It must not wait for a lock that its own thread holds.
    Own,
}

thread_local! {
    // These values have no destructors, so that an append from the destructor of another thread-local value works.
    static DOING: Cell<Doing> = const { Cell::new(Doing::Nothing) };
    static WAITS: Cell<bool> = const { Cell::new(false) };
    static REFUSED: Cell<u64> = const { Cell::new(0) };
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// A guard: the thread appends until this is dropped.
pub(super) struct Inside {
    before: Doing,
    /// Makes the type neither `Send` nor `Sync`.
    _of_thread: PhantomData<*const ()>,
}

/// A guard: the thread waits for the disk until this is dropped. A signal handler may append in this time, but may
/// not wait for the disk.
pub(super) struct Waiting(PhantomData<*const ()>);

/// A guard: the thread runs code of the log until this is dropped. Every append is refused.
pub(super) struct Own {
    _inside: Inside,
}

impl Inside {
    /// Begins an append. Returns `None` if the thread is in another append. If code of the program panics while it
    /// writes an entry, one more append can begin.
    #[inline]
    pub(super) fn enter() -> Option<Self> {
        match DOING.get() {
            Doing::Nothing => Some(Self::begin(Doing::Nothing, Doing::Building)),
            // The interrupted entry may be the cause of the panic. The entry that is logged now explains the panic.
            Doing::Building if std::thread::panicking() => {
                Some(Self::begin(Doing::Building, Doing::BuildingAnother))
            }
            _ => {
                REFUSED.set(REFUSED.get().wrapping_add(1));
                None
            }
        }
    }

    /// Returns the number of refused appends of this thread.
    pub(super) fn refused() -> u64 {
        REFUSED.get()
    }

    #[inline(always)]
    fn begin(before: Doing, doing: Doing) -> Self {
        set(doing);
        Self { before, _of_thread: PhantomData }
    }

    /// Returns whether the thread writes another entry.
    #[inline(always)]
    pub(super) fn is_nested(&self) -> bool {
        self.before != Doing::Nothing
    }

    /// Records that code of the program has written the entry. The rest of the append is code of the log.
    #[inline(always)]
    pub(super) fn has_built(&self) {
        set(Doing::Own);
    }

    /// Returns the number of the thread, which selects its buffer. The first thread that appends has the number 0,
    /// the next one 1.
    #[inline]
    pub(super) fn thread(&self) -> usize {
        NUMBER.get().unwrap_or_else(|| {
            let number = THREADS.fetch_add(1, Ordering::Relaxed);
            NUMBER.set(Some(number));
            number
        })
    }
}

impl Own {
    /// Begins to run code of the log. Returns `None` if the thread already does so: a signal interrupted it, or it
    /// allocates.
    #[inline]
    pub(super) fn enter() -> Option<Self> {
        let before = DOING.get();
        (before != Doing::Own).then(|| Self { _inside: Inside::begin(before, Doing::Own) })
    }
}

impl Waiting {
    /// Begins to wait. Returns `None` if the thread already waits or runs code of the log.
    pub(super) fn enter() -> Option<Self> {
        (DOING.get() != Doing::Own && !WAITS.replace(true)).then(|| Self(PhantomData))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        WAITS.set(false);
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        set(self.before);
    }
}

/// Sets the state of the thread. A signal handler of this thread observes the change after all operations before it,
/// and before all operations after it.
#[inline(always)]
fn set(doing: Doing) {
    compiler_fence(Ordering::SeqCst);
    DOING.set(doing);
    compiler_fence(Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nested_append_is_refused() {
        let inside = Inside::enter().unwrap();
        assert!((0..3).all(|_| Inside::enter().is_none()));
        drop(inside);
        assert!(!Inside::enter().unwrap().is_nested());
    }

    #[test]
    fn code_of_the_log_is_entered_once_and_refuses_appends() {
        let inside = Inside::enter().unwrap();
        let own = Own::enter().unwrap();
        assert!(Own::enter().is_none() && Inside::enter().is_none());
        drop(own);
        inside.has_built();
        assert!(Own::enter().is_none());
        drop(inside);
        assert!(Own::enter().is_some());
    }
}
