//! G1: through a global subscriber, events from inside a value are dropped and counted, and threads log until their very end.
#![cfg(feature = "tracing")]

mod common {
    pub mod logs;
}

use std::fmt;
use std::panic::catch_unwind;
use std::thread;

use common::logs;
use fusewire::bridge::tracing::Layer;
use fusewire::log::{DropCause, Log};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::Context as LayerContext;
use tracing_subscriber::prelude::*;

/// Logs while it is logged.
struct Logs;

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!("inside");
        // Nothing of the span may be held by who formats this.
        tracing::Span::current().record("n", 2);
        f.write_str("logs")
    }
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

/// A layer that logs itself, by the same subscriber: of each event that asks for it, and of each such span.
struct Echo;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Echo {
    fn on_event(&self, event: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        if event.metadata().target() == "echo" {
            tracing::info!("from a layer, of an event");
        }
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: LayerContext<'_, S>) {
        if attributes.metadata().target() == "echo" {
            tracing::info!("from a layer, of a span");
        }
    }
}

/// Logs when its thread is nearly gone.
struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        tracing::info!("at the thread's end");
    }
}

thread_local! {
    static AT_EXIT: AtExit = const { AtExit };
}

/// The subscriber is the program's: there is one test.
#[test]
fn what_is_logged_from_anywhere_is_logged_or_counted() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    tracing_subscriber::registry().with(Echo).with(Layer::new(log.clone())).with(Echo).init();

    tracing::info_span!("span", n = 1).in_scope(|| tracing::info!(logs = ?Logs, "outside"));
    assert_eq!(log.stats().drops.by_cause(DropCause::Reentrant), 1);
    // While a span's fields are encoded, no entry is being written.
    tracing::info_span!("span", logs = ?Logs).in_scope(|| tracing::info!("in a span that logs"));
    assert_eq!(log.stats().drops.total(), 1);
    // What other layers log from their own code is logged: each of the two of them.
    tracing::info_span!(target: "echo", "span", n = 1).in_scope(|| tracing::info!(target: "echo", "event"));
    assert_eq!(log.stats().drops.total(), 1);

    for _ in 0..10 {
        let threads = (0..100_u64).map(|n| {
            let work = move || {
                AT_EXIT.with(|_| ());
                let _span = tracing::info_span!("thread", n).entered();
                tracing::info!("in a thread");
                if n.is_multiple_of(10) {
                    assert!(catch_unwind(|| tracing::info!(panics = ?Panics, "never logged")).is_err());
                }
                assert!(!n.is_multiple_of(25), "in the middle of a span");
            };
            thread::Builder::new().name(format!("worker-{n}")).spawn(work).unwrap()
        });
        let ended: Vec<_> = threads.collect::<Vec<_>>().into_iter().map(thread::JoinHandle::join).collect();
        assert_eq!(ended.iter().filter(|result| result.is_err()).count(), 4);
    }

    // The log is the program's until its end: it is read live.
    let entries = logs::read(directory.path()).entries;
    let count = |body: &str| entries.iter().filter(|entry| entry.body == body).count();
    assert_eq!((count("outside"), count("inside"), count("in a span that logs")), (1, 1, 1));
    assert_eq!(
        (count("in a thread"), count("at the thread's end"), count("never logged")),
        (1_000, 1_000, 0)
    );
    assert_eq!(
        (count("from a layer, of an event"), count("from a layer, of a span"), count("event")),
        (2, 2, 1)
    );
    let named = |thread: &str| thread.starts_with("worker-");
    assert_eq!(entries.iter().filter(|entry| named(&entry.thread)).count(), 2_000);
    assert_eq!(log.stats().drops.total(), 1);
}
