//! The attributes of a copied fragment are the same as attributes that are written directly into the entry.

use crate::common::counting::allocations;
use crate::common::model::{self, Tree};
use crate::common::{check, trees};
use fusewire::encode::{EntryWriter, Fragment, KeyFilter, MapWriter, encode};
use fusewire::limits::OnType;
use fusewire::owned::Entry;
use fusewire::{Limits, Severity, TripCause};
use proptest::prelude::*;
use proptest::test_runner::Config;

fn limits() -> Limits {
    Limits { on_type: OnType::Replace, ..Limits::default() }
}

fn fragment(tree: &Tree, limits: &Limits) -> Fragment {
    Fragment::encode(limits, |attributes: &mut MapWriter<'_, '_>| {
        for (key, value) in tree {
            attributes.entry(key, value);
        }
    })
    .unwrap()
}

fn entry(limits: &Limits, write: impl FnOnce(&mut EntryWriter<'_>)) -> Entry {
    let mut buffer = vec![0; limits.max_entry_bytes as usize];
    let encoded = encode(&mut buffer, limits, write).unwrap();
    check::sound(encoded.bytes(), encoded.report())
}

proptest! {
    #![proptest_config(Config { cases: 100, failure_persistence: None, ..Config::default() })]

    #[test]
    fn an_entry_is_the_same_whether_attributes_are_written_or_copied(
        before in trees::tree(10), first in trees::tree(12), second in trees::tree(12), after in trees::tree(10),
    ) {
        let limits = limits();
        let written = entry(&limits, |entry| {
            entry.set_body("body");
            for tree in [&before, &first, &second, &after] {
                model::write(tree, entry);
            }
        });
        let (one, two) = (fragment(&first, &limits), fragment(&second, &limits));
        let copied = entry(&limits, |entry| {
            model::write(&before, entry);
            entry.append(&one).append(&two);
            model::write(&after, entry);
            entry.set_body("body");
        });
        let joined = entry(&limits, |entry| {
            model::write(&before, entry);
            entry.set_body("body");
            entry.append(&one.with(&two));
            model::write(&after, entry);
        });
        prop_assert_eq!(&copied, &written);
        prop_assert_eq!(&joined, &written);
        prop_assert_eq!(one.len() + two.len(), one.with(&two).len());
    }

    #[test]
    fn what_does_not_fit_is_dropped_whole_and_counted(
        before in trees::tree(6), tree in trees::tree(12), max_width in 0_u16..20, room in 0_u32..600,
    ) {
        let fragment = fragment(&tree, &limits());
        let whole = entry(&limits(), |entry| _ = entry.append(&fragment)).attributes;
        let narrow = Limits { max_width, max_entry_bytes: 1024 + room, ..limits() };
        let copied = entry(&narrow, |entry| {
            model::write(&before, entry);
            entry.append(&fragment);
        });
        let alone = entry(&narrow, |entry| model::write(&before, entry));
        // The earlier attributes are first. After them are attributes of the fragment, unchanged and in their
        // order.
        let (head, tail) = copied.attributes.split_at(alone.attributes.len());
        prop_assert_eq!(head, &alone.attributes);
        let mut rest = whole.iter();
        prop_assert!(tail.iter().all(|attribute| rest.any(|other| other == attribute)));
        let dropped = copied.dropped_attributes_count - alone.dropped_attributes_count;
        prop_assert_eq!(tail.len() + dropped as usize, whole.len());
    }
}

#[test]
fn a_key_filter_holds_for_what_is_copied() {
    let fragment = Fragment::encode(&limits(), |attributes| {
        attributes.entry("secret", "s").entry("user", &7).entry("password", "p");
    });
    let (fragment, filter) = (fragment.unwrap(), KeyFilter::new(["user", "id"]));
    let mut buffer = [0; 4096];
    let encoded = encode(&mut buffer, &limits(), |entry| {
        entry.set_key_filter(&filter);
        entry.append(&fragment).attr("id", &1);
    })
    .unwrap();
    let entry = check::sound(encoded.bytes(), encoded.report());
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!((keys, entry.dropped_attributes_count), (vec!["user", "id"], 0));
}

#[test]
fn what_the_fuse_did_to_a_fragment_is_said_by_each_entry() {
    let limits = Limits { max_string_bytes: 4, max_width: 3, ..limits() };
    let fragment = Fragment::encode(&limits, |attributes| {
        attributes.entry("a", "abcdefgh").entry("b", &1).entry("c", &2).entry("d", &3).entry("e", &4);
    })
    .unwrap();
    assert_eq!(fragment.len(), 3);
    let entry = entry(&Limits { max_width: 256, ..limits }, |entry| {
        entry.append(&fragment).attr("f", "abcdefg");
    });
    assert_eq!(entry.dropped_attributes_count, 2);
    let trips: Vec<_> = entry.trips.iter().map(|trip| (trip.cause, trip.count, trip.lost)).collect();
    assert_eq!(trips, [(TripCause::Width, 1, Some(2)), (TripCause::StringBytes, 2, Some(7))]);
}

#[test]
fn copying_allocates_nothing() {
    let fragment = Fragment::encode(&limits(), |attributes| {
        attributes.entry("id", "7f3a").entry("tags", &["a", "b"]).entry("ratio", &0.5);
    })
    .unwrap();
    let mut buffer = [0; 4096];
    let (count, len) = allocations(|| {
        let write = |entry: &mut EntryWriter<'_>| {
            entry.set_severity(Severity::INFO);
            entry.append(&fragment).attr("n", &1);
        };
        encode(&mut buffer, &limits(), write).unwrap().len()
    });
    assert_eq!(count, 0);
    assert!(len > 0);
}
