//! An event contains the name of its thread and the context. With the feature `tracing`, it also contains the spans
//! of its thread and their ids. None of these parts requires an allocation.

use std::thread;

use crate::common::counting::allocations;
#[cfg(feature = "tracing")]
use fusewire::Context;
use fusewire::log::Log;
use fusewire::owned::Entry;
use fusewire::{Severity, TraceContext, event};

fn logged(write: impl FnOnce(&Log) + Send) -> Vec<Entry> {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    thread::scope(|scope| {
        let log = &log;
        let named = thread::Builder::new().name("worker-7".to_owned());
        named.spawn_scoped(scope, move || write(log)).unwrap().join().unwrap();
    });
    drop(log);
    crate::common::logs::read(directory.path()).entries
}

fn keys(entry: &Entry) -> Vec<&str> {
    entry.attributes.iter().map(|attribute| attribute.key.as_str()).collect()
}

#[test]
fn the_thread_is_named() {
    let entries = logged(|log| {
        event!(log, Severity::INFO, "by the macro");
        log.event(Severity::INFO).body("by the builder").append();
        log.event(Severity::INFO).body("named otherwise").with(|entry| entry.set_thread("mine")).append();
        thread::scope(|scope| {
            let _ = scope.spawn(|| event!(log, Severity::INFO, "without a name")).join();
        });
    });
    let threads: Vec<_> = entries.iter().map(|entry| entry.thread.as_str()).collect();
    assert_eq!(threads, ["worker-7", "worker-7", "mine", ""]);
}

#[test]
fn without_a_subscriber_there_are_no_spans_and_no_allocations() {
    let entries = logged(|log| {
        let log_one = |n: u64| event!(log, Severity::INFO, "event {n}", n);
        log_one(0);
        assert_eq!(allocations(|| log_one(1)).0, 0);
    });
    assert_eq!(keys(&entries[1]), ["n"]);
    assert_eq!(entries[1].trace, TraceContext::NONE);
}

#[cfg(feature = "tracing")]
mod spans {
    use super::*;
    use fusewire::bridge::tracing::{Layer, Scope};
    use fusewire::owned::OwnedValue;
    use tracing::{info_span, subscriber};
    use tracing_subscriber::prelude::*;

    const TRACE: &str = "5b8aa5a2d2c872e8321cf37308d69df2";
    const SPAN: &str = "051581bf3cb55c13";

    fn ids() -> TraceContext {
        let trace_id = TraceContext::parse_trace_id(TRACE).unwrap();
        TraceContext { trace_id, span_id: TraceContext::parse_span_id(SPAN).unwrap(), flags: 0 }
    }

    /// Returns the entries that `write` logs under a subscriber with this layer.
    fn under(layer: impl FnOnce(Layer) -> Layer + Send, write: impl FnOnce(&Log) + Send) -> Vec<Entry> {
        logged(|log| {
            let subscriber = tracing_subscriber::registry().with(layer(Layer::new(log.clone())));
            subscriber::with_default(subscriber, || write(log));
        })
    }

    #[test]
    fn an_event_has_the_spans_that_an_event_of_tracing_has() {
        let entries = under(
            |layer| layer,
            |log| {
                let outer = info_span!("request", trace_id = TRACE, path = "/pay");
                let _outer = outer.enter();
                let _inner = info_span!("charge", span_id = SPAN, amount = 7).entered();
                tracing::info!(n = 1, "said");
                event!(log, Severity::INFO, "said", n = 1_i64);
                log.event(Severity::INFO).body("said").attr("n", &1_i64).append();
                let other = TraceContext { trace_id: 1, span_id: 2, flags: 1 };
                log.event(Severity::INFO).body("said").trace(other).append();
                let _context =
                    Context::root().with_trace(other).with(|to| _ = to.entry("user", &3)).unwrap().enter();
                event!(log, Severity::INFO, "said");
            },
        );
        assert_eq!(keys(&entries[0]), ["n", "spans"]);
        assert_eq!(entries[0].trace, ids());
        for entry in &entries[1..3] {
            let same = Entry {
                time_unix_nano: entries[0].time_unix_nano,
                target: entries[0].target.clone(),
                ..entry.clone()
            };
            assert_eq!(same, entries[0]);
        }
        assert_eq!(entries[3].trace.trace_id, 1);
        // The ids of the spans take precedence over the ids of the context, as they do for an event of `tracing`.
        assert_eq!((keys(&entries[4]), entries[4].trace), (vec!["spans", "user"], ids()));
    }

    #[test]
    fn the_layer_decides_which_spans() {
        for (scope, expected) in
            [(Scope::None, vec![]), (Scope::Current, vec!["span"]), (Scope::All, vec!["spans"])]
        {
            let entries = under(
                |layer| layer.with_scope(scope),
                |log| {
                    info_span!("outer", trace_id = TRACE).in_scope(|| {
                        info_span!("inner", span_id = SPAN).in_scope(|| event!(log, Severity::INFO, "said"));
                    });
                    event!(log, Severity::INFO, "outside");
                },
            );
            assert_eq!((keys(&entries[0]), entries[0].trace), (expected, ids()), "{scope:?}");
            assert_eq!((keys(&entries[1]), entries[1].trace), (vec![], TraceContext::NONE), "{scope:?}");
        }
    }

    #[test]
    fn fields_recorded_later_are_there() {
        let entries = under(
            |layer| layer,
            |log| {
                let span = info_span!("request", status = tracing::field::Empty).entered();
                span.record("status", 200);
                event!(log, Severity::INFO, "said");
            },
        );
        let OwnedValue::Array { values, .. } = &entries[0].attributes[0].value else { panic!("{entries:?}") };
        let OwnedValue::Map { entries: fields, .. } = &values[0].value else { panic!("{entries:?}") };
        assert_eq!(fields.iter().map(|field| field.key.as_str()).collect::<Vec<_>>(), ["name", "status"]);
    }

    #[test]
    fn spans_are_copied_without_an_allocation() {
        logged(|log| {
            let subscriber = tracing_subscriber::registry().with(Layer::new(log.clone()));
            subscriber::with_default(subscriber, || {
                let _span = info_span!("request", trace_id = TRACE, path = "/pay").entered();
                let log_one = |n: u64| event!(log, Severity::INFO, "event {n}", n);
                log_one(0);
                assert_eq!(allocations(|| log_one(1)).0, 0);
            });
        });
    }

    #[test]
    fn other_subscribers_are_left_alone() {
        let entries = logged(|log| {
            // The first subscriber has no layer of this crate. The second subscriber has no registry.
            subscriber::with_default(tracing_subscriber::registry(), || {
                let _span = info_span!("request", trace_id = TRACE).entered();
                event!(log, Severity::INFO, "said");
            });
            subscriber::with_default(tracing::subscriber::NoSubscriber::default(), || {
                event!(log, Severity::INFO, "said");
            });
        });
        assert!(entries.iter().all(|entry| entry.attributes.is_empty() && entry.trace == TraceContext::NONE));
        assert_eq!(entries.len(), 2);
    }
}
