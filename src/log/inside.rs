//! Is this thread in the middle of an append?

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    // Without destructors: an append from the destructor of another thread-local value works, too.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// The thread is in the middle of an append as long as this lives.
pub(super) struct Inside(PhantomData<*const ()>);

impl Inside {
    /// Begins an append; `None` where the thread is in one already.
    #[inline]
    pub(super) fn enter() -> Option<Self> {
        (!INSIDE.replace(true)).then_some(Self(PhantomData))
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

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}
