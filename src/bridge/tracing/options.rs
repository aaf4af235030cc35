//! The options of a layer.

/// The selection of the spans in the entry of an event.
///
/// ```
/// use fusewire::bridge::tracing::{Layer, Scope};
/// use fusewire::log::{Log, LogEvent, LogReader};
/// use tracing_subscriber::prelude::*;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let layer = Layer::new(log.clone()).with_scope(Scope::Current);
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     tracing::info_span!("request", path = "/pay").in_scope(|| tracing::info!("paid"));
/// });
/// let mut reader = LogReader::options().open(&[directory.path().to_owned()])?;
/// let mut path = None;
/// while let Some(event) = reader.next() {
///     if let LogEvent::Entry { entry, .. } = event {
///         path = entry.get("span.path").and_then(|path| path.as_str()).map(str::to_owned);
///     }
/// }
/// assert_eq!(path.as_deref(), Some("/pay"));
/// # drop(log);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// No spans.
    None,
    /// The innermost span: the attribute `span`, a map with the `name` and the fields of the span.
    Current,
    /// All spans: the attribute `spans`, an array of maps with the same members, outermost first. The array
    /// contains at most the 64 innermost spans; the attribute `spans.left_out` contains the number of other
    /// spans.
    #[default]
    All,
}

/// The selection of the logged events of a span itself. A span event has the level and the target of the
/// span, and is inside the span.
///
/// ```
/// use fusewire::bridge::tracing::{Layer, SpanEvents};
/// use fusewire::log::Log;
/// use tracing_subscriber::prelude::*;
///
/// let directory = tempfile::tempdir()?;
/// let log = Log::options(directory.path()).open()?;
/// let layer = Layer::new(log.clone()).with_span_events(SpanEvents::NewAndClose);
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     tracing::info_span!("request", path = "/pay").in_scope(|| ());
/// });
/// assert_eq!(log.stats().entries, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SpanEvents {
    /// No events.
    #[default]
    None,
    /// The end of a span: an entry with the body `close`. The durations `time.busy` and `time.idle` are the
    /// times in which the span was entered and not entered.
    Close,
    /// The beginning of a span, with the body `new`, and its end.
    NewAndClose,
}

/// The options of a layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) scope: Scope,
    pub(super) span_events: SpanEvents,
    pub(super) thread_names: bool,
    pub(super) file: bool,
    pub(super) line_number: bool,
    pub(super) module: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            scope: Scope::All,
            span_events: SpanEvents::None,
            thread_names: true,
            file: false,
            line_number: false,
            module: false,
        }
    }
}
