//! What a layer is told.

/// Which of the spans that an event is in its entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// None.
    None,
    /// The innermost one: attribute `span`, a map of the span's `name` and its fields.
    Current,
    /// All of them: attribute `spans`, an array of such maps, outermost first. Of more than 64 the innermost 64; attribute
    /// `spans.left_out` is then the number of the others.
    #[default]
    All,
}

/// Which events of spans themselves are logged, with the level and the target of the span. They are in the span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SpanEvents {
    /// None.
    #[default]
    None,
    /// Its end: body `close`, and the durations `time.busy`, for which it was entered, and `time.idle`, for which not.
    Close,
    /// Its beginning, body `new`, and its end.
    NewAndClose,
}

/// Options of a layer.
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
