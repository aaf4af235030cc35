//! `serde_json` and `toml` mark a number, raw JSON text or a date with a private struct. An entry contains the value
//! that such a struct represents, within all limits and without an allocation.

use std::collections::BTreeMap;

use crate::common::counting::allocations;
use crate::common::limited::{entry, trip};
use fusewire::encode::{AsSerde, encode};
use fusewire::owned::{Entry, OwnedAttribute, OwnedValue};
use fusewire::{Limits, NodeFlags, TripCause};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value, json};

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

fn logged(value: &(impl Serialize + ?Sized)) -> Entry {
    entry(&Limits::DEFAULT, |entry| _ = entry.attr("v", &AsSerde(value)))
}

fn value_of(value: &(impl Serialize + ?Sized)) -> OwnedValue {
    logged(value).attributes.remove(0).value
}

fn text(text: &str) -> OwnedValue {
    OwnedValue::String(text.to_owned())
}

fn map(entries: &[(&str, OwnedValue)]) -> OwnedValue {
    let entries = entries.iter().map(|(key, value)| OwnedAttribute {
        key: (*key).to_owned(),
        value: value.clone(),
        flags: NodeFlags::NONE,
    });
    OwnedValue::Map { entries: entries.collect(), dropped: Some(0) }
}

#[test]
fn numbers_of_any_precision_are_numbers_if_one_has_their_value() {
    for (number, expected) in [
        ("500", OwnedValue::Int(500)),
        ("-3", OwnedValue::Int(-3)),
        ("18446744073709551615", OwnedValue::Uint(u64::MAX.into())),
        ("-170141183460469231731687303715884105728", OwnedValue::Int(i128::MIN)),
        ("340282366920938463463374607431768211455", OwnedValue::Uint(u128::MAX)),
        ("1.5", OwnedValue::Float(1.5)),
        ("1.50", OwnedValue::Float(1.5)),
        ("15e-1", OwnedValue::Float(1.5)),
        ("0.1", OwnedValue::Float(0.1)),
        ("-0", OwnedValue::Float(-0.0)),
        ("1e+40", OwnedValue::Float(1e40)),
        // No numeric type can represent these values.
        ("3.14159265358979323846264338327950288", text("3.14159265358979323846264338327950288")),
        ("0.1000000000000000055511151231257827", text("0.1000000000000000055511151231257827")),
        ("340282366920938463463374607431768211456", text("340282366920938463463374607431768211456")),
        ("1e+400", text("1e+400")),
        ("1e-400", text("1e-400")),
    ] {
        let parsed: Number = number.parse().unwrap();
        assert_eq!(parsed.to_string(), number, "the digits are kept");
        assert_eq!(value_of(&parsed), expected, "{number}");
        assert_eq!(value_of(&Some(&parsed)), expected, "{number}");
        assert_eq!(value_of(&raw(number)), expected, "{number} as raw text");
        // The value is the same in an array, in a map, as the only attribute and as a key.
        let OwnedValue::Array { values: elements, .. } = value_of(&vec![&parsed]) else { panic!("no array") };
        assert_eq!(elements[0].value, expected, "{number}");
        let OwnedValue::Map { entries, .. } = value_of(&BTreeMap::from([("n", &parsed)])) else {
            panic!("no map")
        };
        assert_eq!((entries[0].key.as_str(), &entries[0].value), ("n", &expected), "{number}");
        let entry = entry(&Limits::DEFAULT, |entry| _ = entry.attrs_from(&parsed));
        assert_eq!((entry.attributes[0].key.as_str(), &entry.attributes[0].value), ("value", &expected));
    }
}

/// A map with a number as its only key.
struct Keyed(Number);

impl Serialize for Keyed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.0, true)])
    }
}

#[test]
fn a_number_can_be_a_key() {
    let key: Number = "2.50".parse().unwrap();
    assert_eq!(value_of(&Keyed(key)), map(&[("2.50", OwnedValue::Bool(true))]));
}

#[test]
fn values_of_serde_json_are_what_they_print() {
    let value = json!({"status": 500, "ms": 1.5, "tags": ["a", null, true], "nested": {"n": -1}});
    let entry = logged(&value);
    assert!(entry.trips.is_empty());
    let mut buffer = vec![0; 4096];
    let encoded =
        encode(&mut buffer, &Limits::DEFAULT, |entry| _ = entry.attr("v", &AsSerde(&value))).unwrap();
    let mut line = String::new();
    let decoded = fusewire::decode::EntryRef::new(encoded.bytes()).unwrap();
    fusewire::json::write_entry(&decoded, &mut line).unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["attributes"]["v"], value);
}

#[test]
fn raw_text_is_the_value_that_it_spells() {
    let cases = [
        ("null", OwnedValue::Null),
        ("true", OwnedValue::Bool(true)),
        ("\"plain\"", text("plain")),
        (r#""a\n\"\\\u00e9\ud83d\ude00\u0000""#, text("a\n\"\\\u{e9}\u{1f600}\0")),
        ("{}", map(&[])),
        (
            r#" {"a": 1, "a": 2, "\u0062\n": {"c": "x"} } "#,
            map(&[("a", OwnedValue::Int(1)), ("a", OwnedValue::Int(2)), ("b\n", map(&[("c", text("x"))]))]),
        ),
    ];
    for (json, expected) in cases {
        let logged = logged(&raw(json.trim()));
        assert_eq!(logged.attributes[0].value, expected, "{json}");
        assert!(logged.trips.is_empty(), "{json}");
        assert_eq!(logged.attributes[0].flags, NodeFlags::NONE, "{json}");
    }
    let array = value_of(&raw(r#"[1, [], ["x\t"], {"k": [false]}]"#));
    let OwnedValue::Array { values: elements, .. } = array else { panic!("{array:?}") };
    assert_eq!(elements.len(), 4);
    let OwnedValue::Array { values: elements, .. } = &elements[2].value else { panic!("no array") };
    assert_eq!(elements[0].value, text("x\t"));

    // If the value provides all attributes, the attributes are the members of an object or the attribute `value`.
    let entry = entry(&Limits::DEFAULT, |entry| {
        _ = entry.attrs_from(&raw(r#"{"a": 1, "b": "x"}"#)).attrs_from(&raw("7"))
    });
    let keys: Vec<_> = entry.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "value"]);
    assert_eq!(entry.attributes[2].value, OwnedValue::Int(7));
}

#[test]
fn raw_text_is_cut_by_the_limits() {
    // The depth limit applies to nested text, on a small stack.
    let work = || {
        for (open, close) in [("[", "]"), (r#"{"\u0061":"#, "}")] {
            let deep = open.repeat(40_000) + "1" + &close.repeat(40_000);
            let logged = logged(&raw(&deep));
            assert_eq!(trip(&logged), Some((TripCause::Depth, 1, Some(1))));
        }
    };
    std::thread::Builder::new().stack_size(128 << 10).spawn(work).unwrap().join().unwrap();

    // The width limit counts all other elements of every container.
    let wide = format!("[{}]", vec!["1"; 300].join(","));
    assert_eq!(trip(&logged(&raw(&wide))), Some((TripCause::Width, 1, Some(300 - 256))));
    let members: Vec<_> = (0..300).map(|n| format!("\"k{n}\": [1, {{}}]")).collect();
    assert_eq!(
        trip(&logged(&raw(&format!("{{{}}}", members.join(","))))),
        Some((TripCause::Width, 1, Some(44)))
    );

    // The limits for strings and keys apply, with and without escapes.
    let long = "x".repeat(20_000);
    for json in [format!("\"{long}\""), format!("\"{long}\\u0078\"")] {
        let lost = serde_json::from_str::<String>(&json).unwrap().len() as u64 - 16_384;
        let entry = logged(&raw(&json));
        assert_eq!(trip(&entry), Some((TripCause::StringBytes, 1, Some(lost))));
        assert_eq!(entry.attributes[0].value, text(&long[..16_384]));
        assert_eq!(entry.attributes[0].flags, NodeFlags::VALUE_CUT);
    }
    let key = "k".repeat(1000);
    let entry = logged(&raw(&format!("{{\"{key}{key}\\n\": 1}}")));
    assert_eq!(entry.trips.iter().map(|trip| trip.cause).collect::<Vec<_>>(), [TripCause::KeyBytes]);
}

#[test]
fn text_that_is_no_json_or_too_long_is_kept_as_text() {
    // A struct with this name does not always contain valid JSON.
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Raw<'a> {
        #[serde(rename = "$serde_json::private::RawValue")]
        text: &'a str,
    }
    for broken in ["", "{", "[1,", "{\"a\" 1}", "tru", "1 2", "\"\\ud800\"", "]"] {
        assert_eq!(value_of(&Raw { text: broken }), text(broken));
    }
    let long = format!("[{}1]", " ".repeat(AsSerde::MAX_RAW_BYTES));
    let logged = logged(&raw(&long));
    assert_eq!(trip(&logged), Some((TripCause::StringBytes, 1, Some(long.len() as u64 - 16_384))));
    assert_eq!(logged.attributes[0].value, text(&long[..16_384]));

    // The text of this number is invalid.
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::Number")]
    struct Digits<T> {
        #[serde(rename = "$serde_json::private::Number")]
        digits: T,
    }
    assert_eq!(value_of(&Digits { digits: "1x" }), text("1x"));
    assert_eq!(value_of(&Digits { digits: 7 }), OwnedValue::Int(7));
    // A struct with another name remains a struct.
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::Other")]
    struct Other {
        a: u8,
    }
    assert_eq!(value_of(&Other { a: 1 }), map(&[("a", OwnedValue::Uint(1))]));
}

#[test]
fn a_date_of_toml_is_its_text() {
    #[derive(Serialize)]
    #[serde(rename = "$__toml_private_Datetime")]
    struct Datetime {
        #[serde(rename = "$__toml_private_datetime")]
        text: String,
    }
    let date = Datetime { text: "1979-05-27T07:32:00Z".to_owned() };
    assert_eq!(value_of(&date), text("1979-05-27T07:32:00Z"));
    let entry = entry(&Limits::DEFAULT, |entry| _ = entry.attrs_from(&date));
    assert_eq!(entry.attributes[0].value, text("1979-05-27T07:32:00Z"));
}

#[test]
fn nothing_is_allocated() {
    let value = json!({"n": 1.5, "list": [1, 2, 3]});
    let raw = raw(r#"{"a\n": "b\u00e9", "c": [1, 2.50, {"d": null}], "deep": [[[[[[[[[[1]]]]]]]]]]}"#);
    let mut buffer = vec![0; 65_536];
    let (count, _) = allocations(|| {
        encode(&mut buffer, &Limits::DEFAULT, |entry| {
            entry.attr("value", &AsSerde(&value)).attr("raw", &AsSerde(&raw)).attrs_from(&raw);
        })
        .unwrap()
        .len()
    });
    assert_eq!(count, 0);
}
