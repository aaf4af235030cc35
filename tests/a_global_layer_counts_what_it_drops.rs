//! The layer of a global subscriber drops and counts events that a value logs while it is formatted. The layer writes
//! the events of a thread until the thread ends.
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

/// A value that logs while it is formatted.
struct Logs;

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!("inside");
        // This call deadlocks if the layer holds a lock of the span during the formatting.
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

/// A layer that logs through the same subscriber for each event and each span with the target `echo`.
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

/// A thread-local value that logs when its thread ends.
struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        tracing::info!("at the thread's end");
    }
}

thread_local! {
    static AT_EXIT: AtExit = const { AtExit };
}

/// There is only one test because the subscriber belongs to the program.
#[test]
fn what_is_logged_from_anywhere_is_logged_or_counted() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    tracing_subscriber::registry().with(Echo).with(Layer::new(log.clone())).with(Echo).init();

    tracing::info_span!("span", n = 1).in_scope(|| tracing::info!(logs = ?Logs, "outside"));
    assert_eq!(log.stats().drops.by_cause(DropCause::Reentrant), 1);
    // The layer encodes the fields of a span before it writes an entry, so the event is not dropped.
    tracing::info_span!("span", logs = ?Logs).in_scope(|| tracing::info!("in a span that logs"));
    assert_eq!(log.stats().drops.total(), 1);
    // The entries of other layers are written: both layers log each event and each span.
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

    // The global subscriber holds the log until the program ends, so the test reads the live log.
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
