//! The encoder handles any `Serialize` implementation in a bounded stack (128 KiB), in bounded time and without heap
//! memory. The entry is valid and states the amount of missing data.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::common::counting::allocations;
use fusewire::encode::{AsSerde, EntryWriter, KeyFilter, encode};
use fusewire::limits::{OnDepth, OnWidth};
use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};
use fusewire::{Limits, TripCause};
use serde::ser::{
    Error, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};

/// Encodes an entry with `write`. Checks that the entry is valid and that the encoder allocated nothing.
fn entry(limits: &Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> Entry {
    let mut buffer = vec![0; limits.max_entry_bytes as usize];
    let (count, result) = allocations(|| encode(&mut buffer, limits, write));
    assert_eq!(count, 0, "encoding allocated");
    let encoded = result.unwrap();
    crate::common::check::sound(encoded.bytes(), encoded.report())
}

fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(128 << 10).spawn(run).unwrap().join().expect("survives")
}

fn trip(entry: &Entry, cause: TripCause) -> Option<(u32, Option<u64>)> {
    entry.trips.iter().find(|trip| trip.cause == cause).map(|trip| (trip.count, trip.lost))
}

fn children(attribute: &OwnedAttribute) -> (&[OwnedAttribute], Option<u64>) {
    match &attribute.value {
        OwnedValue::Array { values: children, dropped } | OwnedValue::Map { entries: children, dropped } => {
            (children, *dropped)
        }
        other => panic!("{other:?}"),
    }
}

fn depth(mut attribute: &OwnedAttribute) -> usize {
    let mut depth = 0;
    while let OwnedValue::Array { values: children, .. } | OwnedValue::Map { entries: children, .. } =
        &attribute.value
        && let Some(first) = children.first()
    {
        (depth, attribute) = (depth + 1, first);
    }
    depth
}

fn keys(entry: &Entry) -> Vec<&str> {
    entry.attributes.iter().map(|attribute| &*attribute.key).collect()
}

#[derive(Clone, Default)]
struct Node {
    how: How,
    next: Option<Rc<RefCell<Node>>>,
}

/// The kind of container in which a node contains the next node.
#[derive(Clone, Copy, Debug, Default)]
enum How {
    #[default]
    Struct,
    Seq,
    Map,
    MapApart,
    Newtype,
    Some,
    NewtypeVariant,
    TupleVariant,
    StructVariant,
}

impl How {
    const ALL: [Self; 9] = [
        Self::Struct,
        Self::Seq,
        Self::Map,
        Self::MapApart,
        Self::Newtype,
        Self::Some,
        Self::NewtypeVariant,
        Self::TupleVariant,
        Self::StructVariant,
    ];
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let Some(next) = &self.next else { return s.serialize_unit() };
        match self.how {
            How::Struct => fields(s, next),
            How::Seq => s.collect_seq([next]),
            How::Map => s.collect_map([(1, next)]),
            How::MapApart => apart(s, next),
            How::Newtype => s.serialize_newtype_struct("Node", next),
            How::Some => s.serialize_some(next),
            How::NewtypeVariant => s.serialize_newtype_variant("Node", 0, "Next", next),
            How::TupleVariant => tuple_variant(s, next),
            How::StructVariant => struct_variant(s, next),
        }
    }
}

// Each kind has a separate function, because the stack frame of an unoptimised function has space for all arms of a
// `match`.

fn fields<S: Serializer>(s: S, next: &Rc<RefCell<Node>>) -> Result<S::Ok, S::Error> {
    let mut fields = s.serialize_struct("Node", 1)?;
    fields.serialize_field("next", next)?;
    fields.end()
}

fn apart<S: Serializer>(s: S, next: &Rc<RefCell<Node>>) -> Result<S::Ok, S::Error> {
    let mut map = s.serialize_map(None)?;
    map.serialize_key("next")?;
    map.serialize_value(next)?;
    map.end()
}

fn tuple_variant<S: Serializer>(s: S, next: &Rc<RefCell<Node>>) -> Result<S::Ok, S::Error> {
    let mut fields = s.serialize_tuple_variant("Node", 0, "Next", 1)?;
    fields.serialize_field(next)?;
    fields.end()
}

fn struct_variant<S: Serializer>(s: S, next: &Rc<RefCell<Node>>) -> Result<S::Ok, S::Error> {
    let mut fields = s.serialize_struct_variant("Node", 0, "Next", 1)?;
    fields.serialize_field("next", next)?;
    fields.end()
}

/// A chain of nodes that is dropped without recursion.
struct Chain(Node);

impl Chain {
    fn new(how: How, len: usize) -> Self {
        let link = |next, _| Node { how, next: Some(Rc::new(RefCell::new(next))) };
        Self((0..len).fold(Node::default(), link))
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let mut next = self.0.next.take();
        while let Some(node) = next {
            next = node.borrow_mut().next.take();
        }
    }
}

#[test]
fn nested_a_hundred_thousand_deep_and_in_itself() {
    for how in How::ALL {
        let entries = on_a_small_stack(move || {
            let deep = Chain::new(how, 100_000);
            let node = Rc::new(RefCell::new(Node { how, next: None }));
            node.borrow_mut().next = Some(Rc::clone(&node));
            let entries =
                [Limits::default(), Limits { on_depth: OnDepth::Omit, ..Limits::default() }].map(|limits| {
                    let in_place = entry(&limits, |entry| {
                        entry
                            .attr("deep", &AsSerde(&deep.0))
                            .attr("cyclic", &AsSerde(&node))
                            .attr("after", &1);
                    });
                    let all = entry(&limits, |entry| _ = entry.attrs_from(&deep.0).attrs_from(&node));
                    (in_place, all)
                });
            node.borrow_mut().next = None;
            entries
        });
        for (i, (in_place, all)) in entries.iter().enumerate() {
            assert_eq!(trip(in_place, TripCause::Depth), Some((2, Some(2))), "{how:?}");
            assert_eq!(trip(all, TripCause::Depth).map(|trip| trip.0), Some(2), "{how:?}");
            assert_eq!(in_place.attributes.last().unwrap().key, "after");
            if i == 0 {
                let expected = if matches!(how, How::Newtype | How::Some) { 0 } else { 8 };
                assert_eq!(depth(&in_place.attributes[0]), expected, "{how:?}");
            }
        }
    }
}

/// A value that counts its visits.
struct Visited<'a>(&'a Cell<u64>);

impl Serialize for Visited<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.set(self.0.get() + 1);
        s.serialize_u64(self.0.get())
    }
}

/// A sequence of a million elements, or a map of a million entries.
struct Wide<'a> {
    visited: &'a Cell<u64>,
    map: bool,
    hint: Option<usize>,
}

impl Serialize for Wide<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if self.map {
            let mut map = s.serialize_map(self.hint)?;
            (0..1_000_000).try_for_each(|i| map.serialize_entry(&i, &Visited(self.visited)))?;
            return map.end();
        }
        let mut seq = s.serialize_seq(self.hint)?;
        (0..1_000_000).try_for_each(|_| seq.serialize_element(&Visited(self.visited)))?;
        seq.end()
    }
}

#[test]
fn a_million_wide_stops_at_the_limit_and_counts_what_it_knows() {
    for map in [false, true] {
        // The encoder ignores a length hint that is too small.
        for (hint, lost) in [(Some(1_000_000), Some(999_744)), (None, None), (Some(3), None)] {
            let visited = Cell::new(0);
            let wide = Wide { visited: &visited, map, hint };
            let written = entry(&Limits::default(), |entry| {
                entry.attr("wide", &AsSerde(&wide)).attr("after", &1);
            });
            assert_eq!((visited.get(), keys(&written)), (256, vec!["wide", "after"]));
            let (kept, dropped) = children(&written.attributes[0]);
            assert_eq!((kept.len(), dropped), (256, lost));
            assert_eq!(written.trips.len(), 1);
            assert_eq!(trip(&written, TripCause::Width), Some((1, lost)));
        }
    }
}

/// A map that declares a length, writes one entry and then fails.
struct FailsAfterOne(Option<usize>);

impl Serialize for FailsAfterOne {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_map(self.0)?.serialize_entry("first", &1)?;
        Err(S::Error::custom("then fails"))
    }
}

#[test]
fn as_attributes_it_stops_there_and_counts_only_its_own() {
    let visited = Cell::new(0);
    let wide = Wide { visited: &visited, map: true, hint: Some(1_000_000) };
    let written = entry(&Limits::default(), |entry| {
        entry.attr("a", &1).attr("b", &2).attrs_from(&wide).attr("one more", &3);
    });
    assert_eq!((visited.get(), written.attributes.len()), (254, 256));
    assert_eq!(trip(&written, TripCause::Width), Some((1, Some(1_000_000 - 254 + 1))));

    // The count of the lost entries does not include the declared lengths of the failed maps.
    let visited = Cell::new(0);
    let wide = Wide { visited: &visited, map: true, hint: Some(1_000_000) };
    for hint in [Some(usize::MAX), None] {
        visited.set(0);
        let written = entry(&Limits::default(), |entry| {
            entry.attrs_from(&FailsAfterOne(hint)).attrs_from(&FailsAfterOne(hint)).attrs_from(&wide);
        });
        assert_eq!((visited.get(), written.attributes.len()), (254, 256));
        assert_eq!(trip(&written, TripCause::Width), Some((1, Some(1_000_000 - 254))), "{hint:?}");
    }

    let filter = KeyFilter::new(["7", "999999"]);
    let visited = Cell::new(0);
    let written = entry(&Limits::default(), |entry| {
        let filtered = Wide { visited: &visited, map: true, hint: Some(1_000_000) };
        entry.attrs_from(&filtered);
    });
    assert_eq!(written.attributes.len(), 256);
    let mut buffer = vec![0; 4096];
    let encoded = encode(&mut buffer, &Limits::default(), |entry| {
        entry.set_key_filter(&filter);
        visited.set(0);
        entry.attrs_from(&Wide { visited: &visited, map: true, hint: Some(1_000_000) });
    })
    .unwrap();
    let written = crate::common::check::sound(encoded.bytes(), encoded.report());
    assert_eq!((visited.get(), keys(&written)), (2, vec!["7", "999999"]));
    assert!(written.trips.is_empty());
}

#[test]
fn too_wide_refuses_the_entry_where_it_is_told_to() {
    let visited = Cell::new(0);
    let limits = Limits { on_width: OnWidth::Reject, ..Limits::default() };
    let mut buffer = vec![0; 65536];
    let result = encode(&mut buffer, &limits, |entry| {
        let wide = Wide { visited: &visited, map: false, hint: None };
        entry.attr("a", &AsSerde(&BTreeMap::from([("b", wide)])));
    });
    assert!(result.unwrap_err().to_string().contains("a.b"));
    assert_eq!(visited.get(), 256);
}

#[test]
fn a_full_entry_stops_every_container() {
    let limits = Limits { max_entry_bytes: 1024, ..Limits::default() };
    let visited = Cell::new(0);
    let wide = Wide { visited: &visited, map: false, hint: Some(1_000_000) };
    let written = entry(&limits, |entry| {
        entry.attr("outer", &AsSerde(&(&wide, &wide, "x"))).attr("after", &1);
    });
    assert!(visited.get() < 64, "{}", visited.get());
    assert!(trip(&written, TripCause::EntryBytes).is_some());
}

/// A value that fails or panics at the step `at`.
struct Fails {
    at: usize,
    panics: bool,
}

impl Fails {
    fn now<S: Serializer>(&self, at: usize) -> Result<(), S::Error> {
        match (self.at == at, self.panics) {
            (false, _) => Ok(()),
            (true, false) => Err(S::Error::custom(Endless)),
            (true, true) => panic!("in Serialize"),
        }
    }
}

/// An error with an endless message.
struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        while f.write_str("again and ").is_ok() {}
        Ok(())
    }
}

impl Serialize for Fails {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.now::<S>(0)?;
        let mut map = s.serialize_map(Some(5))?;
        map.serialize_entry("first", &1)?;
        self.now::<S>(1)?;
        map.serialize_key("second")?;
        self.now::<S>(2)?;
        map.serialize_value(&2)?;
        self.now::<S>(3)?;
        map.end()
    }
}

#[test]
fn an_error_costs_the_value_and_is_told() {
    for (at, kept, dropped) in [(0, None, 1), (1, Some(1), 4), (2, Some(1), 4), (3, Some(2), 3)] {
        let fails = Fails { at, panics: false };
        let written = entry(&Limits::default(), |entry| {
            entry.attr("in", &AsSerde(&("before", &fails, "after"))).attr("next", &1);
        });
        assert_eq!((keys(&written), written.trips.len()), (vec!["in", "next"], 1));
        assert_eq!(trip(&written, TripCause::ValueError), Some((1, None)), "{at}");
        let (values, lost) = children(&written.attributes[0]);
        assert_eq!(values.last().unwrap().value, OwnedValue::String("after".into()));
        match kept {
            None => assert_eq!((values.len(), lost), (2, Some(dropped))),
            Some(kept) => {
                let (entries, lost) = children(&values[1]);
                assert_eq!((entries.len(), lost), (kept, Some(dropped)), "{at}");
            }
        }
        let all = entry(&Limits::default(), |entry| _ = entry.attrs_from(&fails).attr("next", &1));
        assert_eq!(
            (all.attributes.len(), trip(&all, TripCause::ValueError)),
            (kept.unwrap_or(0) + 1, Some((1, None)))
        );
    }
}

#[test]
fn a_panic_leaves_writer_and_buffer_usable() {
    let mut buffer = vec![0; 4096];
    for at in 0..4 {
        let fails = Fails { at, panics: true };
        let encoded = encode(&mut buffer, &Limits::default(), |entry| {
            entry.attr("before", &1);
            let value = AsSerde(&fails);
            let result = catch_unwind(AssertUnwindSafe(|| _ = entry.attr("in", &value)));
            assert!(result.is_err());
            assert!(catch_unwind(AssertUnwindSafe(|| _ = entry.attrs_from(&fails))).is_err());
            entry.attr("after", &AsSerde(&[1, 2]));
        })
        .unwrap();
        let written = crate::common::check::sound(encoded.bytes(), encoded.report());
        assert_eq!((keys(&written)[0], *keys(&written).last().unwrap()), ("before", "after"));
        // If the value panics before it writes anything, the log does not record a trip.
        assert_eq!(trip(&written, TripCause::ValueError), (at > 0).then_some((2, None)));
    }
}

#[test]
fn a_borrowed_cell_and_a_key_that_is_no_text_cost_themselves() {
    let cell = RefCell::new(1);
    let _borrowed = cell.borrow_mut();
    let keyed = BTreeMap::from([((1, 2), "lost"), ((3, 4), "lost, too")]);
    let written = entry(&Limits::default(), |entry| {
        entry.attr("cells", &AsSerde(&(1, &cell, 3))).attr("keyed", &AsSerde(&keyed));
    });
    assert_eq!(trip(&written, TripCause::ValueError), Some((3, None)));
    assert_eq!(children(&written.attributes[0]).1, Some(1));
    assert_eq!((children(&written.attributes[1]).0.len(), children(&written.attributes[1]).1), (0, Some(2)));
}

/// A value with endless text, which is also used as a key.
struct Display;

impl Serialize for Display {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&Endless)
    }
}

#[test]
fn endless_text_and_long_keys_are_cut() {
    struct Keys(String);
    impl Serialize for Keys {
        fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut map = s.serialize_map(None)?;
            map.serialize_entry(&self.0, &1)?;
            map.serialize_key(&self.0)?;
            map.serialize_value(&2)?;
            map.serialize_entry(&Display, &3)?;
            map.end()
        }
    }
    let long = Keys("k".repeat(100_000));
    let written = entry(&Limits::default(), |entry| {
        entry.attr("display", &AsSerde(&Display)).attrs_from(&long);
    });
    assert_eq!(trip(&written, TripCause::FormattedBytes), Some((1, None)));
    let lens: Vec<_> = written.attributes.iter().map(|attribute| attribute.key.len()).collect();
    assert_eq!(lens, [7, 1024, 1024, 1024]);
    // The lost bytes of a formatted key are unknown.
    let (count, lost) = trip(&written, TripCause::KeyBytes).unwrap();
    assert_eq!((count, lost.unwrap() >= 2 * (100_000 - 1024)), (3, true));

    // A formatted key is cut at 1,024 bytes, although the limit permits longer keys.
    struct Formatted;
    impl Serialize for Formatted {
        fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut map = s.serialize_map(None)?;
            map.serialize_entry(&Display, &1)?;
            map.serialize_key(&Display)?;
            map.serialize_value(&2)?;
            map.end()
        }
    }
    let limits = Limits { max_key_bytes: u16::MAX, ..Limits::default() };
    let written = entry(&limits, |entry| {
        entry.attrs_from(&Formatted);
    });
    assert!(written.attributes.iter().all(|attribute| attribute.key.len() >= 1024));
    let (count, lost) = trip(&written, TripCause::KeyBytes).expect("told");
    assert!(count == 2 && lost.is_none_or(|lost| lost > 0));
}
