//! For each item of the data model of serde in each container, an entry contains the same value as the output of
//! `serde_json`.

use std::collections::BTreeMap;

use crate::common::limited::{done, entry};
use crate::common::random::Random;
use fusewire::Limits;
use fusewire::encode::AsSerde;
use fusewire::owned::{OwnedAttribute, OwnedValue};
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value, json};

/// An item of the data model of serde.
#[derive(Clone, Debug)]
enum Item {
    Bool(bool),
    Int(u64, i128),
    Uint(u64, u128),
    F32(f32),
    F64(f64),
    Char(char),
    Str(String),
    Display(String),
    Bytes(Vec<u8>),
    None,
    Unit,
    UnitStruct,
    UnitVariant,
    Some(Box<Item>),
    Newtype(Box<Item>),
    NewtypeVariant(Box<Item>),
    Seq(bool, Vec<Item>),
    Tuple(Vec<Item>),
    TupleStruct(Vec<Item>),
    TupleVariant(Vec<Item>),
    /// The flags show whether the length is known and whether key and value are serialized separately.
    Map(bool, bool, Vec<(Key, Item)>),
    Struct(Vec<Item>),
    StructVariant(Vec<Item>),
}

/// A key that `serde_json` accepts.
#[derive(Clone, Debug)]
enum Key {
    Str(String),
    Int(i64),
    Uint(u64),
    Bool(bool),
    Char(char),
    Float(f64),
    Variant,
    Newtype(Box<Key>),
    Display(String),
}

const FIELDS: [&str; 4] = ["a", "b", "c", "d"];

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Str(key) => s.serialize_str(key),
            Self::Int(key) => s.serialize_i64(*key),
            Self::Uint(key) => s.serialize_u64(*key),
            Self::Bool(key) => s.serialize_bool(*key),
            Self::Char(key) => s.serialize_char(*key),
            Self::Float(key) => s.serialize_f64(*key),
            Self::Variant => s.serialize_unit_variant("K", 0, "Variant"),
            Self::Newtype(key) => s.serialize_newtype_struct("N", key),
            Self::Display(key) => s.collect_str(key),
        }
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => s.serialize_bool(*value),
            Self::Int(0, value) => s.serialize_i8(*value as i8),
            Self::Int(1, value) => s.serialize_i16(*value as i16),
            Self::Int(2, value) => s.serialize_i32(*value as i32),
            Self::Int(3, value) => s.serialize_i64(*value as i64),
            Self::Int(_, value) => s.serialize_i128(*value),
            Self::Uint(0, value) => s.serialize_u8(*value as u8),
            Self::Uint(1, value) => s.serialize_u16(*value as u16),
            Self::Uint(2, value) => s.serialize_u32(*value as u32),
            Self::Uint(3, value) => s.serialize_u64(*value as u64),
            Self::Uint(_, value) => s.serialize_u128(*value),
            Self::F32(value) => s.serialize_f32(*value),
            Self::F64(value) => s.serialize_f64(*value),
            Self::Char(value) => s.serialize_char(*value),
            Self::Str(value) => s.serialize_str(value),
            Self::Display(value) => s.collect_str(value),
            Self::Bytes(value) => s.serialize_bytes(value),
            Self::None => s.serialize_none(),
            Self::Unit => s.serialize_unit(),
            Self::UnitStruct => s.serialize_unit_struct("U"),
            Self::UnitVariant => s.serialize_unit_variant("E", 0, "Unit"),
            Self::Some(value) => s.serialize_some(value),
            Self::Newtype(value) => s.serialize_newtype_struct("N", value),
            Self::NewtypeVariant(value) => s.serialize_newtype_variant("E", 1, "Newtype", value),
            Self::Seq(known, values) => {
                let mut seq = s.serialize_seq(known.then_some(values.len()))?;
                values.iter().try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Self::Tuple(values) => {
                let mut seq = s.serialize_tuple(values.len())?;
                values.iter().try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Self::TupleStruct(values) => {
                let mut seq = s.serialize_tuple_struct("T", values.len())?;
                values.iter().try_for_each(|value| seq.serialize_field(value))?;
                seq.end()
            }
            Self::TupleVariant(values) => {
                let mut seq = s.serialize_tuple_variant("E", 2, "Tuple", values.len())?;
                values.iter().try_for_each(|value| seq.serialize_field(value))?;
                seq.end()
            }
            Self::Map(known, apart, entries) => {
                let mut map = s.serialize_map(known.then_some(entries.len()))?;
                for (key, value) in entries {
                    if *apart {
                        map.serialize_key(key)?;
                        map.serialize_value(value)?;
                    } else {
                        map.serialize_entry(key, value)?;
                    }
                }
                map.end()
            }
            Self::Struct(values) => {
                let mut fields = s.serialize_struct("S", values.len())?;
                for (key, value) in FIELDS.iter().zip(values) {
                    fields.serialize_field(key, value)?;
                }
                fields.skip_field("skipped")?;
                fields.end()
            }
            Self::StructVariant(values) => {
                let mut fields = s.serialize_struct_variant("E", 3, "Struct", values.len())?;
                for (key, value) in FIELDS.iter().zip(values) {
                    fields.serialize_field(key, value)?;
                }
                fields.end()
            }
        }
    }
}

const KINDS: u64 = 23;
const CONTAINERS: u64 = 10;

fn key(random: &mut Random, place: usize) -> Key {
    // The keys are distinct, because `serde_json` keeps only one of two equal keys and an entry keeps both.
    let place = place as u64;
    match random.below(9) {
        0 => Key::Str(format!("{place}{}", random.text(8))),
        1 => Key::Int(-1 - place.cast_signed()),
        2 => Key::Uint(place + 1000),
        3 if place < 2 => Key::Bool(place == 0),
        4 => Key::Char(char::from(b'e' + place as u8)),
        5 => Key::Float(place as f64 + 0.5),
        6 if place == 3 => Key::Variant,
        7 => Key::Newtype(Box::new(Key::Uint(place + 2000))),
        _ => Key::Display(format!("displayed {place}")),
    }
}

fn item(random: &mut Random, kind: u64, depth: u64) -> Item {
    let inner = |random: &mut Random| {
        let kind = random.below(if depth == 0 { KINDS - CONTAINERS } else { KINDS });
        item(random, kind, depth.saturating_sub(1))
    };
    let some = |random: &mut Random| (0..random.below(5)).map(|_| inner(random)).collect::<Vec<_>>();
    let wide = i128::from(random.next()) << 64 | i128::from(random.next());
    let wide = wide >> random.below(127);
    match kind {
        0 => Item::Bool(random.below(2) == 0),
        1 => Item::Int(random.below(5), wide),
        2 => Item::Uint(random.below(5), wide.unsigned_abs()),
        3 => Item::F32(random.below(1 << 20) as f32 / 8.0),
        4 => Item::F64(random.next() as f64 / 1024.0),
        5 => Item::Char(['a', '\0', 'é', '🦀'][random.below(4) as usize]),
        6 => Item::Str(random.text(20)),
        7 => Item::Display(random.text(20)),
        8 => Item::Bytes((0..random.below(20)).map(|_| random.next() as u8).collect()),
        9 => Item::None,
        10 => Item::Unit,
        11 => Item::UnitStruct,
        12 => Item::UnitVariant,
        13 => Item::Some(Box::new(inner(random))),
        14 => Item::Newtype(Box::new(inner(random))),
        15 => Item::NewtypeVariant(Box::new(inner(random))),
        16 => Item::Seq(random.below(2) == 0, some(random)),
        17 => Item::Tuple(some(random)),
        18 => Item::TupleStruct(some(random)),
        19 => Item::TupleVariant(some(random)),
        20 => {
            let values = some(random);
            let entries = values.into_iter().enumerate().map(|(i, value)| (key(random, i), value)).collect();
            Item::Map(random.below(2) == 0, random.below(2) == 0, entries)
        }
        21 => Item::Struct(some(random)),
        _ => Item::StructVariant(some(random)),
    }
}

fn limits() -> Limits {
    Limits { max_depth: 32, max_entry_bytes: 1 << 20, ..Limits::default() }
}

/// Returns the value in the representation of `serde_json`.
fn value(value: &OwnedValue) -> Value {
    match value {
        OwnedValue::Null => Value::Null,
        OwnedValue::Bool(value) => json!(value),
        OwnedValue::Int(value) => Value::Number(Number::from_i128(*value).unwrap()),
        OwnedValue::Uint(value) => Value::Number(Number::from_u128(*value).unwrap()),
        OwnedValue::Float(value) => json!(value),
        OwnedValue::String(value) => json!(value),
        OwnedValue::Bytes(value) => json!(value),
        OwnedValue::Array { values, dropped: Some(0) } => {
            values.iter().map(|element| self::value(&element.value)).collect()
        }
        OwnedValue::Map { entries, dropped: Some(0) } => object(entries),
        other => panic!("{other:?}"),
    }
}

fn object(attributes: &[OwnedAttribute]) -> Value {
    let entries = attributes.iter().map(|attribute| (attribute.key.clone(), value(&attribute.value)));
    let object: serde_json::Map<_, _> = entries.collect();
    assert_eq!(object.len(), attributes.len());
    Value::Object(object)
}

/// Checks that the entry contains the value of `serde_json` in the same order, as one attribute and as all attributes.
fn same<T: Serialize + ?Sized>(item: &T) {
    let expected = serde_json::to_value(item).unwrap();
    let one = entry(&limits(), |entry| done(entry.attr("item", &AsSerde(item)).attr("after", &true)));
    let actual = object(&one.attributes);
    assert_eq!(actual, json!({ "item": expected, "after": true }));
    assert_eq!(actual["item"].to_string(), expected.to_string(), "the order differs");
    assert!(one.trips.is_empty());
    if expected.is_object() {
        let all = entry(&limits(), |entry| done(entry.attrs_from(item)));
        assert_eq!(object(&all.attributes).to_string(), expected.to_string());
        assert!(all.trips.is_empty());
    }
}

#[test]
fn every_item_in_every_container() {
    let mut random = Random(0x5eed);
    for container in KINDS - CONTAINERS..KINDS {
        for inner in 0..KINDS {
            let child = item(&mut random, inner, 1);
            let children = vec![child.clone(), item(&mut random, inner, 2)];
            let keys = [Key::Str("k".into()), Key::Int(-7)];
            same(&match container {
                13 => Item::Some(Box::new(child)),
                14 => Item::Newtype(Box::new(child)),
                15 => Item::NewtypeVariant(Box::new(child)),
                16 => Item::Seq(inner % 2 == 0, children),
                17 => Item::Tuple(children),
                18 => Item::TupleStruct(children),
                19 => Item::TupleVariant(children),
                20 => Item::Map(inner % 2 == 0, inner % 3 == 0, keys.into_iter().zip(children).collect()),
                21 => Item::Struct(children),
                _ => Item::StructVariant(children),
            });
        }
    }
}

#[test]
fn thousands_of_values_at_random() {
    for seed in 1..3000 {
        let mut random = Random(seed * 0x9E37_79B9);
        let kind = random.below(KINDS);
        same(&item(&mut random, kind, 3));
    }
}

#[derive(Serialize)]
enum External {
    Unit,
    Newtype(Inner),
    Tuple(u8, Inner),
    Struct { a: u8, inner: Inner },
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Internal {
    Unit,
    Newtype(Inner),
    Struct { a: u8, inner: Inner },
}

#[derive(Serialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(Inner),
    Tuple(u8, Inner),
    Struct { a: u8, inner: Inner },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Untagged {
    Unit,
    Newtype(Inner),
    Tuple(u8, Inner),
    Struct { a: u8, inner: Inner },
}

#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Inner {
    long_name: Option<u128>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absent: Option<u8>,
    #[serde(skip)]
    _secret: u8,
    #[serde(flatten)]
    more: BTreeMap<i32, (char, ())>,
}

#[derive(Serialize)]
struct Outer<'a> {
    externals: [External; 4],
    #[serde(flatten)]
    internal: Internal,
    internals: (Internal, Internal),
    #[serde(flatten)]
    adjacent: Adjacent,
    adjacents: Vec<Adjacent>,
    untagged: [Untagged; 4],
    #[serde(flatten)]
    last: &'a Inner,
}

#[test]
fn derived_types_in_all_four_representations_of_enums() {
    let inner = || Inner { long_name: Some(u128::MAX), more: [(-1, ('x', ()))].into(), ..Inner::default() };
    same(&Outer {
        externals: [
            External::Unit,
            External::Newtype(inner()),
            External::Tuple(1, inner()),
            External::Struct { a: 2, inner: inner() },
        ],
        internal: Internal::Struct { a: 3, inner: inner() },
        internals: (Internal::Unit, Internal::Newtype(inner())),
        adjacent: Adjacent::Tuple(4, inner()),
        adjacents: vec![
            Adjacent::Unit,
            Adjacent::Newtype(inner()),
            Adjacent::Struct { a: 5, inner: inner() },
        ],
        untagged: [
            Untagged::Unit,
            Untagged::Newtype(inner()),
            Untagged::Tuple(6, inner()),
            Untagged::Struct { a: 7, inner: inner() },
        ],
        last: &Inner { more: [(9, ('y', ()))].into(), ..Inner::default() },
    });
}

#[test]
fn what_json_cannot_say_is_kept_and_other_keys_have_a_rule() {
    let floats = entry(&limits(), |entry| done(entry.attr("f", &AsSerde(&[f64::NAN, f64::INFINITY]))));
    let OwnedValue::Array { values, .. } = &floats.attributes[0].value else { panic!() };
    assert!(matches!(values[0].value, OwnedValue::Float(value) if value.is_nan()));
    assert_eq!(values[1].value, OwnedValue::Float(f64::INFINITY));

    struct Bytes(&'static [u8]);
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            s.serialize_bytes(self.0)
        }
    }
    struct Keys;
    impl Serialize for Keys {
        fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            let mut map = s.serialize_map(None)?;
            map.serialize_entry(&Bytes(b"text"), &1)?;
            map.serialize_entry(&Bytes(b"\xff\x00"), &2)?;
            map.serialize_entry(&f32::NAN, &3)?;
            map.serialize_entry(&None::<u8>, &4)?;
            map.serialize_entry(&Some(()), &5)?;
            map.serialize_entry(&i128::MIN, &6)?;
            map.serialize_entry("repeated", &7)?;
            map.serialize_entry("repeated", &8)?;
            map.end()
        }
    }
    let keys = entry(&limits(), |entry| done(entry.attrs_from(&Keys)));
    let keys: Vec<_> = keys.attributes.iter().map(|attribute| &*attribute.key).collect();
    let least = i128::MIN.to_string();
    assert_eq!(keys, ["text", "ff00", "NaN", "null", "null", &least, "repeated", "repeated"]);
}

#[test]
fn what_is_no_map_is_one_attribute() {
    let shape =
        |item: &Item| object(&entry(&limits(), |entry| done(entry.attrs_from(item))).attributes).to_string();
    assert_eq!(shape(&Item::Uint(0, 7)), r#"{"value":7}"#);
    assert_eq!(shape(&Item::UnitVariant), r#"{"value":"Unit"}"#);
    assert_eq!(shape(&Item::Unit), "{}");
    assert_eq!(shape(&Item::None), "{}");
    assert_eq!(shape(&Item::Tuple(vec![Item::Unit])), r#"{"value":[null]}"#);
    assert_eq!(shape(&Item::Some(Box::new(Item::Bool(true)))), r#"{"value":true}"#);
}
