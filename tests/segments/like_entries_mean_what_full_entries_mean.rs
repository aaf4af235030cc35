//! A like entry and its base have the values of the full entry, and the expansion of the like entry is the full entry
//! byte for byte.

use crate::common::random::Random;
use crate::common::variants::{encoded, variant};
use fusewire::decode::{Attribute, Attributes, EntryRef, Value};
use fusewire::like::{self, LikeHead};

/// Returns the like entry of `full`, or `None` if the base has another shape.
fn convert(full: &[u8], base: &[u8]) -> Option<Vec<u8>> {
    let base = like::Base::new(base)?;
    let mut out = vec![0xAA; like::scratch_len(&base, full.len())];
    let len = like::convert(full, &base, 513, &mut out)?;
    out.truncate(len);
    Some(out)
}

fn expand(view: &EntryRef<'_>) -> Vec<u8> {
    let mut out = vec![0xAA; view.expanded_bound()];
    let len = view.expand(&mut out).unwrap();
    assert_eq!(view.expanded_len(), Ok(len));
    assert!(view.expand(&mut out[..len - 1]).is_err());
    view.expand(&mut out[..len]).unwrap();
    out.truncate(len);
    let mut appended = b"before".to_vec();
    view.append_to(&mut appended).unwrap();
    assert_eq!(appended, [b"before", &out[..]].concat());
    assert_eq!((view.as_bytes(), view.to_bytes(&mut appended)), (None, Ok(&out[..])));
    out
}

/// Checks each part of a view against the full entry.
fn assert_same(view: &EntryRef<'_>, full: &[u8]) {
    view.verify().unwrap();
    let entry = EntryRef::new(full).unwrap();
    assert_eq!(view.time_unix_nano(), entry.time_unix_nano());
    assert_eq!(view.trace(), entry.trace());
    assert_eq!(view.severity(), entry.severity());
    assert_eq!(view.utc_offset_minutes(), entry.utc_offset_minutes());
    assert_eq!((view.target(), view.body(), view.thread()), (entry.target(), entry.body(), entry.thread()));
    let mut walk = view.walk();
    for visit in entry.walk() {
        let (expected, found) = (visit.unwrap(), walk.next().unwrap().unwrap());
        assert_eq!((found.depth, found.in_array), (expected.depth, expected.in_array));
        assert_same_value(&found.attribute, &expected.attribute);
    }
    assert!(walk.next().is_none());
    assert_same_level(view.attributes(), entry.attributes());
    assert_eq!((view.is_tripped(), view.trips().count(), view.dropped_attributes_count()), (false, 0, 0));
    assert_eq!(view.to_owned().unwrap(), entry.to_owned().unwrap());
    assert_eq!(format!("{view:?}"), format!("{entry:?}"));
    #[cfg(feature = "json")]
    {
        let [mut found, mut expected] = [const { Vec::new() }; 2];
        fusewire::json::append_entry(view, &mut found);
        fusewire::json::append_entry(&entry, &mut expected);
        assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(&expected));
    }
}

fn assert_same_level(mut found: Attributes<'_>, expected: Attributes<'_>) {
    for expected in expected {
        let (found, expected) = (found.next().unwrap().unwrap(), expected.unwrap());
        assert_same_value(&found, &expected);
        match (found.value, expected.value) {
            (Value::Array(found), Value::Array(expected)) | (Value::Map(found), Value::Map(expected)) => {
                assert_same_level(found.iter(), expected.iter());
                // The children can be read again.
                assert_same_level(found.iter(), expected.iter());
            }
            _ => {}
        }
    }
    assert!(found.next().is_none());
}

/// Compares two values, containers without their children.
fn assert_same_value(found: &Attribute<'_>, expected: &Attribute<'_>) {
    assert_eq!((found.key, found.flags), (expected.key, expected.flags));
    match (found.value, expected.value) {
        (Value::Float(found), Value::Float(expected)) => assert_eq!(found.to_bits(), expected.to_bits()),
        (found, expected) => assert_eq!(format!("{found:?}"), format!("{expected:?}")),
    }
}

#[test]
fn values_are_found_by_their_paths() {
    let write = |number: u64, text: &str| {
        let mut buffer = vec![0; 4096];
        let entry = fusewire::encode::encode(&mut buffer, &fusewire::Limits::default(), |entry| {
            entry.set_body(text);
            entry.attr("first", text);
            let mut attributes = entry.attributes();
            let mut request = attributes.slot("request").map();
            request.entry("path", text).entry("ids", &[number, 5, number + 1]).entry("text", text);
            request.end();
            attributes.entry("last", text).entry("status", &number);
        });
        entry.unwrap().bytes().to_vec()
    };
    let (base, full) = (write(200, "short"), write(503, "a text that is longer"));
    let like = convert(&full, &base).unwrap();
    let view = like::view(LikeHead::new(&like).unwrap(), like::base(&base).unwrap()).unwrap();
    let text = |path| view.get(path).and_then(|value| value.as_str());
    let number = |path| view.get(path).and_then(|value| value.as_i128());
    for path in ["first", "request.path", "request.text", "last"] {
        assert_eq!(text(path), Some("a text that is longer"), "{path}");
    }
    let numbers = ["status", "request.ids[0]", "request.ids[1]", "request.ids[2]"].map(number);
    assert_eq!(numbers, [Some(503), Some(503), Some(5), Some(504)]);
    assert!(view.get("request.ids[3]").is_none() && view.get("other").is_none());
}

#[test]
fn random_pairs_of_one_shape() {
    let mut random = Random(29);
    for round in 0..3_000_u64 {
        let first = random.entry();
        let second = variant(&first, &mut random);
        let (base, full) = (encoded(&first, round), encoded(&second, round));
        let like = convert(&full, &base).unwrap_or_else(|| panic!("{first:?}\n{second:?}"));
        assert!(like.len() < full.len());
        let view = like::view(LikeHead::new(&like).unwrap(), like::base(&base).unwrap()).unwrap();
        assert_same(&view, &full);
        let expanded = expand(&view);
        let (found, expected) = (EntryRef::new(&expanded).unwrap(), EntryRef::new(&full).unwrap());
        assert_eq!(found.to_owned().unwrap(), expected.to_owned().unwrap());
        // An empty string that the program set and one that it did not set have different places.
        if [&first, &second].iter().all(|entry| !entry.body.is_empty() && !entry.thread.is_empty()) {
            assert_eq!(expanded, full, "{first:?}\n{second:?}");
        }
    }
}

#[test]
fn an_entry_is_like_itself() {
    let mut random = Random(31);
    for round in 0..500 {
        let full = encoded(&random.entry(), round);
        let like = convert(&full, &full).unwrap();
        let view = like::view(LikeHead::new(&like).unwrap(), like::base(&full).unwrap()).unwrap();
        assert_same(&view, &full);
        assert_eq!(expand(&view), full);
    }
}

#[test]
fn entries_of_different_shapes_stay_full() {
    let mut random = Random(37);
    let (mut converted, mut last) = (0, encoded(&random.entry(), 0));
    for _ in 0..3_000 {
        let full = encoded(&random.entry(), 0);
        if let Some(like) = convert(&full, &last) {
            converted += 1;
            let view = like::view(LikeHead::new(&like).unwrap(), like::base(&last).unwrap()).unwrap();
            assert_same(&view, &full);
        }
        last = full;
    }
    assert_eq!(converted, 0);
}

#[test]
fn flatc_s_verifier_accepts_like_entries() {
    let mut random = Random(41);
    for round in 0..200 {
        let first = random.entry();
        let full = encoded(&variant(&first, &mut random), round);
        let like = convert(&full, &encoded(&first, round)).unwrap();
        let read = flatbuffers::root::<fusewire::generated::wire::LikeEntry>(&like).unwrap();
        let (entry, head) = (EntryRef::new(&full).unwrap(), read.head().unwrap());
        assert_eq!((head.time_unix_nano(), head.base()), (entry.time_unix_nano(), 513));
        assert_eq!(read.data().unwrap().bytes(), &like[40..]);
    }
}
