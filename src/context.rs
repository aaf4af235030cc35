//! Attributes, trace ids and tags that apply to all entries of a request, a task or a service.

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

/// Attributes, trace ids and tags that apply to all entries of a request, a task or a service.
///
/// A context is immutable. Each `with` method returns a new context. A `with` method encodes the attributes
/// immediately. An entry copies the encoded bytes, so later changes of a value have no effect. A clone shares
/// the content and only counts a reference.
///
/// ```
/// use fusewire::{Context, TraceContext};
///
/// let request = Context::root()
///     .with(|attributes| _ = attributes.entry("request_id", "7f3a").entry("user", &7))?
///     .with_trace(TraceContext { trace_id: 1, span_id: 2, flags: 1 });
/// request.scope(|| {
///     // Every entry that `event!` logs here contains these attributes and ids.
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
    /// Returns the empty context.
    #[must_use]
    pub const fn root() -> Self {
        Self(None)
    }

    /// Returns the context that this thread entered last and did not leave. Returns [`root`](Self::root) if
    /// there is none.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.try_with(|current| current.borrow().clone()).unwrap_or_default()
    }

    /// Returns this context with more attributes, which `write` writes under [`Limits::DEFAULT`].
    ///
    /// The new attributes follow the existing ones. A key that already exists is then in the entry twice; a
    /// lookup by key returns the first value.
    ///
    /// # Errors
    /// Returns an error if the limits refuse the attributes.
    ///
    /// ```
    /// use fusewire::Context;
    /// use fusewire::decode::EntryRef;
    /// use fusewire::encode::encode;
    ///
    /// let request = Context::root().with(|attributes| _ = attributes.entry("request_id", "7f3a"))?;
    /// let mut buffer = [0; 512];
    /// let entry = encode(&mut buffer, &Default::default(), |entry| request.write_to(entry))?;
    /// let entry = EntryRef::new(entry.into_bytes())?;
    /// assert_eq!(entry.get("request_id").and_then(|id| id.as_str()), Some("7f3a"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with(&self, write: impl FnOnce(&mut MapWriter<'_, '_>)) -> Result<Self, EncodeError> {
        self.with_limits(&Limits::DEFAULT, write)
    }

    /// Returns this context with more attributes, which `write` writes under the given limits. See
    /// [`with`](Self::with).
    ///
    /// # Errors
    /// Returns an error if the limits refuse the attributes.
    pub fn with_limits(
        &self,
        limits: &Limits,
        write: impl FnOnce(&mut MapWriter<'_, '_>),
    ) -> Result<Self, EncodeError> {
        let added = Fragment::encode(limits, write)?;
        Ok(self.changed(|inner| inner.attributes = inner.attributes.with(&added)))
    }

    /// Returns this context with the attributes of `fragment` after its own attributes.
    ///
    /// ```
    /// use fusewire::Context;
    /// use fusewire::encode::Fragment;
    ///
    /// let tenant = Fragment::encode(&Default::default(), |attributes| _ = attributes.entry("tenant", "a"))?;
    /// let context = Context::root().with_fragment(&tenant);
    /// assert_eq!(context.attributes().map(Fragment::len), Some(1));
    /// # Ok::<(), fusewire::error::EncodeError>(())
    /// ```
    #[must_use]
    pub fn with_fragment(&self, fragment: &Fragment) -> Self {
        self.changed(|inner| inner.attributes = inner.attributes.with(fragment))
    }

    /// Returns this context with another trace id and span id.
    ///
    /// ```
    /// use fusewire::{Context, TraceContext};
    ///
    /// let trace = TraceContext { trace_id: 7, span_id: 8, flags: 1 };
    /// assert_eq!(Context::root().with_trace(trace).trace(), trace);
    /// assert_eq!(Context::root().trace(), TraceContext::NONE);
    /// ```
    #[must_use]
    pub fn with_trace(&self, trace: TraceContext) -> Self {
        self.changed(|inner| inner.trace = trace)
    }

    /// Returns this context with a tag. Routing rules select entries by tag; tags are not written into
    /// entries. An existing tag of the same name is replaced.
    ///
    /// ```
    /// use fusewire::Context;
    ///
    /// let context = Context::root().with_tag("tenant", "a").with_tag("tenant", "b");
    /// assert_eq!(context.tag("tenant"), Some("b"));
    /// ```
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

    /// Returns the attributes, or `None` for the empty context.
    #[must_use]
    pub fn attributes(&self) -> Option<&Fragment> {
        self.0.as_ref().map(|inner| &inner.attributes)
    }

    /// Returns the trace id, the span id and the trace flags.
    #[must_use]
    pub fn trace(&self) -> TraceContext {
        self.0.as_ref().map_or(TraceContext::NONE, |inner| inner.trace)
    }

    /// Returns the value of a tag.
    #[must_use]
    pub fn tag(&self, name: &str) -> Option<&str> {
        let tags = &self.0.as_ref()?.tags;
        tags.iter().find(|(found, _)| **found == *name).map(|(_, value)| &**value)
    }

    /// Writes the context into an entry. The attributes follow the existing ones. The trace is set if the
    /// context has one.
    #[inline]
    pub fn write_to(&self, entry: &mut EntryWriter<'_>) {
        if let Some(inner) = &self.0 {
            inner.write_to(entry);
        }
    }

    /// Writes the [`current`](Self::current) context into an entry.
    #[inline]
    pub fn write_current(entry: &mut EntryWriter<'_>) {
        // The thread-local value no longer exists while a thread ends.
        let _ = CURRENT.try_with(|current| current.borrow().write_to(entry));
    }

    /// Returns whether the [`current`](Self::current) context is the empty context.
    #[inline]
    #[cfg(all(unix, not(loom)))]
    pub(crate) fn is_current_root() -> bool {
        CURRENT.try_with(|current| current.borrow().0.is_none()).unwrap_or(true)
    }

    /// Calls `look` with the [`current`](Self::current) context, without a change of the reference count.
    /// `look` must not run code of the user: that code could enter another context, and the borrowed cell
    /// would panic.
    #[cfg(all(unix, not(loom), feature = "json"))]
    pub(crate) fn with_current<R>(look: impl FnOnce(&Self) -> R) -> R {
        if CURRENT.try_with(|_| ()).is_err() {
            // The thread is ending.
            return look(&Self::root());
        }
        CURRENT.with(|current| look(&current.borrow()))
    }

    /// Makes this the current context of the thread, until the returned guard is dropped.
    ///
    /// ```
    /// use fusewire::Context;
    ///
    /// let canary = Context::root().with_tag("canary", "yes");
    /// let guard = canary.enter();
    /// assert_eq!(Context::current().tag("canary"), Some("yes"));
    /// drop(guard);
    /// assert_eq!(Context::current().tag("canary"), None);
    /// ```
    #[must_use = "the context ends when the guard is dropped"]
    pub fn enter(&self) -> Entered {
        let before = CURRENT.try_with(|current| current.replace(self.clone())).unwrap_or_default();
        Entered { before, thread: PhantomData }
    }

    /// Runs `work` in this context.
    ///
    /// ```
    /// use fusewire::Context;
    ///
    /// let canary = Context::root().with_tag("canary", "yes");
    /// let tag = canary.scope(|| Context::current().tag("canary").map(str::to_owned));
    /// assert_eq!(tag.as_deref(), Some("yes"));
    /// ```
    pub fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        work()
    }

    /// Returns a future that runs in this context on every poll, on any thread.
    ///
    /// ```
    /// use std::pin::Pin;
    /// use std::task::{Poll, Waker};
    /// use fusewire::Context;
    ///
    /// let tenant = Context::root().with_tag("tenant", "a");
    /// let mut future = tenant.attach(async { Context::current().tag("tenant").map(str::to_owned) });
    /// let polled = Pin::new(&mut future).poll(&mut std::task::Context::from_waker(Waker::noop()));
    /// assert_eq!(polled, Poll::Ready(Some("a".to_owned())));
    /// ```
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

/// A guard that keeps a context current on this thread. Guards must be dropped in the reverse order of their
/// creation.
#[derive(Debug)]
pub struct Entered {
    before: Context,
    /// A context is left on the thread on which it was entered, so the guard is not `Send`.
    thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = core::mem::take(&mut self.before);
        // The old context can be the last reference, so the drop happens outside the borrow.
        let _left = CURRENT.try_with(|current| current.replace(before));
    }
}

/// The future that [`Context::attach`] returns.
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
