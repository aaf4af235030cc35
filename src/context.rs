//! What every entry of a request, a task or a service says, captured once.

use core::cell::RefCell;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context as Task, Poll};
use std::sync::Arc;

use crate::encode::{EntryWriter, Fragment, MapWriter};
use crate::error::EncodeError;
use crate::limits::Limits;
use crate::trace::TraceContext;

/// What every entry of a request, a task or a service says: attributes, trace ids, tags (A10).
///
/// A context never changes. Adding to one gives a new one, and what it holds is encoded there and then: an entry copies
/// bytes, and never sees what became of a value later. Cloning one counts a reference.
///
/// ```
/// use fusewire::{Context, TraceContext};
///
/// let request = Context::root()
///     .with(|attributes| _ = attributes.entry("request_id", "7f3a").entry("user", &7))?
///     .with_trace(TraceContext { trace_id: 1, span_id: 2, flags: 1 });
/// request.scope(|| {
///     // Every entry that `event!` logs here says so.
///     assert_eq!(Context::current().trace().span_id, 2);
/// });
/// # Ok::<(), fusewire::error::EncodeError>(())
/// ```
#[derive(Clone, Default)]
pub struct Context(Option<Arc<Inner>>);

#[derive(Clone, Default)]
struct Inner {
    attributes: Fragment,
    trace: TraceContext,
    tags: Vec<(Box<str>, Box<str>)>,
}

thread_local! {
    static CURRENT: RefCell<Context> = const { RefCell::new(Context(None)) };
}

impl Context {
    /// The context that says nothing.
    #[must_use]
    pub const fn root() -> Self {
        Self(None)
    }

    /// The context that this thread has entered last, and has not left; [`root`](Self::root) where there is none.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(|current| current.borrow().clone()).unwrap_or_default()
    }

    /// This context with the attributes that `write` writes behind its own, under [`Limits::DEFAULT`]. A key that is there
    /// already is there twice then: readers that need one take the first.
    ///
    /// # Errors
    /// What the fuse refuses.
    pub fn with(&self, write: impl FnOnce(&mut MapWriter<'_, '_>)) -> Result<Self, EncodeError> {
        self.with_limits(&Limits::DEFAULT, write)
    }

    /// The same under other limits.
    ///
    /// # Errors
    /// What the fuse is told to refuse.
    pub fn with_limits(
        &self,
        limits: &Limits,
        write: impl FnOnce(&mut MapWriter<'_, '_>),
    ) -> Result<Self, EncodeError> {
        let added = Fragment::encode(limits, write)?;
        Ok(self.changed(|inner| inner.attributes = inner.attributes.with(&added)))
    }

    /// This context with the attributes of `fragment` behind its own.
    #[must_use]
    pub fn with_fragment(&self, fragment: &Fragment) -> Self {
        self.changed(|inner| inner.attributes = inner.attributes.with(fragment))
    }

    /// This context in another trace, or in another span of it.
    #[must_use]
    pub fn with_trace(&self, trace: TraceContext) -> Self {
        self.changed(|inner| inner.trace = trace)
    }

    /// This context with a tag: a word that says how its entries are to be treated, and is not written into them. A tag of
    /// the same name is replaced.
    #[must_use]
    pub fn with_tag(&self, name: &str, value: &str) -> Self {
        self.changed(|inner| {
            inner.tags.retain(|(found, _)| **found != *name);
            inner.tags.push((name.into(), value.into()));
        })
    }

    fn changed(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = self.0.as_deref().cloned().unwrap_or_default();
        change(&mut inner);
        Self(Some(Arc::new(inner)))
    }

    /// The attributes.
    #[must_use]
    pub fn attributes(&self) -> Option<&Fragment> {
        self.0.as_ref().map(|inner| &inner.attributes)
    }

    /// The trace and the span.
    #[must_use]
    pub fn trace(&self) -> TraceContext {
        self.0.as_ref().map_or(TraceContext::NONE, |inner| inner.trace)
    }

    /// The tag of this name.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&str> {
        let tags = &self.0.as_ref()?.tags;
        tags.iter().find(|(found, _)| **found == *name).map(|(_, value)| &**value)
    }

    /// Writes the context into an entry: its attributes behind those that are there, and its trace where it has one.
    #[inline]
    pub fn write_to(&self, entry: &mut EntryWriter<'_>) {
        if let Some(inner) = &self.0 {
            inner.write_to(entry);
        }
    }

    /// Writes the [`current`](Self::current) context into an entry.
    #[inline]
    pub fn write_current(entry: &mut EntryWriter<'_>) {
        // A thread that ends may log without one.
        let _ = CURRENT.try_with(|current| current.borrow().write_to(entry));
    }

    /// Hands the [`current`](Self::current) context to `look`, without a reference counted. `look` runs nobody else's code: no
    /// other context can be entered meanwhile.
    #[cfg(all(unix, not(loom), feature = "json"))]
    pub(crate) fn with_current<R>(look: impl FnOnce(&Self) -> R) -> R {
        if CURRENT.try_with(|_| ()).is_err() {
            // A thread that ends.
            return look(&Self::root());
        }
        CURRENT.with(|current| look(&current.borrow()))
    }

    /// Makes this the current context of this thread, until what is returned is dropped.
    #[must_use = "the context ends when the guard is dropped"]
    pub fn enter(&self) -> Entered {
        let before = CURRENT.try_with(|current| current.replace(self.clone())).unwrap_or_default();
        Entered { before, thread: PhantomData }
    }

    /// Runs `work` in this context.
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        work()
    }

    /// A future that runs in this context whenever it is polled, on whichever thread.
    pub fn attach<F: Future>(&self, future: F) -> InContext<F> {
        InContext { context: self.clone(), future: Box::pin(future) }
    }
}

impl Inner {
    fn write_to(&self, entry: &mut EntryWriter<'_>) {
        if self.trace != TraceContext::NONE {
            entry.set_trace(self.trace);
        }
        entry.append(&self.attributes);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes = self.attributes().map_or(0, Fragment::len);
        f.debug_struct("Context").field("attributes", &attributes).field("trace", &self.trace()).finish()
    }
}

/// A context that this thread is in, as long as this lives. Contexts are left in the reverse order of entering them.
#[derive(Debug)]
pub struct Entered {
    before: Context,
    /// What was entered on one thread is left on it.
    thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = core::mem::take(&mut self.before);
        // The context that is left is dropped outside: it may be the last reference.
        let _left = CURRENT.try_with(|current| current.replace(before));
    }
}

/// See [`Context::attach`].
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
pub struct InContext<F> {
    context: Context,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for InContext<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<F::Output> {
        let _entered = self.context.enter();
        self.future.as_mut().poll(task)
    }
}
