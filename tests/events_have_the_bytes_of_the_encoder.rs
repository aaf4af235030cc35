//! An entry of `event!` has the bytes of an entry whose attributes are written one by one, under all limits.

mod common {
    pub mod logs;
    pub mod random;
}

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::random::Random;
use fusewire::decode::EntryRef;
use fusewire::encode::{AsDisplay, EntryWriter, KeyFilter, encode};
use fusewire::error::EncodeError;
use fusewire::limits::{Limits, OnLongKey, OnType, OnWidth};
use fusewire::log::{Appender, CloseError, DropCause, Durability, FlushError, Levels, Log, Outcome};
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Context, Kind, KindSet, Severity, TripCause, event, map};

type Written = Result<Vec<u8>, EncodeError>;

/// An appender that stores the bytes of the last entry.
struct Kept {
    log: Log,
    limits: Limits,
    filter: Option<KeyFilter>,
    /// The size of the buffer.
    room: usize,
    /// The number of attributes that the appender writes before and after those of the event.
    around: u64,
    last: RefCell<Option<Written>>,
}

impl Kept {
    fn write(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Written {
        let mut buffer = vec![0; self.room];
        encode(&mut buffer, &self.limits, |entry| {
            if let Some(filter) = &self.filter {
                entry.set_key_filter(filter);
            }
            (0..self.around).for_each(|n| _ = entry.attr("before", &n));
            write(entry);
            (0..self.around).for_each(|n| _ = entry.attr("after", &n));
        })
        .map(|encoded| encoded.bytes().to_vec())
    }
}

impl Appender for Kept {
    fn append(&self, write: impl FnOnce(&mut EntryWriter<'_>)) -> Outcome {
        self.last.replace(Some(self.write(write)));
        Outcome::Dropped(DropCause::Full)
    }

    fn levels(&self) -> &Levels {
        self.log.levels()
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn flush(&self, _: Durability, _: Duration) -> Result<(), FlushError> {
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> Result<(), CloseError> {
        Ok(())
    }
}

fn kept(limits: Limits) -> (tempfile::TempDir, Kept) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::options(directory.path()).open().unwrap();
    let last = RefCell::new(None);
    (directory, Kept { log, limits, filter: None, room: 1 << 17, around: 0, last })
}

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

fn limits(random: &mut Random) -> Limits {
    let allowed = Kind::ALL
        .iter()
        .fold(KindSet::ALL, |set, kind| if random.below(40) == 0 { set.without(*kind) } else { set });
    let pick = |random: &mut Random, all: &[u64]| all[random.below(all.len() as u64) as usize];
    Limits {
        max_width: pick(random, &[0, 3, 10, 13, 14, 15, 256, 256, 256, 256]) as u16,
        max_entry_bytes: [1024 + random.below(900), 64 << 10][random.below(2) as usize] as u32,
        max_string_bytes: [random.below(60), 16 << 10][random.below(2) as usize] as u32,
        max_key_bytes: pick(random, &[0, 30, 1024]) as u16,
        max_formatted_bytes: pick(random, &[2, 4096]) as u32,
        allowed_kinds: allowed,
        on_type: [OnType::Reject, OnType::Omit, OnType::Replace][random.below(3) as usize],
        on_width: [OnWidth::Truncate, OnWidth::Reject][random.below(2) as usize],
        on_long_key: [OnLongKey::Cut, OnLongKey::Hash][random.below(2) as usize],
        ..Limits::default()
    }
}

/// Writes the event with the macro.
fn with_macro(to: &Kept, v: &Values) -> Written {
    let number = v.number;
    event!(to, Severity::WARN, target: "the::target", "a body", number, flag = v.flag, name = v.name,
           a.key.of.more.than.thirty.bytes = &v.small, "literal" = v.real, shown = %v.number, text = &*v.text,
           wide = v.wide, list = [1_u8, 2], maybe = v.maybe, nested = map! { x = v.small, y = v.name },
           maybe_text = &v.maybe_text, end = v.text.as_str(), last = usize::from(v.flag));
    to.last.take().unwrap()
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
    let (_directory, mut to) = kept(Limits::default());
    let mut random = Random(0x5eed);
    let (mut clean, mut tripped, mut failed) = (0, 0, 0);
    for _ in 0..20_000 {
        to.limits = if random.below(4) == 0 { Limits::default() } else { limits(&mut random) };
        to.room = [random.below(1500) as usize, 1 << 17][usize::from(random.below(8) > 0)];
        to.around = random.below(3) * random.below(2);
        to.filter = (random.below(8) == 0).then(|| KeyFilter::new(["number", "text", "maybe"]));
        let values = values(&mut random);
        let context = Context::root().with(|map| _ = map.entry("context", &7)).unwrap();
        let _entered = (random.below(3) == 0).then(|| context.enter());
        let (event, methods) = (with_macro(&to, &values), with_methods(&to, &values));
        assert_eq!(event, methods, "{values:?} under {:?}", to.limits);
        match event {
            Ok(bytes) => {
                let entry = EntryRef::new(&bytes).unwrap();
                entry.verify().unwrap();
                *(if entry.trips().count() == 0 { &mut clean } else { &mut tripped }) += 1;
            }
            Err(_) => failed += 1,
        }
    }
    assert!(clean > 2_000 && tripped > 2_000 && failed > 500, "{clean} {tripped} {failed}");
}

/// Returns the entry of an event with two strings, and asserts that the methods write the same bytes.
fn two_strings(to: &Kept, a: &str, b: &str) -> Entry {
    event!(to, Severity::INFO, target: "t", "b", a, n = 1, b);
    let bytes = to.last.take().unwrap().unwrap();
    let methods = to.write(|entry| {
        entry.set_severity(Severity::INFO);
        entry.set_thread(thread::current().name().unwrap_or_default());
        entry.set_target("t");
        entry.set_body("b");
        entry.attr("a", a).attr("n", &1).attr("b", b);
    });
    assert_eq!(bytes, methods.unwrap());
    EntryRef::new(&bytes).unwrap().to_owned().unwrap()
}

#[test]
fn at_the_limit_of_a_string_and_one_byte_over() {
    let (_directory, to) = kept(Limits { max_string_bytes: 100, ..Limits::default() });
    assert!(two_strings(&to, &"x".repeat(100), &"y".repeat(100)).trips.is_empty());
    let entry = two_strings(&to, &"x".repeat(101), &"y".repeat(100));
    let trips: Vec<_> = entry.trips.iter().map(|trip| (trip.cause, trip.count, trip.lost)).collect();
    assert_eq!(trips, [(TripCause::StringBytes, 1, Some(1))]);
}

#[test]
fn at_the_limit_of_the_entry_and_one_byte_over() {
    let (_directory, to) = kept(Limits { max_entry_bytes: 1024, ..Limits::default() });
    let trips = |len: usize| two_strings(&to, "x", &"y".repeat(len)).trips;
    let first_cut = (0..1024).find(|len| !trips(*len).is_empty()).unwrap();
    assert!(first_cut > 500);
    let found: Vec<_> = trips(first_cut).iter().map(|trip| (trip.cause, trip.count)).collect();
    assert_eq!(found, [(TripCause::EntryBytes, 1)]);
}

#[test]
fn at_the_limit_of_the_width_and_one_attribute_over() {
    let (_directory, mut to) = kept(Limits { max_width: 3, ..Limits::default() });
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
    let (_directory, to) = kept(limits);
    let entry = two_strings(&to, "x", "y");
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!((keys, entry.trips[0].count), (vec!["n"], 2));
}

#[test]
fn two_logs_with_different_limits_at_one_call_site() {
    let (_first, wide) = kept(Limits::default());
    let (_second, narrow) = kept(Limits { max_width: 1, max_string_bytes: 2, ..Limits::default() });
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
    let mut found: Vec<_> = common::logs::read(directory.path())
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
    let (_directory, to) = kept(Limits::default());
    let count = Cell::new(0);
    let next = || {
        count.set(count.get() + 1);
        count.get()
    };
    let shared = RefCell::new(5);
    let mut list = vec![1_u8];
    event!(to, Severity::INFO, "once", a = next(), b = *shared.borrow_mut(), c = *shared.borrow_mut(),
           d = list.len(), e = list.pop(), f = ?list, g = next());
    let bytes = to.last.take().unwrap().unwrap();
    let entry = EntryRef::new(&bytes).unwrap();
    let number = |key: &str| entry.get(key).unwrap().as_i128();
    assert_eq!((number("a"), number("g"), count.get()), (Some(1), Some(2), 2));
    assert_eq!((number("b"), number("c")), (Some(5), Some(5)));
    assert_eq!((number("d"), number("e")), (Some(1), Some(1)));
    assert_eq!(entry.get("f").unwrap().as_str(), Some("[]"));
}
