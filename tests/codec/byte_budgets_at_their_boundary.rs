//! A value at its byte limit is written unchanged. A longer value is cut.

use crate::common::limited::{done, entry, trip};
use fusewire::encode::{AsDisplay, Bytes};
use fusewire::limits::OnLongKey;
use fusewire::owned::OwnedValue;
use fusewire::{Limits, NodeFlags, TripCause};

#[test]
fn string_bytes() {
    for max_string_bytes in [0, 1, 16, 64, 65, 16 << 10] {
        let limits = Limits { max_string_bytes, ..Limits::default() };
        let limit = max_string_bytes as usize;
        for len in limit.saturating_sub(1)..=limit + 1 {
            let text = "s".repeat(len);
            let entry = entry(&limits, |entry| {
                entry.attr("s", &text).attr("b", &Bytes(text.as_bytes()));
                entry.set_body(&text);
            });
            let kept = &text[..len.min(limit)];
            assert_eq!(entry.attributes[0].value, OwnedValue::String(kept.to_owned()));
            assert_eq!(entry.attributes[1].value, OwnedValue::Bytes(kept.into()));
            assert_eq!(entry.body, kept);
            let flag = if len > limit { NodeFlags::VALUE_CUT } else { NodeFlags::NONE };
            assert!(entry.attributes.iter().all(|attribute| attribute.flags == flag));
            assert_eq!(trip(&entry), (len > limit).then_some((TripCause::StringBytes, 3, Some(3))));
        }
    }
}

#[test]
fn strings_are_cut_between_characters() {
    for (max_string_bytes, kept) in
        [(0, ""), (1, "a"), (2, "a"), (3, "a"), (4, "a"), (5, "a🔌"), (6, "a🔌"), (7, "a🔌é")]
    {
        let limits = Limits { max_string_bytes, ..Limits::default() };
        let entry = entry(&limits, |entry| done(entry.attr("s", "a🔌é!")));
        assert_eq!(entry.attributes[0].value, OwnedValue::String(kept.to_owned()));
        assert_eq!(trip(&entry), Some((TripCause::StringBytes, 1, Some(8 - kept.len() as u64))));
    }
}

#[test]
fn key_target_and_thread_bytes() {
    for max_key_bytes in [24, 25, 1024, u16::MAX] {
        for on_long_key in [OnLongKey::Cut, OnLongKey::Hash] {
            let limits = Limits { max_key_bytes, on_long_key, max_entry_bytes: 1 << 20, ..Limits::default() };
            let limit = usize::from(max_key_bytes);
            for len in limit - 1..=limit + 1 {
                let key = "k".repeat(len);
                let entry = entry(&limits, |entry| {
                    entry.attr(&key, &1).attr("n", &[1]);
                    entry.attributes().slot(&key).map();
                    entry.set_target(&key);
                    entry.set_thread(&key);
                });
                let kept = len.min(limit);
                assert_eq!((entry.target.len(), entry.thread.len()), (kept, kept));
                let [first, _, map] = &entry.attributes[..] else { panic!() };
                assert_eq!((&first.key, first.flags), (&map.key, map.flags));
                if len <= limit {
                    assert_eq!((&first.key, first.flags, trip(&entry)), (&key, NodeFlags::NONE, None));
                    continue;
                }
                let lost = match on_long_key {
                    OnLongKey::Cut => {
                        assert_eq!((first.key.len(), first.flags), (kept, NodeFlags::KEY_CUT));
                        1
                    }
                    OnLongKey::Hash => {
                        assert!(first.key.starts_with("fnv1a64:") && first.key.len() == 24);
                        assert_eq!(first.flags, NodeFlags::KEY_HASHED);
                        len as u64
                    }
                };
                assert_eq!(trip(&entry), Some((TripCause::KeyBytes, 4, Some(2 * lost + 2))));
            }
        }
    }
}

#[test]
fn hashed_keys_stay_distinct() {
    let limits = Limits { on_long_key: OnLongKey::Hash, ..Limits::default() };
    let long = |end: &str| "k".repeat(200_000) + end;
    let entry = entry(&limits, |entry| {
        entry.attr(&long("a")[199_000 - 70_000..], &1).attr(&long("aa"), &1).attr(&long("a"), &1);
        entry.attr(&("k".repeat(2000) + "a"), &1).attr(&("k".repeat(2000) + "b"), &1);
    });
    let mut keys: Vec<_> = entry.attributes.iter().map(|attribute| &attribute.key).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 5);
}

#[test]
fn formatted_bytes() {
    for max_formatted_bytes in [0, 1, 64, 4096] {
        let limits = Limits { max_formatted_bytes, ..Limits::default() };
        let limit = max_formatted_bytes as usize;
        for len in limit.saturating_sub(1)..=limit + 1 {
            let text = "f".repeat(len);
            let entry = entry(&limits, |entry| done(entry.attr("f", &AsDisplay(&text)).attr("after", &1)));
            assert_eq!(entry.attributes[0].value, OwnedValue::String(text[..len.min(limit)].to_owned()));
            assert_eq!(entry.attributes[0].flags.contains(NodeFlags::VALUE_CUT), len > limit);
            assert!(entry.attributes[0].flags.contains(NodeFlags::FORMATTED));
            assert_eq!(trip(&entry), (len > limit).then_some((TripCause::FormattedBytes, 1, None)));
        }
    }
}

#[test]
fn a_formatted_body_has_the_budget_of_a_string() {
    let limits = Limits { max_formatted_bytes: 1, max_string_bytes: 100, ..Limits::default() };
    for len in 99..=101 {
        let text = "b".repeat(len);
        let entry = entry(&limits, |entry| entry.set_body_fmt(format_args!("{text}")));
        assert_eq!(entry.body, text[..len.min(100)]);
        assert_eq!(trip(&entry), (len > 100).then_some((TripCause::FormattedBytes, 1, None)));
    }
}

#[test]
fn entry_bytes() {
    for max_entry_bytes in [1024, 1025, 4096, 64 << 10] {
        let limits = Limits { max_entry_bytes, max_string_bytes: u32::MAX, ..Limits::default() };
        let write = |len: usize| {
            let text = "e".repeat(len);
            entry(&limits, |entry| done(entry.attr("e", &text)))
        };
        // Finds the longest string that is not cut. The next longer string is cut, and its entry
        // stays within the byte limit.
        let (mut fits, mut over) = (0, max_entry_bytes as usize);
        while over - fits > 1 {
            let middle = usize::midpoint(fits, over);
            if write(middle).trips.is_empty() { fits = middle } else { over = middle }
        }
        assert!(fits + 512 > max_entry_bytes as usize, "{fits} of {max_entry_bytes}");
        let cut = write(over);
        assert_eq!(cut.attributes[0].value, OwnedValue::String("e".repeat(fits)));
        assert_eq!(cut.attributes[0].flags, NodeFlags::VALUE_CUT);
        assert_eq!(trip(&cut), Some((TripCause::EntryBytes, 1, Some(0))));
    }
}
