//! An entry of `event!` has the bytes of an entry whose attributes are written one by one, under all limits.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Barrier};
use std::thread;

use crate::common::kept::{self, Kept, Written};
use crate::common::random::Random;
use fusewire::decode::EntryRef;
use fusewire::encode::AsDisplay;
use fusewire::limits::{Limits, OnType};
use fusewire::log::Log;
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Context, Kind, KindSet, Severity, TripCause, event, map};

/// The values of an event.
#[derive(Clone, Debug)]
struct Values {
    flag: bool,
    small: i8,
    number: u64,
    real: f32,
    wide: u128,
    name: String,
    text: String,
    maybe: Option<i32>,
    maybe_text: Option<String>,
}

fn values(random: &mut Random) -> Values {
    let most = [4, 40, 400][random.below(3) as usize];
    Values {
        flag: random.below(2) == 1,
        small: random.next() as i8,
        number: random.next() >> random.below(64),
        real: random.next() as f32 / 8.0,
        wide: u128::from(random.next()) << random.below(64),
        name: random.text(most),
        text: random.text(most),
        maybe: (random.below(2) == 1).then(|| random.next() as i32),
        maybe_text: (random.below(2) == 1).then(|| random.text(most)),
    }
}

/// Writes the event with the macro.
fn with_macro(to: &Kept, v: &Values) -> Written {
    let number = v.number;
    event!(to, Severity::WARN, target: "the::target", "a body", number, flag = v.flag, name = v.name,
           a.key.of.more.than.thirty.bytes = &v.small, "literal" = v.real, shown = %v.number, text = &*v.text,
           wide = v.wide, list = [1_u8, 2], maybe = v.maybe, nested = map! { x = v.small, y = v.name },
           maybe_text = &v.maybe_text, end = v.text.as_str(), last = usize::from(v.flag));
    to.take()
}

/// Writes the same event with the methods of the writer.
fn with_methods(to: &Kept, v: &Values) -> Written {
    to.write(|entry| {
        entry.set_severity(Severity::WARN);
        entry.set_thread(thread::current().name().unwrap_or_default());
        entry.set_target("the::target");
        entry.set_body("a body");
        entry.attr("number", &v.number).attr("flag", &v.flag).attr("name", &v.name);
        entry.attr("a.key.of.more.than.thirty.bytes", &v.small).attr("literal", &v.real);
        entry.attr("shown", &AsDisplay(&v.number)).attr("text", &v.text);
        entry.attr("wide", &v.wide).attr("list", &[1_u8, 2]).attr("maybe", &v.maybe);
        entry.attr("nested", &map! { x = v.small, y = v.name });
        entry.attr("maybe_text", &v.maybe_text).attr("end", &v.text).attr("last", &usize::from(v.flag));
        Context::write_current(entry);
    })
}

#[test]
fn under_random_limits() {
    kept::assert_same_bytes(20_000, ["number", "text", "maybe"], values, with_macro, with_methods);
}

/// Returns the entry of an event with two strings, and asserts that the methods write the same bytes.
fn two_strings(to: &Kept, a: &str, b: &str) -> Entry {
    event!(to, Severity::INFO, target: "t", "b", a, n = 1, b);
    let bytes = to.take().unwrap();
    let methods = to.write(|entry| {
        entry.set_severity(Severity::INFO);
        if let Some(name) = thread::current().name() {
            entry.set_thread(name);
        }
        entry.set_target("t");
        entry.set_body("b");
        entry.attr("a", a).attr("n", &1).attr("b", b);
    });
    assert_eq!(bytes, methods.unwrap());
    EntryRef::new(&bytes).unwrap().to_owned().unwrap()
}

#[test]
fn at_the_limit_of_a_string_and_one_byte_over() {
    let (_directory, to) = Kept::new(Limits { max_string_bytes: 100, ..Limits::default() });
    assert!(two_strings(&to, &"x".repeat(100), &"y".repeat(100)).trips.is_empty());
    let entry = two_strings(&to, &"x".repeat(101), &"y".repeat(100));
    let trips: Vec<_> = entry.trips.iter().map(|trip| (trip.cause, trip.count, trip.lost)).collect();
    assert_eq!(trips, [(TripCause::StringBytes, 1, Some(1))]);
}

#[test]
fn texts_of_every_length_around_the_limit() {
    for limit in [0, 63, 64, 65, 100] {
        let (_directory, to) = Kept::new(Limits { max_string_bytes: limit, ..Limits::default() });
        for len in 0..=130 {
            let entry = two_strings(&to, &"x".repeat(len), &"y".repeat(130 - len));
            let cut = u64::from(limit < 1);
            let is_long = |len: usize| u64::from(len > limit as usize);
            let count: u64 = entry.trips.iter().map(|trip| u64::from(trip.count)).sum();
            assert_eq!(count, cut + is_long(len) + is_long(130 - len), "{len} bytes, limit {limit}");
        }
    }
}

#[test]
fn threads_with_names_of_every_length() {
    let named = (1..=100).map(|len| thread::Builder::new().name("n".repeat(len)));
    for builder in named.chain([thread::Builder::new()]) {
        let thread = builder.spawn(|| {
            for max_key_bytes in [24, 63, 1024] {
                let (_directory, to) = Kept::new(Limits { max_key_bytes, ..Limits::default() });
                let name = thread::current().name().unwrap_or_default().to_owned();
                let entry = two_strings(&to, "x", "y");
                assert_eq!(entry.thread, name[..name.len().min(max_key_bytes.into())]);
                assert_eq!(entry.trips.is_empty(), name.len() <= usize::from(max_key_bytes));
            }
        });
        thread.unwrap().join().unwrap();
    }
}

#[test]
fn at_the_limit_of_the_entry_and_one_byte_over() {
    let (_directory, to) = Kept::new(Limits { max_entry_bytes: 1024, ..Limits::default() });
    let trips = |len: usize| two_strings(&to, "x", &"y".repeat(len)).trips;
    let first_cut = (0..1024).find(|len| !trips(*len).is_empty()).unwrap();
    assert!(first_cut > 500);
    let found: Vec<_> = trips(first_cut).iter().map(|trip| (trip.cause, trip.count)).collect();
    assert_eq!(found, [(TripCause::EntryBytes, 1)]);
}

#[test]
fn at_the_limit_of_the_width_and_one_attribute_over() {
    let (_directory, mut to) = Kept::new(Limits { max_width: 3, ..Limits::default() });
    assert!(two_strings(&to, "x", "y").trips.is_empty());
    to.limits.max_width = 2;
    let entry = two_strings(&to, "x", "y");
    assert_eq!((entry.attributes.len(), entry.trips[0].cause), (2, TripCause::Width));
}

#[test]
fn refused_kinds_are_refused() {
    let limits = Limits {
        allowed_kinds: KindSet::ALL.without(Kind::String),
        on_type: OnType::Omit,
        ..Limits::default()
    };
    let (_directory, to) = Kept::new(limits);
    let entry = two_strings(&to, "x", "y");
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!((keys, entry.trips[0].count), (vec!["n"], 2));
}

#[test]
fn two_logs_with_different_limits_at_one_call_site() {
    let (_first, wide) = Kept::new(Limits::default());
    let (_second, narrow) = Kept::new(Limits { max_width: 1, max_string_bytes: 2, ..Limits::default() });
    for _ in 0..3 {
        assert!(two_strings(&wide, "long", "y").trips.is_empty());
        let entry = two_strings(&narrow, "long", "y");
        let causes: Vec<_> = entry.trips.iter().map(|trip| trip.cause).collect();
        assert_eq!(causes, [TripCause::Width, TripCause::StringBytes]);
    }
}

#[test]
fn threads_that_begin_at_one_call_site_together() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let start = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8_u64)
        .map(|thread| {
            let (log, start) = (log.clone(), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for n in 0..100_u64 {
                    let text = format!("{thread} {n}");
                    let outcome = event!(log, Severity::INFO, "together", thread, n, text);
                    assert!(outcome.unwrap().is_written());
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(log);
    let mut found: Vec<_> = crate::common::logs::read(directory.path())
        .entries
        .into_iter()
        .map(|entry| match entry.attributes.as_slice() {
            [thread, n, text] => {
                let (OwnedValue::Uint(thread), OwnedValue::Uint(n)) = (&thread.value, &n.value) else {
                    panic!("{entry:?}")
                };
                assert_eq!(text.value, OwnedValue::String(format!("{thread} {n}")));
                (*thread, *n)
            }
            _ => panic!("{entry:?}"),
        })
        .collect();
    found.sort_unstable();
    let expected: Vec<_> = (0..8).flat_map(|thread| (0..100).map(move |n| (thread, n))).collect();
    assert_eq!(found, expected);
}

#[test]
fn values_are_evaluated_one_after_the_other_and_once() {
    let (_directory, to) = Kept::new(Limits::default());
    let count = Cell::new(0);
    let next = || {
        count.set(count.get() + 1);
        count.get()
    };
    let shared = RefCell::new(5);
    let mut list = vec![1_u8];
    event!(to, Severity::INFO, "once", a = next(), b = *shared.borrow_mut(), c = *shared.borrow_mut(),
           d = list.len(), e = list.pop(), f = ?list, g = next());
    let bytes = to.take().unwrap();
    let entry = EntryRef::new(&bytes).unwrap();
    let number = |key: &str| entry.get(key).unwrap().as_i128();
    assert_eq!((number("a"), number("g"), count.get()), (Some(1), Some(2), 2));
    assert_eq!((number("b"), number("c")), (Some(5), Some(5)));
    assert_eq!((number("d"), number("e")), (Some(1), Some(1)));
    assert_eq!(entry.get("f").unwrap().as_str(), Some("[]"));
}
