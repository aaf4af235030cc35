//! The JSON of each entry is one valid line, for any node that the format can store.
#![cfg(feature = "json")]

use fusewire::decode::EntryRef;
use fusewire::encode::encode;
use fusewire::json::{append_entry, write_entry};
use fusewire::{Limits, NodeFlags};

/// Returns an entry with an integer of 16 bytes, and the offset of these bytes.
fn wide() -> (Vec<u8>, usize) {
    let number = u128::MAX - 1;
    let mut buffer = vec![0; 4096];
    let encoded = encode(&mut buffer, &Limits::default(), |entry| {
        entry.attr("before", &1).attr("big", &number).attr("after", "x");
    });
    let bytes = encoded.unwrap().bytes().to_vec();
    let at = bytes.windows(16).position(|window| *window == number.to_le_bytes()).unwrap();
    (bytes, at)
}

/// Returns the JSON of `bytes`, and checks that both writers write the same text.
fn json(bytes: &[u8]) -> serde_json::Value {
    let entry = EntryRef::new(bytes).unwrap();
    let (mut text, mut line) = (String::new(), Vec::new());
    write_entry(&entry, &mut text).unwrap();
    append_entry(&entry, &mut line);
    assert_eq!(text.as_bytes(), line);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_wide_node_with_a_small_number_is_that_number() {
    for number in [0, 1, 106, u128::from(u64::MAX), u128::from(u64::MAX) + 1, u128::MAX] {
        let (mut bytes, at) = wide();
        bytes[at..at + 16].copy_from_slice(&number.to_le_bytes());
        assert_eq!(json(&bytes)["attributes"]["big"].to_string(), number.to_string());
    }
}

#[test]
fn a_wide_node_of_any_kind_and_any_bytes_is_valid_json() {
    let (bytes, at) = wide();
    // In a node, byte 6 is the kind, byte 7 contains the flags, and the last 4 bytes are the length of the
    // span.
    let mut nodes = (0..bytes.len() - 16).step_by(8).filter(|at| {
        bytes[at + 7] == NodeFlags::WIDE.bits() && bytes[at + 12..at + 16] == 16_u32.to_le_bytes()
    });
    let node = nodes.next().unwrap();
    assert_eq!(nodes.next(), None);
    let (kind, flags) = (node + 6, node + 7);
    for number in 0..=u8::MAX {
        for value in [0_u128, 106, u128::MAX, 1 << 127, i128::MAX.cast_unsigned()] {
            let mut bytes = bytes.clone();
            bytes[kind] = number;
            bytes[at..at + 16].copy_from_slice(&value.to_le_bytes());
            json(&bytes);
            for bits in [0, 0xff, !NodeFlags::WIDE.bits()] {
                bytes[flags] = bits;
                json(&bytes);
            }
        }
    }
}
