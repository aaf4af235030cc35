//! Entries in a span of `tracing-opentelemetry` contain its trace id and span id.
#![cfg(feature = "tracing-opentelemetry-0-34")]

use crate::common::logs;
use fusewire::TraceContext;
use fusewire::bridge::tracing::Layer;
use fusewire::log::Log;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::{info, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::prelude::*;
use tracing_subscriber::{registry, reload};

const TRACE: TraceContext = TraceContext {
    trace_id: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c,
    span_id: 0xb7ad_6b71_6920_3331,
    flags: 1,
};

/// Returns the context of an incoming request. A tracer without an exporter, as in these tests, forwards its
/// ids.
fn remote() -> opentelemetry::Context {
    opentelemetry::Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from_bytes(TRACE.trace_id.to_be_bytes()),
        SpanId::from_bytes(TRACE.span_id.to_be_bytes()),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    ))
}

fn work() {
    info!("in no span");
    let request = info_span!("request");
    request.set_parent(remote()).unwrap();
    request.in_scope(|| {
        info!("in the request");
        info!("in it again");
        info_span!("query").in_scope(|| info!("deeper"));
        info!(span_id = 7, "with an id of its own");
    });
    info!(parent: &request, "named, not entered");
}

const EXPECTED: [TraceContext; 6] =
    [TraceContext::NONE, TRACE, TRACE, TRACE, TraceContext { span_id: 7, ..TRACE }, TRACE];

#[test]
fn entries_have_the_ids_of_their_span() {
    let directory = tempfile::tempdir().unwrap();
    let layer = Layer::new(Log::options(directory.path()).open().unwrap());
    let subscriber = registry().with(tracing_opentelemetry::layer()).with(layer);
    tracing::subscriber::with_default(subscriber, work);
    let entries = logs::read(directory.path()).entries;
    assert_eq!(entries.iter().map(|entry| entry.trace).collect::<Vec<_>>(), EXPECTED);
}

#[test]
fn a_layer_below_sees_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let layer = Layer::new(Log::options(directory.path()).open().unwrap());
    let subscriber = registry().with(layer).with(tracing_opentelemetry::layer());
    tracing::subscriber::with_default(subscriber, work);
    let entries = logs::read(directory.path()).entries;
    assert_eq!(entries.iter().map(|entry| entry.trace).collect::<Vec<_>>(), EXPECTED);
}

/// Such a layer does not know its dispatcher, so it uses the current dispatcher of the thread.
#[test]
fn a_layer_put_in_later_knows_the_ids_of_the_thread() {
    let directory = tempfile::tempdir().unwrap();
    let (later, handle) = reload::Layer::new(None::<Layer>);
    let subscriber = registry().with(tracing_opentelemetry::layer()).with(later);
    tracing::subscriber::with_default(subscriber, || {
        handle.reload(Some(Layer::new(Log::options(directory.path()).open().unwrap()))).unwrap();
        work();
        handle.reload(None).unwrap();
    });
    let traces: Vec<_> = logs::read(directory.path()).entries.iter().map(|entry| entry.trace).collect();
    assert_eq!(traces[..5], EXPECTED[..5]);
}
