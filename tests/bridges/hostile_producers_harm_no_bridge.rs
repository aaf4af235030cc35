//! Hostile values that are logged through `tracing`, `log` or `event!` cause no allocation in the library. The entry records the
//! trip, the log counts it, and the next entry is written. A thousand threads can log at the same time, until each
//! thread ends.
#![cfg(all(feature = "tracing", feature = "log", feature = "serde"))]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Barrier};
use std::thread;

use crate::common::counting::allocations;
use crate::common::logs;
use fusewire::bridge::log::Logger;
use fusewire::bridge::tracing::Layer;
use fusewire::encode::AsSerde;
use fusewire::log::{DropCause, Log};
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Severity, TripCause, event};
use log::Log as _;
use serde::{Serialize, Serializer};
use tracing::Dispatch;
use tracing_subscriber::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Road {
    Tracing,
    Log,
    Event,
}

/// The trait through which a value is logged.
#[derive(Clone, Copy, PartialEq)]
enum By {
    Format,
    Serialize,
}

const ROADS: [Road; 3] = [Road::Tracing, Road::Log, Road::Event];

/// A log and the three APIs that write to it.
struct Roads {
    log: Log,
    logger: Logger,
    dispatch: Dispatch,
}

impl Roads {
    fn to(log: Log) -> Self {
        let dispatch = tracing_subscriber::registry().with(Layer::new(log.clone())).into();
        Self { logger: Logger::new(log.clone()), dispatch, log }
    }

    fn open(directory: &Path) -> Self {
        Self::to(Log::options(directory).open().unwrap())
    }

    /// Logs `value` with `Debug`, as an attribute and in the message.
    fn debug(&self, road: Road, value: &dyn fmt::Debug) {
        match road {
            Road::Tracing => self.trace(|| tracing::info!(value = ?value, after = 1, "message {value:?}")),
            Road::Log => {
                let pairs = [("value", log::kv::Value::from_dyn_debug(&value)), ("after", 1.into())];
                self.record(format_args!("message {value:?}"), &pairs);
            }
            Road::Event => {
                event!(self.log, Severity::INFO, "message {value:?}", value = ?value, after = 1);
            }
        }
    }

    fn display(&self, road: Road, value: &dyn fmt::Display) {
        match road {
            Road::Tracing => self.trace(|| tracing::info!(value = %value, after = 1, "message")),
            Road::Log => {
                let pairs = [("value", log::kv::Value::from_dyn_display(&value)), ("after", 1.into())];
                self.record(format_args!("message"), &pairs);
            }
            Road::Event => {
                event!(self.log, Severity::INFO, "message", value = %value, after = 1);
            }
        }
    }

    /// Logs `value` with `Serialize`, which `tracing` does not support.
    fn serialize(&self, road: Road, value: &impl Serialize) {
        match road {
            Road::Tracing => {}
            Road::Log => {
                let pairs = [("value", log::kv::Value::from_serde(value)), ("after", 1.into())];
                self.record(format_args!("message"), &pairs);
            }
            Road::Event => {
                event!(self.log, Severity::INFO, "message", value = AsSerde(value), after = 1);
            }
        }
    }

    fn trace(&self, work: impl FnOnce()) {
        tracing::dispatcher::with_default(&self.dispatch, work);
    }

    fn record(&self, args: fmt::Arguments<'_>, pairs: &[(&str, log::kv::Value<'_>)]) {
        self.logger.log(&log::Record::builder().args(args).key_values(&pairs).build());
    }
}

/// Logs twice with `write`, and returns the second entry.
///
/// Checks that the second call allocates nothing, that the entry has the attributes and trips, that a later entry
/// follows, and that the log counts the trips.
fn only_entry(road: Road, by: By, causes: &[TripCause], write: impl Fn(&Roads)) -> Entry {
    let directory = tempfile::tempdir().unwrap();
    let roads = Roads::open(directory.path());
    roads.debug(road, &"so that the road is known");
    // The first event of a call site can allocate memory. The second event must not.
    write(&roads);
    let (count, ()) = allocations(|| write(&roads));
    // The crate `log` boxes the values that serde captures, some at each level. No other code allocates.
    let allowed = if road == Road::Log && by == By::Serialize { 64 } else { 0 };
    assert!(count <= allowed, "{road:?}: {count}");
    roads.debug(road, &"next");
    let stats = roads.log.stats();
    assert_eq!((stats.entries, stats.drops.total()), (4, 0), "{road:?}");
    for cause in TripCause::ALL {
        assert_eq!(stats.trips(cause) > 0, causes.contains(&cause), "{road:?}: {cause:?}");
    }
    assert_eq!(stats.tripped_entries, 2);
    drop(roads);
    let mut entries = logs::read(directory.path()).entries;
    assert_eq!((entries.len(), &*entries[3].body), (4, "message \"next\""));
    let entry = entries.swap_remove(2);
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!(keys, ["value", "after"], "{road:?}");
    let found: Vec<_> = entry.trips.iter().map(|trip| trip.cause).collect();
    assert_eq!(found, causes, "{road:?}");
    entry
}

fn text_len(entry: &Entry) -> usize {
    match &entry.attributes[0].value {
        OwnedValue::String(text) => text.len(),
        other => panic!("{other:?}"),
    }
}

/// A value that formats as 1 GiB of text in pieces of 1 KiB.
struct Long;

impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilobyte = [b'x'; 1 << 10];
        let kilobyte = str::from_utf8(&kilobyte).unwrap();
        (0..1 << 20).try_for_each(|_| f.write_str(kilobyte))
    }
}

#[test]
fn a_debug_that_writes_a_gigabyte_is_stopped() {
    for road in ROADS {
        let entry =
            only_entry(road, By::Format, &[TripCause::FormattedBytes], |roads| roads.debug(road, &Long));
        assert_eq!((text_len(&entry), entry.body.len()), (4 << 10, 16 << 10), "{road:?}");
    }
}

struct Fails;

impl fmt::Display for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        Err(fmt::Error)
    }
}

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error, SerializeMap};
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("half", &1)?;
        Err(S::Error::custom("on purpose"))
    }
}

#[test]
fn what_fails_in_the_midst_is_told() {
    for road in ROADS {
        let entry =
            only_entry(road, By::Format, &[TripCause::ValueError], |roads| roads.display(road, &Fails));
        assert_eq!(entry.attributes[0].value, OwnedValue::String("half".to_owned()), "{road:?}");
        if road != Road::Tracing {
            let entry = only_entry(road, By::Serialize, &[TripCause::ValueError], |roads| {
                roads.serialize(road, &Fails)
            });
            let OwnedValue::Map { entries, dropped: Some(1) } = &entry.attributes[0].value else {
                panic!("{road:?}: {entry:?}")
            };
            assert_eq!(&*entries[0].key, "half");
        }
    }
}

#[derive(Debug, Default, Serialize)]
struct Ring(RefCell<Option<Rc<Ring>>>);

#[test]
fn a_value_that_contains_itself_is_stopped() {
    let ring = Rc::new(Ring::default());
    *ring.0.borrow_mut() = Some(ring.clone());
    for road in ROADS {
        let entry =
            only_entry(road, By::Format, &[TripCause::FormattedBytes], |roads| roads.debug(road, &ring));
        assert_eq!(text_len(&entry), 4 << 10, "{road:?}");
        if road != Road::Tracing {
            // The crate `log` converts the error that stops a value into text. The log therefore also counts it as an
            // error of the value.
            let causes = [TripCause::Depth, TripCause::ValueError];
            let causes = &causes[..if road == Road::Log { 2 } else { 1 }];
            only_entry(road, By::Serialize, causes, |roads| roads.serialize(road, &ring));
        }
    }
    // The cycle would leak memory.
    ring.0.take();
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("in Serialize")
    }
}

#[test]
fn a_panic_is_the_caller_s_and_leaves_the_log_as_it_was() {
    for road in ROADS {
        let directory = tempfile::tempdir().unwrap();
        let roads = Roads::open(directory.path());
        let debug = || roads.debug(road, &Panics);
        assert!(catch_unwind(AssertUnwindSafe(debug)).is_err(), "{road:?}");
        let serialize = || roads.serialize(road, &Panics);
        assert_eq!(catch_unwind(AssertUnwindSafe(serialize)).is_err(), road != Road::Tracing);
        roads.debug(road, &"next");
        assert_eq!((roads.log.stats().entries, roads.log.stats().drops.total()), (1, 0), "{road:?}");
        drop(roads);
        assert_eq!(logs::read(directory.path()).bodies(), ["message \"next\""]);
    }
}

/// A value that logs through the same API while it is formatted.
struct Logs<'a>(&'a Roads, Road, Cell<bool>);

impl fmt::Debug for Logs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.2.replace(true) {
            self.0.debug(self.1, &"inside");
        }
        f.write_str("logs")
    }
}

#[test]
fn what_a_value_logs_itself_is_dropped_and_counted() {
    // `tracing` is absent: a subscriber that is not the global default receives no events from inside an event.
    for road in [Road::Log, Road::Event] {
        let directory = tempfile::tempdir().unwrap();
        let roads = Roads::open(directory.path());
        roads.debug(road, &Logs(&roads, road, Cell::new(false)));
        let stats = roads.log.stats();
        assert_eq!((stats.entries, stats.drops.by_cause(DropCause::Reentrant)), (1, 1), "{road:?}");
        drop(roads);
        let read = logs::read(directory.path());
        assert_eq!(read.bodies(), ["message logs"], "{road:?}");
        assert_eq!(read.losses, [(1, vec![("reentrant".to_owned(), 1)])]);
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

/// A thread-local value that logs when its thread ends. `tracing` is absent because at this time it reaches only the
/// global subscriber.
struct AtExit(Arc<Roads>);

impl Drop for AtExit {
    fn drop(&mut self) {
        [Road::Log, Road::Event].into_iter().for_each(|road| self.0.debug(road, &"end"));
    }
}

#[test]
fn a_thousand_threads_at_once_log_to_their_very_end() {
    const THREADS: usize = 1_000;
    let directory = tempfile::tempdir().unwrap();
    // The log has only four buffers for all threads.
    let roads = Arc::new(Roads::to(Log::options(directory.path()).max_threads(4).open().unwrap()));
    let all_are_there = Arc::new(Barrier::new(THREADS));
    let threads = (0..THREADS).map(|_| {
        let (roads, all_are_there) = (Arc::clone(&roads), Arc::clone(&all_are_there));
        let work = move || {
            AT_EXIT.with(|at_exit| *at_exit.borrow_mut() = Some(AtExit(Arc::clone(&roads))));
            all_are_there.wait();
            for road in ROADS {
                roads.debug(road, &"midst");
                roads.debug(road, &Long);
            }
        };
        thread::Builder::new().stack_size(128 << 10).spawn(work).unwrap()
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let stats = roads.log.stats();
    // Every entry is written, except entries that did not get a buffer within the waiting time.
    let busy = stats.drops.by_cause(DropCause::Busy);
    assert_eq!(stats.entries + busy, THREADS as u64 * (2 * 3 + 2));
    assert_eq!(stats.drops.total(), busy);
    drop(roads);
    let bodies = logs::read(directory.path()).bodies();
    assert_eq!(bodies.len() as u64, stats.entries);
    for (body, times) in [("message \"midst\"", 3), ("message \"end\"", 2)] {
        let count = bodies.iter().filter(|found| *found == body).count() as u64;
        assert!((count..=count + busy).contains(&(THREADS as u64 * times)), "{body}: {count}, {busy}");
    }
}
