//! A fragment can be copied into a map in the same way as to the top level. The depth limit applies to the
//! copied values.

use fusewire::encode::{Fragment, encode, from_fn};
use fusewire::owned::{Entry, OwnedValue};
use fusewire::{Limits, TripCause};

fn entry(limits: &Limits, write: impl FnOnce(&mut fusewire::encode::EntryWriter<'_>)) -> Entry {
    let mut buffer = [0; 4096];
    let encoded = encode(&mut buffer, limits, write).unwrap();
    fusewire::decode::EntryRef::new(encoded.bytes()).unwrap().to_owned().unwrap()
}

/// Returns a fragment with `levels` nested maps.
fn nested(levels: u8) -> Fragment {
    let limits = Limits { max_depth: 64, ..Limits::default() };
    Fragment::encode(&limits, |attributes| {
        attributes.entry("before", "text");
        write(attributes, levels);
        attributes.entry("after", &i128::MAX);
    })
    .unwrap()
}

fn write(map: &mut fusewire::encode::MapWriter<'_, '_>, levels: u8) {
    if levels > 0 {
        write(&mut map.slot("deeper").map(), levels - 1);
    } else {
        map.entry("n", &7);
    }
}

#[test]
fn a_map_is_the_same_whether_entries_are_written_or_copied() {
    let fragment = nested(3);
    let copied = entry(&Limits::default(), |entry| {
        let mut attributes = entry.attributes();
        let mut array = attributes.slot("array").array();
        array.slot().map().entry("first", &1).append(&fragment).entry("last", &2);
        array.end();
        attributes.entry("end", "text");
    });
    let written = entry(&Limits::default(), |entry| {
        let mut attributes = entry.attributes();
        let mut array = attributes.slot("array").array();
        let mut map = array.slot().map();
        map.entry("first", &1).entry("before", "text");
        write(&mut map, 3);
        map.entry("after", &i128::MAX).entry("last", &2);
        map.end();
        array.end();
        attributes.entry("end", "text");
    });
    assert_eq!(copied, written);
}

#[test]
fn what_would_be_too_deep_is_dropped_and_counted() {
    // The values of the outer map have depth 1. The values of `levels` nested maps have depth 1 + `levels`. The
    // limit is 8.
    for (levels, fits) in [(7, true), (8, false)] {
        let fragment = nested(levels);
        let entry = entry(&Limits::default(), |entry| {
            entry.attr("map", &from_fn(|out| _ = out.map().append(&fragment)));
        });
        let OwnedValue::Map { entries, dropped } = &entry.attributes[0].value else { panic!("{entry:?}") };
        assert_eq!((entries.len(), *dropped), if fits { (3, Some(0)) } else { (2, Some(1)) });
        let trips: Vec<_> = entry.trips.iter().map(|trip| (trip.cause, trip.count)).collect();
        assert_eq!(trips, if fits { vec![] } else { vec![(TripCause::Depth, 1)] });
    }
}

#[test]
fn a_fragment_replaces_what_it_names() {
    let first = Fragment::encode(&Limits::default(), |attributes| {
        attributes.entry("a", "old").entry("b", &[1, 2, 3]).entry("c", &1).entry("a", "older");
    });
    let second = Fragment::encode(&Limits::default(), |attributes| {
        attributes.entry("d", "more").entry("a", "new");
    });
    let replaced = first.unwrap().replaced_by(&second.unwrap());
    let copied = entry(&Limits::default(), |entry| _ = entry.append(&replaced));
    let written = entry(&Limits::default(), |entry| {
        entry.attr("b", &[1, 2, 3]).attr("c", &1).attr("d", "more").attr("a", "new");
    });
    assert_eq!((copied, replaced.len()), (written, 4));
}
