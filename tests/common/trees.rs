//! Random values, and limits that are low enough to trip on them.
#![allow(dead_code)]

use fusewire::limits::{OnDepth, OnLongKey, OnType, OnWidth};
use fusewire::{Kind, KindSet, Limits, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use super::model::{Model, Tree};

/// Generates 128-bit numbers, most of them small.
fn int() -> impl Strategy<Value = i128> {
    prop_oneof![any::<i64>().prop_map(i128::from), any::<i128>(), Just(i128::MIN), Just(i64::MAX.into())]
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    let seconds = prop_oneof![any::<i64>(), -10_000_000_000..10_000_000_000_i64];
    (seconds, 0..1_000_000_000_u32, any::<Option<i16>>()).prop_map(|(seconds, nanoseconds, offset)| {
        Timestamp::new(seconds, nanoseconds).unwrap().with_utc_offset_minutes(offset)
    })
}

/// Generates text of up to 48 bytes with characters of every length.
fn text() -> impl Strategy<Value = String> {
    vec(prop_oneof![Just('a'), Just('\0'), Just('é'), Just('…'), Just('🔌'), any::<char>()], 0..12)
        .prop_map(String::from_iter)
}

fn value(nodes: u32) -> impl Strategy<Value = Model> {
    let leaf = prop_oneof![
        Just(Model::Null),
        any::<bool>().prop_map(Model::Bool),
        int().prop_map(Model::Int),
        int().prop_map(|value| Model::Uint(value.cast_unsigned())),
        (-1e300..1e300).prop_map(Model::Float),
        text().prop_map(Model::String),
        text().prop_map(Model::Formatted),
        vec(any::<u8>(), 0..40).prop_map(Model::Bytes),
        timestamp().prop_map(Model::Timestamp),
        int().prop_map(Model::Duration),
        Just(Model::Refused),
    ];
    leaf.prop_recursive(5, nodes, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..7).prop_map(Model::Array),
            vec((text(), inner), 0..7).prop_map(Model::Map),
        ]
    })
}

/// Generates attributes of about `nodes` nodes each.
pub fn tree(nodes: u32) -> impl Strategy<Value = Tree> {
    vec((text(), value(nodes)), 0..7)
}

/// Generates limits that are low enough to trip on such trees.
pub fn limits() -> impl Strategy<Value = Limits> {
    let responses = (any::<bool>(), 0..4_u8, 0..4_u8, any::<bool>());
    let numbers = (0..7_u8, 0..8_u16, 0..40_u32, 24..40_u16, 0..40_u32);
    (numbers, responses, prop_oneof![Just(0_u16), any::<u16>()]).prop_map(|(numbers, responses, blocked)| {
        let (max_depth, max_width, max_string_bytes, max_key_bytes, max_formatted_bytes) = numbers;
        let (omit_depth, width, kinds, hash) = responses;
        let block = |set: KindSet, kind: Kind| {
            if blocked & (1 << kind as u16) != 0 { set.without(kind) } else { set }
        };
        Limits {
            max_depth,
            max_width,
            max_string_bytes,
            max_key_bytes,
            max_formatted_bytes,
            allowed_kinds: Kind::ALL.into_iter().fold(KindSet::ALL, block),
            on_depth: if omit_depth { OnDepth::Omit } else { OnDepth::Null },
            on_width: if width == 0 { OnWidth::Reject } else { OnWidth::Truncate },
            on_type: [OnType::Replace, OnType::Omit, OnType::Replace, OnType::Reject][usize::from(kinds)],
            on_long_key: if hash { OnLongKey::Hash } else { OnLongKey::Cut },
            ..Limits::default()
        }
    })
}
