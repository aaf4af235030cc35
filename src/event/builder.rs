//! An event put together in steps, where a macro does not fit.

use crate::encode::{AsDebug, AsDisplay, EntryWriter, LogValue};
use crate::log::{Appender, Log, Outcome};
#[cfg(feature = "json")]
use crate::route::Router;
use crate::severity::Severity;
use crate::trace::TraceContext;

/// An event put together in steps; [`Log::event`] begins one, [`append`](Self::append) logs it.
///
/// It says what [`event!`](crate::event) says, and costs as much: values are borrowed, and encoded straight into the log
/// once it is appended, in the order of the calls. Nothing is encoded or formatted where the severity is not logged. One
/// that is dropped without `append` logs nothing.
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
    /// Begins an event of this severity.
    #[inline]
    pub fn event(&self, severity: Severity) -> EventBuilder<'_, Self, impl FnOnce(&mut EntryWriter<'_>)> {
        EventBuilder::new(self, severity, |_| {})
    }
}

#[cfg(feature = "json")]
impl Router {
    /// Begins an event of this severity.
    #[inline]
    pub fn event(&self, severity: Severity) -> EventBuilder<'_, Self, impl FnOnce(&mut EntryWriter<'_>)> {
        EventBuilder::new(self, severity, |_| {})
    }
}

impl<'l, A: Appender, W: FnOnce(&mut EntryWriter<'_>)> EventBuilder<'l, A, W> {
    fn new(log: &'l A, severity: Severity, write: W) -> Self {
        Self { log, severity, target: "", trace: None, write }
    }

    /// What logs, as in `target: module_path!()`: [`Log::levels`] go by it. Else it is empty.
    #[inline]
    pub fn target(self, target: &'l str) -> Self {
        Self { target, ..self }
    }

    /// The message.
    #[inline]
    pub fn body(self, body: &str) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| entry.set_body(body))
    }

    /// The message, formatted straight into the log: `body_fmt(format_args!("user {user}"))`.
    #[inline]
    pub fn body_fmt(
        self,
        body: core::fmt::Arguments<'_>,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| entry.set_body_fmt(body))
    }

    /// An attribute.
    #[inline]
    pub fn attr<V: LogValue + ?Sized>(
        self,
        key: &str,
        value: &V,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| _ = entry.attr(key, value))
    }

    /// An attribute: what `Display` makes of the value, bounded.
    #[inline]
    pub fn display(
        self,
        key: &str,
        value: &dyn core::fmt::Display,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| _ = entry.attr(key, &AsDisplay(value)))
    }

    /// An attribute: what `Debug` makes of the value, bounded.
    #[inline]
    pub fn debug(
        self,
        key: &str,
        value: &dyn core::fmt::Debug,
    ) -> EventBuilder<'l, A, impl FnOnce(&mut EntryWriter<'_>)> {
        self.with(move |entry| _ = entry.attr(key, &AsDebug(value)))
    }

    /// The trace and the span, in place of those of the thread's [`Context`](crate::Context).
    #[inline]
    pub fn trace(self, trace: TraceContext) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// Whatever else an entry can say.
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

    /// Logs it, with the name, the spans and the [`Context`](crate::Context) of the thread, as [`event!`](crate::event) does.
    /// Returns `None` if the severity is not logged.
    #[inline]
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
