//! What this thread is doing in a log: whether an append, or a call that takes a lock, may begin now.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering, compiler_fence};

/// What a thread is doing in a log.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nothing.
    Nothing,
    /// Code of the program builds an entry.
    Building,
    /// Code of the program builds an entry, and panics: its panic hook, or a destructor, builds another one.
    BuildingAnother,
    /// Code of the log runs, possibly with a lock held. Code of the program runs here all the same in an allocator or in a
    /// signal handler. It must not wait for a lock that its own thread holds.
    Own,
}

thread_local! {
    // Without destructors: an append from the destructor of another thread-local value works, too.
    static DOING: Cell<Doing> = const { Cell::new(Doing::Nothing) };
    static WAITS: Cell<bool> = const { Cell::new(false) };
    static REFUSED: Cell<u64> = const { Cell::new(0) };
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// The thread appends as long as this lives.
pub(super) struct Inside {
    before: Doing,
    /// Not for other threads.
    _of_thread: PhantomData<*const ()>,
}

/// The thread waits for the disk as long as this lives. A signal handler may append meanwhile, and may not wait for the disk.
pub(super) struct Waiting(PhantomData<*const ()>);

/// The thread runs code of the log as long as this lives: every append is refused.
pub(super) struct Own {
    _inside: Inside,
}

impl Inside {
    /// Begins an append. `None` if the thread is in one already, unless code of the program that builds an entry panics:
    /// then one more can be built.
    #[inline]
    pub(super) fn enter() -> Option<Self> {
        match DOING.get() {
            Doing::Nothing => Some(Self::begin(Doing::Nothing, Doing::Building)),
            // The entry that is being built may be the cause of the panic. The one that is logged now explains it.
            Doing::Building if std::thread::panicking() => {
                Some(Self::begin(Doing::Building, Doing::BuildingAnother))
            }
            _ => {
                REFUSED.set(REFUSED.get().wrapping_add(1));
                None
            }
        }
    }

    /// How many appends of this thread have been refused so far.
    pub(super) fn refused() -> u64 {
        REFUSED.get()
    }

    #[inline(always)]
    fn begin(before: Doing, doing: Doing) -> Self {
        set(doing);
        Self { before, _of_thread: PhantomData }
    }

    /// Whether the thread builds another entry already.
    #[inline(always)]
    pub(super) fn is_nested(&self) -> bool {
        self.before != Doing::Nothing
    }

    /// Code of the program has built the entry. The rest of the append is code of the log.
    #[inline(always)]
    pub(super) fn has_built(&self) {
        set(Doing::Own);
    }

    /// A small number that few threads share: the first one to append has 0, the next one 1.
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
    /// Begins to run code of the log. `None` if the thread does so already: it was interrupted by a signal, or allocates.
    #[inline]
    pub(super) fn enter() -> Option<Self> {
        let before = DOING.get();
        (before != Doing::Own).then(|| Self { _inside: Inside::begin(before, Doing::Own) })
    }
}

impl Waiting {
    /// Begins to wait. `None` if the thread does so already, or runs code of the log.
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

/// A signal handler of this thread sees the change before all that follows it, and after all that precedes it.
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
