//! The layer for `tracing_subscriber`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::context::Context;
use crate::encode::{EntryWriter, thread_name};
use crate::log::{Appender, Log};
use crate::severity::Severity;

use super::expected::{self, Expected};
use super::fields::{self, Fields};
use super::options::{Options, Scope, SpanEvents};
use super::span::{Known, Outer, Place, Span};
use crate::bridge::ids::Ids;
use crate::bridge::used::Used;

/// The number of created layers. Each layer stores its own data in a span.
static LAYERS: AtomicU64 = AtomicU64::new(0);

/// A layer that appends events and their spans to a [`Log`] or to another [`Appender`]. See the
/// [module](super).
///
/// ```
/// use fusewire::bridge::tracing::Layer;
/// use fusewire::log::Log;
/// use tracing_subscriber::prelude::*;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let subscriber = tracing_subscriber::registry().with(Layer::new(log.clone()).with_line_number(true));
/// tracing::subscriber::with_default(subscriber, || tracing::info!(order = "A-7", "paid"));
/// assert_eq!(log.stats().entries, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Layer<A = Log> {
    log: A,
    /// A flag that the first event sets, if a guard needs this information.
    used: Option<Used>,
    options: Options,
    number: u64,
    expected: Expected,
    #[cfg(feature = "tracing-opentelemetry-0-34")]
    opentelemetry: super::opentelemetry::Source,
}

impl<A: Appender> Layer<A> {
    /// Creates a layer that appends to `log`. By default, the layer writes all spans of an event and the name
    /// of the thread, but not the file, line and module of the call.
    #[must_use]
    pub fn new(log: A) -> Self {
        Self {
            log,
            used: None,
            options: Options::default(),
            number: LAYERS.fetch_add(1, Ordering::Relaxed),
            expected: Expected::default(),
            #[cfg(feature = "tracing-opentelemetry-0-34")]
            opentelemetry: Default::default(),
        }
    }

    /// Sets which spans of an event are in its entry. The default is [`Scope::All`].
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.options.scope = scope;
        self
    }

    /// Sets which events of the life of a span the layer logs. The default is [`SpanEvents::None`].
    #[must_use]
    pub fn with_span_events(mut self, span_events: SpanEvents) -> Self {
        self.options.span_events = span_events;
        self
    }

    /// Sets whether entries contain the name of the thread. The default is `true`.
    #[must_use]
    pub fn with_thread_names(mut self, thread_names: bool) -> Self {
        self.options.thread_names = thread_names;
        self
    }

    /// Sets whether entries contain the file of the call, as `code.file.path`. The default is `false`.
    #[must_use]
    pub fn with_file(mut self, file: bool) -> Self {
        self.options.file = file;
        self
    }

    /// Sets whether entries contain the line of the call, as `code.line.number`. The default is `false`.
    #[must_use]
    pub fn with_line_number(mut self, line_number: bool) -> Self {
        self.options.line_number = line_number;
        self
    }

    /// Sets whether entries contain the module of the call, as `code.namespace`. The default is `false`. The module is
    /// often equal to the target.
    #[must_use]
    pub fn with_module(mut self, module: bool) -> Self {
        self.options.module = module;
        self
    }

    /// Returns the layer with a flag that its first event sets.
    pub(super) fn noting_use(mut self, used: Used) -> Self {
        self.used = Some(used);
        self
    }

    /// Returns the appender.
    #[must_use]
    pub fn log(&self) -> &A {
        &self.log
    }

    /// Adds data of this layer to a span that is older than the layer. The data contains the name, and the
    /// fields that are recorded later.
    #[cold]
    fn adopt<'r, S: Subscriber + LookupSpan<'r>>(&self, span: &SpanRef<'r, S>) {
        let timed = self.options.span_events != SpanEvents::None;
        self.add(span, Span::named(self.log.limits(), span.name(), timed));
    }

    fn add<'r, S: Subscriber + LookupSpan<'r>>(&self, span: &SpanRef<'r, S>, new: Span) {
        let place = Place::new(self.number, self.options.scope, self.outer(span), new);
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<Known>() {
            Some(known) => known.add(place),
            None => extensions.insert(Known::with(place)),
        }
    }

    /// Returns the data of this layer in a span.
    #[inline]
    fn span<S: Subscriber + for<'l> LookupSpan<'l>>(
        &self,
        id: &Id,
        context: &LayerContext<'_, S>,
    ) -> Option<Arc<Span>> {
        context.span(id)?.extensions().get::<Known>()?.place(self.number)?.span().cloned()
    }

    /// Returns the spans around a new span. A span that is older than the layer is skipped.
    fn outer<'r, S: Subscriber + LookupSpan<'r>>(&self, span: &SpanRef<'r, S>) -> Outer {
        let place_of =
            |span: SpanRef<'r, S>| span.extensions().get::<Known>()?.place(self.number).map(Place::as_outer);
        span.scope().skip(1).find_map(place_of).unwrap_or_default()
    }

    /// Writes the properties of a call site into an entry.
    #[inline(always)]
    fn write_site(&self, entry: &mut EntryWriter<'_>, site: &Metadata<'_>) {
        entry.set_severity(severity(*site.level()));
        entry.set_target(site.target());
        if self.options.thread_names {
            thread_name::write(entry);
        }
        let Options { file, line_number, module, .. } = self.options;
        if file || line_number || module {
            self.write_origin(entry, site);
        }
    }

    /// Writes the origin of a call site into an entry.
    #[inline(never)]
    fn write_origin(&self, entry: &mut EntryWriter<'_>, site: &Metadata<'_>) {
        if self.options.file
            && let Some(file) = site.file()
        {
            entry.attr("code.file.path", file);
        }
        if self.options.line_number
            && let Some(line) = site.line()
        {
            entry.attr("code.line.number", &line);
        }
        if self.options.module
            && let Some(module) = site.module_path()
        {
            entry.attr("code.namespace", module);
        }
    }

    /// Writes a span and the spans around it into an entry.
    #[inline]
    fn write_span<'r, S: Subscriber + LookupSpan<'r>>(
        &self,
        entry: &mut EntryWriter<'_>,
        span: &SpanRef<'r, S>,
        ids: &mut Ids,
    ) {
        if !self.write_place(entry, span, ids) {
            self.adopt(span);
            self.write_place(entry, span, ids);
        }
        #[cfg(feature = "tracing-opentelemetry-0-34")]
        ids.fill(&self.opentelemetry.known(self.number, span));
    }

    /// Writes the data of this layer in a span into an entry. Returns false if there is none.
    #[inline]
    fn write_place<'r, S: Subscriber + LookupSpan<'r>>(
        &self,
        entry: &mut EntryWriter<'_>,
        span: &SpanRef<'r, S>,
        ids: &mut Ids,
    ) -> bool {
        let extensions = span.extensions();
        let place = extensions.get::<Known>().and_then(|known| known.place(self.number));
        if let Some(place) = place {
            write_scope(entry, place, ids);
        }
        place.is_some()
    }

    /// Logs an event of the span itself.
    #[cold]
    fn log_of<'r, S: Subscriber + LookupSpan<'r>>(
        &self,
        span: &SpanRef<'r, S>,
        write: impl FnOnce(&mut EntryWriter<'_>),
    ) {
        self.log.append(|entry| {
            let mut ids = Ids::default();
            self.write_site(entry, span.metadata());
            write(entry);
            self.write_span(entry, span, &mut ids);
            Context::write_current(entry);
            ids.write(entry);
        });
    }
}

/// Returns the OpenTelemetry severity of a level.
fn severity(level: Level) -> Severity {
    match level {
        Level::TRACE => Severity::TRACE,
        Level::DEBUG => Severity::DEBUG,
        Level::INFO => Severity::INFO,
        Level::WARN => Severity::WARN,
        Level::ERROR => Severity::ERROR,
    }
}

/// Returns whether an event is a record of the crate `log` that `tracing-log` forwards. All such records have
/// the same call site; their first fields contain the origin.
#[inline]
fn is_record(site: &Metadata<'_>) -> bool {
    site.target() == "log" && site.name() == "log event"
}

/// Writes the spans of `place` into an entry, and adds unknown ids. The ids of an inner span have priority.
#[inline]
pub(super) fn write_scope(entry: &mut EntryWriter<'_>, place: &Place, ids: &mut Ids) {
    let scope = place.scope;
    let (mut of_spans, mut are_any) = (Ids::default(), false);
    let mut take = |found: &Ids| {
        if !found.are_none() {
            (of_spans, are_any) = (found.over(&of_spans), true);
        }
    };
    let mut attributes = entry.attributes();
    if scope == Scope::All {
        let mut spans = attributes.slot("spans").array();
        for span in &place.spans {
            span.look(|fields| {
                spans.push_map_of(&fields.all);
                take(&fields.ids);
            });
        }
        spans.end();
        if place.left_out > 0 {
            attributes.entry("spans.left_out", &place.left_out);
        }
    } else if let [outer @ .., current] = &*place.spans {
        outer.iter().for_each(|span| span.look(|fields| take(&fields.ids)));
        current.look(|fields| {
            if scope == Scope::Current {
                attributes.slot("span").map().append(&fields.all);
            }
            take(&fields.ids);
        });
    }
    if are_any {
        ids.fill(&of_spans);
    }
}

impl<S, A> tracing_subscriber::Layer<S> for Layer<A>
where
    S: Subscriber + for<'l> LookupSpan<'l>,
    A: Appender + 'static,
{
    #[cfg(feature = "tracing-opentelemetry-0-34")]
    fn on_register_dispatch(&self, dispatch: &tracing_core::Dispatch) {
        self.opentelemetry.listen_to(dispatch);
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        if let Some(used) = &self.used {
            used.note();
        }
        // Call sites are static values.
        self.log.__append_at(core::ptr::from_ref(event.metadata()).addr(), |entry| {
            let (site, mut ids) = (event.metadata(), Ids::default());
            let expected = self.expected.expect(site, entry);
            self.write_site(entry, site);
            let Options { file, line_number, module, .. } = self.options;
            let record = is_record(site).then_some(fields::Record { file, line_number, module });
            event.record(&mut Fields { sink: fields::Event { entry: &mut *entry, record }, ids: &mut ids });
            // The span is read after the fields, because code that formats a field must not run while the
            // span is locked.
            if let Some(span) = context.event_span(event) {
                self.write_span(entry, &span, &mut ids);
            }
            Context::write_current(entry);
            ids.write(entry);
            expected::learn(expected, entry);
        });
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let timed = self.options.span_events != SpanEvents::None;
        let new = Span::new(self.log.limits(), attributes, timed);
        self.add(&span, new);
        if self.options.span_events == SpanEvents::NewAndClose {
            self.log_of(&span, |entry| entry.set_body("new"));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: LayerContext<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if self.span(id, &context).is_none() {
            self.adopt(&span);
        }
        if let Some(span) = self.span(id, &context) {
            span.record(self.log.limits(), values);
        }
    }

    fn on_enter(&self, id: &Id, context: LayerContext<'_, S>) {
        if self.options.span_events != SpanEvents::None
            && let Some(span) = self.span(id, &context)
        {
            span.timing(|timing| timing.enter());
        }
    }

    fn on_exit(&self, id: &Id, context: LayerContext<'_, S>) {
        if self.options.span_events != SpanEvents::None
            && let Some(span) = self.span(id, &context)
        {
            span.timing(|timing| timing.exit());
        }
    }

    fn on_close(&self, id: Id, context: LayerContext<'_, S>) {
        if self.options.span_events == SpanEvents::None {
            return;
        }
        let (Some(known), Some(span)) = (self.span(&id, &context), context.span(&id)) else { return };
        let mut spent = None;
        known.timing(|timing| {
            timing.close();
            spent = Some((timing.busy, timing.idle));
        });
        self.log_of(&span, |entry| {
            entry.set_body("close");
            if let Some((busy, idle)) = spent {
                entry.attr("time.busy", &busy).attr("time.idle", &idle);
            }
        });
    }
}
