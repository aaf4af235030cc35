//! A builder for events, for cases that the macro does not support.

use crate::encode::{AsDebug, AsDisplay, EntryWriter, LogValue};
use crate::log::{Appender, Log, Outcome};
#[cfg(feature = "json")]
use crate::route::Router;
use crate::severity::Severity;
use crate::trace::TraceContext;

/// A builder for an event. [`Log::event`] creates a builder, and [`append`](Self::append) logs the event.
///
/// The entry has the same content as with [`event!`](crate::event), which is faster because it knows the keys in
/// advance. The builder borrows the values. [`append`](Self::append) encodes the values directly into the log, in
/// the order of the calls. If the severity is not logged, nothing is formatted or encoded. A builder that is dropped
/// without `append` logs nothing.
///
/// ```
/// use fusewire::{Severity, map};
/// # use fusewire::log::Log;
/// # let directory = std::env::temp_dir().join(format!("fusewire-doc-builder-{}", std::process::id()));
/// # let log = Log::options(&directory).open()?;
/// # let error = std::io::Error::other("timed out");
///
/// log.event(Severity::WARN)
///     .target("shop::payment")
///     .body("retrying")
///     .attr("attempt", &3)
///     .display("cause", &error)
///     .attr("request", &map! { path = "/checkout", tags = ["eu", "canary"] })
///     .append();
/// # assert_eq!(log.stats().entries, 1);
/// # drop(log);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "nothing is logged until `append`"]
pub struct EventBuilder<'l, A, W> {
    log: &'l A,
    severity: Severity,
    target: &'l str,
    trace: Option<TraceContext>,
    write: W,
}

impl Log {
    /// Returns a builder for an event of this severity.
    #[inline]
    pub fn event(&self, severity: Severity) -> EventBuilder<'_, Self, impl FnOnce(&mut EntryWriter<'_>)> {
        EventBuilder::new(self, severity, |_| {})
    }
}

#[cfg(feature = "json")]
impl Router {
    /// Returns a builder for an event of this severity.
    #[inline]
    pub fn event(&self, severity: Severity) -> EventBuilder<'_, Self, impl FnOnce(&mut EntryWriter<'_>)> {
        EventBuilder::new(self, severity, |_| {})
    }
}

impl<'l, A: Appender, W: FnOnce(&mut EntryWriter<'_>)> EventBuilder<'l, A, W> {
    fn new(log: &'l A, severity: Severity, write: W) -> Self {
        Self { log, severity, target: "", trace: None, write }
    }

    /// Sets the target, for example `module_path!()`. The default is an empty target. [`Log::levels`] can have a
    /// level for each target.
    #[inline]
    pub fn target(self, target: &'l str) -> Self {
        Self { target, ..self }
    }

    /// Sets the message.
    #[inline]
    pub fn body(self, body: &str) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| entry.set_body(body))
    }

    /// Sets the message, which is formatted directly into the log: `body_fmt(format_args!("user {user}"))`.
    #[inline]
    pub fn body_fmt(
        self,
        body: core::fmt::Arguments<'_>,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| entry.set_body_fmt(body))
    }

    /// Adds an attribute.
    #[inline]
    pub fn attr<V: LogValue + ?Sized>(
        self,
        key: &str,
        value: &V,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| _ = entry.attr(key, value))
    }

    /// Adds an attribute with the `Display` text of a value, up to the limit for formatted text.
    #[inline]
    pub fn display(
        self,
        key: &str,
        value: &dyn core::fmt::Display,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| _ = entry.attr(key, &AsDisplay(value)))
    }

    /// Adds an attribute with the `Debug` text of a value, up to the limit for formatted text.
    #[inline]
    pub fn debug(
        self,
        key: &str,
        value: &dyn core::fmt::Debug,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| _ = entry.attr(key, &AsDebug(value)))
    }

    /// Sets the trace id and the span id, in place of the ids of the [`Context`](crate::Context) of the
    /// thread.
    #[inline]
    pub fn trace(self, trace: TraceContext) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Adds a function that writes to the entry.
    ///
    /// ```
    /// use fusewire::Severity;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// let fields = [("shop", "eu"), ("order", "A-7")];
    /// log.event(Severity::INFO)
    ///     .body("paid")
    ///     .with(|entry| {
    ///         for (key, value) in fields {
    ///             entry.attr(key, value);
    ///         }
    ///     })
    ///     .append();
    /// assert_eq!(log.stats().entries, 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    pub fn with(
        self,
        more: impl FnOnce(&mut EntryWriter<'_>),
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        let Self { log, severity, target, trace, write } = self;
        let write = move |entry: &mut EntryWriter<'_>| {
            write(entry);
            more(entry);
        };
        EventBuilder { log, severity, target, trace, write }
    }

    /// Logs the event, with the name, the spans and the [`Context`](crate::Context) of the thread, like
    /// [`event!`](crate::event). Returns `None` if the severity is not logged.
    ///
    /// ```
    /// use fusewire::Severity;
    /// use fusewire::log::Log;
    ///
    /// let directory = tempfile::tempdir()?;
    /// let log = Log::options(directory.path()).open()?;
    /// log.levels().set_default(Severity::INFO);
    /// assert!(log.event(Severity::DEBUG).body("cache hit").append().is_none());
    /// let outcome = log.event(Severity::WARN).body("late").attr("ms", &2_500).append();
    /// assert!(outcome.is_some_and(|outcome| outcome.is_written()));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[inline]
    #[track_caller]
    pub fn append(self) -> Option<Outcome> {
        let Self { log, severity, target, trace, write } = self;
        if severity < log.levels().least(target) {
            return None;
        }
        Some(log.append(|entry| {
            entry.set_severity(severity);
            entry.set_target(target);
            super::__write_thread(entry);
            write(entry);
            super::__write_surroundings(entry);
            if let Some(trace) = trace {
                entry.set_trace(trace);
            }
        }))
    }
}
