//! Values that a program logs through `tracing` are bounded, and the log writes the next entry.
#![cfg(feature = "tracing")]

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::common::logs;
use fusewire::bridge::tracing::Layer;
use fusewire::limits::OnType;
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Kind, Limits, TripCause};
use tracing_subscriber::prelude::*;

/// A value that formats as text of the given number of bytes, in pieces of 1 KiB, until an error occurs.
struct Long(u64);

impl fmt::Debug for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilobyte = "x".repeat(1 << 10);
        (0..self.0 >> 10).try_for_each(|_| f.write_str(&kilobyte))
    }
}

struct Fails;

impl fmt::Display for Fails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        Err(fmt::Error)
    }
}

struct Panics;

impl fmt::Debug for Panics {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in Debug")
    }
}

#[derive(Debug, Default)]
struct Ring(RefCell<Option<Rc<Ring>>>);

/// Returns the entries that `work` logs.
fn logged(work: impl FnOnce()) -> Vec<Entry> {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(Layer::new(log)), work);
    logs::read(directory.path()).entries
}

fn causes(entry: &Entry) -> Vec<TripCause> {
    entry.trips.iter().map(|trip| trip.cause).collect()
}

fn text<'e>(entry: &'e Entry, key: &str) -> &'e str {
    match entry.attributes.iter().find(|attribute| attribute.key == key).map(|found| &found.value) {
        Some(OwnedValue::String(text)) => text,
        other => panic!("{key} is {other:?}"),
    }
}

#[test]
fn a_debug_that_writes_a_gigabyte_is_stopped() {
    let entries = logged(|| tracing::info!(long = ?Long(1 << 30), after = 1, "{:?}", Long(1 << 30)));
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((text(entry, "long").len(), entry.body.len()), (4 << 10, 16 << 10));
    assert_eq!((causes(entry), entry.attributes.len()), (vec![TripCause::FormattedBytes], 2));
}

#[test]
fn a_display_that_fails_is_told() {
    let entries = logged(|| tracing::info!(fails = %Fails, after = 1, "message"));
    assert_eq!((text(&entries[0], "fails"), causes(&entries[0])), ("half", vec![TripCause::ValueError]));
    assert_eq!((&*entries[0].body, entries[0].attributes.len()), ("message", 2));
}

#[test]
fn the_log_goes_on_after_a_value_that_panics() {
    let entries = logged(|| {
        let event = || tracing::info!(panics = ?Panics, "never logged");
        assert!(catch_unwind(AssertUnwindSafe(event)).is_err());
        let span = tracing::info_span!("request", panics = tracing::field::Empty);
        let record = || _ = span.record("panics", tracing::field::debug(Panics));
        assert!(catch_unwind(AssertUnwindSafe(record)).is_err());
        let new = || _ = tracing::info_span!("never made", panics = ?Panics);
        assert!(catch_unwind(AssertUnwindSafe(new)).is_err());
        span.in_scope(|| tracing::info!("still there"));
    });
    assert_eq!((entries.len(), &*entries[0].body, entries[0].attributes.len()), (1, "still there", 1));
}

#[test]
fn a_value_that_contains_itself_is_stopped() {
    let entries = logged(|| {
        let ring = Rc::new(Ring::default());
        *ring.0.borrow_mut() = Some(ring.clone());
        tracing::info!(?ring, "message");
        // The cycle would leak memory.
        ring.0.take();
    });
    let entry = &entries[0];
    assert_eq!((text(entry, "ring").len(), causes(entry)), (4 << 10, vec![TripCause::FormattedBytes]));
}

#[test]
fn a_span_with_ten_thousand_records_says_the_last_one() {
    let entries = logged(|| {
        let span = tracing::info_span!("upload", n = 0_u64, note = tracing::field::Empty, kept = true);
        for n in 1..=10_000_u64 {
            span.record("n", n);
            span.record("note", tracing::field::debug(Long(1 << 20)));
        }
        span.in_scope(|| tracing::info!("done"));
    });
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    let Some(OwnedValue::Array { values, .. }) = entry.attributes.first().map(|spans| &spans.value) else {
        panic!("{entry:?}")
    };
    let OwnedValue::Map { entries: fields, dropped: Some(0) } = &values[0].value else {
        panic!("{values:?}")
    };
    let keys: Vec<_> = fields.iter().map(|field| &*field.key).collect();
    assert_eq!(keys, ["name", "kept", "n", "note"]);
    assert_eq!(fields[2].value, OwnedValue::Uint(10_000));
    assert!(matches!(&fields[3].value, OwnedValue::String(note) if note.len() == 4 << 10));
    // The entry contains only the trip of the remaining value, and no trips of the replaced values.
    assert_eq!(
        entry.trips.iter().map(|trip| (trip.cause, trip.count)).collect::<Vec<_>>(),
        [(TripCause::FormattedBytes, 1)]
    );
}

#[test]
fn a_field_that_is_called_name_is_beside_the_name() {
    let entries = logged(|| {
        let span = tracing::info_span!("request", name = "first", other = 1);
        span.record("name", "second");
        span.in_scope(|| tracing::info!("done"));
    });
    let OwnedValue::Array { values, .. } = &entries[0].attributes[0].value else { panic!("{entries:?}") };
    let OwnedValue::Map { entries: fields, .. } = &values[0].value else { panic!("{values:?}") };
    let keys: Vec<_> = fields.iter().map(|field| &*field.key).collect();
    assert_eq!(keys, ["name", "other", "name"]);
    assert_eq!(fields[0].value, OwnedValue::String("request".to_owned()));
    assert_eq!(fields[2].value, OwnedValue::String("second".to_owned()));
}

/// If the limits are not reached, each span is copied into the array as one run of encoded values. Otherwise
/// the span passes through the circuit breaker.
#[test]
fn spans_pass_the_fuse_as_any_map_in_an_array_does() {
    let default = Limits::default();
    let tight = [
        Limits { max_depth: 0, ..default },
        Limits { max_depth: 1, ..default },
        Limits { max_width: 2, ..default },
        Limits { max_width: 0, ..default },
        Limits { max_entry_bytes: 1 << 10, ..default },
        Limits { allowed_kinds: default.allowed_kinds.without(Kind::Map), on_type: OnType::Omit, ..default },
    ];
    for limits in tight {
        let directory = tempfile::tempdir().unwrap();
        let log = Log::options(directory.path()).limits(limits).open().unwrap();
        let text = "x".repeat(300);
        let subscriber = tracing_subscriber::registry().with(Layer::new(log.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let _spans = [1, 2, 3].map(|n| tracing::info_span!("span", n, text).entered());
            tracing::info!("message");
        });
        let reference = log.append(|entry| {
            let mut attributes = entry.attributes();
            let mut spans = attributes.slot("spans").array();
            for n in [1, 2, 3] {
                spans.slot().map().entry("name", "span").entry("n", &n).entry("text", &text);
            }
        });
        assert!(reference.is_written(), "{reference:?}");
        drop(log);
        let entries = logs::read(directory.path()).entries;
        // If the entry has too little space, an encoded text is omitted and not cut.
        let is_short = limits.max_entry_bytes < default.max_entry_bytes;
        assert_eq!(entries[0].attributes == entries[1].attributes, !is_short, "{limits:?}: {entries:?}");
        assert_eq!(causes(&entries[0]), causes(&entries[1]), "{limits:?}");
        assert_eq!(causes(&entries[0]).len(), 1, "{limits:?}");
    }
}

#[test]
fn spans_in_spans_are_bounded() {
    let entries = logged(|| {
        let spans: Vec<_> = (0..200_u64).map(|n| tracing::info_span!("deeper", n).entered()).collect();
        tracing::info!("at the bottom");
        // The spans are closed in reverse order.
        spans.into_iter().rev().for_each(drop);
    });
    let [spans, left_out] = &entries[0].attributes[..] else { panic!("{entries:?}") };
    assert!(matches!(&spans.value, OwnedValue::Array { values, .. } if values.len() == 64));
    assert_eq!((&*left_out.key, &left_out.value), ("spans.left_out", &OwnedValue::Uint(136)));
}
