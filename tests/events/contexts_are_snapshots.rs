//! A context does not change after its capture, in any entry and on any thread. `event!` adds the current
//! context to the entry.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use fusewire::encode::{Fragment, LogValue, ValueWriter};
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Context, Limits, Severity, TraceContext, event};

fn of(entry: &Entry, key: &str) -> Vec<OwnedValue> {
    let found = entry.attributes.iter().filter(|attribute| attribute.key == key);
    found.map(|attribute| attribute.value.clone()).collect()
}

fn uint(n: u64) -> OwnedValue {
    OwnedValue::Uint(n.into())
}

/// A value that other threads change while it is logged.
struct Shared(Arc<AtomicU64>);

impl LogValue for Shared {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.u64(self.0.load(Ordering::SeqCst));
    }
}

#[test]
fn what_becomes_of_a_value_later_never_shows() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let value = Arc::new(AtomicU64::new(1));
    let context = Context::root().with(|to| _ = to.entry("captured", &Shared(Arc::clone(&value)))).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let _entered = context.enter();
                for _ in 0..200 {
                    value.fetch_add(1, Ordering::SeqCst);
                    event!(log, Severity::INFO, "event", now = Shared(Arc::clone(&value)));
                }
            });
        }
    });
    drop(log);
    let read = crate::common::logs::read(directory.path());
    assert_eq!(read.entries.len(), 600);
    for entry in &read.entries {
        assert_eq!(of(entry, "captured"), [uint(1)]);
        assert_ne!(of(entry, "now"), [uint(1)]);
    }
}

#[test]
fn adding_gives_a_new_context_and_leaves_the_old_one() {
    let root = Context::root();
    let request = root.with(|to| _ = to.entry("request", &7_u64)).unwrap();
    let user = Fragment::encode(&Limits::default(), |to| _ = to.entry("user", &8_u64)).unwrap();
    let logged_in = request.with_fragment(&user).with_tag("tenant", "a").with_trace(TraceContext {
        trace_id: 1,
        span_id: 2,
        flags: 1,
    });
    let other = logged_in.with_tag("tenant", "b");
    let lens =
        [&root, &request, &logged_in, &other].map(|context| context.attributes().map_or(0, Fragment::len));
    assert_eq!(lens, [0, 1, 2, 2]);
    assert_eq!(
        (logged_in.tag("tenant"), other.tag("tenant"), request.tag("tenant")),
        (Some("a"), Some("b"), None)
    );
    assert_eq!((request.trace(), other.trace().span_id), (TraceContext::NONE, 2));
}

#[test]
fn contexts_are_entered_and_left_on_their_thread_alone() {
    let number = |context: &Context| context.tag("n").map(str::to_owned);
    let tagged = |n: &str| Context::root().with_tag("n", n);
    let outer = tagged("outer").enter();
    tagged("inner").scope(|| {
        assert_eq!(number(&Context::current()).as_deref(), Some("inner"));
        assert_eq!(thread::spawn(|| Context::current().tag("n").is_none()).join().ok(), Some(true));
        // A panic in the closure also ends the scope of the context.
        let panicked = std::panic::catch_unwind(|| {
            tagged("panicking").scope(|| std::panic::resume_unwind(Box::new("on purpose")))
        });
        assert!(panicked.is_err());
        assert_eq!(number(&Context::current()).as_deref(), Some("inner"));
    });
    assert_eq!(number(&Context::current()).as_deref(), Some("outer"));
    drop(outer);
    assert_eq!(number(&Context::current()), None);
}

#[test]
fn a_future_is_in_its_context_whoever_polls_it() {
    let seen = Mutex::new(Vec::new());
    let polls = Cell::new(0);
    let work = std::future::poll_fn(|_| {
        seen.lock().unwrap().push(Context::current().tag("task").map(str::to_owned));
        polls.set(polls.get() + 1);
        if polls.get() < 3 { Poll::Pending } else { Poll::Ready(()) }
    });
    let mut task = pin!(Context::root().with_tag("task", "a").attach(work));
    let mut waker = std::task::Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(task.as_mut().poll(&mut waker).is_pending());
        assert!(Context::current().tag("task").is_none());
    }
    Context::root().with_tag("task", "other").scope(|| assert!(task.as_mut().poll(&mut waker).is_ready()));
    assert_eq!(seen.into_inner().unwrap(), vec![Some("a".to_owned()); 3]);
}

#[test]
fn the_trace_of_the_context_is_the_entry_s() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let trace = TraceContext { trace_id: 0xABC, span_id: 0xDEF, flags: 1 };
    Context::root().with_trace(trace).scope(|| event!(log, Severity::INFO, "in a trace"));
    event!(log, Severity::INFO, "outside");
    drop(log);
    let read = crate::common::logs::read(directory.path());
    let traces: Vec<_> = read.entries.iter().map(|entry| entry.trace).collect();
    assert_eq!(traces, [trace, TraceContext::NONE]);
}
