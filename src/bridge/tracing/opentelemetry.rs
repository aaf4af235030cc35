//! Trace and span ids from `tracing-opentelemetry`.

use std::sync::OnceLock;

use opentelemetry::trace::{SpanContext, TraceContextExt};
use tracing_core::Subscriber;
use tracing_core::dispatcher::{Dispatch, WeakDispatch};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::trace::TraceContext;

use super::span::{Known, Span};
use crate::bridge::ids::Ids;

/// The dispatcher that returns the ids of a span.
#[derive(Default)]
pub(super) struct Source(OnceLock<WeakDispatch>);

impl Source {
    pub(super) fn listen_to(&self, dispatch: &Dispatch) {
        let _ = self.0.set(dispatch.downgrade());
    }

    /// Returns the ids of a span. The first complete result is cached. The caller must not hold the
    /// extensions of the span.
    #[inline]
    pub(super) fn known<'r, S: Subscriber + LookupSpan<'r>>(&self, layer: u64, span: &SpanRef<'r, S>) -> Ids {
        let known = span.extensions().get::<Known>().and_then(|known| known.place(layer)?.span().cloned());
        let Some(known) = known else { return Ids::default() };
        match known.opentelemetry.get() {
            Some(ids) => *ids,
            None => self.ask(&known, span),
        }
    }

    #[cold]
    fn ask<'r, S: Subscriber + LookupSpan<'r>>(&self, known: &Span, span: &SpanRef<'r, S>) -> Ids {
        match self.0.get().and_then(WeakDispatch::upgrade) {
            Some(dispatch) => {
                let Some(context) = get_otel_context(&span.id(), &dispatch) else { return Ids::default() };
                let ids = ids(context.span().span_context());
                if ids.are_known() {
                    let _ = known.opentelemetry.set(ids);
                }
                ids
            }
            // The layer was added later and has no dispatcher. The current OpenTelemetry context is the best
            // available source.
            None => opentelemetry::Context::map_current(|context| ids(context.span().span_context())),
        }
    }
}

/// Returns the ids of a span without a cache. The caller must not hold the extensions of the span.
pub(super) fn ids_of(id: &tracing_core::span::Id, dispatch: &Dispatch) -> Ids {
    get_otel_context(id, dispatch).map_or_else(Ids::default, |context| ids(context.span().span_context()))
}

fn ids(context: &SpanContext) -> Ids {
    Ids(TraceContext {
        trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
        span_id: u64::from_be_bytes(context.span_id().to_bytes()),
        flags: context.trace_flags().to_u8(),
    })
}
