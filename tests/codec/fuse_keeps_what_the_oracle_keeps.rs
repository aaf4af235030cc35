//! For random values under random limits, the entry contains the values that a naive oracle predicts, and the exact
//! amount of the missing data.

use crate::common::model::{self, Model, Refusal, Tree, kept};
use crate::common::trees;
use fusewire::Limits;
use fusewire::encode::encode;
use fusewire::error::EncodeError;
use fusewire::owned::{OwnedAttribute, OwnedValue};
use proptest::prelude::*;
use proptest::test_runner::Config;

/// Returns whether a path, which keeps at most its last 120 bytes, is the expected path.
fn same_path(path: fusewire::KeyPath, expected: &str) -> bool {
    if expected.len() <= 120 { path.as_str() == expected } else { expected.ends_with(path.as_str()) }
}

fn agrees(tree: &Tree, limits: &Limits) {
    let mut buffer = vec![0; limits.max_entry_bytes as usize];
    match (encode(&mut buffer, limits, |entry| model::write(tree, entry)), kept(tree, limits)) {
        (Ok(encoded), Ok(expected)) => {
            let entry = crate::common::check::sound(encoded.bytes(), encoded.report());
            assert_eq!(entry.attributes, expected.attributes);
            assert_eq!(u64::from(entry.dropped_attributes_count), expected.dropped);
            let mut trips = [(0, Some(0)); 8];
            for trip in entry.trips {
                trips[trip.cause as usize] = (trip.count, trip.lost);
            }
            assert_eq!(trips, expected.trips);
        }
        (Err(EncodeError::SerializeBlocked { path, type_name }), Err(refusal)) => {
            let Refusal::Blocked { path: expected, type_name: name } = refusal else { panic!("{refusal:?}") };
            assert!(
                same_path(path, &expected) && type_name == name,
                "{path:?} {type_name}, {expected:?} {name}"
            );
        }
        (Err(EncodeError::TooWide { path, max_width }), Err(refusal)) => {
            let Refusal::TooWide { path: expected } = refusal else { panic!("{refusal:?}") };
            assert!(same_path(path, &expected), "{path:?} {expected:?}");
            assert_eq!(max_width, limits.max_width);
        }
        (ours, oracle) => panic!("encoder {ours:?}, oracle {oracle:?}"),
    }
}

/// Checks a full entry, for which the oracle cannot predict the kept values. In every container, the kept and the
/// dropped children together are as many as the original children, and the kept children have the original order.
fn nothing_is_lost_in_silence(offered: &[&Model], kept: &[OwnedAttribute], dropped: Option<u64>) {
    assert_eq!(kept.len() as u64 + dropped.unwrap(), offered.len() as u64);
    let mut offered = offered.iter();
    for OwnedAttribute { value, .. } in kept {
        let (children, kept, dropped): (Vec<_>, _, _) = match value {
            OwnedValue::Array { values, dropped } => {
                let Some(Model::Array(of)) = offered.find(|model| matches!(model, Model::Array(_))) else {
                    panic!("an array that was not offered")
                };
                (of.iter().collect(), values, dropped)
            }
            OwnedValue::Map { entries, dropped } => {
                let Some(Model::Map(of)) = offered.find(|model| matches!(model, Model::Map(_))) else {
                    panic!("a map that was not offered")
                };
                (of.iter().map(|(_, value)| value).collect(), entries, dropped)
            }
            _ => continue,
        };
        // If an earlier container was dropped, this search can find another container of the same kind.
        if kept.len() as u64 + dropped.unwrap() == children.len() as u64 {
            nothing_is_lost_in_silence(&children, kept, *dropped);
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn random_values_under_random_limits(tree in trees::tree(40), limits in trees::limits()) {
        agrees(&tree, &limits);
    }

    #[test]
    fn random_values_under_the_default_limits(tree in trees::tree(40)) {
        agrees(&tree, &Limits { on_type: fusewire::limits::OnType::Replace, ..Limits::default() });
    }

    #[test]
    fn a_full_entry_is_within_its_budget_and_counts_what_it_dropped(tree in trees::tree(120)) {
        let limits = Limits {
            max_entry_bytes: 1024,
            on_type: fusewire::limits::OnType::Replace,
            ..Limits::default()
        };
        let mut buffer = [0; 1024];
        let encoded = encode(&mut buffer, &limits, |entry| {
            model::write(&tree, entry);
            entry.set_target(&"t".repeat(300));
            entry.set_thread("thread");
            entry.set_body(&"b".repeat(1000));
        }).unwrap();
        let entry = crate::common::check::sound(encoded.bytes(), encoded.report());
        let offered: Vec<_> = tree.iter().map(|(_, value)| value).collect();
        nothing_is_lost_in_silence(&offered, &entry.attributes, Some(entry.dropped_attributes_count.into()));
    }
}
