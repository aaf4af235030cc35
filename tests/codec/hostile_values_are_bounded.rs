//! The encoder handles any value in a bounded stack (128 KiB), in bounded time and without heap memory. The entry
//! stays within its byte limit and states the amount of missing data.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use crate::common::counting::allocations;
use fusewire::encode::{AsDebug, AsDisplay, AsError, EntryWriter, LogValue, ValueWriter, encode};
use fusewire::limits::OnLongKey;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Limits, NodeFlags, TripCause};

const SMALL_STACK: usize = 128 << 10;
/// The stack size for limits above the default depth of 8. Each level needs several frames of the code of the value,
/// which are large in unoptimised builds.
const STACK_OF_64_LEVELS: usize = 512 << 10;

/// Encodes the result of `make` in a thread with a small stack, and checks that the entry is valid.
fn survives<T>(
    limits: Limits,
    make: impl FnOnce() -> T + Send + 'static,
    write: impl FnOnce(&mut EntryWriter<'_>, &T) + Send + 'static,
) -> Entry {
    let run = move || {
        let value = make();
        let mut buffer = vec![0; limits.max_entry_bytes as usize];
        let (count, result) = allocations(|| encode(&mut buffer, &limits, |entry| write(entry, &value)));
        assert_eq!(count, 0, "encoding allocated");
        let encoded = result.unwrap();
        let (report, len) = (encoded.report(), encoded.len());
        assert!(len <= limits.max_entry_bytes as usize);
        buffer.truncate(len);
        (buffer, report)
    };
    let stack = if limits.max_depth > 8 { STACK_OF_64_LEVELS } else { SMALL_STACK };
    let thread = std::thread::Builder::new().stack_size(stack).spawn(run).unwrap();
    let (bytes, report) = thread.join().expect("the encoder survives");
    crate::common::check::sound(&bytes, report)
}

/// Returns the count and the loss of one cause.
fn trip(entry: &Entry, cause: TripCause) -> Option<(u32, Option<u64>)> {
    entry.trips.iter().find(|trip| trip.cause == cause).map(|trip| (trip.count, trip.lost))
}

/// Returns the depth of the chain of first values in the entry, and the flags of the innermost value.
fn bottom(entry: &Entry) -> (usize, NodeFlags) {
    let (mut depth, mut at) = (0, &entry.attributes[0]);
    while let OwnedValue::Map { entries: children, .. } | OwnedValue::Array { values: children, .. } =
        &at.value
    {
        let Some(first) = children.first() else { break };
        (depth, at) = (depth + 1, first);
    }
    (depth, at.flags)
}

#[derive(Default)]
struct Nested(Option<Box<Nested>>);

impl Nested {
    fn new(depth: usize) -> Self {
        (0..depth).fold(Self(None), |inner, _| Self(Some(Box::new(inner))))
    }
}

impl Drop for Nested {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut inner) = next {
            next = inner.0.take();
        }
    }
}

impl LogValue for Nested {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.map().entry("inner", &self.0);
    }
}

#[test]
fn a_value_nested_100_000_deep_is_cut_at_the_depth_limit() {
    for depth in [1_000, 3_500, 100_000] {
        let entry = survives(
            Limits::default(),
            move || Nested::new(depth),
            |entry, value| {
                entry.attr("deep", value);
            },
        );
        assert_eq!(bottom(&entry), (8, NodeFlags::DEPTH_CUT));
        assert_eq!(trip(&entry, TripCause::Depth), Some((1, Some(1))));
        assert_eq!(entry.trips.len(), 1);
    }
}

#[test]
fn the_deepest_limit_that_is_honoured_is_64() {
    let limits = Limits { max_depth: 255, ..Limits::default() };
    let entry = survives(
        limits,
        || Nested::new(100_000),
        |entry, value| {
            entry.attr("deep", value);
        },
    );
    assert_eq!(bottom(&entry), (64, NodeFlags::DEPTH_CUT));
}

#[test]
fn a_map_with_1_000_000_keys_keeps_256_and_counts_999_744() {
    let make = || (0..1_000_000_u32).map(|i| (i, i)).collect::<BTreeMap<_, _>>();
    let entry = survives(Limits::default(), make, |entry, map| {
        entry.attr("wide", map);
    });
    let OwnedValue::Map { entries, dropped } = &entry.attributes[0].value else { panic!("no map") };
    assert_eq!((entries.len(), *dropped), (256, Some(999_744)));
    assert_eq!((entries[255].key.as_str(), &entries[255].value), ("255", &OwnedValue::Uint(255)));
    assert_eq!(trip(&entry, TripCause::Width), Some((1, Some(999_744))));
}

#[test]
fn an_entry_with_1_000_000_attributes_keeps_256_and_counts_999_744() {
    let entry = survives(
        Limits::default(),
        || (),
        |entry, ()| {
            for i in 0..1_000_000 {
                entry.attr("again", &i);
            }
        },
    );
    assert_eq!((entry.attributes.len(), entry.dropped_attributes_count), (256, 999_744));
    assert_eq!(trip(&entry, TripCause::Width), Some((1, Some(999_744))));
}

#[derive(Default)]
struct Person {
    friends: RefCell<Vec<Rc<Person>>>,
}

impl LogValue for Person {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        out.map().entry("friends", &*self.friends.borrow());
    }
}

#[test]
fn a_value_that_contains_itself_through_rc_is_cut_at_the_depth_limit() {
    let make = || {
        let person = Rc::new(Person::default());
        person.friends.borrow_mut().push(Rc::clone(&person));
        person
    };
    let entry = survives(Limits::default(), make, |entry, person| {
        entry.attr("person", person);
        person.friends.borrow_mut();
    });
    assert_eq!(bottom(&entry), (8, NodeFlags::DEPTH_CUT));
    assert_eq!(trip(&entry, TripCause::Depth), Some((1, Some(1))));
}

#[test]
fn a_value_that_contains_itself_twice_does_not_double_at_each_level_beyond_the_entry() {
    let make = || {
        let person = Rc::new(Person::default());
        person.friends.borrow_mut().extend([Rc::clone(&person), Rc::clone(&person)]);
        person
    };
    let limits = Limits { max_depth: 64, ..Limits::default() };
    let entry = survives(limits, make, |entry, person| {
        entry.attr("person", person);
    });
    assert!(trip(&entry, TripCause::EntryBytes).is_some());
}

#[test]
fn a_string_of_100_mb_is_cut_and_the_rest_counted() {
    let entry = survives(
        Limits::default(),
        || "x".repeat(100_000_000),
        |entry, text| {
            entry.attr("text", text);
            entry.set_body(text);
        },
    );
    let kept = 16 << 10;
    assert_eq!(entry.attributes[0].value, OwnedValue::String("x".repeat(kept)));
    assert_eq!(entry.attributes[0].flags, NodeFlags::VALUE_CUT);
    assert_eq!(entry.body.len(), kept);
    assert_eq!(trip(&entry, TripCause::StringBytes), Some((2, Some(2 * (100_000_000 - kept as u64)))));
}

#[test]
fn a_key_of_100_mb_is_cut_or_hashed() {
    for on_long_key in [OnLongKey::Cut, OnLongKey::Hash] {
        let limits = Limits { on_long_key, ..Limits::default() };
        let entry = survives(
            limits,
            || "k".repeat(100_000_000),
            |entry, key| {
                entry.attr(key, &1);
            },
        );
        let attribute = &entry.attributes[0];
        let (key_len, flag, lost) = match on_long_key {
            OnLongKey::Cut => (1024, NodeFlags::KEY_CUT, 100_000_000 - 1024),
            OnLongKey::Hash => (24, NodeFlags::KEY_HASHED, 100_000_000),
        };
        assert_eq!((attribute.key.len(), attribute.flags), (key_len, flag));
        assert_eq!(trip(&entry, TripCause::KeyBytes), Some((1, Some(lost))));
    }
}

struct Gigabyte {
    written: Cell<u64>,
}

impl fmt::Debug for Gigabyte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..1 << 20 {
            f.write_str(core::str::from_utf8(&[b'd'; 1024]).unwrap())?;
            self.written.set(self.written.get() + 1024);
        }
        Ok(())
    }
}

#[test]
fn a_debug_that_writes_1_gb_is_stopped_at_4_kib() {
    let entry = survives(
        Limits::default(),
        || Gigabyte { written: Cell::new(0) },
        |entry, value| {
            entry.attr("debug", &AsDebug(value));
            assert_eq!(value.written.get(), 4096);
        },
    );
    assert_eq!(entry.attributes[0].value, OwnedValue::String("d".repeat(4096)));
    assert_eq!(entry.attributes[0].flags, NodeFlags::VALUE_CUT.with(NodeFlags::FORMATTED));
    assert_eq!(trip(&entry, TripCause::FormattedBytes), Some((1, None)));
}

struct Deaf;

impl fmt::Display for Deaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 0..100_000 {
            let _ = f.write_str("not listening ");
        }
        Ok(())
    }
}

#[test]
fn a_display_that_ignores_the_error_writes_no_more_for_it() {
    let entry = survives(
        Limits::default(),
        || (),
        |entry, ()| {
            entry.attr("deaf", &AsDisplay(&Deaf)).attr("after", &1);
            entry.set_body_fmt(format_args!("{Deaf}"));
        },
    );
    let OwnedValue::String(text) = &entry.attributes[0].value else { panic!("no text") };
    assert_eq!((text.len(), entry.body.len(), entry.attributes.len()), (4096, 16 << 10, 2));
    assert_eq!(trip(&entry, TripCause::FormattedBytes), Some((2, None)));
}

#[derive(Debug)]
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("caused by itself")
    }
}

impl std::error::Error for Endless {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

#[test]
fn an_error_chain_without_end_is_stopped_at_4_kib() {
    let entry = survives(
        Limits::default(),
        || (),
        |entry, ()| {
            entry.attr("error", &AsError(&Endless));
        },
    );
    let OwnedValue::String(text) = &entry.attributes[0].value else { panic!("no text") };
    assert!(text.len() == 4096 && text.starts_with("caused by itself: caused by itself: "));
    assert_eq!(trip(&entry, TripCause::FormattedBytes), Some((1, None)));
}

/// An array of 256 arrays of the same type at each level.
struct Exploding<'a> {
    visits: &'a Cell<u64>,
    heeds_is_full: bool,
}

impl LogValue for Exploding<'_> {
    fn log_value(&self, out: ValueWriter<'_, '_>) {
        self.visits.set(self.visits.get() + 1);
        let mut array = out.array();
        if self.heeds_is_full {
            array.extend((0..256).map(|_| Self { ..*self }));
        } else {
            for _ in 0..256 {
                array.push(self);
            }
        }
    }
}

#[test]
fn arrays_of_arrays_exploding_256_to_the_8_end_with_the_entrys_budget() {
    for heeds_is_full in [true, false] {
        let entry = survives(
            Limits::default(),
            || Cell::new(0),
            move |entry, visits| {
                entry.attr("boom", &Exploding { visits, heeds_is_full }).attr("after", &1);
                assert!(visits.get() < 10_000, "visited {} values", visits.get());
            },
        );
        let (_, lost) = trip(&entry, TripCause::EntryBytes).unwrap();
        assert!(lost.unwrap() > 0);
        assert_eq!(entry.dropped_attributes_count, 1);
    }
}

#[test]
fn header_fields_set_a_million_times_stay_within_the_budget() {
    let entry = survives(
        Limits::default(),
        || (),
        |entry, ()| {
            for _ in 0..300_000 {
                entry.set_target("a target");
                entry.set_thread("a thread");
                entry.set_body("a body");
                entry.set_body_fmt(format_args!("{} bodies", 2));
            }
        },
    );
    assert!(trip(&entry, TripCause::EntryBytes).is_some());
}
