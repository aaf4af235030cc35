//! The options of a layer.

/// The selection of the spans in the entry of an event.
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
