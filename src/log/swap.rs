//! A shared value that is read often and rarely replaced, without a lock.

use std::sync::Arc;

#[cfg(not(loom))]
pub(super) use atomic::{Cached, Loaded, Swap};
#[cfg(loom)]
pub(super) use modelled::{Loaded, Swap};

#[cfg(not(loom))]
mod atomic {
    use std::sync::Arc;

    use arc_swap::{ArcSwapOption, Cache, Guard};

    /// The value at the time of a load. The value stays valid until this guard is dropped.
    pub(crate) type Loaded<T> = Guard<Option<Arc<T>>>;

    pub(crate) struct Swap<T>(Arc<ArcSwapOption<T>>);

    /// The value that one reader loaded last. If the value has not changed, another load costs one atomic read.
    pub(crate) struct Cached<T>(Cache<Arc<ArcSwapOption<T>>, Option<Arc<T>>>);

    impl<T> Cached<T> {
        /// Returns the current value.
        #[inline(always)]
        pub(crate) fn load(&mut self) -> Option<&Arc<T>> {
            self.0.load().as_ref()
        }
    }

    impl<T> Swap<T> {
        pub(crate) fn empty() -> Self {
            Self(Arc::new(ArcSwapOption::empty()))
        }

        pub(crate) fn cached(&self) -> Cached<T> {
            Cached(Cache::new(Arc::clone(&self.0)))
        }

        #[inline(always)]
        pub(crate) fn load(&self) -> Loaded<T> {
            self.0.load()
        }

        pub(crate) fn store(&self, value: Option<Arc<T>>) {
            self.0.store(value);
        }

        /// Replaces `old` by `new` if the current value is `old`. Returns whether it was.
        pub(crate) fn replace(&self, old: Option<&Arc<T>>, new: &Arc<T>) -> bool {
            let old = old.cloned();
            let found = self.0.compare_and_swap(&old, Some(Arc::clone(new)));
            super::same(found.as_ref(), old.as_ref())
        }

        pub(crate) fn take(&self) -> Option<Arc<T>> {
            self.0.swap(None)
        }
    }
}

/// A replacement for the crate `arc-swap` under the model checker. It has the same guarantees and uses a lock.
#[cfg(loom)]
mod modelled {
    use std::sync::Arc;

    use loom::sync::Mutex;

    pub(crate) type Loaded<T> = Option<Arc<T>>;

    pub(crate) struct Swap<T>(Mutex<Option<Arc<T>>>);

    impl<T> Swap<T> {
        pub(crate) fn empty() -> Self {
            Self(Mutex::new(None))
        }

        pub(crate) fn load(&self) -> Loaded<T> {
            self.0.lock().unwrap().clone()
        }

        pub(crate) fn store(&self, value: Option<Arc<T>>) {
            *self.0.lock().unwrap() = value;
        }

        pub(crate) fn replace(&self, old: Option<&Arc<T>>, new: &Arc<T>) -> bool {
            let mut place = self.0.lock().unwrap();
            let found = super::same(place.as_ref(), old);
            if found {
                *place = Some(Arc::clone(new));
            }
            found
        }

        pub(crate) fn take(&self) -> Option<Arc<T>> {
            self.0.lock().unwrap().take()
        }
    }
}

/// Returns whether both are the same object, or both are `None`.
pub(super) fn same<S>(a: Option<&Arc<S>>, b: Option<&Arc<S>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}
