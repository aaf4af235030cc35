//! The current span of a thread, for entries that do not come from `tracing`.

use tracing_core::Subscriber;
use tracing_core::dispatcher::{self, Dispatch};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

use crate::bridge::ids::Ids;
use crate::context::Context;
use crate::encode::EntryWriter;

use super::layer::write_scope;
use super::span::Known;

/// Writes the spans of this thread and the [`Context`] of the thread, with their ids. The format of the spans is that of
/// the first [`Layer`](super::Layer) that recorded the innermost span.
///
/// Writes no spans if the subscriber has no `Registry` or no `Layer`.
#[inline(never)]
pub(crate) fn write_surroundings(entry: &mut EntryWriter<'_>) {
    let mut ids = Ids::default();
    write_spans(entry, &mut ids);
    Context::write_current(entry);
    ids.write(entry);
}

fn write_spans(entry: &mut EntryWriter<'_>, ids: &mut Ids) {
    dispatcher::get_default(|dispatch| {
        let Some(registry) = dispatch.downcast_ref::<Registry>() else { return };
        let current = registry.current_span();
        let Some(span) = current.id().and_then(|id| registry.span(id)) else { return };
        // A span that is older than the layer is skipped.
        for span in span.scope() {
            let extensions = span.extensions();
            if let Some(place) = extensions.get::<Known>().and_then(Known::first) {
                write_scope(entry, place, ids);
                break;
            }
        }
        of_opentelemetry(current.id(), dispatch, ids);
    });
}

/// Adds unknown ids from the layer of `tracing-opentelemetry`.
#[cfg(feature = "tracing-opentelemetry-0-34")]
fn of_opentelemetry(id: Option<&tracing_core::span::Id>, dispatch: &Dispatch, ids: &mut Ids) {
    if !ids.are_known()
        && let Some(id) = id
    {
        ids.fill(&super::opentelemetry::ids_of(id, dispatch));
    }
}

#[cfg(not(feature = "tracing-opentelemetry-0-34"))]
fn of_opentelemetry(_: Option<&tracing_core::span::Id>, _: &Dispatch, _: &mut Ids) {}
